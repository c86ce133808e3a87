/* SPDX-License-Identifier: MIT */
#pragma once
/* Parts of times, however long: three weeks in nanoseconds times 10,000 are more than 64 bits. */
#include <stdint.h>

/* n * part / whole, no more than 64 bits have; 0 of nothing. */
static inline uint64_t part_of(uint64_t n, uint64_t part, uint64_t whole)
{
	__extension__ typedef unsigned __int128 wide;
	wide v = whole ? (wide)n * part / whole : 0;

	return v < UINT64_MAX ? (uint64_t)v : UINT64_MAX;
}

static inline uint64_t percent_of(uint64_t n, unsigned percent) { return part_of(n, percent, 100); }

/* UINT64_MAX: that, or more. */
static inline uint64_t sum_of(uint64_t a, uint64_t b) { return a < UINT64_MAX - b ? a + b : UINT64_MAX; }
