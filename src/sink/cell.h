/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Columns of text: what was appended to b since `from`, widened to a cell.  Style marks (sink/out.h) take no column. */
size_t cell_width(const struct buf *b, size_t from);
void cell_left(struct buf *b, size_t from, size_t width);
void cell_right(struct buf *b, size_t from, size_t width);
void cell_bytes(struct buf *b, uint64_t nbytes, size_t width);	/* right-aligned */
void cell_ns(struct buf *b, uint64_t ns, size_t width);
void cell_count(struct buf *b, uint64_t n, const char *unit, size_t width);
