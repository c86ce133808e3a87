/* SPDX-License-Identifier: MIT */
/* Seizes living processes with all their threads, and lets everything go again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/status.h"
#include "capture/waiting.h"
#include "record/build.h"

struct seize { struct ptrace_source *s; pid_t pid; unsigned fresh; int err; };

static void seize_thread(void *ctx, pid_t tid)
{
	struct seize *z = ctx;
	struct waiting waiting;
	struct tracee *t;
	bool known;

	if (tracee_find(z->s, tid) || proc_is_kernel_helper(z->pid, tid))
		return;
	known = waiting_look(z->pid, tid, &waiting);	/* before we disturb it */
	if (ptrace(PTRACE_SEIZE, tid, 0, PTRACE_OPTIONS) < 0) {
		/* a leader that has exited stays as a zombie that cannot be seized while its threads live on */
		if (errno != ESRCH && proc_state(z->pid, tid) != 'Z' && !z->err)
			z->err = errno;
		return;
	}
	t = tracee_add(z->s, tid, z->pid);
	t->announced = true;
	t->every_call = true;
	if (known)
		*(t->waiting = xcalloc(1, sizeof(waiting))) = waiting;
	t->ns_tid = proc_ns_tid(tid);
	t->other_pidns = proc_children_elsewhere(tid);
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0)
		t->interrupted = true;
	z->fresh++;
}

static int refuse(pid_t pid, int err, struct diag *diag)
{
	pid_t tracer = proc_tracer(pid);

	if (tracer > 0)
		return diag_set(diag, 125, EPERM, "process %d is traced already, by process %d; end that one (a debugger, strace?) first", pid, tracer);
	if (proc_is_kernel_thread(pid))
		return diag_set(diag, 125, EPERM, "process %d is a kernel thread: there is no program in it to trace", pid);
	if (err == EPERM && proc_uid(pid) != geteuid() && geteuid() != 0)
		return diag_set(diag, 125, EPERM, "process %d belongs to another user; attach to it as root: sudo compendium -p %d", pid, pid);
	if (err == EPERM)
		return diag_set(diag, 125, EPERM, "not allowed to trace process %d (kernel.yama.ptrace_scope, or a program that forbids it: PR_SET_DUMPABLE, a set-user-ID program, one that may not be read); try as root: sudo compendium -p %d", pid, pid);
	return diag_set(diag, 125, err, "cannot trace process %d: %s", pid, strerror(err));
}

static int check_pid(pid_t pid, struct diag *diag)
{
	char state = proc_state(pid, 0);
	pid_t tgid, ppid;

	if (pid == getpid())
		return diag_set(diag, 125, EINVAL, "process %d is compendium itself; give the pid of another process", pid);
	if (!state || proc_parent(pid, &tgid, &ppid) < 0)
		return diag_set(diag, 125, ESRCH, "there is no process %d; list them with: ps -e", pid);
	if (proc_is_kernel_thread(pid))
		return refuse(pid, EPERM, diag);
	if (proc_tracer(pid) > 0)
		return refuse(pid, EPERM, diag);
	return 0;
}

/* Handles what comes until every thread has stopped or 100 ms have passed: one in a vfork or in the disk stops later. */
static bool all_stopped(const struct ptrace_source *s)
{
	for (const struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->interrupted && !t->gone)
			return false;
	return true;
}

/* What fills pages of a process that we trace (reader.h), and what would show us. */
struct inherited { struct ptrace_source *s; struct tracee *t; };

static void look_at_descriptor(void *ctx, int fd, const char *target)
{
	struct inherited *i = ctx;

	if (!strcmp(target, "anon_inode:[userfaultfd]") || !strcmp(target, "/dev/userfaultfd") || !strcmp(target, "/dev/fuse"))
		mem_may_wait();
	status_found(i->s, i->t, fd, target);
}

static int attach_one(struct ptrace_source *s, pid_t pid, struct diag *diag)
{
	struct seize z = { .s = s, .pid = pid };
	pid_t tgid, ppid;
	int rc = check_pid(pid, diag);

	if (rc < 0)
		return rc;
	if (proc_parent(pid, &tgid, &ppid) == 0)
		z.pid = tgid;	/* a thread's number means its process */
	if (z.pid == getpid())
		return diag_set(diag, 125, EINVAL, "process %d is compendium itself; give the pid of another process", pid);
	/* New threads appear while we look; those of seized threads come by themselves.  Until a look finds none. */
	do {
		z.fresh = 0;
		proc_each_thread(z.pid, seize_thread, &z);
	} while (z.fresh);
	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->pid == z.pid) {
			proc_each_descriptor(z.pid, look_at_descriptor, &(struct inherited){ s, t });
			return 0;
		}
	return refuse(pid, z.err ? z.err : ESRCH, diag);
}

