/* SPDX-License-Identifier: MIT */
/*
 * The newest part of a trace: some segments, of which the oldest goes when the others are enough.  Each is a recording
 * of its own, in a file without a name: memory does not grow with what is kept, and nothing is left behind.
 */
#include <string.h>

#include "base/diag.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "base/spool.h"
#include "record/file.h"
#include "sink/recording.h"

enum { PARTS = 8, COPY_BYTES = 1 << 16 };

/* snapshot: bytes before what happened in it; what the segment before it says already. */
struct segment { struct outfile file; struct record_writer *w; uint64_t begin_ns, snapshot; };

struct newest {
	const struct recording_options *opt;
	struct cut cut;
	const char *path;
	struct segment v[2 * PARTS + 2];
	unsigned n;
	uint64_t now_ns, flushed_ns;
	int err;		/* no room for a segment: negative */
};

struct newest *newest_new(const struct sink_options *opt, struct outfile *file)
{
	struct newest *s = xcalloc(1, sizeof(*s));

	s->opt = opt->recording;
	s->cut.world = opt->world;
	s->path = file->path;
	return s;
}

static struct segment *last(struct newest *s) { return s->n ? &s->v[s->n - 1] : NULL; }
static uint64_t bytes(const struct segment *g) { return record_writer_bytes(g->w); }

static void drop_oldest(struct newest *s)
{
	record_writer_free(s->v[0].w);
	outfile_close(&s->v[0].file);
	s->n--;
	memmove(s->v, s->v + 1, s->n * sizeof(*s->v));
}

static void begin(struct newest *s, bool midst)
{
	struct segment *g;
	int fd = spool_file(s->path);

	if (fd < 0) {
		s->err = fd;
		return;
	}
	if (s->n == ARRAY_SIZE(s->v))
		drop_oldest(s);
	if (s->n)
		record_writer_flush(last(s)->w);
	g = &s->v[s->n++];
	*g = (struct segment){ .file = { .fd = fd, .stream = true, .begun = true }, .begin_ns = s->now_ns };
	g->w = record_writer_new(&g->file);
	if (!midst)
		return;
	cut_begin(&s->cut, g->w, s->now_ns);
	record_writer_flush(g->w);
	g->snapshot = bytes(g);
}

/* Whether what is kept without the oldest is enough. */
static bool is_too_much(const struct newest *s)
{
	uint64_t all = 0;

	if (s->n < 2)
		return false;
	for (unsigned i = 1; i < s->n; i++)
		all += bytes(&s->v[i]);
	return (s->opt->last_ns && s->now_ns - s->v[1].begin_ns >= s->opt->last_ns) ||
	       (s->opt->last_bytes && all >= s->opt->last_bytes);
}

static bool is_full(const struct newest *s, const struct segment *g)
{
	return (s->opt->last_ns && s->now_ns - g->begin_ns >= s->opt->last_ns / PARTS) ||
	       (s->opt->last_bytes && bytes(g) - g->snapshot >= s->opt->last_bytes / PARTS);
}

void newest_record(struct newest *s, const struct record *r)
{
	s->now_ns = MAX(s->now_ns, cut_made_ns(r));
	cut_note(&s->cut, r);
	if (!s->n)
		begin(s, false);
	else if (is_full(s, last(s)))
		begin(s, true);
	while (is_too_much(s))
		drop_oldest(s);
	if (s->n)
		record_writer_add(last(s)->w, r);
}

/* Time goes by though nothing happens: what is too old goes. */
void newest_tick(struct newest *s, uint64_t now_ns)
{
	s->now_ns = MAX(s->now_ns, now_ns);
	while (is_too_much(s))
		drop_oldest(s);
}

static int copy(const struct segment *g, uint64_t from, struct outfile *to)
{
	char *buf = xmalloc(COPY_BYTES);
	int rc = g->file.err;

	for (uint64_t at = from, end = bytes(g); at < end && rc == 0; at += COPY_BYTES) {
		size_t n = MIN((uint64_t)COPY_BYTES, end - at);

		rc = spool_read_at(g->file.fd, buf, n, at);
		if (rc == 0)
			rc = outfile_write(to, buf, n);
	}
	free(buf);
	return rc;
}

bool newest_is_empty(const struct newest *s) { return !s->n; }

int newest_write(struct newest *s, bool goes_on, struct outfile *to, struct dumped *ret)
{
	struct record_writer *w;
	int rc = s->err;

	ret->nrecords = 0;
	ret->ns = s->now_ns - s->v[0].begin_ns;
	for (unsigned i = 0; i < s->n && rc == 0; i++) {
		record_writer_flush(s->v[i].w);
		rc = copy(&s->v[i], i ? s->v[i].snapshot : 0, to);
		ret->nrecords += record_writer_records(s->v[i].w);
	}
	if (rc < 0)
		return rc;
	w = record_writer_continue(to);
	if (goes_on)
		cut_end(w, s->now_ns);
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
