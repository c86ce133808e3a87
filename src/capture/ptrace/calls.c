/* SPDX-License-Identifier: MIT */
/* Syscall-stops. */
#include <errno.h>
#include <linux/audit.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include "capture/ptrace/disguise.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/rings.h"
#include "capture/ptrace/rights.h"
#include "capture/ptrace/stacks.h"
#include "capture/waiting.h"
#include "record/build.h"

enum { KERNEL_ERESTARTSYS = 512, KERNEL_ERESTART_RESTARTBLOCK = 516, KERNEL_SYS_SECCOMP = 1 /* si_code */ };

static bool ends_here(const struct tracee *t)
{
	return t->arch == ARCH_I386 ? t->nr == 1 || t->nr == 252 : t->nr == SYS_exit || t->nr == SYS_exit_group;
}

/*
 * Whether the namespace its later children are in may change: of the calling thread only, and whether it succeeds or
 * not.
 */
static bool changes_pidns(const struct tracee *t)
{
	switch (syscall_spec(t->arch, t->nr)->effect) {
	case FX_UNSHARE:
		return t->args[0] & CLONE_NEWPID;
	case FX_SETNS:		/* 0: whatever the descriptor is of */
		return !(uint32_t)t->args[1] || (t->args[1] & CLONE_NEWPID);
	default:
		return false;
	}
}

/* Names were missing: is it the argument, or may we not read any of its memory?  The latter is reported once. */
static void look_whether_sealed(struct ptrace_source *s, struct tracee *t, unsigned long long stack_pointer)
{
	struct record_waiting *r;

	t->sealed = !rights_can_read(t->tid, stack_pointer);
	if (!t->sealed)
		return;
	r = record_begin(&s->out.rec, RECORD_WAITING, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());
	r->how = WAITING_UNREADABLE;
	emitter_put(&s->out);
}

void call_entered(struct ptrace_source *s, struct tracee *t, const struct __ptrace_syscall_info *si)
{
	const struct capture_plan *plan;
	bool narrow, again;

	wait_before_entry(s, t);
	t->arch = (uint8_t)call_arch(si->arch, si->entry.nr, &t->nr);
	if (t->muted && (t->arch != ARCH_X86_64 || t->nr != SYS_execve)) {
		t->in_call = false;
		return;
	}
	t->muted = false;
	t->chunks.len = 0;
	t->enter_ns = ptrace_now_ns();
	t->own_nr = (uint32_t)si->entry.nr;
	narrow = t->arch == ARCH_I386;
	for (int i = 0; i < 6; i++)
		t->args[i] = si->entry.args[i];
	if (narrow)
		call_unwrap(t, &t->nr, t->args);
	if (t->resumes && waiting_is_restart(t->arch, t->nr))
		t->nr = t->found_nr;
	again = t->found && t->nr == t->found_nr;
	t->found = t->resumes = false;
	t->inside = t->every_call;
	if (t->nr == SYS_io_uring_setup)	/* the same number in all tables */
		s->has |= PROC_HAS_RING;
	plan = ptrace_plan(s, t->arch, t->nr);
	/* The filter has looked at conditions already; not so where every call stops. */
	t->in_call = plan->wanted && (plan->every_form || cond_holds(syscall_spec(t->arch, t->nr)->when, t->args));
	if (t->in_call) {
		t->other_pidns |= changes_pidns(t);
		mem_copy_enter(
			&t->chunks, plan,
			&(struct mem_call){ t->tid, narrow || t->arch == ARCH_X32, t->args, 0, s->opt->max_payload });
		if (plan->enter[1].op == PLAN_SQES)
			rings_entered(s, t);
		if (syscall_spec(t->arch, t->nr)->effect == FX_EXEC)
			resident_before_exec(s, t);
		if (plan->looks)
			looked_at_entry(s, t, plan);
	}
	if (!s->may_all && t->in_call && !t->sealed && rights_any_fault(&t->chunks))
		look_whether_sealed(s, t, si->stack_pointer);
	if (again && !t->in_call) {
		t->in_call = true;
		waiting_copy(&t->chunks, t->tid, t->arch, t->nr, t->args, s->opt->max_payload);
	}
	t->answer_due = disguise_enter(s, t, t->args);
	wait_entered(t);
	wait_limited(s, t);
	/* a filter may refuse what else has no result worth a stop: close */
	t->want_exit = t->in_call && (plan->exit || again || (s->filters && t->every_call)) && !ends_here(t);
	t->ends_unseen = t->want_exit && plan->only_done && !again && !t->every_call && !t->exit_due &&
			 !s->stacks && !s->opt->want_cpu;
	if (t->ends_unseen) {
		t->want_exit = false;
		return;
	}
	if (s->stacks) {
		stacks_follow_maps(s, t, true);
		stacks_at_entry(s, t);
	}
	if (s->opt->want_cpu && t->in_call && t->want_exit)
		cpu_entered(s, t);
	if (t->in_call && !t->want_exit) {
		stderrs_follow(s, t, plan, t->args, 0);
		call_put(s, t, CALL_NO_EXIT, 0, 0);
	}
}

