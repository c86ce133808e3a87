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

static void put(void *ctx, const struct record *r) { record_writer_add(ctx, r); }

void cut_begin(struct cut *c, struct record_writer *w, uint64_t now_ns)
{
	struct buf b = { 0 };
	struct record_start *r;
	uint64_t ran_ns;

	if (c->start.len < sizeof(*r))
		return;
	buf_add(&b, c->start.s, c->start.len);
	r = (struct record_start *)b.s;
	ran_ns = now_ns > r->h.ts_ns ? now_ns - r->h.ts_ns : 0;
	r->h.ts_ns += ran_ns;
	r->wall_ns += ran_ns;
	r->mode |= START_SNAPSHOT;
	r->nchunks++;
	record_number(&b, 0, PART_CUT, ran_ns);
	record_writer_add(w, record_finish(&b));
	world_snapshot(c->world, now_ns, put, w);
	buf_done(&b);
}

void cut_end(struct record_writer *w, uint64_t now_ns)
{
	struct buf b = { 0 };
	struct record_end *r = record_begin(&b, RECORD_END, sizeof(*r), 0, 0, now_ns);

	r->h.flags = END_GOES_ON;
	r->status = -1;
	r->nrecords = record_writer_records(w);
	record_writer_add(w, record_finish(&b));
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
