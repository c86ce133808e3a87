/* SPDX-License-Identifier: MIT */
/* Finds the command and starts it: seized, with its filter, before its first instruction. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/process.h"
#include "capture/common/start.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/seccomp.h"
#include "capture/ptrace/ptrace.h"

/* Of a filter, in instructions (BPF_MAXINSNS); TRIAL: what the one that is tried out has before it. */
enum { FILTER_MAX = 4096, TRIAL = 3 };

/*
 * The filter goes in without no_new_privs where the kernel allows it (CAP_SYS_ADMIN), so that setuid programs keep
 * their power; else with it, as for any ptraced unprivileged command setuid has no effect anyway (execve(2)).
 */
enum { GO_FILTERED = 'f', GO_PLAIN = 'n' };

static void put_filter(const void *filter, char word)
{
	if (word != GO_FILTERED || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0 || errno != EACCES)
		return;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter);
}

/*
 * Not _exit(), nor declared _Noreturn: ahead of a call that does not return a sanitizer makes calls of its own, which
 * the filter forbids by now.
 */
static void leave(int status)
{
	syscall(SYS_exit_group, status);
	__builtin_trap();	/* never back into the program of which it is a copy */
}

static int try_filter(void *filter)
{
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0)
		leave(0);
	if (errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0)
		leave(1);
	leave(2);
	return 2;
}

/*
 * As vfork: the child has our memory, so nothing is copied for it, and we wait until it is gone.  Not our signals: a
 * handler would run in that memory, too.
 */
