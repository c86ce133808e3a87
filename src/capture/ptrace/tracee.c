/* SPDX-License-Identifier: MIT */
/* The table of tracees, and how they are resumed. */
#include <errno.h>
#include <sys/ptrace.h>

#include "capture/ptrace/ptrace.h"
#include "capture/stack/stack.h"
#include "filter/callset.h"

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
	if (s->inside)
		space_drop(s, t);
	if (s->stacks && t->tid == t->pid)
		stacks_drop(s->stacks, t->pid);
	HASH_DEL(s->tracees, t);
	proc_fds_forget(&s->fds, t->tid);
	cpu_close(s, t);
	if (s->last == t)
		s->last = NULL;
	buf_done(&t->chunks);
	buf_done(&t->stack);
	free(t->waiting);
	free(t);
}

void tracee_end_vfork(struct ptrace_source *s, struct tracee *t, bool by_itself)
{
	struct tracee *parent = t->vforked_by ? tracee_find(s, t->vforked_by) : NULL;

	if (parent) {
		if (s->inside && by_itself)
			space_end_vfork(s, t, parent);
		parent->in_vfork = false;
	}
	t->vforked_by = 0;
}

/*
 * An exec that nothing shows need not stop where it begins: PTRACE_EVENT_EXEC comes when it has succeeded, and what it
 * was given can be read then, but for the environment.  Most that a search along PATH makes fail.
 */
static bool is_seen_by_event(const struct ptrace_source *s, unsigned arch, unsigned nr)
{
	return s->plans[arch][nr].only_done && syscall_spec(arch, nr)->args[0].type == ARG_PATH /* not execveat */ &&
	       s->opt->no_resident && !s->opt->want_env && !s->opt->want_cpu && !s->stacks;
}

const struct capture_plan *ptrace_plan(struct ptrace_source *s, unsigned arch, unsigned nr)
{
	static const struct capture_plan raw = { .wanted = true, .exit = true }, unwanted;
	const struct plan_wish wish = {
		.all = s->opt->all_calls, .max_payload = s->opt->max_payload, .links = s->opt->want_links,
		.chosen = s->opt->chosen, .usual = s->opt->usual,
		.names = s->looks ? s->opt->names & ~(unsigned)NAMES_COPIES : s->opt->names,
		.code = s->stacks, .strings_begin = s->opt->strings_begin,
	};

	if (nr >= SYSCALL_MAX)
		return wish.all || !wish.chosen || callset_has(wish.chosen, arch, nr) ? &raw : &unwanted;
	if (!s->planned[arch][nr]) {
		plan_compile(arch, nr, &wish, &s->plans[arch][nr]);
		s->plans[arch][nr].wanted &= !is_seen_by_event(s, arch, nr);
		s->planned[arch][nr] = true;
	}
	return &s->plans[arch][nr];
}

void ptrace_stop_always(struct ptrace_source *s, pid_t files)
{
	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->files == files) {
			t->every_call = true;
			if (t->space)
				space_before_resume(s, t);
		}
}

/* Lets t run on to its next stop of interest, with the signal that is due.  A task that is gone is no error. */
void tracee_resume(struct ptrace_source *s, struct tracee *t)
{
	bool to_exit = (t->in_call && t->want_exit) || t->skip_exit || t->answer_due || t->exit_due;
	int op = t->every_call || to_exit ? PTRACE_SYSCALL : PTRACE_CONT, sig = t->stop_sig;

	if (t->space)
		space_before_resume(s, t);
	t->stop_sig = 0;
	/* ESRCH: killed meanwhile; its exit will be reported */
	t->state = ptrace((enum __ptrace_request)op, t->tid, 0, (long)sig) < 0 ? TRACEE_GONE : TRACEE_RUNNING;
}
