/* SPDX-License-Identifier: MIT */
#include "sink/line_part.h"

#include "abi/calm.h"
#include "abi/spec.h"
#include "base/text.h"
#include "model/model.h"
#include "sink/out.h"
#include "sink/value.h"
#include "sink/words.h"

/*
 * A name of 4 KB would hide the line it stands in: more than this is cut in the middle.  The report and -v have it
 * whole.
 */
enum { NAME_COLUMNS = 400 };

void line_error(struct buf *b, int err)
{
	const char *name = errno_name(err);

	buf_putc(b, ' ');
	buf_putc(b, errno_is_calm(err) ? STYLE_DIM : STYLE_ERROR);
	if (name)
		buf_puts(b, name);
	else
		buf_printf(b, "errno %d", err);
	buf_putc(b, STYLE_OFF);
}

void line_unfinished(struct buf *b, bool forbidden)
{
	buf_puts(b, forbidden ? " (SIGSYS by seccomp)" : " (unfinished)");
}

static void shorten(struct buf *b, size_t from)
{
	struct buf whole = { 0 };

	if (b->len - from <= NAME_COLUMNS)
		return;
	buf_add(&whole, b->s + from, b->len - from);
	b->len = from;
	text_middle(b, whole.s, whole.len, NAME_COLUMNS);
	buf_done(&whole);
}

void line_name(struct buf *b, const char *s, size_t n)
{
	size_t from = b->len;

	path_format(b, s, n);
	shorten(b, from);
}

void line_file(struct buf *b, const struct file *f)
{
	size_t from = b->len;

	file_format(b, f);
	shorten(b, from);
}

void line_address(struct buf *b, const struct addr *a)
{
	struct buf t = { 0 };

	addr_format(&t, a);
	text_safe(b, t.s ? t.s : "", t.len);
	buf_done(&t);
}
