/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void value(struct json *j)
{
	if (j->comma)
		buf_putc(j->b, ',');
	j->comma = true;
}

void json_open(struct json *j, char bracket)
{
	value(j);
	buf_putc(j->b, bracket);
	j->comma = false;
}

/*
 * Of U+2000 to U+20FF: what ends a line of JavaScript, and what turns the direction of the text around it, so that a
 * name would show as another one to who looks at the file.
 */
static bool is_unseen(const char *s)
{
	unsigned low = (unsigned)(s[1] & 3) << 6 | (unsigned)(s[2] & 0x3f);

	return (s[1] & 0x3c) == 0 && ((low >= 0x28 && low <= 0x2e) || low == 0x0e || low == 0x0f ||
				      (low >= 0x66 && low <= 0x69));
}

void json_close(struct json *j, char bracket)
{
	buf_putc(j->b, bracket);
	j->comma = true;
}

void json_key(struct json *j, const char *name)
{
	value(j);
	buf_putc(j->b, '"');
	buf_puts(j->b, name);
	buf_puts(j->b, "\":");
	j->comma = false;
}

static void escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char u[] = { '\\', 'u', c >= 0x80 ? 'd' : '0', c >= 0x80 ? 'c' : '0', hex[c >> 4], hex[c & 15] };

	switch (c) {
	case '"': buf_puts(b, "\\\""); break;
	case '\\': buf_puts(b, "\\\\"); break;
	case '\n': buf_puts(b, "\\n"); break;
	case '\t': buf_puts(b, "\\t"); break;
	default: buf_add(b, u, sizeof(u));
	}
}

/* One byte that is not part of the text. */
static void escape_byte(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char x[] = { '\\', '\\', 'x', hex[c >> 4], hex[c & 15] };

	if (c == '\\')
		buf_puts(b, "\\\\\\\\");
	else if (c && c < 0x80)
		escape(b, c);
	else
		buf_add(b, x, sizeof(x));
}

static void add_string(struct json *j, const char *s, size_t n, void other(struct buf *b, unsigned char c))
{
	struct buf *b = j->b;

	value(j);
	buf_putc(b, '"');
	for (size_t i = 0; i < n;) {
		size_t run = i;

		while (run < n && (unsigned char)s[run] >= 0x20 && (unsigned char)s[run] < 0x7f &&
		       s[run] != '"' && s[run] != '\\' && s[run] != '<')
			run++;
		if (run > i) {
			buf_add(b, s + i, run - i);
			i = run;
			continue;
		}
		unsigned len = (unsigned char)s[i] >= 0x80 ? text_utf8_len(s + i, n - i) : 0;

		if (len == 3 && s[i] == '\xe2' && is_unseen(s + i)) {
			buf_printf(b, "\\u20%02x", (s[i + 1] & 3) << 6 | (s[i + 2] & 0x3f));
			i += 3;
		} else if (len) {
			buf_add(b, s + i, len);
			i += len;
		} else {
			other(b, (unsigned char)s[i++]);
		}
	}
	buf_putc(b, '"');
}

void json_str(struct json *j, const char *s, size_t n) { add_string(j, s, n, escape); }
void json_escaped(struct json *j, const char *s, size_t n) { add_string(j, s, n, escape_byte); }

/* Sixteen bytes, which CPUs compare at once; the compiler makes it of smaller words where they cannot. */
typedef signed char chars __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

/* Which of them have to be written otherwise; what is not ASCII is below 0. */
static inline chars special(halves two)
{
	chars c = (chars)two;

	return (chars)((c < ' ') | (c == '"') | (c == '\\') | (c == '<') | (c == 0x7f));
}

static inline bool any(chars marks)
{
	halves two = (halves)marks;

	return two[0] | two[1];
}

static inline uint64_t load(const char *s, size_t n)
{
	uint64_t x = 0;

	memcpy(&x, s, n);
	return x;
}

/* The last of them over those before. */
bool json_copy_plain(char *to, const char *s, size_t n)
{
	halves two = { 0 };
	chars marks = { 0 };

	if (n < 8) {
		two[0] = load(s, 4) | load(s + n - 4, 4) << 32;
		two[1] = two[0];
		memcpy(to, &two, 4);
		memcpy(to + n - 4, (char *)&two + 4, 4);
		return !any(special(two));
	}
	if (n < 16) {
		two = (halves){ load(s, 8), load(s + n - 8, 8) };
		memcpy(to, &two, 8);
		memcpy(to + n - 8, (char *)&two + 8, 8);
		return !any(special(two));
	}
	for (size_t i = 0; i < n; i = i + 32 > n && i + 16 < n ? n - 16 : i + 16) {
		memcpy(&two, s + i, 16);
		memcpy(to + i, &two, 16);
		marks |= special(two);
	}
	return !any(marks);
}

void json_put_escaped(struct buf *b, const char *s, size_t n)
{
	char *to;

	buf_grow(b, n + 2);
	to = b->s + b->len;
	if (n < 4 || !json_copy_plain(to + 1, s, n)) {
		json_escaped(&(struct json){ .b = b }, s, n);
		return;
	}
	to[0] = to[n + 1] = '"';
	b->len += n + 2;
}

void json_cstr(struct json *j, const char *s) { json_str(j, s, strlen(s)); }

void json_u64(struct json *j, uint64_t v)
{
	value(j);
	buf_u64(j->b, v);
}

void json_u64_or_str(struct json *j, uint64_t v)
{
	if (v <= INT64_MAX) {
		json_u64(j, v);
		return;
	}
	value(j);
	buf_putc(j->b, '"');
	buf_u64(j->b, v);
	buf_putc(j->b, '"');
}

void json_hex(struct json *j, uint64_t v)
{
	value(j);
	buf_puts(j->b, "\"0x");
	buf_hex(j->b, v);
	buf_putc(j->b, '"');
}

void json_i64(struct json *j, int64_t v)
{
	value(j);
	buf_i64(j->b, v);
}

void json_raw(struct json *j, const char *s, size_t n)
{
	value(j);
	buf_add(j->b, s, n);
}

void json_bool(struct json *j, bool v) { json_raw(j, v ? "true" : "false", v ? 4 : 5); }
void json_null(struct json *j) { json_raw(j, "null", 4); }

struct json_made json_make(const char *fmt, const char *name)
{
	struct json_made m = { 0 };
	int n = snprintf(m.s, sizeof(m.s), fmt, name);

	assert(n > 0 && n < (int)sizeof(m.s));	/* names of ours */
	m.n = (uint32_t)n;
	return m;
}
