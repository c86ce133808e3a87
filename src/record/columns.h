/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The records of a block, field by field: what is alike stands together and is mostly a repeat of the one before
 * (docs/recording-format.md, Columns).  Each block is whole by itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "record/record.h"

struct buf;
struct columns;

/* In the order in which they are in a block; only appended. */
enum column {
	COLUMN_SHAPE,		/* u8 a record: which of the block's shapes it has, or one of SHAPE_* */
	COLUMN_SHAPES,		/* the definitions, at their first use: struct shape_head, struct shape_chunk each */
	COLUMN_THREAD,		/* u8 a call: which of the block's threads made it, or THREAD_NEW */
	COLUMN_THREADS,		/* the definitions: u32 pid, u32 tid */
	COLUMN_CHANGED,		/* u8 a call: what differs from the last one of its shape */
	COLUMN_ARG0, COLUMN_ARG1, COLUMN_ARG2, COLUMN_ARG3, COLUMN_ARG4, COLUMN_ARG5,
	COLUMN_RET,		/* these: a difference, if there is one */
	COLUMN_GAP_LOW,		/* u8 a call: time since the end of the thread's last call, the low byte */
	COLUMN_GAP,		/* the rest of it */
	COLUMN_TOOK_LOW, COLUMN_TOOK,		/* likewise, from its entry to its end; not where exit_ns is 0 */
	COLUMN_LENGTH,		/* of chunks, where it changed */
	COLUMN_TEXT,		/* the bytes of chunks copied before the call */
	COLUMN_DATA,		/* and after it */
	COLUMN_RECORDS,		/* records that are no call, or have no shape, as they are */
	_COLUMNS_2,		/* blocks of version 2 have those before this */
	/* Of a chunk that may be a struct: which of its words changed, twice, and 1; or 0: it is in DATA. */
	COLUMN_WHICH = _COLUMNS_2,
	COLUMN_WORDS,		/* these: a difference each */
	COLUMN_AGAIN,		/* of a record that ends like the last long one: how many bytes are the same */
	/*
	 * Of a long record: the size of its body, how many chunks, twice the length of each.  And 1: what the chunk is
	 * stands in RECORDS, else it is what the one before is.
	 */
	COLUMN_LIST,
	_COLUMNS_3,		/* blocks of version 3 have those before this */
	/*
	 * u8 a chunk in TEXT or DATA, of SAME_MIN bytes and more, that may not be a struct: how many of its words are
	 * those that the last such one began with (in TEXT, of the same shape), or SAME_AS_READ.
	 */
	COLUMN_SAME = _COLUMNS_3,
	_COLUMNS
};

enum {
	SHAPES_MAX = 250,
	SHAPE_ALIKE = 251 /* as SHAPE_LIST, and chunks may be those of the last long record */,
	SHAPE_LIST = 252 /* none: its body is in COLUMN_RECORDS, what its chunks have in COLUMN_TEXT */,
	SHAPE_AGAIN = 253 /* none: its beginning is in COLUMN_RECORDS */,
	SHAPE_RECORD = 254 /* none: it is in COLUMN_RECORDS */, SHAPE_NEW = 255,
	THREADS_MAX = 255, THREAD_NEW = 255,
	SHAPE_CHUNKS = 6,	/* calls that have more have no shape */
	CHANGED_RET = 1 << 6, CHANGED_LENGTH = 1 << 7,	/* below: the arguments */
	WORDS_MIN = 2, WORDS_MAX = 32,	/* of what may be a struct */
	LONG_RECORD = 4096,	/* one in COLUMN_RECORDS that others may end like */
	SAME_MIN = 8, SAME_MOST = 254,	/* words */
	SAME_AS_READ = 255,	/* all of it: the last chunk that was copied after a call, as where a file is copied */
	KEPT_TEXT = 128, KEPT_READ = 1024,	/* bytes of the last one, as far as they are compared */
	/* In COLUMN_LIST, with SHAPE_ALIKE: the length, shifted; or how many chunks are those of the last long one. */
	LIST_OTHER = 1 /* what the chunk is stands in COLUMN_RECORDS */, LIST_ALIKE = 2, LIST_SHIFT = 2,
};

/* What calls have in common.  ends: exit_ns is not 0. */
struct shape_head { uint32_t nr; uint16_t flags; uint8_t arch, pad, ends, nchunks; uint16_t zero; };
struct shape_chunk { uint8_t arg, part; uint16_t flags; };

/* What a chunk began with; bytes: filled up with 0. */
struct kept_text { uint32_t len; uint64_t words[KEPT_TEXT / 8]; };
struct kept_read { uint32_t len; uint64_t words[KEPT_READ / 8]; };

/* The last call of a shape; of its chunks that may be structs, and of those in TEXT, the last one.  0 at first. */
struct shape_state {
	uint64_t words[7];
	uint32_t lengths[SHAPE_CHUNKS];
	uint64_t of_struct[WORDS_MAX];
	struct kept_text text;
};

/* What the kernel wrote as a whole and is no longer than a struct: stat, statx, siginfo. */
static inline bool may_be_struct(unsigned flags, size_t len)
{
	return flags == CHUNK_AT_EXIT && len % 8 == 0 && len / 8 - WORDS_MIN <= WORDS_MAX - WORDS_MIN;
}

/* How many words of a chunk may be those of the one before: its last one, half used, only where all is the same. */
static inline size_t same_at_most(size_t len, size_t before, size_t kept)
{
	size_t n = len == before ? ALIGN8(len) / 8 : MIN(len, before) / 8;

	return MIN(n, kept / 8);
}

/* Where chunks begin of a record that can be long; 0: of another one. */
static inline size_t body_size(const struct record *r)
{
	return r->kind == RECORD_CALL   ? sizeof(struct record_call)
	       : r->kind == RECORD_EXEC ? sizeof(struct record_exec)
					: 0;
}

enum { VARINT_MAX = 10 };
static inline uint64_t zigzag(uint64_t v) { return v << 1 ^ (uint64_t)((int64_t)v >> 63); }
static inline uint64_t zagzig(uint64_t v) { return v >> 1 ^ -(v & 1); }

/* ---- writing ---- */

struct columns *columns_new(void);
void columns_free(struct columns *c);		/* may be NULL */
/*
 * Adds whole records, `n` bytes of them that stay where they are meanwhile, as many as the block has room for: bytes
 * taken.  Less than n: it is full, and the rest comes after a reset.
 */
size_t columns_add(struct columns *c, const void *records, size_t n);
size_t columns_raw(const struct columns *c);	/* bytes of the records added */
size_t columns_held(const struct columns *c);	/* of these bytes, without what is again the end of a long one */
uint32_t columns_count(const struct columns *c);	/* and how many they are */
const struct buf *columns_of(const struct columns *c, enum column column);
void columns_reset(struct columns *c);

/* ---- reading ---- */

/*
 * The records, `raw` bytes to the byte, out of a block's ncolumns columns (_COLUMNS, _COLUMNS_3 or _COLUMNS_2): u32
 * the length of each, then the bytes.  -EBADMSG: these do not say so many whole records.
 */
int columns_unpack(const void *packed, size_t len, unsigned ncolumns, char *to, size_t raw);
