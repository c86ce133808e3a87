/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Eight bytes of a text at a time, as one little-endian word.  Each test sets the top bit of a byte that it is true
 * of; bytes behind the first such one may be marked wrongly (by a borrow), so only the first mark means something.
 * Marks of several tests may be combined with |.
 */
#include <stdint.h>
#include <string.h>

#define BYTES8(c) (0x0101010101010101u * (uint64_t)(unsigned char)(c))

static inline uint64_t bytes8(const char *s)	/* s: eight bytes */
{
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	return w;
}
static inline uint64_t bytes8_below(uint64_t w, unsigned char c)	/* c: 0x80 at most */
{
	return (w - BYTES8(c)) & ~w & BYTES8(0x80);
}
static inline uint64_t bytes8_equal(uint64_t w, unsigned char c) { return bytes8_below(w ^ BYTES8(c), 1); }
static inline uint64_t bytes8_high(uint64_t w) { return w & BYTES8(0x80); }	/* 0x80 and above */
static inline unsigned bytes8_first(uint64_t marks)	/* not 0 */
{
	return (unsigned)__builtin_ctzll(marks) / 8;
}
