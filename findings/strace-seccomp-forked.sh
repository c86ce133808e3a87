#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# strace 6.1 (Debian 12), Linux 6.18, x86-64: with --seccomp-bpf a forked process still stops at each of its system calls,
# at their entry and their exit, until it makes the first one that is traced. strace learns only there that the filter,
# which the process inherited from its parent, is in force, and goes on with PTRACE_SYSCALL until then. So a server's
# worker that is forked and makes none of the chosen calls runs as slowly as without the option, and so does what
# posix_spawn does in a child before its exec; the process that strace itself starts does not, nor one that execs.
#
#   -e trace=%network, 10,000 times getppid, switches of strace and its command:
#   in the command itself: some ten; in a child: over 20,000; in a child, behind one socket(2): some tens
#
# strace(1) says of the option that there are stops only when system calls that are being traced occur.
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

fresh_root bookworm ca-certificates
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends strace=6.1-0.1 time=1.9-0.2 perl >/dev/null
uname -sr
inside strace --version | head -n 1

# getppid(2) has number 110, socket(2) 41
cat >"$root/tmp/calls.pl" <<'P'
my ($where, $first) = @ARGV;
my $child = $where eq 'child' ? fork : 0;
if (!$child) {
	syscall 41, 1, 1, 0 if $first;
	syscall 110 for 1..10000;
	exit 0;
}
waitpid $child, 0;
P
# Not strace under strace: one that is traced itself does without the filter. A stop is a switch away by one's own will.
switches() { inside time -f %w -o /tmp/switches strace -f --seccomp-bpf -e trace=%network -o /dev/null perl /tmp/calls.pl "$@" && cat "$root/tmp/switches"; }
failed=0
expect() {
	echo "$1: $2 switches"
	if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
		echo "CHANGED: not $3 to $4"
		failed=1
	fi
}
expect "in the command itself" "$(switches itself)" 1 5000
expect "in a forked child" "$(switches child)" 20000 1000000
expect "in a forked child that has made a socket" "$(switches child first)" 1 5000
[ "$failed" = 0 ] || exit 1
echo "as found: a forked process stops at every call until it makes one that is traced"
