/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a report's data waits in until the trace ends: files without a name, next to the report, so that memory does
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
enum { TABLE_SLOTS = 64, TABLE_PAGE = 16384 };
struct table {
	int fd, err;
	uint32_t row_size, rows_a_page;
	uint64_t nrows;			/* one more than the highest row that was touched */
	struct { uint64_t page; char *data; bool dirty; } slot[TABLE_SLOTS];
};
int table_init(struct table *t, uint32_t row_size, const char *path);
void table_done(struct table *t);
void *table_row(struct table *t, uint64_t row);	/* zeros when new; valid until the next call */

/*
 * Rows sorted by start, then by the order they came in.  Runs of RUN_ROWS are sorted in memory and written out; rows
 * come nearly sorted, so that at the end few runs overlap and only those hold a read buffer.
 */
struct html_row {
	uint64_t start, dur;
	int64_t ret, val;
	uint32_t lane, obj, arg, file, conn;
	int32_t fd;
	uint16_t type;
	uint8_t err, pad;
};
enum { RUN_ROWS = 131072 };
struct run { uint64_t first_start; uint32_t nrows; };
struct row_spool {
	int fd, err;
	uint64_t nrows;			/* in runs and waiting */
	struct html_row *waiting;
	unsigned nwaiting;
	struct run *runs;
	unsigned nruns, cap;
	struct merge *merge;
};
int row_spool_init(struct row_spool *s, const char *path);
void row_spool_done(struct row_spool *s);
void row_spool_add(struct row_spool *s, const struct html_row *row);
/* In order; NULL at the end.  Nothing may be added any more. */
const struct html_row *row_spool_next(struct row_spool *s);
