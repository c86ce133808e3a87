/* SPDX-License-Identifier: MIT */
/* The source: opened, stepped, stopped and freed by the session. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "base/diag.h"
#include "base/process.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/rights.h"
#include "capture/ptrace/status.h"
#include "record/build.h"

static void put_end(struct ptrace_source *s)
{
	struct record_end *r = record_begin(&s->rec, RECORD_END, sizeof(*r), (uint32_t)s->main_pid, (uint32_t)s->main_pid, ptrace_now_ns());

	r->h.flags = s->interrupted ? END_INTERRUPTED : 0;
	r->status = s->main_pid ? s->main_status : -1;
	r->nrecords = s->nrecords;
	ptrace_put(s);
	s->ended = true;
	wait_done(s);
	near_close(&s->near);
}

static void kill_all(struct ptrace_source *s)
{
	struct tracee *t;

	for (t = s->tracees; t; t = t->hh.next)
		kill_one(t->pid ? t->pid : t->tid, SIGKILL);
}

static void asked_to_stop(struct ptrace_source *s)
{
	int how = s->stop_request;

	s->stop_request = STOP_NONE;
	s->interrupted = true;
	if (s->main_pid && (how == STOP_KILL || (s->filter_set && !keeper_may()))) {
		kill_all(s);
		keeper_kill(s);
	} else if (s->leaving == STAYING) {
		s->leaving = ABOUT_TO_LEAVE;
	} else if (how == STOP_KILL) {
		s->give_up = true;
	}
}

static uint64_t tv_ns(struct timeval tv) { return (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000; }

/* A stop that its handler always ends.  Not every event is one: a tracee can stay in a PTRACE_EVENT_STOP. */
static bool is_call_stop(int code) { return code == (SIGTRAP | 0x80) || code == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8); }

/*
 * As wait4(2), and cheaper.  To say what a task used, the kernel adds up all threads of its process, at every stop, and
 * only the end of a process needs it.  So a report is looked at first (WNOWAIT), and one of a syscall-stop is left at that:
 * resuming the tracee takes it away (ptrace_resume() in the kernel, "this status was not reported yet").  Others are
 * fetched, ends with their usage; until it is, the kernel takes PTRACE_EVENT_EXEC for one of a thread that is no more
 * (looks_like_a_spurious_pid(), Linux 5.13).  __WNOTHREAD: what this thread traces is all there is.
 * 0: nothing to report, and s->stop_self asked not to wait.
 */
static pid_t next_report(struct ptrace_source *s, int *ret_status, struct rusage *ru)
{
	int nohang = s->stop_self ? WNOHANG : 0;

	for (;;) {
		siginfo_t si = { 0 };
		bool end;
		int rc;

		if (waitid(P_ALL, 0, &si, WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD | nohang) < 0)
			return -1;
		if (!si.si_pid)
			return 0;
		end = si.si_code == CLD_EXITED || si.si_code == CLD_KILLED || si.si_code == CLD_DUMPED;
		*ret_status = si.si_status << 8 | 0x7f;		/* of a stop: wait(2), WIFSTOPPED */
		if (!end && is_call_stop(si.si_status))
			return si.si_pid;
		rc = wait_usage(si.si_pid, ret_status, __WALL | WNOHANG, end ? ru : NULL);
		if (rc > 0)
			return si.si_pid;
		if (rc < 0) {
			errno = -rc;
			return -1;
		}
		/* killed between the two: its end will be the next report */
	}
}

/* Stops are waited for, not signalled: the kernel need not make a SIGCHLD of each to find it ignored.  Ends with an exec. */
static void want_no_signal_of_stops(void)
{
	struct sigaction sa;

	if (sigaction(SIGCHLD, NULL, &sa) < 0)
		return;
	sa.sa_flags |= SA_NOCLDSTOP;
	sigaction(SIGCHLD, &sa, NULL);
}

