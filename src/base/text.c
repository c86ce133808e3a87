/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdint.h>
#include <string.h>

#include "base/bytes8.h"
#include "base/macro.h"

static uint32_t decode(const char *s, unsigned len)
{
	const unsigned char *u = (const unsigned char *)s;

	switch (len) {
	case 1: return u[0];
	case 2: return (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu);
	case 3: return (u[0] & 0x0fu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
	default: return (u[0] & 0x07u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
	}
}

unsigned text_utf8_len(const char *s, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = n ? (unsigned char)s[0] : 0;
	unsigned len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (!n || !len || len > n)
		return 0;
	for (unsigned i = 1; i < len; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
	uint32_t cp = decode(s, len);

	if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return 0;
	return len;
}

/*
 * What a terminal acts upon or does not show: controls, Default_Ignorable_Code_Point of Unicode 15 (format characters,
 * direction marks, joiners, fillers, variation selectors, tags), line and paragraph separators, interlinear annotation,
 * the empty braille cell and noncharacters.  In order.  report/src/format/text.ts has the same list.
 */
static const struct { uint32_t first, last; } hidden[] = {
	{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x2800, 0x2800 }, { 0x3164, 0x3164 },
	{ 0xfdd0, 0xfdef }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

bool text_printable(const char *s, unsigned len)
{
	uint32_t cp = decode(s, len);

	for (unsigned i = 0; i < ARRAY_SIZE(hidden) && hidden[i].first <= cp; i++)
		if (cp <= hidden[i].last)
			return false;
	return (cp & 0xfffe) != 0xfffe;
}

static void escape(struct buf *b, unsigned char c)
{
	switch (c) {
	case '\n': buf_puts(b, "\\n"); break;
	case '\t': buf_puts(b, "\\t"); break;
	case '\r': buf_puts(b, "\\r"); break;
	case 0x1b: buf_puts(b, "\\e"); break;
	case 0: buf_puts(b, "\\0"); break;
	default: buf_printf(b, "\\x%02x", c);
	}
}

static bool is_plain(unsigned char c, bool quoting)
{
	return c >= 0x20 && c < 0x7f && !(quoting && (c == '"' || c == '\\'));
}

static uint64_t not_plain(uint64_t w, bool quoting)
{
	uint64_t marks = bytes8_below(w, 0x20) | bytes8_high(w) | bytes8_equal(w, 0x7f);

	return quoting ? marks | bytes8_equal(w, '"') | bytes8_equal(w, '\\') : marks;
}

/* How many bytes at the beginning are written as they are. */
static inline size_t safe_run(const char *s, size_t n, bool quoting)
{
	size_t i = 0;
	uint64_t marks;

	for (; n - i >= 8; i += 8) {
		marks = not_plain(bytes8(s + i), quoting);
		if (marks)
			return i + bytes8_first(marks);
	}
	while (i < n && is_plain((unsigned char)s[i], quoting))
		i++;
	return i;
}

static void add_safe(struct buf *b, const char *s, size_t n, bool quoting)
{
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		size_t run = safe_run(s + i, n - i, quoting);

		if (run) {
			buf_add(b, s + i, run);
			i += run;
			continue;
		}
		if (quoting && (c == '"' || c == '\\')) {
			buf_putc(b, '\\');
			buf_putc(b, (char)c);
			i++;
			continue;
		}
		unsigned len = c >= 0x80 ? text_utf8_len(s + i, n - i) : 0;

		if (len && text_printable(s + i, len)) {
			buf_add(b, s + i, len);
			i += len;
		} else {
			/* "\0" followed by a digit would read as an octal escape */
			if (!c && i + 1 < n && s[i + 1] >= '0' && s[i + 1] <= '9')
				buf_puts(b, "\\x00");
			else
				escape(b, c);
			i++;
		}
	}
}

void text_word(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		size_t run = i;

		while (run < n && (unsigned char)s[run] > ' ' && (unsigned char)s[run] < 0x7f && s[run] != '\\' &&
		       s[run] != ';')
			run++;
		if (run > i) {
			buf_add(b, s + i, run - i);
			i = run;
			continue;
		}
		unsigned len = c >= 0x80 ? text_utf8_len(s + i, n - i) : 0;

		if (c == '\\')
			buf_puts(b, "\\\\");
		else if (len && text_printable(s + i, len))
			buf_add(b, s + i, len);
		else
			buf_printf(b, "\\x%02x", c), len = 1;
		i += MAX(len, 1u);
	}
}

void text_safe(struct buf *b, const char *s, size_t n) { add_safe(b, s, n, false); }

void text_quote(struct buf *b, const char *s, size_t n)
{
	buf_putc(b, '"');
	add_safe(b, s, n, true);
	buf_putc(b, '"');
}

void text_shell(struct buf *b, const char *s, size_t n)
{
	bool plain = n > 0;

	for (size_t i = 0; i < n && plain; i++) {
		unsigned char c = (unsigned char)s[i];

		plain = c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c && strchr("_-+=./:,@%", c));
	}
	if (plain) {
		text_safe(b, s, n);
		return;
	}
	buf_putc(b, '\'');
	for (size_t i = 0; i < n; i++) {
		size_t run = i;

		while (i < n && s[i] != '\'')
			i++;
		text_safe(b, s + run, i - run);
		if (i < n)
			buf_puts(b, "'\\''");
	}
	buf_putc(b, '\'');
}

/* Columns of the character at s, and in *ret_len its bytes. */
static unsigned char_width(const char *s, size_t n, unsigned *ret_len)
{
	unsigned len = text_utf8_len(s, n);
	uint32_t cp;

	*ret_len = len ? len : 1;
	if (!len)
		return 1;
	cp = decode(s, len);
	/* Without a locale wcwidth() knows nothing: the wide blocks of Unicode's EastAsianWidth.txt, roughly. */
	if ((cp >= 0x300 && cp < 0x370) || (cp >= 0xfe00 && cp < 0xfe10))
		return 0;
	return (cp >= 0x1100 && cp < 0x1160) || (cp >= 0x2e80 && cp < 0xa4d0) || (cp >= 0xac00 && cp < 0xd7a4) ||
	       (cp >= 0xf900 && cp < 0xfb00) || (cp >= 0xff00 && cp < 0xff61) || (cp >= 0x1f300 && cp < 0x1f650) ||
	       (cp >= 0x1f900 && cp < 0x1fa00) || (cp >= 0x20000 && cp < 0x30000) ? 2 : 1;
}

size_t text_width(const char *s, size_t n)
{
	size_t w = 0;
	unsigned len;

	for (size_t i = 0; i < n; i += len) {
		len = 1;
		if ((unsigned char)s[i] < 0x80)	/* nearly all are, and have one */
			w++;
		else
			w += char_width(s + i, n - i, &len);
	}
	return w;
}

/* How wide the last component of a path is that it ends with, the slash included; 0: it ends with none. */
static size_t name_width(const char *s, size_t n)
{
	const char *slash = memrchr(s, '/', n);
	size_t len = slash ? n - (size_t)(slash - s) : 0;

	return slash && !memchr(slash, ' ', len) ? text_width(slash, len) : 0;
}

void text_middle(struct buf *b, const char *s, size_t n, size_t columns)
{
	size_t width = text_width(s, n), head = columns ? (columns - 1) / 2 : 0, w = 0, i = 0, name;
	unsigned len;

	if (width <= columns) {
		buf_add(b, s, n);
		return;
	}
	name = name_width(s, n);
	if (name + head + 1 > columns && name + 1 <= columns)
		head = columns - 1 - name;
	for (unsigned c; i < n && w + (c = char_width(s + i, n - i, &len)) <= head; i += len)
		w += c;
	buf_add(b, s, i);
	buf_puts(b, "…");
	/* The tail says more (a file's name): it gets what is left. */
	for (size_t left = width - w; i < n && left > columns - 1 - w; i += len)
		left -= char_width(s + i, n - i, &len);
	buf_add(b, s + i, n - i);
}

/* How much of it is as it will be. */
static size_t plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		unsigned char c = (unsigned char)s[i];
		unsigned len = c < 0x80 ? c && c != '\\' : text_utf8_len(s + i, n - i);

		if (!len)
			break;
		i += len;
	}
	return i;
}

bool text_is_escaped(const char *s, size_t n) { return plain_run(s, n) == n; }

void text_escaped(struct buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n;) {
		size_t run = plain_run(s + i, n - i);
		unsigned char c;

		buf_add(b, s + i, run);
		i += run;
		if (i == n)
			return;
		c = (unsigned char)s[i++];
		if (c == '\\')
			buf_add(b, "\\\\", 2);
		else
			buf_add(b, (const char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
	}
}
