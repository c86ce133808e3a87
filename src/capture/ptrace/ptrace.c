/* SPDX-License-Identifier: MIT */
/* The stop loop. */
#include "capture/ptrace/ptrace.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/process.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/rights.h"
#include "capture/ptrace/status.h"
#include "filter/callset.h"
#include "record/build.h"

uint64_t ptrace_now_ns(void) { return clock_ns(); }

void ptrace_put(struct ptrace_source *s)
{
	const struct record *r = record_finish(&s->rec);

	s->nrecords++;
	if (s->emit)
		s->emit(s->emit_ctx, r);
	else
		buf_add(&s->early, r, r->size);
}

void ptrace_put_cb(void *ctx) { ptrace_put(ctx); }

struct tracee *tracee_find(struct ptrace_source *s, pid_t tid)
{
	struct tracee *t = s->last;

	if (t && t->tid == tid)
		return t;
	HASH_FIND_INT(s->tracees, &tid, t);
	if (t)
		s->last = t;
	return t;
}

struct tracee *tracee_add(struct ptrace_source *s, pid_t tid, pid_t pid)
{
	struct tracee *t = xcalloc(1, sizeof(*t));

	t->tid = tid;
	t->pid = t->files = pid;
	HASH_ADD_INT(s->tracees, tid, t);
	return t;
}

void tracee_drop(struct ptrace_source *s, struct tracee *t)
{
	HASH_DEL(s->tracees, t);
	proc_fds_forget(&s->fds, t->tid);
	if (s->last == t)
		s->last = NULL;
	buf_done(&t->chunks);
	free(t->waiting);
	free(t);
}

const struct capture_plan *ptrace_plan(struct ptrace_source *s, unsigned arch, unsigned nr)
{
	static const struct capture_plan raw = { .wanted = true, .exit = true }, unwanted;
	const struct plan_wish wish = { .all = s->opt->all_calls, .max_payload = s->opt->max_payload, .chosen = s->opt->chosen };

	if (nr >= SYSCALL_MAX)
		return wish.all || !wish.chosen || callset_has(wish.chosen, arch, nr) ? &raw : &unwanted;
	if (!s->planned[arch][nr]) {
		plan_compile(arch, nr, &wish, &s->plans[arch][nr]);
		s->planned[arch][nr] = true;
	}
	return &s->plans[arch][nr];
}

/* Lets t run on to its next stop of interest, with the signal that is due.  A task that is gone is no error. */
void tracee_resume(struct ptrace_source *s, struct tracee *t)
{
	bool to_exit = (t->in_call && t->want_exit) || t->skip_exit || t->answer_due || t->exit_due;
	int op = t->every_call || to_exit ? PTRACE_SYSCALL : PTRACE_CONT, sig = t->stop_sig;

	(void)s;
	t->stopped = false;
	t->stop_sig = 0;
	if (ptrace((enum __ptrace_request)op, t->tid, 0, (long)sig) < 0)
		t->gone = true;	/* ESRCH: killed meanwhile; its exit will be reported */
}

static void put_fork(struct ptrace_source *s, struct tracee *child, pid_t parent_pid, pid_t parent_tid, uint64_t flags)
{
	struct record_fork *r = record_begin(&s->rec, RECORD_FORK, sizeof(*r), (uint32_t)child->pid, (uint32_t)child->tid, ptrace_now_ns());

	r->parent_pid = (uint32_t)parent_pid;
	r->parent_tid = (uint32_t)parent_tid;
	r->clone_flags = flags;
	r->ns_tid = child->ns_tid;
	ptrace_put(s);
	child->announced = true;
}

static void inherit(struct tracee *child, const struct tracee *parent)
{
	child->every_call = parent->every_call;
	child->filtered = parent->filtered;
	child->own_seccomp = parent->own_seccomp;
	child->supervised = parent->supervised;
	child->own_nnp = parent->own_nnp;
}

static void forked(struct ptrace_source *s, struct tracee *parent, int event)
{
	uint64_t flags = call_clone_flags(parent, event);
	unsigned long msg;
	struct tracee *child;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &msg) < 0)
		return;
	child = tracee_find(s, (pid_t)msg);
	if (child && child->announced)
		return;
	if (!child) {
		child = tracee_add(s, (pid_t)msg, 0);
		child->seize_stop_due = true;
	}
	child->pid = flags & CLONE_THREAD ? parent->pid : child->tid;
	if (flags & CLONE_THREAD)
		parent->threaded = child->threaded = true;
	child->vforked_by = event == PTRACE_EVENT_VFORK ? parent->tid : 0;
	child->restore_flags = parent->fixup == ANSWER_UNTRACED;
	child->args[0] = parent->args[0];
	child->arch = parent->arch;
	child->nr = parent->nr;
	inherit(child, parent);
	status_forked(s, parent, child, flags);
	if ((flags & CLONE_NEWPID) || parent->ns_tid || parent->other_pidns)
		child->ns_tid = proc_ns_tid(child->tid);
	put_fork(s, child, parent->pid, parent->tid, flags);
	if (child->ended) {
		ptrace_ended(s, child, child->end_status, 0, 0);
	} else if (child->held) {
		child->held = false;
		disguise_born(child);
		tracee_resume(s, child);
	}
}

