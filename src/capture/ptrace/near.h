#pragma once
/*
 * Keeps the tracer on its tracee's CPU.
 *
 * At a stop the two take turns, so a second CPU is no help, and waking one up
 * for each turn costs far more than the turn itself (docs/performance.md: six
 * times on a virtual machine).  The kernel sends the resumed tracee away only
 * because its CPU is busy with us.  A CPU that runs nothing but SCHED_IDLE
 * threads counts as free (select_idle_sibling(), Linux 5.4), so the capture
 * thread becomes one and follows the tracee while a single one is active.
 * Nothing of this can be seen by the tracee.
 *
 * On a busy machine the tracee stays where it is by itself and SCHED_IDLE
 * would starve: the thread is one only while a CPU is free, and goes back when
 * it had to wait all the same (a cpuset, a quota).
 */
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct near {
	bool usable;		/* we may also return from SCHED_IDLE (RLIMIT_NICE or CAP_SYS_NICE) */
	bool idle;		/* we are SCHED_IDLE now */
	bool apart;		/* several tracees take turns: follow none */
	int cpu;		/* pinned to, -1: not */
	int loadavg_fd;
	unsigned ncpus, votes;	/* votes: looks at the machine in a row that spoke for a change */
	pid_t last;
	unsigned nstops, nswitches, nchecked;	/* since the window began; since the last check */
	uint64_t checked_ns, waited_ns, retry_ns, backoff_ns;
	cpu_set_t all;
};

void near_open(struct near *n);		/* in the capture thread, after the command was forked */
void near_stop(struct near *n, pid_t tid);	/* at each stop of tid */
void near_close(struct near *n);	/* as it was */
