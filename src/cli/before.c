/* SPDX-License-Identifier: MIT */
#include "cli/before.h"

#include <errno.h>

#include "analyze/totals.h"
#include "base/arena.h"
#include "base/diag.h"
#include "cli/options.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "record/file.h"

enum { TROUBLE = 125 };

static void on_event(void *ctx, const struct event *ev)
{
	totals_event(ctx, ev);
}

int before_load(const char *path, uint32_t noise_shown, struct totals **ret_totals, struct diag *diag)
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

int before_open(const struct options *opt, struct totals *totals, struct diag *diag)
{
	const char *path = opt->before ? opt->before : opt->read ? NULL : opt->diff;
	int rc = path ? before_load(path, totals->noise_shown, &totals->before, diag) : 0;

	totals->keep_started = path != NULL;
	if (rc < 0 && !diag->exit_status)
		diag->exit_status = TROUBLE;
	return rc;
}
