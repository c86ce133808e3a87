/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Deadlocks: threads that still waited, for a lock or for each other, when the process was asked to end, was killed, or
 * the trace ended.
 */
#include <stdbool.h>
#include <stdint.h>

struct totals;
struct totals_proc;
struct totals_wait;

enum { STUCK_THINGS = 4 };
struct stuck {
	bool all;		/* all threads of the process; else those that waited for locks */
	unsigned nthreads;
	uint64_t ns, longest_ns;	/* since when nothing of it could go on, and the longest wait until then */
	int signo;		/* what came then; 0: the trace ended */
	struct stuck_thing {
		const struct totals_wait *wait;
		unsigned n;	/* so many threads waited for it */
		uint32_t tid;	/* the first of these */
		uint32_t joined;	/* the thread whose end is waited for, 0: it is a futex, or not known */
		/* a lock: the thread that was woken to have it last and woke no other since, 0: not known */
		uint32_t taken_by;
	} things[STUCK_THINGS];
	unsigned nthings, nmore;	/* more: threads that wait for what has no place there */
};

bool stuck_of(const struct totals *t, const struct totals_proc *p, struct stuck *ret);
