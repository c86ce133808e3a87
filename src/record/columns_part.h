/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files that write columns share. */
#include <string.h>

#include "base/buf.h"
#include "record/columns.h"

enum { SLOTS = 1024 };		/* of both tables, which are at most a quarter full */

/* struct shape_head and chunks, made, compared and hashed as words: fields just written are slow to read as words. */
enum { KEY_WORDS = (sizeof(struct shape_head) + SHAPE_CHUNKS * sizeof(struct shape_chunk) + 7) / 8 };
struct shape_key { uint64_t words[KEY_WORDS]; };
struct shape { struct shape_key key; struct shape_state last; };
struct thread { uint32_t pid, tid; uint64_t end_ns; };

struct columns {
	struct buf column[_COLUMNS];	/* in `memory` */
	char *memory;
	size_t raw;
	unsigned nshapes, nthreads;
	uint64_t end_ns;		/* of the last call of all */
	unsigned thread;		/* the last call's */
	struct kept_read read;		/* the last in COLUMN_DATA that may not be a struct */
	size_t again;			/* of raw: what is that of the last long record */
	struct buf last_long;		/* the record that others may end like; empty: none */
	uint8_t shape_slot[SLOTS], thread_slot[SLOTS];	/* number + 1; 0 free */
	struct shape shapes[SHAPES_MAX];
	struct thread threads[THREADS_MAX];
};

static inline void put_byte(struct columns *c, enum column column, uint8_t v)
{
	c->column[column].s[c->column[column].len++] = (char)v;
}

static inline void put_varint(struct columns *c, enum column column, uint64_t v)
{
	struct buf *b = &c->column[column];
	char *to = b->s + b->len;

	for (; v >= 0x80; v >>= 7)
		*to++ = (char)(v | 0x80);
	*to++ = (char)v;
	b->len = (size_t)(to - b->s);
}

static inline void put_bytes(struct columns *c, enum column column, const void *p, size_t n)
{
	struct buf *b = &c->column[column];

	memcpy(b->s + b->len, p, n);
	b->len += n;
}

/* p is padded to whole words. */
static inline void put_padded(struct columns *c, enum column column, const char *p, size_t n)
{
	struct buf *b = &c->column[column];
	char *to = b->s + b->len;

	b->len += n;
	if (n > 128) {
		memcpy(to, p, n);
		return;
	}
	for (size_t i = 0; i < n; i += 8) {
		uint64_t word;

		memcpy(&word, p + i, 8);
		memcpy(to + i, &word, 8);
	}
}

/* One that is no call, or has no shape. */
void columns_add_whole(struct columns *c, const struct record *r);
