/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Whether a futex is a lock.  Its value shows it where a library marks with it that others wait; of a semaphore, where
 * it is always 0, how its threads take turns shows it: who was woken has the lock, and wakes the next one.
 */
#include <stdbool.h>
#include <stdint.h>

enum futex_sign {
	FUTEX_SAYS_NOTHING,
	FUTEX_MAY_LOCK,		/* its value marks a lock that others wait for */
	FUTEX_IS_LOCK,		/* its operation is one of locks */
	FUTEX_COUNTS,		/* a value that no lock has: a counter, a generation */
};

struct turn { uint32_t task; uint64_t since_ns; };	/* task 0: none's */
/* Of a futex, all its processes together; zeroed at first. */
struct turns {
	struct turn now, before;		/* of whose waits the last two were that ended well */
	uint64_t held_ns;			/* from the ends of waits until the same thread woke the next one */
	uint64_t waited_ns, until_ns;		/* how long threads waited, those at a time once; until when */
	unsigned n, others;			/* how many times that was so; it was not */
	uint32_t val;				/* the value that is waited with, of all waits */
	bool any, values, may, is, counts;	/* there was one; values differ; signs that were seen */
	bool condition;				/* another futex is where glibc's conditions have one */
};

void turns_waited(struct turns *t, enum futex_sign sign, uint32_t val, uint64_t start_ns, uint64_t end_ns);
/* task: not 0.  A wait of it ended as whoever wakes others ends it. */
void turns_woken(struct turns *t, uint32_t task, uint64_t end_ns);
void turns_woke(struct turns *t, uint32_t task, uint64_t at_ns);	/* it woke one other */
bool turns_lock(const struct turns *t);
