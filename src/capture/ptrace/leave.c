/* SPDX-License-Identifier: MIT */
/* Lets everything go: from attach, or what a command leaves behind. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "capture/proc/proc.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/ptrace.h"
#include "record/build.h"

static void ptrace_detached(struct ptrace_source *s, struct tracee *t, int sig, bool in_group_stop)
{
	if (s->inside)
		space_let_go(s, t);
	if (t->filtered && t->state == TRACEE_STOPPED)
		keeper_add(s, t->tid, t->pid ? t->pid : t->tid, in_group_stop || sig == SIGSTOP);
	if (t->announced)
		call_let_go(s, t);	/* its memory is still ours to read */
	if (t->announced)
		proc_put_usage(t->pid, t->tid, 0, &s->out.rec, emitter_put, &s->out);
	ptrace(PTRACE_DETACH, t->tid, 0, (long)sig);
	if (t->announced) {
		record_begin(&s->out.rec, RECORD_DETACH, sizeof(struct record), (uint32_t)t->pid, (uint32_t)t->tid,
			     ptrace_now_ns());
		emitter_put(&s->out);
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

	return parent && parent->in_vfork && parent->state != TRACEE_STOPPED;
}

/* Those that have not been asked to stop: at first all, later newborns and what held its parent. */
static void tell_to_stop(struct ptrace_source *s)
{
	struct tracee *t;

	for (t = s->tracees; t; t = t->hh.next)
		if (!t->interrupted && t->state <= TRACEE_LISTENING && !t->seize_stop_due && !holds_parent(s, t) &&
		    ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) == 0)
			t->interrupted = true;
}

/* One that is asked to stop and cannot, deep in a vfork or in a file system: nothing of it is in user mode. */
static bool is_asleep(const struct tracee *t) { return tracee_is_gone(t) || proc_state(t->pid, t->tid) == 'D'; }

/*
 * At a syscall-stop on the way in, letting go would leave the pending mark of a signal behind, on which waits end with
 * EINTR.  On the way out it makes them start again.
 */
static void let_go_in_call(struct ptrace_source *s, struct tracee *t)
{
	struct __ptrace_syscall_info si;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(si), &si) < 0) {
		t->state = TRACEE_GONE;
		return;
	}
	if (si.op != PTRACE_SYSCALL_INFO_EXIT) {
		t->state = TRACEE_RUNNING;
		if (ptrace(PTRACE_SYSCALL, t->tid, 0, 0) < 0)
			t->state = TRACEE_GONE;
		return;
	}
	if (t->answer_due)
		disguise_leave(s, t, si.exit.rval);
	call_ended(s, t, si.exit.rval);
	wait_hide(s, t);
	ptrace_detached(s, t, 0, false);
}

static void let_go_at(struct ptrace_source *s, struct tracee *t, const struct report *r)
{
	int event = r->status >> 16, sig = WSTOPSIG(r->status);

	if (!t->announced || holds_parent(s, t)) {
		ptrace_handle(s, r);
		return;
	}
	t->state = TRACEE_STOPPED;
	if (event != PTRACE_EVENT_EXEC)
		call_unseen(t);
	switch (event) {
	case 0:
		if (sig == (SIGTRAP | 0x80)) {
			let_go_in_call(s, t);
		} else {
			signal_hide_ignored(s, t, sig);
			ptrace_detached(s, t, sig, false);
		}
		return;
	case PTRACE_EVENT_SECCOMP:
		let_go_in_call(s, t);
		return;
	case PTRACE_EVENT_STOP:
		if (t->interrupted)
			wait_hide(s, t);
		disguise_born(t);
		ptrace_detached(s, t, 0, ptrace_stops_group(sig));
		return;
	default:
		/* births: the child is ours, too, its first stop comes; exec: it may have another number now */
		t->interrupted = false;
		ptrace_handle(s, r);
		tell_to_stop(s);
	}
}

/*
 * Each thread has to be in a ptrace-stop to be let go.  One that is stopped for another reason goes at once, with the
 * signal it was about to get; nothing is left behind: no SIGSTOP was ever sent.
 */
static void let_go_of_stopped(struct ptrace_source *s)
{
	struct tracee *t, *tmp;

	HASH_ITER(hh, s->tracees, t, tmp) {
		t->interrupted = false;
		if (t->state == TRACEE_STOPPED)
			ptrace_detached(s, t, t->stop_sig, false);
	}
	tell_to_stop(s);
	s->phase = LEAVING;
}

/* Looked for anew after each end, with which newborns may go, too: no place in the table outlives it. */
static struct tracee *find_passed_over(const struct ptrace_source *s)
{
	struct tracee *t = s->tracees;

	while (t && (t->state != TRACEE_ZOMBIE || proc_state(t->pid, t->tid) != 'Z'))
		t = t->hh.next;
	return t;
}

/*
 * A leader that has ended before its threads is reported with the last of them and can neither stop nor be let go; nor
 * need it.  It had ended when nothing was to be reported, and still nothing is: so it is such a one.
 */
static void pass_over_ended(struct ptrace_source *s)
{
	struct tracee *t;

	while ((t = find_passed_over(s)))
		ptrace_ended(s, t, -1, NULL);	/* when and how is not known */
	for (t = s->tracees; t; t = t->hh.next)
		if (t->announced && t->tid == t->pid && proc_state(t->pid, t->tid) == 'Z')
			t->state = TRACEE_ZOMBIE;
}

/* No task can stop: the kernel lets go of them when we end.  A command's own (EXITKILL) we have to wait for. */
bool leave_is_stuck(const struct ptrace_source *s)
{
	if (!s->attached || s->idle_rounds < 500)
		return false;
	for (const struct tracee *t = s->tracees; t; t = t->hh.next)
		if (!is_asleep(t))
			return false;
	return true;
}

void leave_finish(struct ptrace_source *s)
{
	struct tracee *t, *tmp;

	HASH_ITER(hh, s->tracees, t, tmp) {
		if (t->announced && !tracee_is_gone(t))
			ptrace_detached(s, t, 0, false);
		else
			tracee_drop(s, t);
	}
	keeper_start(s);
}

void leave_begin(struct ptrace_source *s)
{
	/* What is let go first would stand still until the last: so none goes before those that may take long. */
	for (struct tracee *t = s->tracees; t && s->phase == ABOUT_TO_LEAVE; t = t->hh.next)
		if (holds_parent(s, t))
			return;
	if (s->phase == ABOUT_TO_LEAVE)
		let_go_of_stopped(s);
}

void leave_report(struct ptrace_source *s, const struct report *r)
{
	struct tracee *t = WIFSTOPPED(r->status) ? tracee_find(s, r->tid) : NULL;

	if (t)
		let_go_at(s, t, r);
	else
		ptrace_handle(s, r);	/* an end, or a newborn whose parent's event is still to come */
}

void leave_idle(struct ptrace_source *s)
{
	ptrace_adopt_held(s);
	if (s->phase == LEAVING) {
		pass_over_ended(s);
		tell_to_stop(s);
	}
}
