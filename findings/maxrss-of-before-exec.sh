#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux 6.18 (exec_mmap() in fs/exec.c keeps it in signal->maxrss): ru_maxrss of getrusage(2) and wait4(2) is not of the
# program that ran. execve(2) keeps the maximum of the address space that it throws away, so a small program that a large
# one starts has the large one's: after fork, and after vfork, whose address space is the parent's own,
# although the new program never had that memory. VmHWM of /proc/PID/status begins anew. getrusage(2) does not say so,
# and GNU time -v prints this number as "Maximum resident set size".
#
#   started by a large program, with fork: ru_maxrss 200 MB or more, VmHWM below 20 MB
#   started by a large program, with vfork: ru_maxrss 200 MB or more, VmHWM below 20 MB
#   started by a small program, with fork: ru_maxrss below 20 MB, VmHWM below 20 MB
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

cat >"$root/tmp/maxrss.c" <<'C'
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *size(long kb) { return kb >= 200 << 10 ? "200 MB or more" : kb < 20 << 10 ? "below 20 MB" : "another"; }

/* The program that is started: what it finds out about itself. */
static int started(const char *by, const char *with)
{
	FILE *f = fopen("/proc/self/status", "r");
	struct rusage u;
	char line[256];
	long hwm = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmHWM: %ld", &hwm);
	getrusage(RUSAGE_SELF, &u);
	printf("started by a %s program, with %s: ru_maxrss %s, VmHWM %s\n", by, with, size(u.ru_maxrss), size(hwm));
	fprintf(stderr, "(%ld kB, %ld kB)\n", u.ru_maxrss, hwm);
	return 0;
}

int main(int argc, char **argv)
{
	size_t n = 200 << 20;
	pid_t pid;

	if (argc == 4)
		return started(argv[1], argv[2]);
	if (!strcmp(argv[1], "large"))
		memset(malloc(n), 1, n);
	if (!strcmp(argv[2], "fork"))
		pid = fork();
	else
		pid = vfork();
	if (pid == 0) {
		execl("/proc/self/exe", argv[0], argv[1], argv[2], "started", NULL);
		_exit(1);
	}
	return waitpid(pid, NULL, 0) != pid;
}
C
inside gcc -Wall -O0 -o /tmp/maxrss /tmp/maxrss.c
got=$(inside /tmp/maxrss large fork; inside /tmp/maxrss large vfork; inside /tmp/maxrss small fork)
echo "$got"
[ "$got" = "started by a large program, with fork: ru_maxrss 200 MB or more, VmHWM below 20 MB
started by a large program, with vfork: ru_maxrss 200 MB or more, VmHWM below 20 MB
started by a small program, with fork: ru_maxrss below 20 MB, VmHWM below 20 MB" ] || { echo "CHANGED: see above"; exit 1; }
echo "as found: ru_maxrss is also of the program before exec, and of the parent where vfork was used"
