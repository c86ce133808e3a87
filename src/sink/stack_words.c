/* SPDX-License-Identifier: MIT */
#include "sink/stack_words.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "event/event.h"
#include "sink/out.h"

#define INDENT "        > "

static void hex(struct buf *b, uint64_t v) { buf_puts(b, "0x"), buf_hex(b, v); }

static void plus(struct buf *b, uint64_t v)
{
	if (!v)
		return;
	buf_putc(b, '+');
	hex(b, v);
}

void frame_line(struct buf *b, const struct frame *f)
{
	if (f->symbol) {
		text_safe(b, f->symbol, f->symbol_len);
		plus(b, f->into);
		buf_puts(b, " in ");
	}
	if (f->file)
		text_safe(b, f->file, f->file_len);
	else
		hex(b, f->ip);
	if (f->file && !f->symbol)
		plus(b, f->offset);
}

const char *stack_why(const struct stack *s)
{
	return s->cut ? "… and more" : s->broken ? "… the next one was not found" : NULL;
}

static void add_why(struct buf *b, const struct stack *s, const char *begin)
{
	const char *why = stack_why(s);

	if (!why)
		return;
	buf_puts(b, begin);
	buf_puts(b, why);
}

void stack_lines(struct buf *b, const struct stack *s)
{
	buf_putc(b, STYLE_DIM);
	for (unsigned i = 0; i < s->n; i++) {
		buf_puts(b, "\n" INDENT);
		frame_line(b, &s->frames[i]);
	}
	add_why(b, s, "\n" INDENT);
	buf_putc(b, STYLE_OFF);
}

void stack_strace(struct buf *b, const struct stack *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct frame *f = &s->frames[i];

		buf_puts(b, "\n > ");
		if (f->file) {
			text_safe(b, f->file, f->file_len);
			buf_putc(b, '(');
			if (f->symbol) {
				text_safe(b, f->symbol, f->symbol_len);
				buf_putc(b, '+');
				hex(b, f->into);
			}
			buf_putc(b, ')');
		} else {
			buf_puts(b, "unexpected_backtracing_error");
		}
		buf_puts(b, " [");
		hex(b, f->file ? f->offset : f->ip);
		buf_putc(b, ']');
	}
	add_why(b, s, "\n > ");
}

void frame_name(struct buf *b, const struct frame *f)
{
	const char *slash = f->file ? memrchr(f->file, '/', f->file_len) : NULL;
	const char *file = slash ? slash + 1 : f->file;

	if (f->symbol) {
		text_word(b, f->symbol, f->symbol_len);
		return;
	}
	if (!file) {
		hex(b, f->ip);
		return;
	}
	text_word(b, file, f->file_len - (size_t)(file - f->file));
	buf_putc(b, '+');
	hex(b, f->offset);
}
