/* SPDX-License-Identifier: MIT */
/*
 * What calls take of a CPU, for -c: the kernel's count of the thread at a call's entry and at its exit, and apart from
 * it what its stops took.  That is most of the count, and not the same twice: waking the tracer costs the tracee 2 us
 * on the tracer's CPU, 18 on another one of a virtual machine.  So it is measured all the time, by a stop in which
 * nothing is done: at the exit of some calls the tracee is asked to stop once more before it goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "capture/ptrace/ptrace.h"
#include "record/build.h"

enum {
	FIRST = 8,		/* such stops, one after the other */
	EVERY = 16,		/* calls between two of the others */
	KEPT = CPU_STOPS_KEPT,
	OPEN_MAX_FILES = 128,	/* of threads at once; what others take is not known */
};

/* ns; 0: not known.  The count of a thread that is stopped does not change. */
static uint64_t read_count(struct ptrace_source *s, struct tracee *t)
{
	char text[64];
	ssize_t n;

	if (t->cpu.fd == CPU_UNASKED && s->cpu.nopen < OPEN_MAX_FILES) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", t->pid, t->tid);
		t->cpu.fd = open(path, O_RDONLY | O_CLOEXEC);
		if (t->cpu.fd <= 0)
			t->cpu.fd = CPU_UNKNOWN;
		else
			s->cpu.nopen++;
	}
	if (t->cpu.fd <= 0)
		return 0;
	n = pread(t->cpu.fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

void cpu_close(struct ptrace_source *s, struct tracee *t)
{
	if (t->cpu.fd > 0) {
		close(t->cpu.fd);
		s->cpu.nopen--;
	}
	t->cpu.fd = CPU_UNASKED;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Of one stop, now: the median of the last ones, so that one into which an interrupt fell does not matter. */
static uint64_t cost_of_stop(const struct ptrace_source *s)
{
	uint64_t v[KEPT];
	unsigned n = MIN(s->cpu.nstops, (unsigned)KEPT);

	if (!n)
		return 0;
	memcpy(v, s->cpu.stops, n * sizeof(v[0]));
	qsort(v, n, sizeof(v[0]), compare);
	return v[n / 2];
}

void cpu_entered(struct ptrace_source *s, struct tracee *t)
{
	t->cpu.since = read_count(s, t);
	t->cpu.nstops = 0;
}

void cpu_left(struct ptrace_source *s, struct tracee *t)
{
	uint64_t now = t->cpu.since ? read_count(s, t) : 0;
	struct record_cpu r = { .ns = now - t->cpu.since, .stops_ns = t->cpu.nstops * cost_of_stop(s) };

	t->cpu.since = 0;
	if (now && r.stops_ns)
		record_chunk(&t->chunks, 0, PART_CPU, CHUNK_AT_EXIT, &r, sizeof(r));
	t->cpu.at_exit = now;
}

/*
 * A call that succeeded is over: nothing of it is left that a stop could disturb (wait_hide() knows one that was
 * interrupted by its result).
 */
void cpu_before_resume(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	if (!t->cpu.at_exit || ret < 0 || t->interrupted || t->stop_sig || t->space || s->phase != RUNNING ||
	    (s->cpu.nstops >= FIRST && ++s->cpu.ncalls % EVERY) || ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0)
		return;
	t->interrupted = t->cpu.sampling = true;
}

/* So that the first calls have a figure, too. */
void cpu_at_exec(struct ptrace_source *s, struct tracee *t)
{
	if (s->cpu.nstops >= FIRST)
		return;
	t->cpu.at_exit = read_count(s, t);
	cpu_before_resume(s, t, 0);
}

void cpu_stopped(struct ptrace_source *s, struct tracee *t, bool by_us)
{
	uint64_t now = t->cpu.sampling && by_us ? read_count(s, t) : 0;

	if (now > t->cpu.at_exit)
		s->cpu.stops[s->cpu.nstops++ % KEPT] = now - t->cpu.at_exit;
	t->cpu.at_exit = now;
	t->cpu.sampling = false;
	t->cpu.nstops++;
}

void cpu_again(struct ptrace_source *s, struct tracee *t)
{
	if (s->cpu.nstops < FIRST)
		cpu_before_resume(s, t, 0);
}
