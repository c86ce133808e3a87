/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Keeps the tracer on its tracee's CPU.
 *
 * At a stop the two take turns, so a second CPU is no help, and waking one up
 * for each turn costs far more than the turn itself (docs/performance.md).  So
 * the capture thread goes to the tracee's CPU while a single one is active.
 *
 * Where a CPU is free the kernel sends the resumed tracee there, because its own
 * is busy with us.  One that runs nothing but SCHED_IDLE threads counts as free
 * (select_idle_sibling(), Linux 5.4): so we become one, where we may return.
 * Where others want the CPU as well, the tracee stays by itself, and SCHED_IDLE
 * would wait for all of them.  And where each CPU has a busy process, that gets
 * it at each turn unless the woken task preempts it on another.  Which of
 * these it is, is found out by doing: some stops in each way, from time to time.
 *
 * Nothing of this can be seen by the tracee.
 */
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum near_way { WAY_IDLE /* SCHED_IDLE, pinned to the tracee's CPU */, WAY_PINNED, WAY_FREE, _WAYS };
enum { NEAR_GAPS = 160 };	/* four to the octave of nanoseconds */

struct near {
	bool follows;		/* there is more than one CPU and no affinity or policy of ours was set by others */
	bool may_idle;		/* we may also return from SCHED_IDLE (RLIMIT_NICE or CAP_SYS_NICE) */
	bool apart;		/* several tracees take turns: follow none */
	unsigned ncpus;
	int cpu;		/* pinned to, -1: not */
	pid_t last;
	unsigned nlong, look_every;	/* long turns since we looked where it runs, and how many to the next look */
	unsigned nstops, nswitches;		/* since the window began */
	unsigned gaps[NEAR_GAPS];		/* times between two stops, by length */
	uint64_t last_ns, began_ns, waited_ns;	/* of the last stop; of the window */
	uint64_t asked_ns;		/* how long the window was to be before it is asked again whether it waits */
	unsigned way, home, next;	/* enum near_way: now; the best one known; to be tried next */
	bool changed;			/* this round of trials has found a better one */
	uint64_t home_ns;		/* what a stop cost there */
	uint64_t retry_ns, pause_ns;
	cpu_set_t all;
};

void near_open(struct near *n);		/* in the capture thread, after the command was forked */
void near_stop(struct near *n, pid_t tid);	/* at each stop of tid */
void near_close(struct near *n);	/* as it was */
