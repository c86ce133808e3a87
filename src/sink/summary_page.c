/* SPDX-License-Identifier: MIT */
/* Lines of the summary, below its block and its tables. */
#include "base/human.h"
#include "base/text.h"
#include "sink/summary.h"

void summary_line(struct summary_sink *s)
{
	buf_putc(&s->b, '\n');
	out_write(s->out, s->b.s, s->b.len);
	buf_reset(&s->b);
	s->lines++;
}

void summary_rest(struct summary_sink *s, const char *text, size_t len, size_t used)
{
	text_middle(&s->b, text, len, s->columns > used + 20 ? s->columns - used : 20);
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
	if (s->done)
		buf_printf(&s->b, " more (all of it in %s)", s->done->what);
	else
		buf_puts(&s->b, " more (--report keeps all of it)");
	summary_line(s);
}
