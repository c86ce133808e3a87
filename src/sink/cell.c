/* SPDX-License-Identifier: MIT */
#include "sink/cell.h"

#include <string.h>

#include "base/human.h"
#include "base/text.h"

static void spaces(struct buf *b, size_t n)
{
	buf_grow(b, n);
	memset(b->s + b->len, ' ', n);
	b->len += n;
	b->s[b->len] = '\0';
}

size_t cell_width(const struct buf *b, size_t from)
{
	size_t marks = 0;

	for (size_t i = from; i < b->len; i++)
		marks += (unsigned char)b->s[i] < 0x20;
	return text_width(b->s + from, b->len - from) - marks;
}

void cell_left(struct buf *b, size_t from, size_t width)
{
	size_t w = cell_width(b, from);

	if (w < width)
		spaces(b, width - w);
}

/* w: columns of what stands from `from` on. */
static void move_right(struct buf *b, size_t from, size_t w, size_t width)
{
	size_t n = b->len - from;

	if (w >= width)
		return;
	spaces(b, width - w);
	memmove(b->s + from + width - w, b->s + from, n);
	memset(b->s + from, ' ', width - w);
}

void cell_right(struct buf *b, size_t from, size_t width) { move_right(b, from, cell_width(b, from), width); }

void cell_bytes(struct buf *b, uint64_t nbytes, size_t width)
{
	size_t from = b->len;

	human_bytes(b, nbytes);
	move_right(b, from, b->len - from, width);	/* digits and units: a column each */
}

void cell_ns(struct buf *b, uint64_t ns, size_t width)
{
	size_t from = b->len;

	human_ns(b, ns);
	cell_right(b, from, width);
}

void cell_count(struct buf *b, uint64_t n, const char *unit, size_t width)
{
	size_t from = b->len;

	human_count(b, n);
	buf_puts(b, unit);
	cell_right(b, from, width);
}