/*
 * A new task whose parent's event has not come.  It will, while any tracee is in a call that may have made it; when
 * none is, the parent was killed in between and /proc has to tell.
 */
void ptrace_adopt_held(struct ptrace_source *s)
{
	struct tracee *t, *tmp, *p;

	HASH_ITER(hh, s->tracees, t, tmp) {
		pid_t tgid, ppid;
		bool waiting = false;

		if (!t->held)
			continue;
		for (p = s->tracees; p && !waiting; p = p->hh.next)
			waiting = p != t && p->in_call && !p->gone && p->announced &&
				  (syscall_spec(p->arch, p->nr)->effect == FX_CLONE);
		if (waiting)
			continue;
		if (t->ended) {		/* it never ran: nobody can tell whose it was */
			tracee_drop(s, t);
			continue;
		}
		if (proc_parent(t->tid, &tgid, &ppid) < 0)
			tgid = t->tid, ppid = 0;
		t->pid = tgid;
		p = tracee_find(s, tgid);
		if (!p || p == t)
			p = tracee_find(s, ppid);
		if (p) {
			inherit(t, p);
			status_forked(s, p, t, tgid != t->tid ? CLONE_THREAD : 0);
		}
		t->held = false;
		t->ns_tid = proc_ns_tid(t->tid);
		put_fork(s, t, tgid != t->tid ? tgid : ppid, tgid != t->tid ? tgid : ppid, tgid != t->tid ? CLONE_THREAD | CLONE_VM | CLONE_FILES | CLONE_FS : 0);
		tracee_resume(s, t);
	}
}

static void execed(struct ptrace_source *s, struct tracee *t)
{
	unsigned long old = (unsigned long)t->tid;
	struct tracee *was;
	struct record_exec *r;
	struct buf parts = { 0 };

	/* After an exec by another thread the leader's number is reported, and the thread that was the leader is no more. */
	if (ptrace(PTRACE_GETEVENTMSG, t->tid, 0, &old) == 0 && (pid_t)old != t->tid && (was = tracee_find(s, (pid_t)old))) {
		pid_t pid = t->tid;

		call_abandon(s, t);
		tracee_drop(s, t);
		HASH_DEL(s->tracees, was);
		proc_fds_forget(&s->fds, was->tid);
		was->tid = pid;
		HASH_ADD_INT(s->tracees, tid, was);
		s->last = t = was;
		t->stopped = true;
	}
	t->vforked_by = 0;
	t->threaded = false;
	t->interrupted = false;		/* any stop takes that back */
	r = record_begin(&s->rec, RECORD_EXEC, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());
	r->old_tid = (rec_u32)old;
	if (!s->may_all && !t->own_nnp)
		r->h.flags = (rec_u16)rights_lost_at_exec(t->tid, t->in_call ? &t->chunks : NULL);
	t->sealed = r->h.flags & EXEC_UNREADABLE;
	proc_exec_parts(t->tid, t->in_call ? &t->chunks : NULL, s->opt->want_env, &parts, &r->nchunks, &r->brk);
	buf_add(&s->rec, parts.s, parts.len);
	buf_done(&parts);
	ptrace_put(s);
	if (s->opt->want_maps)
		proc_put_maps(t->pid, &s->rec, ptrace_put_cb, s);
	if (t->in_call) {
		t->skip_exit = t->every_call || t->exit_due;
		call_put(s, t, 0, 0, ptrace_now_ns());
	}
	if (t->pid == s->main_pid && s->exec_error_fd >= 0)
		s->exec_error_fd = -2;	/* it runs: spawn_command() returns */
	tracee_resume(s, t);
}

static void put_stop(struct ptrace_source *s, struct tracee *t, int signo, unsigned flags)
{
	struct record_stop *r = record_begin(&s->rec, RECORD_STOP, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());

	r->h.flags = (rec_u16)flags;
	r->signo = signo;
	ptrace_put(s);
}

/* As its parent, our shell, sees it: between vfork and exec the child is the only one that can stop. */
static bool command_stopped(struct ptrace_source *s, const struct tracee *t)
{
	const struct tracee *command = t->tid == s->main_pid ? t : tracee_find(s, s->main_pid);

	return command && (t == command || command->in_vfork) && getpgid(t->tid) == getpgrp();
}

bool ptrace_stops_group(int signo) { return signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU; }

/*
 * PTRACE_EVENT_STOP: the first stop of a new tracee, our PTRACE_INTERRUPT, a group-stop, or SIGCONT ending one.
 * In a group-stop the task must stay stopped but be able to hear SIGCONT: PTRACE_LISTEN (ptrace(2), since 3.4).
 */