static void attach_child(void *ctx, pid_t pid)
{
	struct diag ignored;

	if (!tracee_find(ctx, pid) && attach_one(ctx, pid, &ignored) == 0)
		proc_each_child(pid, attach_child, ctx);
}

static void put_waiting(struct ptrace_source *s, struct tracee *t)
{
	const struct waiting *w = t->waiting;

	if (!w)
		return;
	waiting_put(&s->rec, w, s->opt->max_payload, ptrace_put_cb, s);
	t->found = t->resumes = w->how == WAITING_CALL;
	t->found_nr = w->nr;
	if (t->found && w->since_ns)
		wait_found(t, w->nr, w->since_ns);
	free(t->waiting);
	t->waiting = NULL;
}

static void snapshot(struct ptrace_source *s)
{
	for (struct tracee *t = s->tracees; t; t = t->hh.next) {
		/* A leader that could not be seized had ended; by now its threads may have, too. */
		enum leader_end leader = tracee_find(s, t->pid) ? LEADER_WATCHED : LEADER_ENDED;
		bool first = true;

		for (struct tracee *u = s->tracees; u != t && first; u = u->hh.next)
			first = u->pid != t->pid;
		if (first)
			s->fanotify |= proc_put_process(t->pid, leader, true, &s->rec, ptrace_put_cb, s);
	}
	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		put_waiting(s, t);
}

int attach_pids(struct ptrace_source *s, struct diag *diag)
{
	const struct timespec ms = { 0, 1000000 };
	int status, rc;
	pid_t tid;

	s->attached = true;
	for (unsigned i = 0; i < s->opt->npids; i++) {
		rc = attach_one(s, s->opt->pids[i], diag);
		if (rc < 0)
			return rc;
		if (s->opt->descendants)
			proc_each_child(s->opt->pids[i], attach_child, s);
	}
	snapshot(s);
	/* Those that stop resume at once; what they do from here on comes after the snapshot in the stream. */
	for (int waited = 0; waited < 100 && !all_stopped(s);) {
		tid = waitpid(-1, &status, __WALL | WNOHANG);
		if (tid > 0) {
			ptrace_handle(s, tid, status, 0, 0);
		} else {
			nanosleep(&ms, NULL);
			waited++;
		}
	}
	return 0;
}

void ptrace_detached(struct ptrace_source *s, struct tracee *t, int sig)
{
	if (t->filtered && t->stopped)
		keeper_add(s, t->tid, t->pid ? t->pid : t->tid, t->listening || sig == SIGSTOP);
	if (t->announced)
		call_let_go(s, t);	/* its memory is still ours to read */
	ptrace(PTRACE_DETACH, t->tid, 0, (long)sig);
	if (t->announced) {
		record_begin(&s->rec, RECORD_DETACH, sizeof(struct record), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());
		ptrace_put(s);
	}
	tracee_drop(s, t);
}

/*
 * What has our filter is let go stopped, for the keeper to wake.  Between vfork and exec that would hold its parent for
 * good, which can stop only after it: such a child is traced on until then.
 */
static bool holds_parent(struct ptrace_source *s, const struct tracee *t)
{
	const struct tracee *parent = t->filtered && t->vforked_by ? tracee_find(s, t->vforked_by) : NULL;

	return parent && parent->in_vfork && !parent->stopped;
}

/* Those that have not been told to stop: at first all, later newborns and what held its parent. */
static void tell_to_stop(struct ptrace_source *s)
{
	struct tracee *t;

	for (t = s->tracees; t; t = t->hh.next)
		if (!t->interrupted && !t->gone && !t->stopped && !t->seize_stop_due && !holds_parent(s, t) &&
		    ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) == 0)
			t->interrupted = true;
}

/* One that is told to stop and cannot, deep in a vfork or in a file system: nothing of it is in user mode. */
static bool is_asleep(const struct tracee *t) { return t->gone || proc_state(t->pid, t->tid) == 'D'; }

/*
 * At a syscall-stop on the way in, letting go would leave the pending mark of a signal behind, on which waits end with
 * EINTR.  On the way out it makes them start again.
 */
static void let_go_in_call(struct ptrace_source *s, struct tracee *t)
{
	struct __ptrace_syscall_info si;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(si), &si) < 0) {
		t->gone = true;
		return;
	}
	if (si.op != PTRACE_SYSCALL_INFO_EXIT) {
		t->stopped = false;
		if (ptrace(PTRACE_SYSCALL, t->tid, 0, 0) < 0)
			t->gone = true;
		return;
	}
	if (t->answer_due)
		disguise_leave(s, t, si.exit.rval);
	call_ended(s, t, si.exit.rval);
	wait_hide(s, t);
	ptrace_detached(s, t, 0);
}

