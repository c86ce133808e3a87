#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux 6.18, x86-64 (since 5.13, looks_like_a_spurious_pid() in kernel/ptrace.c): when a thread that is not the leader
# calls execve(2), its tracer sees the PTRACE_EVENT_EXEC stop under the leader's number, but every ptrace(2) request to
# it fails with ESRCH as long as the report has only been looked at (waitid(2) with WNOWAIT). Once wait4(2) has fetched
# the report the same request succeeds; so it does at once where the leader itself calls execve. ptrace(2) says neither.
#
#   leader: looked at 0, fetched 0
#   thread: looked at ESRCH, fetched 0
#
# A tracer that looks first and fetches later (to know what comes before it pays for the resource usage) takes the
# process for dead, or looks for ever.
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

fresh_root bookworm ca-certificates
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends gcc=4:12.2.0-3 libc6-dev >/dev/null
uname -sr
inside gcc --version | head -n 1

cat >"$root/tmp/exec.c" <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void *run(void *program)
{
	execl("/proc/self/exe", program, "end", NULL);
	return NULL;
}

static const char *ask(pid_t pid)
{
	unsigned long message;

	return ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) < 0 ? strerrorname_np(errno) : "0";
}

static void tracee(char **argv)
{
	pthread_t t;

	raise(SIGSTOP);
	if (strcmp(argv[1], "thread") == 0 && pthread_create(&t, NULL, run, argv[0]) == 0)
		pause();
	run(argv[0]);
	_exit(1);
}

int main(int argc, char **argv)
{
	const char *looked;
	siginfo_t si;
	int status;
	pid_t pid;

	if (argc != 2 || strcmp(argv[1], "end") == 0)
		return 0;
	pid = fork();
	if (pid == 0)
		tracee(argv);
	waitpid(pid, &status, WUNTRACED);
	ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
	kill(pid, SIGCONT);
	for (;;) {
		memset(&si, 0, sizeof(si));
		if (waitid(P_ALL, 0, &si, WEXITED | WSTOPPED | WNOWAIT | __WALL) < 0)
			return 1;
		if (si.si_code == CLD_TRAPPED && si.si_status == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			break;
		waitpid(si.si_pid, &status, __WALL);
		if (WIFSTOPPED(status))
			ptrace(PTRACE_CONT, si.si_pid, 0, 0);
	}
	looked = ask(pid);
	waitpid(pid, &status, __WALL);
	printf("%s: looked at %s, fetched %s\n", argv[1], looked, ask(pid));
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	return 0;
}
C
inside gcc -O1 -Wall -pthread -o /tmp/exec /tmp/exec.c
got=$(for who in leader thread; do inside timeout 20 /tmp/exec $who; done)
echo "$got"
[ "$got" = "leader: looked at 0, fetched 0
thread: looked at ESRCH, fetched 0" ] || { echo "CHANGED: see above"; exit 1; }
echo "as found: a report of an exec by another thread has to be fetched before ptrace knows the process"