static void event_stopped(struct ptrace_source *s, struct tracee *t, int signo)
{
	bool group = ptrace_stops_group(signo);

	t->seize_stop_due = false;
	if (!t->announced) {
		t->held = true;
		ptrace_adopt_held(s);		/* its parent may be dead already */
		return;
	}
	if (t->restore_flags)
		disguise_born(t);
	if (t->interrupted && !group)
		wait_hide(s, t);
	t->interrupted = false;
	if (group) {
		wait_signalled(s, t, false, true);
		if (!t->listening)
			put_stop(s, t, signo, 0);
		t->listening = true;
		t->stopped = false;
		if (ptrace(PTRACE_LISTEN, t->tid, 0, 0) < 0)
			t->gone = true;
		/* Ctrl-Z: our shell waits for us, so we stop when the command has. */
		if (signo != SIGSTOP && command_stopped(s, t))
			s->stop_self = true;
		return;
	}
	if (t->listening) {
		t->listening = false;
		put_stop(s, t, SIGCONT, RECORD_STOP_CONT);
	}
	tracee_resume(s, t);
}

void ptrace_ended(struct ptrace_source *s, struct tracee *t, int status, uint64_t utime_ns, uint64_t stime_ns)
{
	struct record_exit *r;

	if (t->forbidden)	/* as the kernel ends a thread that breaks strict mode */
		status = SIGKILL;
	if (t->announced) {
		call_abandon(s, t);
		r = record_begin(&s->rec, RECORD_EXIT, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());
		r->status = status;
		r->utime_ns = t->tid == t->pid ? utime_ns : 0;
		r->stime_ns = t->tid == t->pid ? stime_ns : 0;
		ptrace_put(s);
	}
	if (t->tid == s->main_pid)
		s->main_status = status;
	tracee_drop(s, t);
	ptrace_adopt_held(s);
}

static void syscall_stopped(struct ptrace_source *s, struct tracee *t)
{
	struct __ptrace_syscall_info si;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(si), &si) < 0) {
		t->gone = true;
		return;
	}
	switch (si.op) {
	case PTRACE_SYSCALL_INFO_ENTRY:
		t->entered = true;
		call_entered(s, t, &si);
		tracee_resume(s, t);
		return;
	case PTRACE_SYSCALL_INFO_SECCOMP:
		/* with both a filter and PTRACE_SYSCALL the entry was seen already */
		if (!t->entered)
			call_entered(s, t, &si);
		if (si.seccomp.ret_data != s->mark || !t->filtered)
			disguise_foreign_trace(t);
		tracee_resume(s, t);
		return;
	case PTRACE_SYSCALL_INFO_EXIT:
		t->entered = false;
		call_left(s, t, &si);
		return;
	default:
		tracee_resume(s, t);
	}
}

/* One wait status.  Returns false when it belonged to nothing of ours. */
bool ptrace_handle(struct ptrace_source *s, pid_t tid, int status, uint64_t utime_ns, uint64_t stime_ns)
{
	struct tracee *t = tracee_find(s, tid);
	int event = status >> 16, signo;

	if (!WIFSTOPPED(status)) {
		if (t && t->announced) {
			ptrace_ended(s, t, status, utime_ns, stime_ns);
			return true;
		}
		/* killed before its parent's event came */
		if (!t)
			t = tracee_add(s, tid, 0);
		t->ended = t->held = t->gone = true;
		t->end_status = status;
		ptrace_adopt_held(s);
		return true;
	}
	if (!t)			/* a child that stopped before its parent's event */
		t = tracee_add(s, tid, 0);
	t->stopped = true;
	t->in_vfork = event == PTRACE_EVENT_VFORK;
	signo = WSTOPSIG(status);
	if (signo == (SIGTRAP | 0x80) || event == PTRACE_EVENT_SECCOMP) {
		syscall_stopped(s, t);
		return true;
	}
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		forked(s, t, event);
		/* The event says that it succeeded.  Where its duration is wanted, too (every_form), its exit is waited for. */
		if (t->in_call && !ptrace_plan(s, t->arch, t->nr)->every_form && !t->every_call && !t->answer_due)
			call_put(s, t, CALL_NO_EXIT, 0, 0);
		tracee_resume(s, t);
		break;
	case PTRACE_EVENT_EXEC:
		execed(s, t);
		break;
	case PTRACE_EVENT_STOP:
		event_stopped(s, t, signo);
		break;
	case 0:
		signal_stopped(s, t, signo);
		break;
	default:
		tracee_resume(s, t);
	}
	return true;
}

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

static void hand_out_early(struct ptrace_source *s)
{
	for (size_t at = 0; at < s->early.len;) {
		const struct record *r = (const struct record *)(s->early.s + at);

		s->emit(s->emit_ctx, r);
		at += r->size;
	}
	buf_done(&s->early);
}

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
		hand_out_early(s);
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
