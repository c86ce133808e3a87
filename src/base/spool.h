/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What waits until the trace ends: files without a name, next to the output that needs them, so that memory does
 * not grow with the trace.  A failed write is remembered (err) and everything after it ignored; readers then see zeros.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* Bytes in the order they were added. */
struct spool { int fd; int err; uint64_t nbytes; struct buf tail; /* not written yet */ };

/* A file for spools in the folder of path, else in $TMPDIR or /tmp: a descriptor or -errno. */
int spool_file(const char *path);
int spool_init(struct spool *s, const char *path);
void spool_done(struct spool *s);
void spool_add(struct spool *s, const void *p, size_t n);
/* Reads n bytes at pos into p; what cannot be read is zero. */
void spool_read(struct spool *s, uint64_t pos, void *p, size_t n);

/* Rows of one size by number, in any order, most often near the last; a small cache of pages before a file. */
enum { STORE_SLOTS = 64, STORE_PAGE = 4 << 10 };
struct store {
	int fd, err;
	uint32_t row_size, rows_a_page;
	uint64_t nrows;			/* one more than the highest row that was touched */
	struct { uint64_t page; char *data; bool dirty; } slot[STORE_SLOTS];
	uint64_t last;			/* the row that was asked for last, and where it is; last_at NULL: none */
	void *last_at;
};
int store_init(struct store *t, uint32_t row_size, const char *path);
void store_done(struct store *t);
void *store_find(struct store *t, uint64_t row);
static inline void *store_row(struct store *t, uint64_t row)	/* zeros when new; valid until the next call */
{
	return t->last_at && t->last == row ? t->last_at : store_find(t, row);
}

/* All n bytes, or -errno; what was never written is read as zeros. */
int spool_write_at(int fd, const void *bytes, size_t n, uint64_t pos);
int spool_read_at(int fd, void *bytes, size_t n, uint64_t pos);
