#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux 6.18, x86-64, with perf 7.2.13: a system call that a seccomp filter answers itself (SECCOMP_RET_ERRNO) has a
# sys_exit tracepoint, but no sys_enter. The filter is asked before the tracepoint, and what it answers never comes to
# it; leaving passes the other tracepoint all the same. So enters and exits do not pair: perf stat counts a thousand more
# exits than enters. perf trace has no begin of such a call and takes an earlier time for it: the summary of a program
# that runs some 100 ms shows seconds in getppid, all at once.
#
#   no filter:   raw_syscalls:sys_exit - sys_enter = 0      getppid: 1000 enters, 1000 exits
#   filter:      raw_syscalls:sys_exit - sys_enter = 1000   getppid: 0 enters, 1000 exits
#   perf trace -s, filter: getppid 1000 calls, in total longer than the program ran
#
# strace, which has a stop at each enter (before the filter), shows all of them with their EPERM.
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

fresh_root sid ca-certificates
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends linux-perf=7.2.13-1 >/dev/null
mountpoint -q "$root/sys/kernel/tracing" || mount -t tracefs tracefs "$root/sys/kernel/tracing"
trap 'umount -l "$root/sys/kernel/tracing" 2>/dev/null || true; clean_up' EXIT
uname -sr
inside perf --version

# A thousand times getppid(2), number 110; with an argument behind a filter that answers it with EPERM.
cat >"$root/tmp/filtered.pl" <<'P'
if (@ARGV) {
	my $filter = join '', map { pack 'SCCL', @$_ }
		[0x20, 0, 0, 0],		# load the number
		[0x15, 0, 1, 110],		# getppid?
		[0x06, 0, 0, 0x50001],		# SECCOMP_RET_ERRNO, EPERM
		[0x06, 0, 0, 0x7fff0000];	# SECCOMP_RET_ALLOW
	my $program = pack 'Sx6P', 4, $filter;
	syscall(157, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
	syscall(157, 22, 2, $program, 0, 0) == 0 or die "seccomp: $!";
}
syscall 110 for 1..1000;
P
count() { inside perf stat -x, -e "$1" perl /tmp/filtered.pl "${@:2}" 2>&1 | awk -F, -v event="$1" '$3 == event { print $1 }'; }
# both counters in one run: other runs of perl make other calls
apart() {
	inside perf stat -x, -e raw_syscalls:sys_enter,raw_syscalls:sys_exit perl /tmp/filtered.pl "$@" 2>&1 |
		awk -F, '$3 ~ /sys_enter/ { enter = $1 } $3 ~ /sys_exit/ { left = $1 } END { print left - enter }'
}
failed=0
expect() {
	echo "$1: $2"
	[ "$2" = "$3" ] || { echo "CHANGED: not $3"; failed=1; }
}
expect "no filter, exits without an enter" "$(apart)" 0
expect "no filter, enters of getppid" "$(count syscalls:sys_enter_getppid)" 1000
expect "filter, exits without an enter" "$(apart filtered)" 1000
expect "filter, enters of getppid" "$(count syscalls:sys_enter_getppid filtered)" 0
expect "filter, exits of getppid" "$(count syscalls:sys_exit_getppid filtered)" 1000

start=$(date +%s%N)
line=$(inside perf trace -s perl /tmp/filtered.pl filtered 2>&1 | awk '$1 == "getppid"')
ran=$((($(date +%s%N) - start) / 1000000))
echo "perf trace -s: $line"
total=$(awk '{ printf "%d", $4 }' <<<"$line")
[ "$(awk '{ print $2 }' <<<"$line")" = 1000 ] || { echo "CHANGED: not 1000 calls of getppid"; failed=1; }
if [ "${total:-0}" -gt "$ran" ]; then
	echo "$total ms in getppid, while perf trace, its start and its end took less"
else
	echo "CHANGED: $total ms in getppid of $ran ms"
	failed=1
fi
[ "$failed" = 0 ] || exit 1
echo "as found: calls that a filter answers have an exit and no enter, and perf trace makes up how long they took"
