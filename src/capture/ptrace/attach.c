/* SPDX-License-Identifier: MIT */
/* Seizes living processes with all their threads. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "capture/common/target.h"
#include "capture/proc/proc.h"
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
	known = waiting_look(z->pid, tid, true, &waiting);	/* before we disturb it */
	if (ptrace(PTRACE_SEIZE, tid, 0, resident_options(z->s, tid == z->pid)) < 0) {
		/* a leader that has exited stays as a zombie that cannot be seized while its threads live on */
		if (errno != ESRCH && proc_state(z->pid, tid) != 'Z' && !z->err)
			z->err = errno;
		return;
	}
	t = tracee_add(z->s, tid, z->pid);
	t->announced = true;
	t->every_call = true;
	t->rss.own = true;
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
		return diag_set(diag, 125, EPERM,
				"process %d is traced already, by process %d; end that one (a debugger, strace?) first",
				pid, tracer);
	if (err == EPERM && proc_uid(pid) != geteuid() && geteuid() != 0)
		return target_forbidden(pid, NULL, diag);
	if (err == EPERM)
		return diag_set(diag, 125, EPERM,
				"not allowed to trace process %d (kernel.yama.ptrace_scope, or a program that forbids "
				"it: PR_SET_DUMPABLE, a set-user-ID program, one that may not be read); try as root: "
				"sudo compendium -p %d",
				pid, pid);
	return diag_set(diag, 125, err, "cannot trace process %d: %s", pid, strerror(err));
}

/*
 * Handles what comes until every thread has stopped or 100 ms have passed: one in a vfork or in the disk stops later.
 */
static bool all_stopped(const struct ptrace_source *s)
{
	for (const struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->interrupted && !tracee_is_gone(t))
			return false;
	return true;
}

/* What fills pages of a process that we trace (reader.h), and what would show us. */
struct inherited { struct ptrace_source *s; struct tracee *t; };

static void look_at_descriptor(void *ctx, int fd, const char *target)
{
	struct inherited *i = ctx;

	if (!strcmp(target, "anon_inode:[userfaultfd]") || !strcmp(target, "/dev/userfaultfd") ||
	    !strcmp(target, "/dev/fuse"))
		mem_may_wait();
	status_found(i->s, i->t, fd, target);
}

static int attach_one(struct ptrace_source *s, pid_t pid, struct diag *diag)
{
	struct seize z = { .s = s };
	int rc = target_check(pid, &z.pid, diag);

	if (rc < 0)
		return rc;
	if (proc_tracer(pid) > 0)
		return refuse(pid, EPERM, diag);
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
	waiting_put(&s->out.rec, w, s->opt->max_payload, emitter_put, &s->out);
	t->found = t->resumes = w->how == WAITING_CALL;
	t->found_nr = w->nr;
	if (t->found && w->since_ns)
		wait_found(t, w->nr, w->since_ns);
	free(t->waiting);
	t->waiting = NULL;
}

/*
 * Passes on what is found of a process, but not a thread that is no tracee: its birth is still to be reported, or it is
 * about to end, and no end of it would come.
 */
static void put_found(void *ctx)
{
	struct ptrace_source *s = ctx;
	const struct record *r = (const struct record *)s->out.rec.s;

	if (r->kind == RECORD_TASK && r->tid != r->pid && !tracee_find(s, (pid_t)r->tid) &&
	    !proc_is_kernel_helper((pid_t)r->pid, (pid_t)r->tid))
		return;
	emitter_put(&s->out);
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
			s->has |= proc_put_process(t->pid, leader, true, &s->out.rec, put_found, s);
	}
	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		put_waiting(s, t);
}

int attach_pids(struct ptrace_source *s, struct diag *diag)
{
	const struct timespec ms = { 0, 1000000 };
	int rc;

	s->attached = s->filters = true;
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
		if (loop_turn(s, false) <= 0) {
			nanosleep(&ms, NULL);
			waited++;
		}
	}
	return 0;
}
