/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which descriptors of a table are copies of its descriptor 2: what is written to them is for the same reader.  A
 * shell's `echo x >&2` writes to descriptor 1.  Both backends follow it; included by BPF C.
 */
#include <stdbool.h>
#include <stdint.h>

/* What a call does to the set; struct capture_plan has it. */
enum stderr_does {
	STDERR_KEEPS,
	STDERR_COPIES,		/* its result is a copy of argument 0 */
	STDERR_MAY_COPY,	/* likewise, where argument 1 is F_DUPFD or F_DUPFD_CLOEXEC */
	STDERR_CLOSES,		/* argument 0 */
	STDERR_CLOSES_ALL,	/* from argument 0 to argument 1 */
	STDERR_REPLACES,	/* its result is another file's */
};
/* A bit for each number that is followed; that of descriptor 2 is not in it. */
enum { STDERR_FOLLOWED = 64 };

static inline uint64_t stderr_bit(uint64_t fd)
{
	return (uint32_t)fd < STDERR_FOLLOWED && (uint32_t)fd != 2 ? 1ull << ((uint32_t)fd & (STDERR_FOLLOWED - 1)) : 0;
}

static inline bool stderr_is(uint64_t set, uint64_t fd) { return (uint32_t)fd == 2 || set & stderr_bit(fd); }

/* The set after a call whose first arguments are a, b, c, which returned ret: one more copy, or a number less. */
static inline uint64_t stderr_after(uint64_t set, unsigned does, uint64_t a, uint64_t b, uint64_t c, int64_t ret)
{
	enum { DUPFD = 0, DUPFD_CLOEXEC = 1030, ONLY_CLOEXEC = 4 /* CLOSE_RANGE_CLOEXEC */ };
	uint64_t bit = ret < 0 ? 0 : stderr_bit((uint64_t)ret), from, to;

	switch (does) {
	case STDERR_MAY_COPY:
		if ((uint32_t)b != DUPFD && (uint32_t)b != DUPFD_CLOEXEC)
			return set;
		/* fall through */
	case STDERR_COPIES:
		return stderr_is(set, a) ? set | bit : set & ~bit;
	case STDERR_REPLACES:
		return set & ~bit;
	case STDERR_CLOSES:
		return set & ~stderr_bit(a);
	case STDERR_CLOSES_ALL:
		from = (uint32_t)a;
		to = (uint32_t)b;
		if (ret < 0 || c & ONLY_CLOEXEC || from >= STDERR_FOLLOWED || to < from)
			return set;
		to = to < STDERR_FOLLOWED - 1 ? to : STDERR_FOLLOWED - 1;
		return set & ~(~0ull << from & ~0ull >> (STDERR_FOLLOWED - 1 - to));
	default:
		return set;
	}
}
