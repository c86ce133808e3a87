/* SPDX-License-Identifier: MIT */
/* Births and ends of tasks. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "abi/spec.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/status.h"
#include "record/build.h"

static uint64_t clone_flags_of(const struct tracee *t, int event)
{
	bool narrow = t->arch == ARCH_I386;

	if (t->in_call && t->nr == (narrow ? 120 : SYS_clone))
		return t->args[0];
	if (t->in_call && t->nr == SYS_clone3 && t->chunks.len >= sizeof(struct record_chunk) + 8) {
		uint64_t flags;

		memcpy(&flags, t->chunks.s + sizeof(struct record_chunk), sizeof(flags));
		return flags;
	}
	if (event == PTRACE_EVENT_VFORK)
		return CLONE_VFORK | CLONE_VM;
	return 0;
}

/*
 * Who was attached to within the call has no arguments that we saw.  Whether it made a thread is in /proc, unless that
 * has ended by now: then it was one, nearly always (with SIGCHLD as its signal the event would be PTRACE_EVENT_FORK).
 */
static uint64_t birth_flags(const struct tracee *parent, int event, pid_t child)
{
	pid_t tgid, ppid;

	if (parent->in_call || event != PTRACE_EVENT_CLONE)
		return clone_flags_of(parent, event);
	if (proc_parent(child, &tgid, &ppid) == 0 && tgid != parent->pid)
		return 0;
	return CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
}

static void inherit(struct tracee *child, const struct tracee *parent)
{
	child->every_call = parent->every_call;
	child->filtered = parent->filtered;
	child->own_seccomp = parent->own_seccomp;
	child->supervised = parent->supervised;
	child->own_nnp = parent->own_nnp;
	child->stderrs = parent->stderrs;
}

static void put_usage(struct ptrace_source *s, const struct tracee *t, const struct report *end)
{
	struct record_usage *r;

	if (!end || !end->has_usage)
		return;
	r = record_begin(&s->out.rec, RECORD_USAGE, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());
	r->run_ns = end->usage.run_ns;
	r->delay_ns = end->usage.delay_ns;
	r->rss = t->tid == t->pid && !s->opt->no_resident ? resident_peak(t, end->rss) : 0;
	r->h.flags = USAGE_OWN;
	emitter_put(&s->out);
}

void ptrace_ended(struct ptrace_source *s, struct tracee *t, int status, const struct report *end)
{
	struct record_exit *r;

	tracee_end_vfork(s, t, WIFEXITED(status));
	if (s->inside)
		space_drop(s, t);
	if (t->forbidden)	/* as the kernel ends a thread that breaks strict mode */
		status = SIGKILL;
	if (t->announced) {
		call_abandon(s, t);
		put_usage(s, t, end);
		r = record_begin(&s->out.rec, RECORD_EXIT, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid,
				 ptrace_now_ns());
		r->status = status;
		r->utime_ns = t->tid == t->pid && end ? end->utime_ns : 0;
		r->stime_ns = t->tid == t->pid && end ? end->stime_ns : 0;
		r->cpu_limit = t->tid == t->pid && end ? end->cpu_limit : 0;
		emitter_put(&s->out);
	}
	if (t->tid == s->main_pid)
		s->main_status = status;
	if (t->tid == t->pid)
		looked_forget(s, t->pid);
	tracee_drop(s, t);
	ptrace_adopt_held(s);
}

bool life_needs_number(const struct tracee *parent, int event)
{
	return parent->ns_tid && (parent->other_pidns || clone_flags_of(parent, event) & CLONE_NEWPID);
}

void life_forked(struct ptrace_source *s, struct tracee *parent, int event)
{
	unsigned long msg;
	struct tracee *child, *leader;
	uint64_t flags;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &msg) < 0)
		return;
	flags = birth_flags(parent, event, (pid_t)msg);
	child = tracee_find(s, (pid_t)msg);
	if (child && child->announced)
		return;
	/*
	 * Its first stop may have come before this event, of whose call we knew nothing, and its end, too: one whose
	 * end has not been fetched is in /proc, if only as a zombie.
	 */
	if (!child && !parent->in_call && !proc_state((pid_t)msg, (pid_t)msg))
		return;
	if (!child) {
		child = tracee_add(s, (pid_t)msg, 0);
		child->seize_stop_due = true;
	}
	child->pid = flags & CLONE_THREAD ? parent->pid : child->tid;
	if (flags & CLONE_THREAD)
		parent->threaded = child->threaded = true;
	else if ((leader = tracee_find(s, parent->pid)))
		leader->rss.parent = true;
	child->vforked_by = event == PTRACE_EVENT_VFORK ? parent->tid : 0;
	child->restore_flags = parent->fixup == ANSWER_UNTRACED;
	child->args[0] = parent->args[0];
	child->arch = parent->arch;
	child->nr = parent->nr;
	inherit(child, parent);
	if (s->inside)
		space_share(s, child, parent, flags);
	status_forked(s, parent, child, flags);
	if ((flags & CLONE_NEWPID) || parent->ns_tid || parent->other_pidns)
		child->ns_tid = proc_ns_tid(child->tid);
	emit_fork(s, child, parent->pid, parent->tid, flags);
	if (child->state == TRACEE_ENDED) {
		ptrace_ended(s, child, child->end_status, NULL);
	} else if (child->state == TRACEE_HELD) {
		disguise_born(child);
		resident_born(s, child);
		tracee_resume(s, child);
	}
}

/*
 * Whether p may have made t, and its event is still to come.  Who was just attached to may be within a call that we did
 * not see begin, until its first stop.  Only ends wait for that: one that lives would stand still.
 */
static bool may_have_made(const struct ptrace_source *s, const struct tracee *p, const struct tracee *t)
{
	if (p == t || tracee_is_gone(p) || !p->announced)
		return false;
	return (p->in_call && syscall_spec(p->arch, p->nr)->effect == FX_CLONE) ||
	       (p->interrupted && t->state == TRACEE_ENDED && s->phase < ABOUT_TO_LEAVE);
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

		if (t->state != TRACEE_HELD && t->state != TRACEE_ENDED)
			continue;
		for (p = s->tracees; p && !waiting; p = p->hh.next)
			waiting = may_have_made(s, p, t);
		if (waiting)
			continue;
		if (t->state == TRACEE_ENDED) {		/* it never ran: whose it was is not known */
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
			if (s->inside)
				space_share(s, t, p, tgid != t->tid ? CLONE_VM | CLONE_THREAD | CLONE_SETTLS : 0);
			status_forked(s, p, t, tgid != t->tid ? CLONE_THREAD : 0);
		}
		t->ns_tid = proc_ns_tid(t->tid);
		emit_fork(s, t, tgid != t->tid ? tgid : ppid, tgid != t->tid ? tgid : ppid,
			  tgid != t->tid ? CLONE_THREAD | CLONE_VM | CLONE_FILES | CLONE_FS : 0);
		resident_born(s, t);
		tracee_resume(s, t);
	}
}
