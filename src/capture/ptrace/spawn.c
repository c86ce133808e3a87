/* SPDX-License-Identifier: MIT */
/* Finds the command and starts it: seized, with its filter, before its first instruction. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
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
#include "capture/command.h"
#include "capture/environ.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/seccomp.h"
#include "capture/ptrace/ptrace.h"
#include "capture/user.h"

enum { FILTER_MAX = 4096 };

struct child_setup {
	const char *path; char *const *argv;
	int go_fd, error_fd;
	struct sock_fprog filter;
	const struct run_as *as;	/* NULL: as we are */
};

/*
 * Between fork and exec.  Waits for its tracer, then: filter, exec.  The filter goes in without no_new_privs where the
 * kernel allows it (CAP_SYS_ADMIN), so that setuid programs keep their power; else with it, as for any ptraced
 * unprivileged command setuid has no effect anyway (execve(2)).
 */
static _Noreturn void child(const struct child_setup *c)
{
	int err = 0;
	char go;

	/* write end closed in us: end of file means the tracer died */
	if (read(c->go_fd, &go, 1) != 1)
		_exit(125);
	command_restore_signals();
	if (c->filter.len && go == 'f' && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &c->filter) < 0 && errno == EACCES) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &c->filter);
	}
	if (c->as)
		err = user_become(c->as);	/* negative: no failure of execve */
	if (!err) {
		execve(c->path, c->argv, environ_given());
		err = errno;
	}
	if (write(c->error_fd, &err, sizeof(err)) < 0)
		_exit(125);
	_exit(err == ENOENT ? 127 : 126);
}

/* Not _exit(): ahead of what does not return a sanitizer makes calls of its own, which the filter forbids by now. */
static void leave(int status) { syscall(SYS_exit_group, status); }

/* Can a filter be set here at all?  Tried in a child of its own, since there is no way back from it. */
static bool filter_works(const struct sock_fprog *filter, bool *ret_needs_nnp)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0)
			leave(0);
		if (errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0)
			leave(1);
		leave(2);
	}
	if (wait_end(pid, &status) < 0 || !WIFEXITED(status))
		return false;
	*ret_needs_nnp = WEXITSTATUS(status) == 1;
	return WEXITSTATUS(status) < 2;
}

static bool build_filter(struct ptrace_source *s, struct sock_filter *prog, struct sock_fprog *ret)
{
	bool needs_nnp = false;

	/*
	 * Where every call stops anyway a filter would only be seen; and what has one cannot be let go where the keeper
	 * may not trace it.
	 */
	if (s->opt->no_seccomp || s->opt->all_calls || (s->opt->may_end_first && !keeper_may()))
		return false;
	for (unsigned nr = 0; nr < SYSCALL_MAX; nr++) {
		ptrace_plan(s, ARCH_X86_64, nr);
		ptrace_plan(s, ARCH_I386, nr);
	}
	while (!s->mark)
		if (getrandom(&s->mark, sizeof(s->mark), 0) < 0)
			s->mark = 0x4350;
	*ret = (struct sock_fprog){ (unsigned short)seccomp_build(prog, FILTER_MAX, s->mark, s->plans[ARCH_X86_64], s->plans[ARCH_I386]), prog };
	if (!ret->len || !filter_works(ret, &needs_nnp)) {
		ret->len = 0;
		return false;
	}
	s->nnp_ours = needs_nnp && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
	return true;
}

int spawn_command(struct ptrace_source *s, struct diag *diag)
{
	static struct sock_filter prog[FILTER_MAX];	/* 32 KB, once a run */
	_cleanup_free_ char *path = NULL;
	int go[2], error[2], err = 0, rc;
	struct child_setup c = { .argv = s->opt->argv };
	struct run_as as = { 0 };
	_cleanup_free_ void *groups = NULL;
	struct tracee *t;
	bool filtered;
	pid_t pid;

	rc = command_find(s->opt->argv[0], &path, diag);
	if (rc == 0 && s->opt->user)
		rc = user_find(s->opt->user, &as, diag);
	groups = as.groups;
	if (rc < 0)
		return rc;
	c.as = s->opt->user ? &as : NULL;
	filtered = s->filter_set = build_filter(s, prog, &c.filter);
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0)
		return diag_set(diag, 125, errno, "cannot make a pipe: %s", strerror(errno));
	c.path = path;
	c.go_fd = go[0];
	c.error_fd = error[1];
	pid = command_fork();
	if (pid == 0) {
		close(go[1]);
		close(error[0]);
		child(&c);
	}
	close(go[0]);
	close(error[1]);
	if (pid < 0)
		rc = diag_set(diag, 125, errno, "cannot start a process: %s", strerror(errno));
	else if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_OPTIONS | PTRACE_O_EXITKILL) < 0)
		rc = diag_set(diag, 125, errno, "cannot trace the command: ptrace: %s; is compendium itself traced, or ptrace forbidden here (kernel.yama.ptrace_scope, a container's seccomp profile)?",
			      strerror(errno));
	if (rc < 0) {
		close(go[1]);
		close(error[0]);
		kill_one(pid, SIGKILL);
		wait_end(pid, NULL);
		return rc;
	}
	s->main_pid = pid;
	t = tracee_add(s, pid, pid);
	t->announced = t->muted = true;
	t->ns_tid = proc_ns_tid(pid);
	t->filtered = filtered;
	t->every_call = !filtered;
	/* What it has at its start: the descriptors it inherits (standard streams) and who it is. */
	s->has |= proc_put_command(pid, &s->out.rec, emitter_put, &s->out);
	if (!filtered) {
		/* stops at calls only start from a stop */
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		t->interrupted = true;
		do
			rc = loop_turn(s, true);
		while (rc == -EINTR);
	}
	if (s->opt->spawned)
		s->opt->spawned(s->opt->spawned_ctx, pid);
	if (write(go[1], filtered ? "f" : "n", 1) != 1)
		kill_one(pid, SIGKILL);
	close(go[1]);
	/* Run until the exec has succeeded or failed, so that a bad command is an error of open and not a trace. */
	for (rc = 1; s->phase == STARTING && s->tracees && (rc > 0 || rc == -EINTR);)
		rc = loop_turn(s, true);
	if (s->phase == RUNNING) {
		close(error[0]);
		return 0;
	}
	if (read(error[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(error[0]);
	/* Killed on the way: inside execve, when its old memory was gone already and the new one could not be made, or by another process. */
	if (!err && s->main_status >= 0)
		return 0;
	s->main_pid = 0;
	if (!err)
		return diag_set(diag, 125, ECANCELED, "the command was killed before it began");
	return err < 0 ? user_refused(s->opt->user, -err, diag) : command_exec_failed(path, err, diag);
}
