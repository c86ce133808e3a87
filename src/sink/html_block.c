/* SPDX-License-Identifier: MIT */
#include "sink/html_block.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/macro.h"

/*
 * zlib's; strings are few and repeat much.  4 instead of 1: a build's report is an eighth smaller for 0.1 µs an event.
 */
enum { LEVEL_ROWS = 4, LEVEL_STRINGS = 5 };

static const struct { const char *name; uint8_t nbytes; } widths[] = {
	[W_U8] = { "u8", 1 }, [W_U16] = { "u16", 2 }, [W_U32] = { "u32", 4 }, [W_U64] = { "u64", 8 },
	[W_Z16] = { "z16", 2 }, [W_Z32] = { "z32", 4 }, [W_Z64] = { "z64", 8 }, [W_X32] = { "x32", 4 },
};

int html_block_init(struct html_block *b)
{
	*b = (struct html_block){ 0 };
	/* a smaller table of what was seen is moved on faster, and its shorter blocks of codes fit better */
	return deflateInit2(&b->z, 1, Z_DEFLATED, 15 + 16 /* gzip */, 8, Z_DEFAULT_STRATEGY) == Z_OK ? 0 : -ENOMEM;
}

void html_block_done(struct html_block *b)
{
	deflateEnd(&b->z);
	buf_done(&b->raw);
	buf_done(&b->gz);
	free(b->values);
	b->values = NULL;
}

static void put_u32(struct buf *b, uint32_t v)
{
	char le[] = { (char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24) };

	buf_add(b, le, sizeof(le));
}

static void put_u64(struct buf *b, uint64_t v)
{
	put_u32(b, (uint32_t)v);
	put_u32(b, (uint32_t)(v >> 32));
}

static void plane_end(struct html_block *b)
{
	if (b->nends < ARRAY_SIZE(b->ends))
		b->ends[b->nends++] = b->raw.len;
	else
		b->ends[b->nends - 1] = b->raw.len;
}

static void begin(struct html_block *b, uint32_t nrows, uint64_t base)
{
	buf_reset(&b->raw);
	b->nends = 0;
	b->level = LEVEL_ROWS;
	put_u32(&b->raw, nrows);
	put_u32(&b->raw, 0);
	put_u64(&b->raw, base);
}

static void planes(struct html_block *b, const uint64_t *v, uint32_t n, unsigned nbytes)
{
	buf_grow(&b->raw, (size_t)n * nbytes);
	for (unsigned p = 0; p < nbytes; p++) {
		char *out = b->raw.s + b->raw.len;

		for (uint32_t i = 0; i < n; i++)
			out[i] = (char)(v[i] >> 8 * p);
		b->raw.len += n;
		plane_end(b);
	}
}

/* 64-bit values in 32: what does not fit follows the planes. */
static void overflowing(struct html_block *b, uint64_t *v, uint32_t n)
{
	struct buf more = { 0 };

	for (uint32_t i = 0; i < n; i++)
		if (v[i] >= 0xffffffff) {
			put_u64(&more, v[i]);
			v[i] = 0xffffffff;
		}
	planes(b, v, n, 4);
	put_u32(&b->raw, (uint32_t)(more.len / 8));
	if (more.len)
		buf_add(&b->raw, more.s, more.len);
	buf_done(&more);
}

#define LOAD(type) \
	for (uint32_t i = 0; i < n; i++, rows += stride) { \
		type x; \
		memcpy(&x, rows, sizeof(x)); \
		v[i] = (uint64_t)(int64_t)x; \
	}

static void load(uint64_t *v, const char *rows, size_t stride, uint32_t n, unsigned size, bool sign)
{
	switch (size) {
	case 1: LOAD(uint8_t) break;
	case 2: LOAD(uint16_t) break;
	case 4: if (sign) { LOAD(int32_t) } else { LOAD(uint32_t) } break;
	default: LOAD(int64_t)
	}
}

