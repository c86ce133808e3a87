/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/spool.h"

/*
 * Rows sorted by start, then by the order they came in.  Runs of RUN_ROWS are sorted in memory and written out; rows
 * come nearly sorted, so that at the end few runs overlap and only those hold a read buffer.
 */
struct html_row {
	uint64_t start, dur;
	int64_t ret, val;
	uint32_t lane, obj, arg, file, conn, data;
	int32_t fd;
	uint16_t type;
	uint8_t err, noise;
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
