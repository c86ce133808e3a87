/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files that write columns share. */
#include <string.h>

#include "base/buf.h"
#include "record/columns.h"

enum { SLOTS = 1024 /* of both tables, which are at most a quarter full */, GUESSES = 256 };

/* struct shape_head and chunks, made, compared and hashed as words: fields just written are slow to read as words. */
enum { KEY_WORDS = (sizeof(struct shape_head) + SHAPE_CHUNKS * sizeof(struct shape_chunk) + 7) / 8 };
struct shape_key { uint64_t words[KEY_WORDS]; };

/*
 * What is put for a call that is its shape's last one once more: up to 8 bytes each, of which `n` count.  With AS_READ
 * that holds while c->read is what it was (reads).
 */
enum { AGAIN_UNKNOWN = -1 /* not asked yet */, AGAIN_NOT = -2 /* it has to be put like any other */ };
struct again_put { uint64_t word; uint8_t column, n; };
struct again {
	const struct record_call *call;		/* valid while `batch` is that of the columns */
	uint64_t batch, reads;
	int nputs;
	uint8_t thread;
	bool of_read;
	struct again_put puts[SHAPE_CHUNKS];
};

struct shape { struct shape_key key; struct again again; struct shape_state last; };
struct thread { uint32_t pid, tid; uint64_t end_ns; };

struct columns {
	struct buf column[_COLUMNS];	/* in `memory` */
	char *memory;
	size_t raw;
	uint32_t nrecords;
	uint64_t batch;			/* records of one are in place until its end */
	unsigned nshapes, nthreads;
	uint64_t end_ns;		/* of the last call of all */
	unsigned thread;		/* the last call's */
	struct kept_read read;		/* the last in COLUMN_DATA that may not be a struct */
	uint64_t reads;			/* how often that became another one */
	size_t again;			/* of raw: what is that of the last long record */
	struct buf last_long;		/* the record that others may end like; empty: none */
	uint8_t shape_slot[SLOTS], thread_slot[SLOTS];	/* number + 1; 0 free */
	uint8_t guess[GUESSES];		/* the shape of the last call of that number and size */
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

static inline void put_time(struct columns *c, enum column low, uint64_t v)
{
	v = zigzag(v);
	put_byte(c, low, (uint8_t)v);
	put_varint(c, low + 1, v >> 8);
}

/* How many words of p are those that are kept. */
static inline size_t count_same(const char *p, const uint64_t *kept, size_t most)
{
	size_t n = 0;

	for (uint64_t word; n < most; n++) {
		memcpy(&word, p + 8 * n, 8);
		if (word != kept[n])
			break;
	}
	return n;
}

/* The flags of its chunk i, and what the shape was when its last call was put. */
static inline unsigned chunk_flags(const struct shape_key *key, unsigned i)
{
	return (unsigned)(key->words[1 + (i + 1) / 2] >> (i % 2 ? 16 : 48)) & 0xffff;
}

/* Where guess[] has its shape. */
static inline uint8_t *guess_of(struct columns *c, const struct record_call *call)
{
	return &c->guess[(call->nr + call->h.size * 5) % GUESSES];
}

/* Puts a call that is, but for its times, the last one of its shape.  false: it is not, or there is no short way. */
bool columns_add_again(struct columns *c, const struct record_call *call);
/* One that is no call, or has no shape. */
void columns_add_whole(struct columns *c, const struct record *r);
