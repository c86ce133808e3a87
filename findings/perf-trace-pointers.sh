#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# perf trace, as Debian builds it (linux-perf 7.2.13-1, x86-64, without BPF
# skeletons), shows of a call that takes a path neither the path nor its address,
# but the lower 32 bits of the address; and of one that fails "(unknown)" where
# perf 6.1 has the error's name. strace 7.2 shows the whole address of the same
# calls (setarch -R: the same layout in both runs):
#
#   openat(0xffffff9c, 0x7ffff7ff2387, 0x80000, 0) = 0x3
#   openat(dfd: CWD, filename: 0xf7ff2387, flags: RDONLY|CLOEXEC) = 3
#   openat(dfd: CWD, filename: 0xffffe580, …) = -1 (unknown) (No such file or directory)
#
# So a reader who looks the address up in /proc/PID/maps finds nothing there, and
# one who greps for ENOENT finds no error.
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

fresh_root sid ca-certificates
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends linux-perf=7.2.13-1 strace=7.2+ds-1+b1 >/dev/null
mountpoint -q "$root/sys/kernel/tracing" || mount -t tracefs tracefs "$root/sys/kernel/tracing"
trap 'umount -l "$root/sys/kernel/tracing" 2>/dev/null || true; clean_up' EXIT
uname -sr
inside perf --version
inside strace --version | head -n 1

command=(setarch -R)
calls=(cat /etc/nothing)
by_strace=$(inside "${command[@]}" strace -e trace=openat -e raw=openat "${calls[@]}" 2>&1 | grep '^openat' || true)
# to a file: the command's own message may come into the middle of one of its lines
inside "${command[@]}" perf trace -o /tmp/perf.txt -e openat -- "${calls[@]}" >/dev/null 2>&1 || true
by_perf=$(inside grep 'openat(' /tmp/perf.txt || true)
head -n 3 <<<"$by_strace"
head -n 6 <<<"$by_perf"

# The first call is the dynamic linker's, on a string of its own: the same address in both.
address=$(sed -n '1s/^openat([^,]*, 0x\([0-9a-f]*\),.*/\1/p' <<<"$by_strace")
[ ${#address} -gt 8 ] || { echo "NOT SEEN: strace shows no 64-bit address"; exit 1; }
grep -q "filename: 0x${address: -8}\b" <<<"$by_perf" || { echo "CHANGED: perf no longer prints the lower 32 bits of the address"; exit 1; }
grep -q '= -1 (unknown) (No such file or directory)' <<<"$by_perf" || { echo "CHANGED: perf has a name for the error"; exit 1; }
! grep -q '/etc/nothing' <<<"$by_perf" || { echo "CHANGED: perf prints the path"; exit 1; }
echo "as found: 0x$address is printed as 0x${address: -8}, and ENOENT as (unknown)"
