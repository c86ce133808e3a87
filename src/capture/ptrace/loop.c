/* SPDX-License-Identifier: MIT */
/* The loop that waits, in every phase: a report comes, and what it means is done. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/macro.h"
#include "base/process.h"
#include "capture/ptrace/ptrace.h"

static uint64_t tv_ns(struct timeval tv) { return (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000; }

/* A stop that its handler always ends.  Not every event is one: a tracee can stay in a PTRACE_EVENT_STOP. */
static bool is_call_stop(int code) { return code == (SIGTRAP | 0x80) || code == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8); }

/* In seconds; 0: there is none. */
static uint32_t cpu_limit(pid_t tid)
{
	struct rlimit limit;

	return prlimit(tid, RLIMIT_CPU, NULL, &limit) < 0 || limit.rlim_max > UINT32_MAX ? 0 : (uint32_t)limit.rlim_max;
}

/*
 * 1: fetched, with what the process used, of an exec and of its end; 0: it was killed in between, which is the next
 * report.
 */
static int fetch(const struct ptrace_source *s, struct report *r, bool end)
{
	int event = WIFSTOPPED(r->status) ? r->status >> 16 : 0;
	bool memory = (event == PTRACE_EVENT_EXEC || event == PTRACE_EVENT_EXIT) && !s->opt->no_resident;
	struct rusage used = { 0 };
	int rc;

	/* while it is a zombie */
	r->cpu_limit = end && WSTOPSIG(r->status) == SIGKILL ? cpu_limit(r->tid) : 0;
	r->has_usage = end && !s->opt->no_own_cpu && proc_usage(r->tid, &r->usage);
	rc = wait_usage(r->tid, &r->status, __WALL | WNOHANG, end || memory ? &used : NULL);

	if (r->status != SIGKILL)	/* it ended with a code of that number */
		r->cpu_limit = 0;
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
static int look_at_all(bool block, siginfo_t *ret)
{
	*ret = (siginfo_t){ 0 };
	if (waitid(P_ALL, 0, ret, WEXITED | WNOWAIT | __WALL | __WNOTHREAD | (block ? 0 : WNOHANG)) < 0)
		return -errno;
	return ret->si_pid > 0;
}

/* tid: of one, without waiting; 0: the first of all. */
static int look(const struct ptrace_source *s, pid_t tid, bool block, struct report *ret)
{
	int rc = 0;

	while (rc == 0) {
		siginfo_t si;
		int seen = tid ? wait_look(tid, &si, WNOHANG | __WNOTHREAD) : look_at_all(block, &si);
		bool end;

		if (seen <= 0)
			return seen;
		end = si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED;
		/* of a stop: wait(2), WIFSTOPPED */
		*ret = (struct report){ .tid = si.si_pid, .status = si.si_status << 8 | 0x7f };
		rc = !end && is_call_stop(si.si_status) ? 1 : fetch(s, ret, end);
	}
	return rc;
}

/*
 * waitid() looks through all tracees each time, the one that was made last first, and reports the first that has
 * stopped.  Where more stop than can be handled, older ones would wait for as long as younger ones stop, whoever holds
 * the lock for which those wait among them.  So all are asked in their turn, again at once where that was worth it: to
 * look through all of them for one costs as much.  They are known by number alone: one may be gone by then.
 */
enum { ROUND_OF = 3, ROUND_EVERY = 16, ROUND_PART = 4, ROUND_WORTH = 8 };

static void begin_round(struct ptrace_source *s)
{
	struct report_round *round = &s->round;
	unsigned n = HASH_COUNT(s->tracees);
	bool worth = round->nfound * ROUND_WORTH >= n;

	if (n < ROUND_OF || ++round->nothers < (worth ? 1 : MAX(n / ROUND_PART, (unsigned)ROUND_EVERY)))
		return;
	if (round->max < n) {
		round->max = n * 2;
		round->tids = xrealloc(round->tids, round->max * sizeof(*round->tids));
	}
	round->n = round->at = round->nfound = round->nothers = 0;
	for (const struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->state == TRACEE_RUNNING)
			round->tids[round->n++] = t->tid;
}

static int next_report(struct ptrace_source *s, bool block, struct report *ret)
{
	struct report_round *round = &s->round;

	while (s->phase == RUNNING && round->at < round->n)
		if (look(s, round->tids[round->at++], false, ret) > 0) {
			round->nfound++;
			return 1;
		}
	if (s->phase == RUNNING)
		begin_round(s);
	return look(s, 0, block, ret);
}

int loop_turn(struct ptrace_source *s, bool block)
{
	struct report r = { 0 };
	int rc = next_report(s, block, &r);

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