void call_let_go(struct ptrace_source *s, struct tracee *t)
{
	call_unseen(t);
	if (t->muted || (!t->in_call && !t->inside))
		return;
	if (!t->in_call) {
		t->chunks.len = 0;
		waiting_copy(&t->chunks, t->tid, t->arch, t->nr, t->args, s->opt->max_payload);
	}
	call_put(s, t, CALL_UNFINISHED | CALL_RUNNING, 0, ptrace_now_ns());
	t->inside = false;
}

/* An interrupted call shows its ERESTART* code at the exit, and is entered again if no handler runs. */
static bool will_restart(int64_t ret) { return ret <= -KERNEL_ERESTARTSYS && ret >= -KERNEL_ERESTART_RESTARTBLOCK; }

/* true: facts_ask() is due. */
static bool copy_leave(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	const struct capture_plan *plan = ptrace_plan(s, t->arch, t->nr);
	const struct mem_call c = { t->tid, t->arch != ARCH_X86_64, t->args, ret, s->opt->max_payload };

	if (ret >= 0) {
		if (s->has & PROC_HAS_RING)
			rings_left(s, t, ret, plan);
		mem_copy_leave(&t->chunks, plan, &c);
		mem_copy_name(&t->chunks, plan, &c, &t->names);
		mem_copy_words(&t->chunks, plan, &c, t->stderrs);
		stderrs_follow(s, t, plan, t->args, ret);
	}
	return plan_asks(plan, ret) || (t->supervised && plan->returns_fd && ret >= 0);
}

void call_returned(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	uint64_t now = ptrace_now_ns();

	if (copy_leave(s, t, ret))
		facts_ask(s, t, ret);
	call_put(s, t, 0, ret, now);
}

void call_ended(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	if (will_restart(ret) || (t->interrupted && ret == -EINTR))
		return;
	t->inside = false;
	if (t->in_call && !t->skip_exit)
		call_returned(s, t, ret);
}

/*
 * RET_KILL and RET_TRAP put the registers back (syscall_rollback()): at the exit-stop the call's own number stands for
 * a result, and a SIGSYS about it waits to be taken.  That of RET_KILL is taken without a stop.
 */
static bool was_forbidden(const struct ptrace_source *s, const struct tracee *t, int64_t ret)
{
	siginfo_t si[8];
	struct __ptrace_peeksiginfo_args from = { .nr = (int)ARRAY_SIZE(si) };
	long n;

	if (!s->filters || ret != (int32_t)t->own_nr)
		return false;
	n = ptrace(PTRACE_PEEKSIGINFO, t->tid, &from, si);
	for (long i = 0; i < n; i++)
		if (si[i].si_signo == SIGSYS && si[i].si_code == KERNEL_SYS_SECCOMP && si[i].si_syscall == ret)
			return true;
	/* it is the last: behind how many others that are blocked is the program's choice */
	return n == (long)ARRAY_SIZE(si) && proc_pends(t->tid, SIGSYS);
}

static void put_refused(struct ptrace_source *s, const struct tracee *t, uint64_t ip)
{
	struct record_place *r = record_begin(&s->out.rec, RECORD_PLACE, sizeof(*r), (uint32_t)t->pid,
					      (uint32_t)t->tid, ptrace_now_ns());

	r->ip = ip;
	r->nr = (rec_i32)t->own_nr;
	r->arch = AUDIT_ARCH_X86_64;
	emitter_put(&s->out);
}

void call_left(struct ptrace_source *s, struct tracee *t, const struct __ptrace_syscall_info *si)
{
	int64_t ret = si->exit.rval;
	bool asks, later, stack;
	uint64_t now;

	t->inside = false;
	if (s->stacks)
		stacks_follow_maps(s, t, false);
	if (ret == -KERNEL_ERESTART_RESTARTBLOCK && syscall_spec(t->arch, t->nr)->ret != RET_FOREIGN) {
		t->resumes = true;
		t->found_nr = t->nr;
	}
	if (t->answer_due) {
		ret = disguise_leave(s, t, ret);
		t->answer_due = false;
	}
	if (wait_left(t, ret) || t->skip_exit || !t->in_call) {
		/* one that has no record, or none of its end */
		if (!t->in_call && !t->muted && t->arch == ARCH_X86_64 && was_forbidden(s, t, ret))
			put_refused(s, t, si->instruction_pointer);
		if (s->opt->want_cpu && t->skip_exit)
			cpu_at_exec(s, t);
		t->skip_exit = false;
		tracee_resume(s, t);
		return;
	}
	now = ptrace_now_ns();
	if (was_forbidden(s, t, ret)) {
		tracee_resume(s, t);
		call_put(s, t, CALL_UNFINISHED | CALL_FORBIDDEN, 0, now);
		return;
	}
	unsigned flags = will_restart(ret) ? CALL_RESTARTED : 0;

	if (s->opt->want_cpu)
		cpu_left(s, t);
	asks = copy_leave(s, t, ret);
	later = asks && facts_can_wait(s, t);
	if (asks && !later)
		facts_ask(s, t, ret);
	if (t->interrupted)
		wait_hide(s, t);
	stack = s->stacks && stacks_at_exit(s, t, ret, now);
	t->in_call = false;
	if (s->opt->want_cpu)
		cpu_before_resume(s, t, ret);
	tracee_resume(s, t);
	if (later)
		facts_ask(s, t, ret);
	if (stack)
		stacks_keep(s, t);
	call_put(s, t, flags, ret, now);
}