void html_block_rows(struct html_block *b, const struct html_col *cols, unsigned ncols, const void *rows, size_t stride,
		     uint32_t nrows, uint64_t base)
{
	if (b->cap < nrows) {
		b->values = xrealloc(b->values, nrows * sizeof(*b->values));
		b->cap = nrows;
	}
	uint64_t *v = b->values;

	begin(b, nrows, base);
	for (unsigned c = 0; c < ncols; c++) {
		bool sign = html_is_signed(cols[c].width);

		load(v, (const char *)rows + cols[c].offset, stride, nrows, cols[c].size, sign);
		if (cols[c].delta)
			for (uint64_t i = 0, before = base; i < nrows; i++) {
				uint64_t now = v[i];

				v[i] = now - before;
				before = now;
			}
		if (sign)
			for (uint32_t i = 0; i < nrows; i++)
				v[i] = html_zigzag((int64_t)v[i]);
		if (cols[c].width == W_X32)
			overflowing(b, v, nrows);
		else
			planes(b, v, nrows, widths[cols[c].width].nbytes);
	}
}

void html_block_strings(struct html_block *b, const uint32_t *lens, uint32_t nrows, const void *bytes, size_t nbytes)
{
	static const struct html_col len = { .width = W_U32, .size = 4 };

	html_block_rows(b, &len, 1, lens, sizeof(*lens), nrows, 0);
	b->level = LEVEL_STRINGS;
	buf_add(&b->raw, bytes, nbytes);
}

/*
 * What to look for in the bytes, by samples of them.  In noise (the low bytes of times) nothing, which would cost time
 * and gain nothing; where one byte follows itself (the high bytes of small numbers) only for that.
 */
static int strategy_for(const char *p, size_t n)
{
	enum { CHUNKS = 16, CHUNK = 256, OF_NOISE = 105 };
	unsigned distinct = 0;

	if (n < CHUNKS * CHUNK)
		return Z_DEFAULT_STRATEGY;
	for (unsigned c = 0; c < CHUNKS; c++) {
		const unsigned char *chunk = (const unsigned char *)p + n / CHUNKS * c;
		bool seen[256] = { false };

		for (unsigned i = 0; i < CHUNK; i++) {
			distinct += !seen[chunk[i]];
			seen[chunk[i]] = true;
		}
	}
	return distinct > CHUNKS * OF_NOISE ? Z_HUFFMAN_ONLY : distinct == CHUNKS ? Z_RLE : Z_DEFAULT_STRATEGY;
}

void html_block_compress(struct html_block *b)
{
	size_t at = 0;

	if (!b->nends || b->ends[b->nends - 1] < b->raw.len)
		plane_end(b);
	deflateReset(&b->z);
	buf_reset(&b->gz);
	buf_grow(&b->gz, deflateBound(&b->z, b->raw.len) + sizeof(b->ends));
	b->z.next_out = (Bytef *)b->gz.s;
	b->z.avail_out = (uInt)b->gz.cap;
	for (unsigned i = 0; i < b->nends; at = b->ends[i++]) {
		size_t n = b->ends[i] - at;

		/*
		 * the code of each plane is its own: a new deflate block; neither call can fail, there is room for all
		 * of it
		 */
		deflateParams(&b->z, b->level, strategy_for(b->raw.s + at, n));
		b->z.next_in = (Bytef *)b->raw.s + at;
		b->z.avail_in = (uInt)n;
		deflate(&b->z, i + 1 < b->nends ? Z_BLOCK : Z_FINISH);
	}
	b->gz.len = b->z.total_out;
}

void html_cols_json(struct json *j, const struct html_col *cols, unsigned ncols)
{
	char text[64];

	json_open(j, '[');
	for (unsigned i = 0; i < ncols; i++) {
		snprintf(text, sizeof(text), "%s:%s", cols[i].name, widths[cols[i].width].name);
		json_cstr(j, text);
	}
	json_close(j, ']');
}

void html_piece_write(char kind, bool last, const void *bytes, size_t n, html_write_fn *write, void *ctx)
{
	char out[16384], tail[64];

	write(ctx, "<!--", 4);
	for (const char *p = bytes; n;) {
		size_t part = MIN(n, sizeof(out) / 4 * 3);

		write(ctx, out, base64_encode(out, p, part));
		p += part, n -= part;
	}
	write(ctx, tail, (size_t)snprintf(tail, sizeof(tail), "--><script>cpd(\"%c\",%d)</script>\n", kind, last));
}
