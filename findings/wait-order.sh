#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux 6.18 (do_wait() in kernel/exit.c, ptrace_link()): of several tracees that have stopped, waitpid(-1) and
# waitid(P_ALL) do not report the one that stopped first. They look through a list each time and take the first that has
# something to report: children in the order in which they were made, and after them what is traced without being a
# child (threads and children of tracees that the kernel attaches, what was seized), the one attached last first. wait(2)
# and ptrace(2) name no order. So a tracer that resumes what is reported and waits again can serve the youngest threads
# only, for as long as those go on stopping.
#
#   attached by the kernel, stopped in the order 1 2 3; reported in the order 3 2 1
#   attached by the kernel, stopped in the order 2 3 1; reported in the order 3 2 1
#   children of the tracer, stopped in the order 3 2 1; reported in the order 1 2 3
#   children of the tracer, stopped in the order 2 3 1; reported in the order 1 2 3
#
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

cat >"$root/tmp/order.c" <<'C'
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 3 };

static int go[N][2];	/* a byte: stop now */

static void stops(int i)
{
	char c;

	if (read(go[i][0], &c, 1) == 1)
		raise(SIGUSR1);
	_exit(0);
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Until it is in a ptrace stop, without asking wait() of it. */
static void until_stopped(pid_t pid)
{
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (; state != 't'; usleep(1000)) {
		FILE *f = fopen(path, "r");

		if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			fail(path);
		fclose(f);
	}
}

/* Three tracees: children of the tracer, or children of a tracee, which the kernel attaches (PTRACE_O_TRACEFORK). */
static void trace(int grandchildren, pid_t *pids)
{
	pid_t first = fork();
	int n = 0, status;

	if (first == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		if (!grandchildren)
			stops(0);
		for (int i = 0; i < N; i++)
			if (fork() == 0)
				stops(i);
		pause();
	}
	waitpid(first, &status, 0);
	if (ptrace(PTRACE_SETOPTIONS, first, 0, PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL) || ptrace(PTRACE_CONT, first, 0, 0))
		fail("ptrace");
	if (!grandchildren)
		pids[n++] = first;
	while (n < N) {
		pid_t pid;

		if (!grandchildren) {
			pid = fork();
			if (pid == 0) {
				ptrace(PTRACE_TRACEME, 0, 0, 0);
				raise(SIGSTOP);
				stops(n);
			}
			waitpid(pid, &status, 0);
		} else {
			unsigned long made;

			if (waitpid(first, &status, 0) < 0 || status >> 8 != (SIGTRAP | PTRACE_EVENT_FORK << 8))
				fail("no fork event");
			ptrace(PTRACE_GETEVENTMSG, first, 0, &made);
			pid = (pid_t)made;
			waitpid(pid, &status, __WALL);
			ptrace(PTRACE_CONT, first, 0, 0);
		}
		ptrace(PTRACE_CONT, pid, 0, 0);
		pids[n++] = pid;
	}
}

int main(int argc, char **argv)
{
	int grandchildren = argc > 1 && argv[1][0] == 'g';
	const char *order = argv[2];
	pid_t pids[N];

	for (int i = 0; i < N; i++)
		if (pipe(go[i]) < 0)
			fail("pipe");
	trace(grandchildren, pids);
	printf("%s, stopped in the order", grandchildren ? "attached by the kernel" : "children of the tracer");
	for (int i = 0; i < N; i++) {
		int k = order[i] - '1';

		if (write(go[k][1], "", 1) != 1)
			fail("write");
		until_stopped(pids[k]);
		printf(" %d", k + 1);
	}
	printf("; reported in the order");
	for (int i = 0; i < N; i++) {
		int status, k = 0;
		pid_t pid = waitpid(-1, &status, __WALL);

		while (k < N && pids[k] != pid)
			k++;
		printf(" %d", k + 1);
	}
	puts("");
	for (int i = 0; i < N; i++)
		kill(pids[i], SIGKILL);
	return 0;
}
C
inside gcc -Wall -O1 -o /tmp/order /tmp/order.c
got=$(for how in 'grandchildren 123' 'grandchildren 231' 'children 321' 'children 231'; do
	# two words
	# shellcheck disable=SC2086
	inside /tmp/order $how
done)
echo "$got"
[ "$got" = "attached by the kernel, stopped in the order 1 2 3; reported in the order 3 2 1
attached by the kernel, stopped in the order 2 3 1; reported in the order 3 2 1
children of the tracer, stopped in the order 3 2 1; reported in the order 1 2 3
children of the tracer, stopped in the order 2 3 1; reported in the order 1 2 3" ] || { echo "CHANGED: see above"; exit 1; }
echo "as found: waiting for all tracees reports them by their place in a list, not by when they stopped"
