/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"

/* Growable bytes.  NUL-terminated once written to; zero-initialise to start. */
struct buf { char *s; size_t len, cap; };

void buf_grow_slow(struct buf *b, size_t extra);
static inline void buf_grow(struct buf *b, size_t extra)	/* room for extra bytes and a NUL */
{
	if (b->cap - b->len <= extra)
		buf_grow_slow(b, extra);
}
void buf_add(struct buf *b, const void *p, size_t n);
static inline void buf_puts(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }	/* of a literal known here */
static inline void buf_putc(struct buf *b, char c)
{
	buf_grow(b, 1);
	b->s[b->len++] = c;
	b->s[b->len] = '\0';
}
enum { BUF_DIGITS = 20 };				/* of 2^64 - 1 */
char *buf_digits(char *to, uint64_t v);			/* decimal, without NUL; to: room for BUF_DIGITS; behind them */
void buf_u64(struct buf *b, uint64_t v);		/* decimal, without printf's cost */
void buf_i64(struct buf *b, int64_t v);			/* likewise */
void buf_hex(struct buf *b, uint64_t v);		/* likewise; no 0x */
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
static inline void buf_reset(struct buf *b) { b->len = 0; if (b->s) b->s[0] = '\0'; }
void buf_done(struct buf *b);
