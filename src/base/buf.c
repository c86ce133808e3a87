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

const char buf_pairs[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940"
			 "4142434445464748495051525354555657585960616263646566676869707172737475767778798081"
			 "828384858687888990919293949596979899";

enum { EIGHT_DIGITS = 100000000 };

/*
 * The digits of v < 10^8, a byte each and the first in the lowest byte: halves, quarters and eighths of them are parted
 * side by side in one word.  The factors are 2^20 / 100 and 2^10 / 10, rounded up, right for four and for two digits.
 */
static inline __attribute__((always_inline)) uint64_t eight_digits(uint32_t v)
{
	uint64_t fours = v / 10000 | (uint64_t)(v % 10000) << 32, hundreds, twos, tens;

	hundreds = fours * 10486 >> 20 & 0x7f0000007f;
	twos = hundreds | (fours - 100 * hundreds) << 16;
	tens = twos * 103 >> 10 & 0x000f000f000f000f;
	return tens | (twos - 10 * tens) << 8;
}

/* Without the first `skip` of them. */
static char *put_digits(char *to, uint64_t digits, unsigned skip)
{
	digits = (digits | 0x3030303030303030) >> 8 * skip;
	memcpy(to, &digits, sizeof(digits));
	return to + 8 - skip;
}

static char *put_all_digits(char *to, uint32_t v) { return put_digits(to, eight_digits(v), 0); }

/* Without the zeros before them; v is not 0. */
static char *put_first_digits(char *to, uint32_t v)
{
	uint64_t digits = eight_digits(v);

	return put_digits(to, digits, (unsigned)__builtin_ctzll(digits) / 8);
}

void buf_u64(struct buf *b, uint64_t v)
{
	char *to;

	buf_grow(b, 3 * 8);	/* whole words, whatever is behind the digits */
	to = b->s + b->len;
	if (v < 10) {
		*to++ = (char)('0' + v);
	} else if (v < EIGHT_DIGITS) {
		to = put_first_digits(to, (uint32_t)v);
	} else {
		uint64_t high = v / EIGHT_DIGITS;

		if (high >= EIGHT_DIGITS) {
			to = put_first_digits(to, (uint32_t)(high / EIGHT_DIGITS));
			to = put_all_digits(to, (uint32_t)(high % EIGHT_DIGITS));
		} else {
			to = put_first_digits(to, (uint32_t)high);
		}
		to = put_all_digits(to, (uint32_t)(v % EIGHT_DIGITS));
	}
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
