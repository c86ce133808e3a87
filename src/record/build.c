/* SPDX-License-Identifier: MIT */
#include "record/build.h"

#include <stdbool.h>
#include <string.h>

void *record_begin(struct buf *b, enum record_kind kind, size_t body_size, uint32_t pid, uint32_t tid, uint64_t ts_ns)
{
	struct record *r;

	b->len = 0;
	buf_grow(b, body_size);
	r = memset(b->s, 0, body_size);
	*r = (struct record){ .kind = (rec_u16)kind, .pid = pid, .tid = tid, .ts_ns = ts_ns };
	b->len = body_size;
	return r;
}

void record_chunk(struct buf *b, unsigned arg, enum chunk_part part, unsigned flags, const void *bytes, size_t len)
{
	struct record_chunk c = { (rec_u8)arg, (rec_u8)part, (rec_u16)flags, (rec_u32)len };
	static const char zero[8];

	buf_add(b, &c, sizeof(c));
	buf_add(b, bytes, len);
	buf_add(b, zero, ALIGN8(len) - len);
}

void record_number(struct buf *b, unsigned arg, enum chunk_part part, uint64_t n)
{
	rec_u64 v = n;

	record_chunk(b, arg, part, 0, &v, sizeof(v));
}

unsigned record_vector_string(struct buf *b, unsigned arg, enum chunk_part part, const char *s, size_t len)
{
	bool cut = len > RECORD_STR_MAX;

	record_chunk(b, arg, part, cut ? CHUNK_TRUNC : 0, s, cut ? RECORD_STR_MAX : len);
	if (cut)
		record_number(b, arg, PART_WHOLE, len);
	return 1 + cut;
}

struct record *record_finish(struct buf *b)
{
	struct record *r = (struct record *)b->s;

	r->size = (rec_u32)b->len;
	return r;
}
