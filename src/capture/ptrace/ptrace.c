/* SPDX-License-Identifier: MIT */
/* Which stop it is, and what it means. */
#include "capture/ptrace/ptrace.h"

#include <linux/audit.h>
#include <stddef.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "capture/proc/execed.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/rights.h"
#include "capture/ptrace/stacks.h"
#include "capture/ptrace/status.h"
#include "capture/stack/stack.h"
#include "record/build.h"

/* What the kernel has put on the stack of a new program. */
static void read_stack(pid_t tid, struct execed *e)
{
	enum { PAGE_BYTES = 4096 };

	e->at = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, rsp), 0);
	e->len = mem_read(tid, e->at, e->stack, sizeof(e->stack) - e->at % PAGE_BYTES);
}

static void execed(struct ptrace_source *s, struct tracee *t, uint64_t maxrss)
{
	unsigned long old = (unsigned long)t->tid;
	struct tracee *was;
	struct record_exec *r;
	struct buf parts = { 0 };
	struct execed stack;

	/*
	 * After an exec by another thread the leader's number is reported, and the thread that was the leader is no
	 * more.
	 */
	if (ptrace(PTRACE_GETEVENTMSG, t->tid, 0, &old) == 0 && (pid_t)old != t->tid &&
	    (was = tracee_find(s, (pid_t)old))) {
		pid_t pid = t->tid;

		was->rss = t->rss;
		call_abandon(s, t);
		tracee_drop(s, t);
		HASH_DEL(s->tracees, was);
		proc_fds_forget(&s->fds, was->tid);
		cpu_close(s, was);	/* of a number that it has no more */
		was->tid = pid;
		HASH_ADD_INT(s->tracees, tid, was);
		s->last = t = was;
		t->state = TRACEE_STOPPED;
	}
	tracee_end_vfork(s, t, true);
	if (s->inside)
		space_drop(s, t);
	looked_forget(s, t->files);
	stderrs_at_exec(s, t);
	if (s->stacks)
		stacks_drop(s->stacks, t->pid);
	t->threaded = false;
	t->interrupted = false;		/* any stop takes that back */
	t->ends_unseen = t->muted = false;
	resident_execed(s, t, (pid_t)old != t->tid, maxrss);
	r = record_begin(&s->out.rec, RECORD_EXEC, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());
	r->old_tid = (rec_u32)old;
	if (!s->may_all)
		r->h.flags = (rec_u16)rights_lost_at_exec(t->tid, t->in_call ? &t->chunks : NULL,
							  s->nnp_ours && !t->own_nnp);
	t->sealed = r->h.flags & EXEC_UNREADABLE;
	if (!t->in_call)
		read_stack(t->tid, &stack);
	proc_exec_parts(t->tid, t->in_call ? &t->chunks : NULL, t->in_call ? NULL : &stack, s->opt->want_env, &parts,
			&r->nchunks, &r->brk);
	buf_add(&s->out.rec, parts.s, parts.len);
	buf_done(&parts);
	emitter_put(&s->out);
	if (s->opt->want_maps)
		proc_put_maps(t->pid, &s->out.rec, emitter_put, &s->out);
	if (t->in_call) {
		if (s->opt->want_cpu)
			cpu_left(s, t);
		t->skip_exit = t->every_call || t->exit_due;
		call_put(s, t, 0, 0, ptrace_now_ns());
	}
	if (t->pid == s->main_pid && s->phase == STARTING)
		s->phase = RUNNING;	/* spawn_command() returns */
	if (s->opt->want_cpu && !t->skip_exit)		/* else at that stop, which would take ours back */
		cpu_at_exec(s, t);
	tracee_resume(s, t);
}

/* As its parent, our shell, sees it: between vfork and exec the child is the only one that can stop. */
static bool command_stopped(struct ptrace_source *s, const struct tracee *t)
{
	const struct tracee *command = t->tid == s->main_pid ? t : tracee_find(s, s->main_pid);

	return command && (t == command || command->in_vfork) && getpgid(t->tid) == getpgrp();
}

bool ptrace_stops_group(int signo)
{
	return signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
}

/*
 * PTRACE_EVENT_STOP: the first stop of a new tracee, our PTRACE_INTERRUPT, a group-stop, or SIGCONT ending one.
 * In a group-stop the task must stay stopped but be able to receive SIGCONT: PTRACE_LISTEN (ptrace(2), since 3.4).
 */
static void event_stopped(struct ptrace_source *s, struct tracee *t, int signo, bool listened)
{
	bool group = ptrace_stops_group(signo);

	if (t->seize_stop_due && t->announced)
		resident_born(s, t);
	t->seize_stop_due = false;
	if (!t->announced) {
		t->state = TRACEE_HELD;
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
		if (!listened)
			emit_stop(s, t, signo, 0);
		t->state = ptrace(PTRACE_LISTEN, t->tid, 0, 0) < 0 ? TRACEE_GONE : TRACEE_LISTENING;
		/* Ctrl-Z: our shell waits for us, so we stop when the command has. */
		if (signo != SIGSTOP && command_stopped(s, t))
			s->stop_self = true;
		return;
	}
	if (listened)
		emit_stop(s, t, SIGCONT, RECORD_STOP_CONT);
	if (s->opt->want_cpu)
		cpu_again(s, t);
	tracee_resume(s, t);
}

