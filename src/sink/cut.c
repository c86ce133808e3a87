/* SPDX-License-Identifier: MIT */
/* Where a part of a recording begins and ends. */
#include <string.h>

#include "base/macro.h"
#include "model/model.h"
#include "record/build.h"
#include "record/file.h"
#include "sink/recording.h"

void cut_note(struct cut *c, const struct record *r)
{
	if (!c->start.len && r->kind == RECORD_START)
		buf_add(&c->start, r, r->size);
}

void cut_put(void *writer, const struct record *r) { record_writer_add(writer, r); }

/*
 * A number of START, which may have it already: the trace may itself be a part.  Its record was decoded, or made here:
 * its chunks are whole.
 */
static void set_number(struct buf *b, enum chunk_part part, uint64_t v, bool add)
{
	struct record_start *r = (struct record_start *)b->s;

	for (size_t at = sizeof(*r); at + sizeof(struct record_chunk) <= b->len;) {
		const struct record_chunk *c = (const struct record_chunk *)(b->s + at);
		uint64_t old;

		if (c->len > b->len - at - sizeof(*c))
			return;
		if (c->part == part && c->len == sizeof(old)) {
			memcpy(&old, c + 1, sizeof(old));
			v += add ? old : 0;
			memcpy(b->s + at + sizeof(*c), &v, sizeof(v));
			return;
		}
		at += sizeof(*c) + ALIGN8((size_t)c->len);
	}
	r->nchunks++;
	record_number(b, 0, part, v);
}

static void count_one(void *ctx, const struct record *r UNUSED) { ++*(uint64_t *)ctx; }

void cut_begin(struct cut *c, world_put_fn *put, void *ctx, uint64_t now_ns)
{
	struct buf b = { 0 };
	struct record_start *r;
	uint64_t ran_ns, n = 0;

	if (c->start.len < sizeof(*r))
		return;
	buf_add(&b, c->start.s, c->start.len);
	r = (struct record_start *)b.s;
	ran_ns = now_ns > r->h.ts_ns ? now_ns - r->h.ts_ns : 0;
	r->h.ts_ns += ran_ns;
	r->wall_ns += ran_ns;
	r->mode |= START_SNAPSHOT;
	world_snapshot(c->world, now_ns, count_one, &n);
	set_number(&b, PART_CUT, ran_ns, true);
	set_number(&b, PART_SNAPSHOT, n, false);
	put(ctx, record_finish(&b));
	world_snapshot(c->world, now_ns, put, ctx);
	buf_done(&b);
}

void cut_end(world_put_fn *put, void *ctx, uint64_t nrecords, uint64_t now_ns)
{
	struct buf b = { 0 };
	struct record_end *r = record_begin(&b, RECORD_END, sizeof(*r), 0, 0, now_ns);

	r->h.flags = END_GOES_ON;
	r->status = -1;
	r->nrecords = nrecords;
	put(ctx, record_finish(&b));
	buf_done(&b);
}

void cut_done(struct cut *c) { buf_done(&c->start); }

char *cut_name(const char *path, uint64_t n, int digits)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	struct buf b = { 0 };

	if (!dot || dot == path || (slash && dot <= slash + 1))
		dot = path + strlen(path);
	buf_printf(&b, "%.*s.%0*llu%s", (int)(dot - path), path, digits, (unsigned long long)n, dot);
	return b.s;
}
