/* SPDX-License-Identifier: MIT */
/* The recording: every record as it was captured. */
#include "sink/recording.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "record/file.h"
#include "record/made.h"
#include "record/record.h"

/* What was recorded longer ago is in the file, whatever happens to compendium, and reaches whoever reads along. */
enum { FLUSH_NS = 500000000, DIGITS = 4 };

struct recording {
	struct sink sink;
	const struct sink_options *opt;
	struct outfile *file;
	struct record_writer *writer;
	uint64_t flushed_ns;
	/* --rotate */
	bool rotates;
	struct cut cut;
	uint64_t begin_ns, nfiles;	/* of this file; finished ones */
	uint64_t snapshot;		/* its bytes before what happened in it, which a size does not count */
	/* --last */
	struct newest *newest;
	unsigned ndumps;
	char *dump_path;
};

static struct recording *of(struct sink *s) { return CONTAINER_OF(s, struct recording, sink); }

/* ---- one file after the other ---- */

/* --rotate: what comes next belongs to another file. */
static bool is_full(const struct recording *r, uint64_t now_ns)
{
	const struct recording_options *o = r->opt->recording;

	return (o->rotate_bytes && record_writer_bytes(r->writer) - r->snapshot >= o->rotate_bytes) ||
	       (o->rotate_ns && r->begin_ns && now_ns >= r->begin_ns + o->rotate_ns);
}

static void remove_oldest(struct recording *r)
{
	uint64_t keep = r->opt->recording->keep;
	char *path;

	if (!keep || r->nfiles <= keep)
		return;
	path = cut_name(r->file->path, r->nfiles - keep, DIGITS);
	unlink(path);
	free(path);
}

static void rotate(struct recording *r, uint64_t now_ns)
{
	char *old = cut_name(r->file->path, r->nfiles + 1, DIGITS);

	cut_end(cut_put, r->writer, record_writer_records(r->writer), now_ns);
	record_writer_finish(r->writer);
	if (outfile_renew(r->file, old) == 0) {
		record_writer_free(r->writer);
		r->writer = record_writer_new(r->file);
		cut_begin(&r->cut, cut_put, r->writer, now_ns);
		record_writer_flush(r->writer);
		r->snapshot = record_writer_bytes(r->writer);
		r->nfiles++;
		remove_oldest(r);
	}
	r->begin_ns = now_ns;
	free(old);
}

static void look_at_rotate(struct recording *r, const struct record *record)
{
	uint64_t now_ns = record_made_ns(record);

	cut_note(&r->cut, record);
	if (record->kind != RECORD_END && is_full(r, now_ns))
		rotate(r, now_ns);
	if (!r->begin_ns)
		r->begin_ns = now_ns;
}

static void recording_record(struct sink *s, const struct record *record)
{
	struct recording *r = of(s);

	if (r->newest) {
		newest_record(r->newest, record);
		return;
	}
	if (r->rotates)
		look_at_rotate(r, record);
	if (r->opt->lent)
		record_writer_lend(r->writer, record);
	else
		record_writer_add(r->writer, record);
}

static void recording_settle(struct sink *s)
{
	if (of(s)->writer)
		record_writer_settle(of(s)->writer);
}

static void recording_tick(struct sink *s, uint64_t now_ns)
{
	struct recording *r = of(s);

	if (r->newest)
		newest_tick(r->newest, now_ns);
	if (r->newest || now_ns < r->flushed_ns + FLUSH_NS)
		return;
	record_writer_flush(r->writer);
	r->flushed_ns = now_ns;
}

/* ---- the newest part, when it is asked for ---- */

static int dump_to(struct recording *r, struct outfile *to, bool goes_on, struct dumped *ret, struct diag *diag)
{
	int rc = newest_write(r->newest, goes_on, to, ret);

	return rc == 0 ? 0
		       : diag_set(diag, 125, -rc, "cannot write what --last keeps to %s: %s", ret->path, strerror(-rc));
}

bool sink_recording_dump(struct sink *s, bool goes_on, struct dumped *ret, struct diag *diag)
{
	static const struct outfile_words words = { "the recording", "choose another --record FILE", NULL };
	struct recording *r = of(s);
	struct outfile more;
	int rc;

	diag->text[0] = '\0';
	if (!r->newest || newest_is_empty(r->newest)) {
		diag_set(diag, 0, 0, "nothing was recorded yet");
		return false;
	}
	free(r->dump_path);
	r->dump_path =
		r->ndumps ? cut_name(r->file->path, r->ndumps + 1, 1) : xmemdup0(r->file->path, strlen(r->file->path));
	ret->path = r->dump_path;
	ret->n = ++r->ndumps;
	if (ret->n == 1)
		return dump_to(r, r->file, goes_on, ret, diag) == 0;
	if (outfile_open(r->dump_path, &words, &more, diag) < 0)
		return false;
	rc = dump_to(r, &more, goes_on, ret, diag);
	return outfile_finish(&more, &words, diag) == 0 && rc == 0;
}

/* ---- */

static void recording_finish(struct sink *s, const struct sink_result *done UNUSED)
{
	struct recording *r = of(s);

	if (r->newest)
		s->unused = !r->ndumps;
	else
		record_writer_finish(r->writer);
}

static void recording_free(struct sink *s)
{
	struct recording *r = of(s);

	record_writer_free(r->writer);
	newest_free(r->newest);
	cut_done(&r->cut);
	free(r->dump_path);
	free(r);
}

static const struct sink_ops ops = {
	.record = recording_record, .settle = recording_settle, .tick = recording_tick, .finish = recording_finish,
	.free = recording_free,
};

int sink_recording_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag)
{
	struct recording *r = xcalloc(1, sizeof(*r));
	int rc = 0;

	r->sink.ops = &ops;
	r->opt = opt;
	r->file = file;
	r->rotates = opt->recording && (opt->recording->rotate_bytes || opt->recording->rotate_ns);
	r->cut.world = opt->world;
	if (opt->recording && (opt->recording->last_ns || opt->recording->last_bytes))
		rc = newest_new(opt, file, &r->newest, diag);
	else
		r->writer = record_writer_new(file);
	if (rc == 0)
		*ret_sink = &r->sink;
	else
		recording_free(&r->sink);
	return rc;
}