static pid_t trial(struct sock_fprog *filter)
{
	static _Alignas(16) char stack[32 << 10];
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = clone(try_filter, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, filter);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/*
 * Can a filter be set here at all?  Tried in a child of its own, since there is no way back from it.  prog begins with
 * TRIAL instructions for that child alone: no tracer answers the stops of the filter, and its own end may be one.
 */
static bool filter_works(struct sock_filter *prog, unsigned short len, bool *ret_needs_nnp)
{
	struct sock_fprog filter = { (unsigned short)(TRIAL + len), prog };
	int status = 0;

	prog[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	prog[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1);
	prog[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (wait_end(trial(&filter), &status) < 0 || !WIFEXITED(status))
		return false;
	*ret_needs_nnp = WEXITSTATUS(status) == 1;
	return WEXITSTATUS(status) < 2;
}

static const char may_outlive[] = "the command may live longer than its trace";

static void no_stubs(const struct ptrace_source *s, struct diag *note, const char *why)
{
	if (s->opt->in_process == IN_PROCESS_ON || s->opt->explain)
		diag_set(note, 0, 0, "--in-process: %s; each call stops, as without it", why);
}

static void want_stubs(struct ptrace_source *s, struct diag *note)
{
	bool answered[SYSCALL_MAX], always;
	const char *why = may_outlive;

	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
		answered[nr] = disguise_wants(ARCH_X86_64, nr, &always) || always;
	if (!s->opt->may_end_first)
		space_begin(s, answered, &why);
	s->returned = call_returned;
	if (why)
		no_stubs(s, note, why);
}

static bool build_filter(struct ptrace_source *s, struct sock_filter *prog, struct sock_fprog *ret, struct diag *note)
{
	bool needs_nnp = false;
	unsigned before = 0;

	/*
	 * Where every call stops anyway a filter would only be seen, but with stubs it is what knows them; and what has
	 * one cannot be let go where the keeper may not trace it.
	 */
	if (s->opt->no_seccomp || (s->opt->all_calls && s->opt->in_process == IN_PROCESS_OFF) ||
	    (s->opt->may_end_first && !keeper_may())) {
		if (s->opt->in_process != IN_PROCESS_OFF)
			no_stubs(s, note, s->opt->may_end_first ? may_outlive : "no filter is wanted (--no-seccomp)");
		return false;
	}
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
		ptrace_plan(s, ARCH_X86_64, nr);
		ptrace_plan(s, ARCH_I386, nr);
	}
	if (s->opt->in_process != IN_PROCESS_OFF)
		want_stubs(s, note);
	if (s->opt->all_calls && !s->inside)
		return false;
	while (!s->mark)
		if (getrandom(&s->mark, sizeof(s->mark), 0) < 0)
			s->mark = 0x4350;
	if (s->inside)
		before = space_filter(s, prog + TRIAL);
	*ret = (struct sock_fprog){
		(unsigned short)seccomp_build(prog + TRIAL + before, FILTER_MAX - TRIAL - before, s->mark,
					      s->plans[ARCH_X86_64], s->plans[ARCH_I386]),
		prog + TRIAL
	};
	ret->len = (unsigned short)(ret->len ? ret->len + before : 0);
	if (!ret->len || !filter_works(prog, ret->len, &needs_nnp)) {
		ret->len = 0;
		space_end(s);
		return false;
	}
	s->nnp_ours = needs_nnp && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
	return true;
}

/* Held in the pipe's read, seized. */
static int begin(struct ptrace_source *s, struct start *st, struct diag *diag)
{
	struct tracee *t;
	int rc = start_fork(st, diag);

	if (rc < 0)
		return rc;
	if (ptrace(PTRACE_SEIZE, st->pid, 0, resident_options(s, true) | PTRACE_O_EXITKILL) < 0) {
		rc = diag_set(diag, 125, errno,
			      "cannot trace the command: ptrace: %s; is compendium itself traced, or ptrace forbidden "
			      "here (kernel.yama.ptrace_scope, a container's seccomp profile)?",
			      strerror(errno));
		start_kill(st);
		return rc;
	}
	s->main_pid = st->pid;
	t = tracee_add(s, st->pid, st->pid);
	t->announced = t->muted = true;
	t->ns_tid = proc_ns_tid(st->pid);
	t->filtered = s->filter_set;
	t->every_call = !s->filter_set;
	s->filters = prctl(PR_GET_SECCOMP) > 0;	/* a sandbox that the command inherits */
	/* What it has at its start: the descriptors it inherits (standard streams) and who it is. */
	s->has |= proc_put_command(st->pid, &s->out.rec, emitter_put, &s->out);
	if (!s->filter_set) {
		/* stops at calls only start from a stop */
		ptrace(PTRACE_INTERRUPT, st->pid, 0, 0);
		t->interrupted = true;
		do
			rc = loop_turn(s, true);
		while (rc == -EINTR);
	}
	return 0;
}

/*
 * Lets it go and runs until its exec has succeeded or failed, so that a bad command is an error of open and not a
 * trace.
 */
static int go(struct ptrace_source *s, struct start *st, struct diag *diag)
{
	int rc = 1;

	if (s->opt->spawned)
		s->opt->spawned(s->opt->spawned_ctx, st->pid);
	start_go(st, s->filter_set ? GO_FILTERED : GO_PLAIN);
	while (s->phase == STARTING && s->tracees && (rc > 0 || rc == -EINTR))
		rc = loop_turn(s, true);
	if (s->phase == RUNNING)
		return 0;
	rc = start_result(st, diag);
	/*
	 * Killed on the way: inside execve, when its old memory was gone already and the new one could not be made, or
	 * by another process.
	 */
	if (rc == 0 && s->main_status >= 0)
		return 0;
	s->main_pid = 0;
	return rc < 0 ? rc : start_was_killed(diag);
}

int spawn_command(struct ptrace_source *s, struct diag *note, struct diag *diag)
{
	static struct sock_filter prog[FILTER_MAX];	/* 32 KB, once a run */
	struct sock_fprog filter = { 0 };
	struct start st;
	int rc = start_find(&st, s->opt, diag);

	if (rc == 0) {
		s->filter_set = build_filter(s, prog, &filter, note);
		st.prepare = put_filter;
		st.ctx = &filter;
		rc = begin(s, &st, diag);
	}
	if (rc == 0)
		rc = go(s, &st, diag);
	start_done(&st);
	return rc;
}
