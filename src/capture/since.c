/* SPDX-License-Identifier: MIT */
/* Since when a thread waits: the scheduler's time of its last run, which is a time of the CPU that it ran on. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macro.h"
#include "capture/proc/proc.h"
#include "capture/waiting.h"

enum { STAT_PROCESSOR = 39 /* proc(5) */, CPUS_MAX = CPU_SETSIZE };

/* By how much the clock of a CPU's scheduler is behind CLOCK_MONOTONIC, and when that was measured; 0: never. */
static struct zero { uint64_t behind_ns, at_ns; } zeros[CPUS_MAX];
static const uint64_t FRESH_NS = 1000000000;

/* se.exec_start of a /proc/PID/sched: milliseconds of the scheduler's clock, with six decimals. */
static uint64_t exec_start(const char *sched)
{
	const char *at = strstr(sched, "se.exec_start"), *colon = at ? strchr(at, ':') : NULL;
	unsigned long long ms, ns;

	return colon && sscanf(colon + 1, " %llu.%llu", &ms, &ns) == 2 ? ms * 1000000 + ns : 0;
}

/* Both clocks at one moment: asking for our CPU time makes the kernel bring exec_start up to date (update_curr()). */
static bool measure(struct zero *z)
{
	_cleanup_close_ int fd = open("/proc/thread-self/sched", O_RDONLY | O_CLOEXEC);
	struct timespec used;
	char text[512];
	uint64_t here;
	ssize_t n;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	z->at_ns = clock_ns();
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	text[MAX(n, (ssize_t)0)] = '\0';
	here = exec_start(text);
	z->behind_ns = z->at_ns - here;
	return here != 0;
}

/*
 * That clock leaves out the time of interrupts and what the host took of the CPU, so that each CPU's has a zero of its
 * own, seconds apart after days: it is measured by a visit to the CPU.
 */
static bool visit(unsigned cpu, struct zero *z)
{
	cpu_set_t was, only;
	bool ok;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_getaffinity(0, sizeof(was), &was) < 0 || sched_setaffinity(0, sizeof(only), &only) < 0)
		return false;
	ok = measure(z);
	sched_setaffinity(0, sizeof(was), &was);
	return ok;
}

uint64_t waiting_since(pid_t pid, pid_t tid)
{
	unsigned long long cpu;
	struct buf sched = { 0 };
	uint64_t then = proc_read_all(pid, tid, "sched", &sched) ? exec_start(sched.s) : 0, now = clock_ns();
	struct zero *z;

	buf_done(&sched);
	if (!then || !proc_read_stat(pid, tid, STAT_PROCESSOR, &cpu) || cpu >= CPUS_MAX)
		return 0;
	z = &zeros[cpu];
	if ((!z->at_ns || now - z->at_ns > FRESH_NS) && !visit((unsigned)cpu, z)) {
		z->at_ns = 0;
		return 0;
	}
	return MIN(then + z->behind_ns, now);
}
