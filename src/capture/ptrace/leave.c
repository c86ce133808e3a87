/* SPDX-License-Identifier: MIT */
/* Lets everything go: from attach, or what a command leaves behind. */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "capture/proc/proc.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/ptrace.h"
#include "record/build.h"

static void ptrace_detached(struct ptrace_source *s, struct tracee *t, int sig)
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
