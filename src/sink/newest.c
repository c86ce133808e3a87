/* SPDX-License-Identifier: MIT */
/*
 * The newest part of a trace: some segments, of which the oldest goes when the others are enough.  Each is a recording
 * of its own, in a file without a name: memory does not grow with what is kept, and nothing is left behind.
 */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "base/spool.h"
#include "record/build.h"
#include "record/file.h"
#include "record/made.h"
#include "sink/recording.h"

enum { PARTS = 8, COPY_BYTES = 1 << 16, RETRY_NS = 50000000 /* as often as a tick comes */ };

/*
 * snapshot: bytes before what happened in it; what the segment before it says already.  It is never moved, for its
 * writer has its file.
 */
struct segment { struct outfile file; struct record_writer *w; uint64_t begin_ns, snapshot; };

struct newest {
	const struct recording_options *opt;
	struct cut cut;
	const char *path;
	struct segment *v[2 * PARTS + 2];
	unsigned n;		/* at least one, from the start on */
	uint64_t now_ns;
	uint64_t retry_ns;	/* there was no room for another segment: it is not tried again before */
};

static struct segment *last(const struct newest *s) { return s->v[s->n - 1]; }
static uint64_t bytes(const struct segment *g) { return record_writer_bytes(g->w); }

static void segment_free(struct segment *g)
{
	record_writer_free(g->w);
	outfile_close(&g->file);
	free(g);
}

static void drop_oldest(struct newest *s)
{
	segment_free(s->v[0]);
	s->n--;
	memmove(s->v, s->v + 1, s->n * sizeof(*s->v));
}

/* -errno: there is no room for another one, and all is as it was. */
static int begin(struct newest *s, bool midst)
{
	int fd = spool_file(s->path), rc;
	struct segment *g;

	if (fd < 0)
		return fd;
	g = xcalloc(1, sizeof(*g));
	*g = (struct segment){ .file = { .fd = fd, .stream = true, .begun = true }, .begin_ns = s->now_ns };
	g->w = record_writer_new(&g->file);
	if (s->n)
		record_writer_take(g->w, last(s)->w);
	if (midst) {
		cut_begin(&s->cut, cut_put, g->w, s->now_ns);
		record_writer_flush(g->w);
		g->snapshot = bytes(g);
	}
	rc = g->file.err;
	if (rc < 0) {
		if (s->n)
			record_writer_take(last(s)->w, g->w);
		segment_free(g);
		return rc;
	}
	if (s->n == ARRAY_SIZE(s->v))
		drop_oldest(s);
	s->v[s->n++] = g;
	return 0;
}

int newest_new(const struct sink_options *opt, struct outfile *file, struct newest **ret, struct diag *diag)
{
	struct newest *s = xcalloc(1, sizeof(*s));
	int rc;

	s->opt = opt->recording;
	s->cut.world = opt->world;
	s->path = file->path;
	rc = begin(s, false);
	if (rc < 0) {
		newest_free(s);
		return diag_set(diag, 125, -rc,
				"cannot make a file for what --last keeps, beside %s, in $TMPDIR or in /tmp: %s",
				file->path, strerror(-rc));
	}
	*ret = s;
	return 0;
}

/* Whether what is kept without the oldest is enough. */
static bool is_too_much(const struct newest *s)
{
	uint64_t all = 0;

	if (s->n < 2)
		return false;
	for (unsigned i = 1; i < s->n; i++)
		all += bytes(s->v[i]);
	return (s->opt->last_ns && s->now_ns - s->v[1]->begin_ns >= s->opt->last_ns) ||
	       (s->opt->last_bytes && all >= s->opt->last_bytes);
}

/* One that cannot be written to is: in another there may be room again. */
static bool is_full(const struct newest *s, const struct segment *g)
{
	return g->file.err || (s->opt->last_ns && s->now_ns - g->begin_ns >= s->opt->last_ns / PARTS) ||
	       (s->opt->last_bytes && bytes(g) - g->snapshot >= s->opt->last_bytes / PARTS);
}

void newest_record(struct newest *s, const struct record *r)
{
	s->now_ns = MAX(s->now_ns, record_made_ns(r));
	cut_note(&s->cut, r);
	if (!record_writer_records(last(s)->w))
		last(s)->begin_ns = s->now_ns;
	/* where it cannot begin, the last one goes on */
	else if (is_full(s, last(s)) && s->now_ns >= s->retry_ns && begin(s, true) < 0)
		s->retry_ns = s->now_ns + RETRY_NS;
	while (is_too_much(s))
		drop_oldest(s);
	record_writer_add(last(s)->w, r);
}

/* Time goes by though nothing happens: what is too old goes. */
void newest_tick(struct newest *s, uint64_t now_ns)
{
	s->now_ns = MAX(s->now_ns, now_ns);
	while (is_too_much(s))
		drop_oldest(s);
}

/* ---- writing it ---- */

static int copy(const struct segment *g, uint64_t from, struct outfile *to)
{
	char *buf = xmalloc(COPY_BYTES);
	int rc = 0;

	for (uint64_t at = from, end = bytes(g); at < end && rc == 0; at += COPY_BYTES) {
		size_t n = MIN((uint64_t)COPY_BYTES, end - at);

		rc = spool_read_at(g->file.fd, buf, n, at);
		if (rc == 0)
			rc = outfile_write(to, buf, n);
	}
	free(buf);
	return rc;
}

/* What of a segment could not be written, where it would be. */
static void put_lost(const struct segment *g, uint64_t ts_ns, struct outfile *to)
{
	struct record_writer *w;
	struct record_lost *r;
	struct buf b = { 0 };
	const char *why = strerror(-g->file.err);

	r = record_begin(&b, RECORD_LOST, sizeof(*r), 0, 0, ts_ns);
	r->count = record_writer_lost(g->w);
	r->nchunks = 1;
	record_chunk(&b, 0, PART_TEXT, 0, why, strlen(why));
	w = record_writer_continue(to);
	record_writer_add(w, record_finish(&b));
	record_writer_flush(w);
	record_writer_free(w);
	buf_done(&b);
}

bool newest_is_empty(const struct newest *s) { return s->n == 1 && !record_writer_records(last(s)->w); }

int newest_write(struct newest *s, bool goes_on, struct outfile *to, struct dumped *ret)
{
	struct record_writer *w;
	bool begun = false;
	int rc = 0;

	ret->ns = s->now_ns - s->v[0]->begin_ns;
	ret->nlost = 0;
	ret->lost_err = 0;
	for (unsigned i = 0; i < s->n && rc == 0; i++) {
		struct segment *g = s->v[i];

		record_writer_flush(g->w);
		if (record_writer_holds(g->w)) {
			rc = copy(g, begun ? g->snapshot : 0, to);
			begun = true;
		}
		if (!record_writer_lost(g->w))
			continue;
		ret->nlost += record_writer_lost(g->w);
		ret->lost_err = ret->lost_err ? ret->lost_err : g->file.err;
		if (begun && rc == 0)
			put_lost(g, i + 1 < s->n ? s->v[i + 1]->begin_ns : s->now_ns, to);
	}
	if (!begun)
		return last(s)->file.err;
	if (rc < 0)
		return rc;
	w = record_writer_continue(to);
	if (goes_on)
		cut_end(cut_put, w, record_writer_records(w), s->now_ns);
	rc = record_writer_finish(w);
	record_writer_free(w);
	return rc;
}

void newest_free(struct newest *s)
{
	if (!s)
		return;
	while (s->n)
		drop_oldest(s);
	cut_done(&s->cut);
	free(s);
}