static void let_go_at(struct ptrace_source *s, struct tracee *t, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (!t->announced || holds_parent(s, t)) {
		ptrace_handle(s, t->tid, status, 0, 0);
		return;
	}
	t->stopped = true;
	t->listening = event == PTRACE_EVENT_STOP && ptrace_stops_group(sig);
	switch (event) {
	case 0:
		if (sig == (SIGTRAP | 0x80)) {
			let_go_in_call(s, t);
		} else {
			signal_hide_ignored(s, t, sig);
			ptrace_detached(s, t, sig);
		}
		return;
	case PTRACE_EVENT_SECCOMP:
		let_go_in_call(s, t);
		return;
	case PTRACE_EVENT_STOP:
		if (t->interrupted)
			wait_hide(s, t);
		disguise_born(t);
		ptrace_detached(s, t, 0);
		return;
	default:
		/* births: the child is ours, too, its first stop comes; exec: it may have another number now */
		t->interrupted = false;
		ptrace_handle(s, t->tid, status, 0, 0);
		tell_to_stop(s);
	}
}

/*
 * Each thread has to be in a ptrace-stop to be let go.  One that is stopped for another reason goes at once, with the
 * signal it was about to get; nothing is left behind: no SIGSTOP was ever sent.
 */
static void begin(struct ptrace_source *s)
{
	struct tracee *t, *tmp;

	HASH_ITER(hh, s->tracees, t, tmp) {
		t->interrupted = false;
		if (t->stopped && !t->held)
			ptrace_detached(s, t, t->stop_sig);
	}
	tell_to_stop(s);
	s->leaving = LEAVING;
}

/*
 * A leader that has ended before its threads is reported with the last of them and can neither stop nor be let go; nor
 * need it.  It had ended when nothing was to be reported, and still nothing is: so it is such a one.
 */
static void pass_over_ended(struct ptrace_source *s)
{
	struct tracee *t, *tmp;

	HASH_ITER(hh, s->tracees, t, tmp) {
		if (!t->announced || t->tid != t->pid || proc_state(t->pid, t->tid) != 'Z')
			continue;
		if (t->zombie)
			ptrace_ended(s, t, -1, 0, 0);	/* when and how, nobody knows */
		else
			t->zombie = true;
	}
}

/* Nobody can stop: the kernel lets go of them when we end.  A command's own (EXITKILL) we have to wait for. */
static bool all_asleep(const struct ptrace_source *s)
{
	if (!s->attached || s->idle_rounds < 500)
		return false;
	for (const struct tracee *t = s->tracees; t; t = t->hh.next)
		if (!is_asleep(t))
			return false;
	return true;
}

static void finish(struct ptrace_source *s)
{
	struct tracee *t, *tmp;

	HASH_ITER(hh, s->tracees, t, tmp) {
		if (t->announced && !t->gone)
			ptrace_detached(s, t, 0);
		else
			tracee_drop(s, t);
	}
	keeper_start(s);
}

bool attach_let_go(struct ptrace_source *s)
{
	struct timespec nap = { 0, s->idle_rounds < 20 ? 50000 : 1000000 };
	bool holding = false;
	struct tracee *t;
	int status;
	pid_t tid;

	/* What is let go first would stand still until the last: so nobody goes before those who may take long. */
	for (t = s->tracees; t && s->leaving == ABOUT_TO_LEAVE && !holding; t = t->hh.next)
		holding = holds_parent(s, t);
	if (s->leaving == ABOUT_TO_LEAVE && !holding)
		begin(s);
	tid = s->tracees ? waitpid(-1, &status, __WALL | WNOHANG) : -1;
	if (!s->tracees || s->give_up || (tid < 0 && errno != EINTR) || (tid <= 0 && all_asleep(s))) {
		finish(s);
		return true;
	}
	if (tid <= 0) {
		ptrace_adopt_held(s);
		if (s->leaving == LEAVING) {
			pass_over_ended(s);
			tell_to_stop(s);
		}
		nanosleep(&nap, NULL);
		s->idle_rounds++;
		return false;
	}
	s->idle_rounds = 0;
	t = s->leaving == LEAVING && WIFSTOPPED(status) ? tracee_find(s, tid) : NULL;
	if (t)
		let_go_at(s, t, status);
	else
		ptrace_handle(s, tid, status, 0, 0);	/* an end, or a newborn whose parent's event is still to come */
	return false;
}
