/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Blocks of a report (docs/report-format.md, section 4): rows of C structs to columns of byte planes, gzip, base64.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/json.h"

enum html_width { W_U8, W_U16, W_U32, W_U64, W_Z16, W_Z32, W_Z64, W_X32 };
static inline bool html_is_signed(enum html_width w) { return w == W_Z16 || w == W_Z32 || w == W_Z64; }
/* As a signed column has it: small numbers stay small. */
static inline uint64_t html_zigzag(int64_t v) { return (uint64_t)v << 1 ^ (uint64_t)(v >> 63); }

/* A column: its name and width in the file, and where a C row holds it. */
struct html_col {
	const char *name;
	uint8_t width, size;
	uint16_t offset;
	bool delta; /* stored as the difference to the row before */
};
#define HTML_COL(name, width, type, field) { name, width, sizeof(((type *)0)->field), offsetof(type, field) }
#define HTML_DELTA(name, width, type, field) { name, width, sizeof(((type *)0)->field), offsetof(type, field), true }

/* One block at a time: begin (or rows), end; raw then holds the payload and gz the compressed bytes. */
struct html_block {
	struct buf raw, gz;
	uint64_t *values; size_t cap;
	size_t ends[96]; unsigned nends;	/* of what is compressed by itself: byte planes */
	int level;
	z_stream z;
};

int html_block_init(struct html_block *b);	/* -ENOMEM */
void html_block_done(struct html_block *b);
/* base: what a delta column's first row is relative to. */
void html_block_rows(struct html_block *b, const struct html_col *cols, unsigned ncols, const void *rows, size_t stride,
		     uint32_t nrows, uint64_t base);
/* lens: lengths of the strings that stand one after the other in bytes */
void html_block_strings(struct html_block *b, const uint32_t *lens, uint32_t nrows, const void *bytes, size_t nbytes);
void html_block_compress(struct html_block *b);

/* As META has it: ["dt:x32", …] */
void html_cols_json(struct json *j, const struct html_col *cols, unsigned ncols);

/* The pieces of one block, handed to write in parts. */
enum { HTML_PIECE = 786432 };	/* bytes before base64; a multiple of 3 */
typedef void html_write_fn(void *ctx, const void *p, size_t n);
void html_piece_write(char kind, bool last, const void *bytes, size_t n, html_write_fn *write, void *ctx);
