/* SPDX-License-Identifier: MIT */
#include "cli/diff.h"

#include <errno.h>
#include <stdio.h>

#include "analyze/totals.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "cli/noise.h"
#include "cli/options.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "record/file.h"
#include "sink/diff_text.h"

enum { TROUBLE = 125 };

static void on_event(void *ctx, const struct event *ev)
{
	totals_event(ctx, ev);
}

/* All of a recording; what is wrong with it ends the comparison. */
static int load(const char *path, uint32_t noise_shown, struct totals **ret_totals, struct diag *diag)
{
	struct record_reader *reader;
	struct arena arena = {0};
	const struct record *r;
	struct world *w;
	struct item item;
	uint64_t nbad = 0;
	size_t avail;
	int bad, rc = record_reader_open(path, &reader, diag);

	if (rc < 0)
		return rc;
	*ret_totals = totals_new();
	(*ret_totals)->noise_shown = noise_shown;
	(*ret_totals)->keep_started = true;
	w = world_new(on_event, *ret_totals);
	/* -EAGAIN: a stream that is still being written */
	while ((rc = record_reader_next(reader, &r, &avail, diag)) == 1 || rc == -EAGAIN) {
		if (rc != 1)
			continue;
		bad = decode_record(r, avail, &arena, &item);
		if (!bad)
			world_feed(w, &item);
		nbad += bad == -EBADMSG;
		arena_reset(&arena);
	}
	if (rc == 0 && nbad)
		rc = diag_set(diag, TROUBLE, EBADMSG,
			      "%s is damaged: %llu records of it cannot be read, so it cannot be compared", path,
			      (unsigned long long)nbad);
	world_free(w);
	arena_done(&arena);
	record_reader_close(reader);
	return rc;
}

int diff_run(const struct options *opt, struct diag *diag)
{
	const char *const names[2] = {opt->read, opt->diff};
	struct totals *runs[2] = {NULL, NULL};
	struct buf b = {0};
	uint32_t noise_shown = 0;
	int rc = opt->noise ? noise_choose(opt->noise, &noise_shown, diag) : 0;

	for (unsigned i = 0; i < 2 && rc >= 0; i++)
		rc = load(names[i], noise_shown, &runs[i], diag);
	if (rc < 0) {
		rc = diag->exit_status ? diag->exit_status : TROUBLE;
	} else {
		rc = (opt->summary_json ? diff_json : diff_text)(&b, (const struct totals *const[2]){runs[0], runs[1]},
								 names, opt->all);
		if (fwrite(b.s, 1, b.len, stdout) != b.len || fflush(stdout)) {
			diag_set(diag, TROUBLE, errno,
				 "the differences could not be written to the standard output: %m");
			rc = TROUBLE;
		}
	}
	buf_done(&b);
	totals_free(runs[0]);
	totals_free(runs[1]);
	return rc;
}
