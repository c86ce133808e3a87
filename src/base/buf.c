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

void buf_puts(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }

/* By the number of bits: log10(2) is about 1233 / 4096, which is one too many or right. */
static unsigned digits(uint64_t v)
{
	static const uint64_t powers[] = {
		1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
		10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
		10000000000000000000u,
	};
	unsigned n = (64u - (unsigned)__builtin_clzll(v | 1)) * 1233 >> 12;

	return n + (v >= powers[n]) + !v;
}

const char buf_pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940"
			 "4142434445464748495051525354555657585960616263646566676869707172737475767778798081"
			 "828384858687888990919293949596979899";

void buf_u64(struct buf *b, uint64_t v)
{
	unsigned n = digits(v);
	char *to;

	buf_grow(b, n);
	to = b->s + b->len;
	b->len += n;
	to[n] = '\0';
	for (; v >= 100; v /= 100) {
		n -= 2;
		memcpy(to + n, buf_pairs + v % 100 * 2, 2);
	}
	if (v >= 10)
		memcpy(to, buf_pairs + v * 2, 2);
	else
		to[0] = (char)('0' + v);
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
