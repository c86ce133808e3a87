/* SPDX-License-Identifier: MIT */
/*
 * The functions that calls were made from (-k), as the pool of bytes has them: a stack is a list of numbers of 32 bits,
 * the first says whether it is whole, the others are ids of frames, the innermost first.  Equal ones are there once.
 *
 * Which call has which waits in a spool of its own, so that rows without stacks are no longer for it.
 */
#include "base/buf.h"
#include "base/macro.h"
#include "event/event.h"
#include "record/record.h"
#include "sink/html.h"

enum { IS_CUT = 1, IS_BROKEN = 2 };	/* docs/report-format.md, section 4 */

static void text(struct buf *b, const char *s, uint32_t n)
{
	if (n)
		buf_add(b, s, n);
	buf_putc(b, '\0');
}

/* Function, file, and in hex where in each; without a file the address. */
static uint32_t frame_id(struct html *h, const struct frame *f)
{
	struct buf *b = &h->tmp;

	buf_reset(b);
	text(b, f->symbol, f->symbol ? f->symbol_len : 0);
	text(b, f->file, f->file ? f->file_len : 0);
	buf_hex(b, f->symbol ? f->into : 0);
	buf_putc(b, '\0');
	buf_hex(b, f->file ? f->offset : f->ip);
	return html_stack_bytes(h, b->s, b->len);
}

static uint32_t stack_id(struct html *h, const struct stack *s)
{
	uint32_t ids[1 + STACK_FRAMES_MAX] = { (s->cut ? IS_CUT : 0) | (s->broken ? IS_BROKEN : 0) };
	unsigned n = 1;

	for (unsigned i = 0; i < s->n && n < ARRAY_SIZE(ids); i++)
		if (!(ids[n++] = frame_id(h, &s->frames[i])))
			return 0;
	return html_stack_bytes(h, ids, n * sizeof(*ids));
}

void html_stack_add(struct html *h, const struct html_row *row, const struct stack *s)
{
	struct html_row at = { .start = row->start, .lane = row->lane, .type = row->type, .data = stack_id(h, s) };

	h->stacks_dropped += !at.data;
	if (!at.data || h->stacks.err)
		return;
	if (!h->stacks.waiting) {
		int r = row_spool_init(&h->stacks, h->file->path);

		if (r) {
			h->stacks.err = r;
			return;
		}
	}
	h->bits.stack |= at.data;
	row_spool_add(&h->stacks, &at);
}

uint32_t html_stack_of(struct html *h, const struct html_row *row)
{
	const struct html_row *s = h->next_stack;
	uint32_t id;

	if (!s)
		s = row_spool_next(&h->stacks);
	while (s && s->start < row->start)
		s = row_spool_next(&h->stacks);
	h->next_stack = s;
	if (!s || s->start != row->start || s->lane != row->lane || s->type != row->type)
		return 0;
	id = s->data;
	h->next_stack = row_spool_next(&h->stacks);
	return id;
}
