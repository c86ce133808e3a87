/* SPDX-License-Identifier: MIT */
/*
 * Keeps what was let go and cannot be alone: a process started with our filter has it for life, and without a tracer
 * each filtered call would fail with ENOSYS.  Each such thread is let go with a SIGSTOP, so that it runs nothing; then
 * a child of ours, the keeper, seizes them all, wakes them with a SIGCONT they do not get to see, and lets every call
 * pass until the last of them has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "capture/ptrace/disguise.h"
#include "capture/ptrace/ptrace.h"

bool keeper_may(void)
{
	FILE *f;
	int scope = 0;

	if (geteuid() == 0)
		return true;
	/* 1: only ancestors may trace, and the keeper is none */
	f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	if (f && fscanf(f, "%d", &scope) != 1)
		scope = 0;
	if (f)
		fclose(f);
	return scope == 0;
}

void keeper_add(struct ptrace_source *s, pid_t tid, pid_t pid, bool was_stopped)
{
	const struct kept k = { .tid = tid, .pid = pid, .was_stopped = was_stopped };

	buf_add(&s->kept, &k, sizeof(k));
	if (!was_stopped)
		syscall(SYS_tkill, tid, SIGSTOP);
}

/* Is this the SIGCONT that we sent?  Any thread of the process may be the one to get it. */
static bool is_ours(pid_t tid, struct kept *v, size_t n)
{
	pid_t pid = tid;

	for (size_t i = 0; i < n; i++)
		if (v[i].tid == tid)
			pid = v[i].pid;
	for (size_t i = 0; i < n; i++)
		if (v[i].woken && v[i].pid == pid) {
			v[i].woken = false;
			return true;
		}
	return false;
}

static void pass(pid_t tid, int status, unsigned mark, struct kept *v, size_t n)
{
	int event = status >> 16, sig = WSTOPSIG(status);
	unsigned long data = mark;

	switch (event) {
	case 0:
		if (sig == SIGCONT && is_ours(tid, v, n))
			sig = 0;
		ptrace(PTRACE_CONT, tid, 0, (long)(sig == (SIGTRAP | 0x80) ? 0 : sig));
		return;
	case PTRACE_EVENT_SECCOMP:
		ptrace(PTRACE_GETEVENTMSG, tid, 0, &data);
		if (data != mark)
			disguise_foreign_trace(&(struct tracee){ .tid = tid });
		break;
	case PTRACE_EVENT_STOP:
		if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
			ptrace(PTRACE_LISTEN, tid, 0, 0);
			return;
		}
		break;
	default:
		break;
	}
	ptrace(PTRACE_CONT, tid, 0, 0);
}

/* Whoever waits for the end of a pipe must not wait for the keeper. */
static void let_files_go(void)
{
	enum { NEVER_MORE = 1 << 20 };	/* the usual fs.nr_open */
	int null = open("/dev/null", O_RDWR);
	struct rlimit limit = { NEVER_MORE, NEVER_MORE };

	/* an empty root has no /dev */
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	if (close_range(3, ~0u, 0) == 0)
		return;
	/* before 5.9 */
	getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 3; fd < (int)MIN(limit.rlim_cur, (rlim_t)NEVER_MORE); fd++)
		close(fd);
}

/* After a fork of a program with threads: no allocation, no locks. */
static _Noreturn void keep(unsigned mark, struct kept *v, size_t n)
{
	int status;
	pid_t tid;

	setsid();
	let_files_go();
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM || sig == SIGPIPE ?
				    SIG_IGN : SIG_DFL);
	for (size_t i = 0; i < n; i++)
		if (ptrace(PTRACE_SEIZE, v[i].tid, 0, PTRACE_OPTIONS) < 0 && errno != ESRCH)
			kill_one(v[i].pid, SIGKILL);	/* better than to go on with calls that fail */
	for (size_t i = 0; i < n; i++) {
		bool first = !v[i].was_stopped;

		for (size_t k = 0; k < i && first; k++)
			first = v[k].pid != v[i].pid;
		v[i].woken = first;
		if (first)
			kill_one(v[i].pid, SIGCONT);
	}
	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (tid > 0 && WIFSTOPPED(status))
			pass(tid, status, mark, v, n);
		else if (tid < 0 && errno != EINTR)
			_exit(0);
	}
}

void keeper_kill(const struct ptrace_source *s)
{
	const struct kept *v = (const struct kept *)s->kept.s;

	for (size_t i = 0; i < s->kept.len / sizeof(*v); i++)
		kill_one(v[i].pid, SIGKILL);
}

void keeper_start(struct ptrace_source *s)
{
	struct kept *v = (struct kept *)s->kept.s;
	size_t n = s->kept.len / sizeof(*v);

	if (!n)
		return;
	near_close(&s->near);	/* the keeper is no idle thread */
	switch (fork()) {
	case 0:
		keep(s->mark, v, n);
	case -1:
		keeper_kill(s);
		break;
	default:
		break;
	}
	buf_done(&s->kept);
}
