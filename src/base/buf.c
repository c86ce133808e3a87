/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_grow_slow(struct buf *b, size_t extra)
{
	b->cap = (b->len + extra + 1) * 2;
	b->s = xrealloc(b->s, b->cap);
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_grow(b, n);
	if (n)
		memcpy(b->s + b->len, p, n);
	b->len += n;
	b->s[b->len] = '\0';
}

/* "00", "01", … "99" */
static const char pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940"
			    "4142434445464748495051525354555657585960616263646566676869707172737475767778798081"
			    "828384858687888990919293949596979899";

static inline char *put_pair(char *to, uint32_t v)	/* v < 100 */
{
	memcpy(to, pairs + v * 2, 2);
	return to + 2;
}

static inline char *put_four(char *to, uint32_t v) { return put_pair(put_pair(to, v / 100), v % 100); }

/* Without the zeros before them; v < 10000. */
static inline char *put_few(char *to, uint32_t v)
{
	uint32_t high = v / 100;

	if (high >= 10)
		return put_four(to, v);
	if (high) {
		*to++ = (char)('0' + high);
		return put_pair(to, v % 100);
	}
	if (v >= 10)
		return put_pair(to, v);
	*to = (char)('0' + v);
	return to + 1;
}

static char *put_eight(char *to, uint32_t v) { return put_four(put_four(to, v / 10000), v % 10000); }

static char *put_up_to_eight(char *to, uint32_t v)
{
	return v < 10000 ? put_few(to, v) : put_four(put_few(to, v / 10000), v % 10000);
}

char *buf_digits(char *to, uint64_t v)
{
	enum { EIGHT_DIGITS = 100000000 };
	uint64_t high;

	if (v < EIGHT_DIGITS)
		return put_up_to_eight(to, (uint32_t)v);
	high = v / EIGHT_DIGITS;
	if (high < EIGHT_DIGITS)
		to = put_up_to_eight(to, (uint32_t)high);
	else
		to = put_eight(put_few(to, (uint32_t)(high / EIGHT_DIGITS)), (uint32_t)(high % EIGHT_DIGITS));
	return put_eight(to, (uint32_t)(v % EIGHT_DIGITS));
}

void buf_u64(struct buf *b, uint64_t v)
{
	char *to;

	buf_grow(b, BUF_DIGITS);
	to = b->s + b->len;
	if (v < 10)
		*to++ = (char)('0' + v);
	else
		to = buf_digits(to, v);
	*to = '\0';
	b->len = (size_t)(to - b->s);
}

void buf_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_putc(b, '-');
	buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_hex(struct buf *b, uint64_t v)
{
	char tmp[16];
	size_t i = sizeof(tmp);

	do {
		tmp[--i] = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	buf_add(b, tmp + i, sizeof(tmp) - i);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	buf_grow(b, 64);
	va_start(ap, fmt);
	int n = vsnprintf(b->s + b->len, b->cap - b->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= b->cap - b->len) {
		buf_grow(b, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void buf_done(struct buf *b)
{
	free(b->s);
	*b = (struct buf){ 0 };
}
