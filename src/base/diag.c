/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

int diag_set(struct diag *d, int exit_status, int err, const char *fmt, ...)
{
	va_list ap;

	d->exit_status = exit_status;
	d->place[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(d->text, sizeof(d->text), fmt, ap);
	va_end(ap);
	return -err;
}

/* The start of a character at or before p, which is within s. */
static size_t character(const char *s, size_t p)
{
	while (p && ((unsigned char)s[p] & 0xc0) == 0x80)
		p--;
	return p;
}

int diag_at(struct diag *d, const char *typed, size_t at, int err)
{
	enum { BEFORE = 40, AFTER = 30 };
	size_t len = strlen(typed);
	_cleanup_(buf_done) struct buf b = { 0 };
	size_t from, to;

	at = MIN(at, len);
	from = character(typed, at > BEFORE ? at - BEFORE : 0);
	to = character(typed, MIN(len, at + AFTER));
	buf_puts(&b, from ? "  …" : "  ");
	text_safe(&b, typed + from, at - from);
	const int column = (int)text_width(b.s, b.len);

	text_safe(&b, typed + at, to - at);
	buf_puts(&b, to < len ? "…" : "");
	snprintf(d->place, sizeof(d->place), "%.200s\n%*s^", b.s, MIN(column, 50), "");
	return err;
}