/* of an entry or of a filter's stop: they begin alike */
static void count_stop(struct ptrace_source *s, const struct tracee *t, const struct __ptrace_syscall_info *si)
{
	uint32_t nr;
	unsigned arch = call_arch(si->arch, si->entry.nr, &nr);

	space_count(s, t, arch, nr, si->instruction_pointer);
}

static void opened_inside(struct ptrace_source *s, struct tracee *t)
{
	t->answer_due = t->in_call && ptrace_plan(s, t->arch, t->nr)->opens && disguise_opens(s, t);
	tracee_resume(s, t);
}

static void syscall_stopped(struct ptrace_source *s, struct tracee *t)
{
	struct __ptrace_syscall_info si;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(si), &si) < 0) {
		t->state = TRACEE_GONE;
		return;
	}
	switch (si.op) {
	case PTRACE_SYSCALL_INFO_ENTRY:
		t->entered = true;
		if (s->inside)
			count_stop(s, t, &si);
		if (t->space && space_has_opened(s, t, si.instruction_pointer)) {
			opened_inside(s, t);
			return;
		}
		if (t->space)
			space_at_entry(s, t, si.entry.nr, (const uint64_t *)si.entry.args, si.instruction_pointer);
		call_entered(s, t, &si);
		tracee_resume(s, t);
		return;
	case PTRACE_SYSCALL_INFO_SECCOMP:
		if (s->inside && !t->entered && si.arch == AUDIT_ARCH_X86_64 && si.seccomp.ret_data == s->mark &&
		    !status_stops_reads(s, t) &&
		    space_try(s, t, si.seccomp.nr, (const uint64_t *)si.seccomp.args, si.instruction_pointer)) {
			tracee_resume(s, t);
			return;
		}
		if (s->inside && !t->entered)
			count_stop(s, t, &si);
		if (t->space && !t->entered && space_has_opened(s, t, si.instruction_pointer)) {
			opened_inside(s, t);
			return;
		}
		if (t->space && !t->entered)
			space_at_entry(s, t, si.seccomp.nr, (const uint64_t *)si.seccomp.args, si.instruction_pointer);
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

void ptrace_handle(struct ptrace_source *s, const struct report *r)
{
	struct tracee *t = tracee_find(s, r->tid);
	int event = r->status >> 16, signo;
	bool listened;

	if (!WIFSTOPPED(r->status)) {
		if (t && t->announced) {
			ptrace_ended(s, t, r->status, r);
			return;
		}
		/* killed before its parent's event came */
		if (!t)
			t = tracee_add(s, r->tid, 0);
		t->state = TRACEE_ENDED;
		t->end_status = r->status;
		ptrace_adopt_held(s);
		return;
	}
	if (event == PTRACE_EVENT_EXIT) {
		resident_at_exit(s, r);
		return;
	}
	if (!t)			/* a child that stopped before its parent's event */
		t = tracee_add(s, r->tid, 0);
	listened = t->state == TRACEE_LISTENING;
	t->state = TRACEE_STOPPED;
	if (event != PTRACE_EVENT_EXEC)
		call_unseen(t);
	t->in_vfork = event == PTRACE_EVENT_VFORK;
	signo = WSTOPSIG(r->status);
	if (s->opt->want_cpu)
		cpu_stopped(s, t, event == PTRACE_EVENT_STOP && !ptrace_stops_group(signo) && !listened);
	if (t->space)
		space_before_stop(s, t);
	if (signo == (SIGTRAP | 0x80) || event == PTRACE_EVENT_SECCOMP) {
		syscall_stopped(s, t);
		return;
	}
	if (t->space && event == 0 && space_faulted(s, t, signo)) {
		tracee_resume(s, t);
		return;
	}
	if (t->space && (event == 0 || event == PTRACE_EVENT_STOP))
		space_lead_out(s, t);
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		life_forked(s, t, event);
		/*
		 * The event says that it succeeded.  Where its duration is wanted, too (every_form), or the number that
		 * it returns, its exit is waited for.
		 */
		if (t->in_call && !ptrace_plan(s, t->arch, t->nr)->every_form && !t->every_call && !t->answer_due &&
		    !life_needs_number(t, event)) {
			if (s->stacks && stacks_at_exit(s, t, 0, t->enter_ns))
				stacks_keep(s, t);
			call_put(s, t, CALL_NO_EXIT, 0, 0);
		}
		tracee_resume(s, t);
		break;
	case PTRACE_EVENT_EXEC:
		execed(s, t, r->rss);
		break;
	case PTRACE_EVENT_STOP:
		event_stopped(s, t, signo, listened);
		break;
	case 0:
		signal_stopped(s, t, signo);
		break;
	default:
		tracee_resume(s, t);
	}
}
