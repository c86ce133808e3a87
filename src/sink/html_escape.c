/* SPDX-License-Identifier: MIT */
#include "sink/html_escape.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static void escape_char(struct buf *b, const char *s, unsigned len)
{
	unsigned char c = (unsigned char)*s;
	uint32_t cp;

	switch (c) {
	case '&': buf_puts(b, "&amp;"); return;
	case '<': buf_puts(b, "&lt;"); return;
	case '>': buf_puts(b, "&gt;"); return;
	case '"': buf_puts(b, "&quot;"); return;
	case '\'': buf_puts(b, "&#39;"); return;
	case '\n': buf_puts(b, "\\n"); return;
	case '\t': buf_puts(b, "\\t"); return;
	default: break;
	}
	if (len <= 1) {
		buf_printf(b, "\\x%02x", c);
		return;
	}
	cp = c & (0xffu >> (len + 1));
	for (unsigned i = 1; i < len; i++)
		cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
	buf_printf(b, "\\u{%x}", cp);
}

void html_escape(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned len = text_utf8_len(s + i, n - i);

		if (len && !(len == 1 && strchr("&<>\"'", s[i])) && text_printable(s + i, len))
			buf_add(b, s + i, len);
		else
			escape_char(b, s + i, len);
		i += len ? len : 1;
	}
}

size_t html_cut(const char *s, size_t n, size_t max)
{
	size_t end = n;

	if (n > max)
		for (end = max; end && ((unsigned char)s[end] & 0xc0) == 0x80;)
			end--;
	return end;
}
