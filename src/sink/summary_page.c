/* SPDX-License-Identifier: MIT */
/* Lines of the summary, below its block and its tables. */
#include "base/human.h"
#include "base/text.h"
#include "sink/summary.h"

/* Lines of a screen that the line takes: a terminal continues a wide one below. */
static unsigned rows_of(const struct summary_sink *s)
{
	size_t width = text_width(s->b.s, s->b.len);

	for (size_t i = 0; i < s->b.len; i++)
		width -= (unsigned char)s->b.s[i] < ' ';	/* a style */
	return s->columns && width ? (unsigned)((width - 1) / s->columns + 1) : 1;
}

void summary_line(struct summary_sink *s)
{
	s->lines += rows_of(s);
	buf_putc(&s->b, '\n');
	if (s->again)
		out_terminals(s->out, s->b.s, s->b.len);
	else if (!s->counts_only)
		out_write(s->out, s->b.s, s->b.len);
	buf_reset(&s->b);
}

void summary_rest(struct summary_sink *s, const char *text, size_t len, size_t used)
{
	text_middle(&s->b, text, len, s->columns > used + 20 ? s->columns - used : 20);
}

void summary_rule(struct summary_sink *s)
{
	buf_putc(&s->b, STYLE_DIM);
	for (unsigned i = 0; i < RULE_COLUMNS; i++)
		buf_puts(&s->b, "━");
	buf_putc(&s->b, STYLE_OFF);
	summary_line(s);
}

void summary_title(struct summary_sink *s, const char *text)
{
	buf_putc(&s->b, ' ');
	buf_putc(&s->b, STYLE_BOLD);
	buf_puts(&s->b, text);
	buf_putc(&s->b, STYLE_OFF);
}

void summary_more(struct summary_sink *s, uint64_t shown, uint64_t all)
{
	if (shown >= all)
		return;
	buf_puts(&s->b, "   … and ");
	human_count(&s->b, all - shown);
	if (s->again)
		buf_puts(&s->b, " more above");
	else if (s->done)
		buf_printf(&s->b, " more (all of it in %s)", s->done->what);
	else
		buf_puts(&s->b, " more (--report keeps all of it)");
	summary_line(s);
}
