/* SPDX-License-Identifier: MIT */
/* The loop that waits, in every phase: a report comes, and what it means is done. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/process.h"
#include "capture/ptrace/ptrace.h"

static uint64_t tv_ns(struct timeval tv) { return (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000; }

/* A stop that its handler always ends.  Not every event is one: a tracee can stay in a PTRACE_EVENT_STOP. */
static bool is_call_stop(int code) { return code == (SIGTRAP | 0x80) || code == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8); }

/* 1: fetched, with what the process used when it has ended; 0: it was killed in between, which is the next report. */
static int fetch(struct report *r, bool end)
{
	struct rusage used = { 0 };
	int rc;

	r->has_usage = end && proc_usage(r->tid, &r->usage);	/* while it is a zombie */
	rc = wait_usage(r->tid, &r->status, __WALL | WNOHANG, end ? &used : NULL);

	r->utime_ns = tv_ns(used.ru_utime);
	r->stime_ns = tv_ns(used.ru_stime);
	r->rss = (uint64_t)used.ru_maxrss << 10;
	return rc;
}

/*
 * As wait4(2), and cheaper.  To say what a task used, the kernel adds up all threads of its process, at every stop, and
 * only the end of a process needs it.  So a report is looked at first (WNOWAIT), and one of a syscall-stop is left at
 * that: resuming the tracee takes it away (ptrace_resume() in the kernel, "this status was not reported yet").  Others
 * are fetched, ends with their usage; until it is, the kernel takes PTRACE_EVENT_EXEC for one of a thread that is no
 * more (looks_like_a_spurious_pid(), Linux 5.13).  __WNOTHREAD: what this thread traces is all there is.  No WSTOPPED:
 * stops of tracees are reported whatever the options say, and that of a child which was let go is none of ours.
 */
static int next_report(bool block, struct report *ret)
{
	int rc = 0;

	while (rc == 0) {
		siginfo_t si = { 0 };
		bool end;

		if (waitid(P_ALL, 0, &si, WEXITED | WNOWAIT | __WALL | __WNOTHREAD | (block ? 0 : WNOHANG)) < 0)
			return -errno;
		if (!si.si_pid)
			return 0;
		end = si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED;
		/* of a stop: wait(2), WIFSTOPPED */
		*ret = (struct report){ .tid = si.si_pid, .status = si.si_status << 8 | 0x7f };
		rc = !end && is_call_stop(si.si_status) ? 1 : fetch(ret, end);
	}
	return rc;
}

int loop_turn(struct ptrace_source *s, bool block)
{
	struct report r = { 0 };
	int rc = next_report(block, &r);

	atomic_store_explicit(&s->src.waiting, false, memory_order_relaxed);
	if (rc <= 0)
		return rc;
	if (s->phase == LEAVING) {
		s->idle_rounds = 0;
		leave_report(s, &r);
		return 1;
	}
	near_stop(&s->near, r.tid);
	ptrace_handle(s, &r);
	return 1;
}

bool loop_leave(struct ptrace_source *s)
{
	struct timespec nap = { 0, s->idle_rounds < 20 ? 50000 : 1000000 };
	int rc;

	leave_begin(s);
	rc = s->tracees ? loop_turn(s, false) : -ECHILD;
	if (!s->tracees || s->give_up || (rc < 0 && rc != -EINTR) || (rc <= 0 && leave_is_stuck(s))) {
		leave_finish(s);
		return true;
	}
	if (rc <= 0) {
		leave_idle(s);
		nanosleep(&nap, NULL);
		s->idle_rounds++;
	}
	return false;
}