static int ptrace_step(struct source *src, source_emit_fn *emit, void *ctx)
{
	struct ptrace_source *s = CONTAINER_OF(src, struct ptrace_source, src);
	struct rusage ru = { 0 };
	int status;
	pid_t tid;

	s->emit = emit;
	s->emit_ctx = ctx;
	if (s->early.len)
		emit_early(s);
	if (!s->near_open) {
		s->near_open = true;
		near_open(&s->near);
	}
	if (s->ended)
		return 0;
	if (s->stop_request)
		asked_to_stop(s);
	if (s->leaving) {
		if (!attach_let_go(s))
			return 1;
		put_end(s);	/* the command may live on as our child; it is not waited for */
		return 0;
	}
	if (s->next_end_ns)
		wait_clock(s);
	/* Before stopping ourselves every pending stop is handled, or a SIGCONT to the group could get ahead of it. */
	atomic_store_explicit(&src->waiting, true, memory_order_release);
	tid = next_report(s, &status, &ru);
	atomic_store_explicit(&src->waiting, false, memory_order_relaxed);
	if (tid == 0) {
		s->stop_self = false;
		kill(getpid(), SIGSTOP);
		return 1;
	}
	if (tid < 0) {
		if (errno == EINTR)
			return -EINTR;
		put_end(s);	/* ECHILD: nothing is left */
		return 0;
	}
	near_stop(&s->near, tid);
	ptrace_handle(s, tid, status, tv_ns(ru.ru_utime), tv_ns(ru.ru_stime));
	if (!s->tracees && !s->ended) {
		put_end(s);
		return 0;
	}
	return 1;
}

static void ptrace_stop(struct source *src, bool kill)
{
	struct ptrace_source *s = CONTAINER_OF(src, struct ptrace_source, src);

	s->stop_request = kill ? STOP_KILL : STOP_DETACH;
}

static int ptrace_status(const struct source *src)
{
	return CONTAINER_OF(src, struct ptrace_source, src)->main_status;
}

static pid_t ptrace_main_pid(const struct source *src)
{
	return CONTAINER_OF(src, struct ptrace_source, src)->main_pid;
}

static bool ptrace_traces(const struct source *src, pid_t pid)
{
	const struct ptrace_source *s = CONTAINER_OF(src, struct ptrace_source, src);

	for (const struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->pid == pid)
			return true;
	return false;
}

static void ptrace_free(struct source *src)
{
	struct ptrace_source *s = CONTAINER_OF(src, struct ptrace_source, src);
	struct tracee *t, *tmp;

	if (s->tracees && s->main_pid)
		kill_all(s);
	for (s->leaving = ABOUT_TO_LEAVE; s->tracees && !s->main_pid && !attach_let_go(s);)
		;
	HASH_ITER(hh, s->tracees, t, tmp)
		tracee_drop(s, t);
	for (unsigned i = 0; i < ARRAY_SIZE(s->plans); i++) {
		free(s->plans[i]);
		free(s->planned[i]);
	}
	proc_fds_close(&s->fds);
	status_done(s);
	buf_done(&s->rec);
	buf_done(&s->early);
	free(s);
}

static const struct source_ops ptrace_ops = {
	.step = ptrace_step, .stop = ptrace_stop, .free = ptrace_free, .status = ptrace_status, .main_pid = ptrace_main_pid,
	.traces = ptrace_traces,
};

int source_ptrace_open(const struct capture_options *opt, struct source **ret_source, struct diag *diag)
{
	struct ptrace_source *s = xcalloc(1, sizeof(*s));
	int rc;

	*s = (struct ptrace_source){ .src.ops = &ptrace_ops, .opt = opt, .may_all = rights_may_ptrace_all(), .main_status = -1, .exec_error_fd = -1 };
	for (unsigned i = 0; i < ARRAY_SIZE(s->plans); i++) {
		s->plans[i] = xcalloc(SYSCALL_MAX, sizeof(s->plans[i][0]));
		s->planned[i] = xcalloc(SYSCALL_MAX, sizeof(bool));
	}
	proc_put_start(opt, START_PTRACE, &s->rec, ptrace_now_ns());
	ptrace_put(s);
	want_no_signal_of_stops();
	rc = ptrace_able(diag);
	if (rc == 0 && opt->asked_to_end && opt->asked_to_end(opt->spawned_ctx))
		rc = diag_set(diag, 125, ECANCELED, "ended before tracing began");
	if (rc == 0)
		rc = opt->argv ? spawn_command(s, diag) : attach_pids(s, diag);
	if (rc < 0) {
		ptrace_free(&s->src);
		return rc;
	}
	*ret_source = &s->src;
	return 0;
}
