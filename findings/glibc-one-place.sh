#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# glibc 2.41 (Debian 13, x86-64): read, write, open, openat, close, connect, accept, poll and the other functions at
# which a thread can be cancelled hold no syscall instruction. All of them are made from one place, of which no caller
# knows the address; up to 2.36 (Debian 12) each function held its own two. So the instruction pointer at a call no
# longer says which function made it: strace -i prints one address for read, write, openat and close, and what looks at
# the text of read() for its call, or hooks it there, finds nothing.
#
#   syscall instructions in   read  write  openat  close  connect  poll  getpid
#   glibc 2.36                2     2      2       2      2        2     1
#   glibc 2.41                0     0      0       0      0        0     1
#
#   addresses that strace -i prints for openat, read, write and close of cat: 4 (2.36), 1 (2.41)
#
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

failed=0
expect() {
	echo "$1: $2"
	[ "$2" = "$3" ] || { echo "CHANGED: not $3"; failed=1; }
}
look() {
	local suite=$1 glibc=$2 strace=$3 each=$4 addresses=$5 library=/usr/lib/x86_64-linux-gnu/libc.so.6 name
	fresh_root "$suite" ca-certificates
	library=$(inside realpath "/lib/x86_64-linux-gnu/libc.so.6")
	inside apt-get -q update >/dev/null
	inside apt-get -q install -y --no-install-recommends "strace=$strace" gdb >/dev/null
	uname -sr
	expect "glibc" "$(inside "$library" | sed -n '1s/.*version \([0-9.]*[0-9]\).*/\1/p')" "$glibc"
	for name in read write openat close connect poll; do
		expect "$name of $glibc, syscall instructions" \
			"$(inside gdb -batch -ex "disassemble $name" "$library" 2>/dev/null | grep -cw syscall || true)" "$each"
	done
	expect "getpid of $glibc, syscall instructions" \
		"$(inside gdb -batch -ex "disassemble getpid" "$library" 2>/dev/null | grep -cw syscall || true)" 1
	# from the open of the file on, what cat itself does; its last closes are those of the standard descriptors
	inside setarch -R strace -i -o /tmp/calls -e trace=openat,read,write,close cat /etc/debian_version >/dev/null
	inside sed -n '/debian_version/,/close(3)/p' /tmp/calls
	expect "addresses of openat, read, write and close with $glibc" \
		"$(inside sed -n '/debian_version/,/close(3)/s/^\[\([0-9a-f]*\)\].*/\1/p' /tmp/calls | sort -u | wc -l)" "$addresses"
	clean_up
	root=''
}
look bookworm 2.36 6.1-0.1 2 4
look trixie 2.41 6.13+ds-1 0 1
[ "$failed" = 0 ] || exit 1
echo "as found: with glibc 2.41 these calls are all made from one place, outside the functions"
