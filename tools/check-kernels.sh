#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tries the static program on the kernels of other Debians:
#   tools/check-kernels.sh PROGRAM [SUITE…]
# Boots the kernel of each SUITE (bullseye bookworm trixie sid) in qemu, without acceleration, with PROGRAM (make static)
# and busybox and nothing else, and runs tests/kernels/init there. Prints TAP. Needs qemu-system-x86, busybox-static,
# cpio, curl and a mirror of Debian (MIRROR may name one); the kernels, 20 to 35 MB each, are kept in build-check/kernels.
set -euo pipefail

die() { echo "check-kernels: $*" >&2; exit 1; }
[ $# -ge 1 ] || { sed -n '3,8s/^# //p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
program=$1
shift
[ -x "$program" ] || die "$program is no program; make static builds one"
[ $# -gt 0 ] || set -- bullseye bookworm trixie sid
for tool in qemu-system-x86_64 busybox cpio curl dpkg-deb; do
	command -v $tool >/dev/null || die "install qemu-system-x86, busybox-static, cpio and curl first: there is no $tool"
done
! ldd "$(command -v busybox)" >/dev/null 2>&1 || die "this busybox needs libraries; install busybox-static"
# apt expands what looks like a variable here.
# shellcheck disable=SC2016
mirror=${MIRROR:-$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | awk '/debian\/?$/ { print $2; exit }')}
[ -n "$mirror" ] || die "no mirror of Debian in apt's sources; set MIRROR"
mirror=${mirror%/}
kernels=$here/build-check/kernels
mkdir -p "$kernels"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The newest small kernel of a suite that is in a package of its own, as $kernels/SUITE.
fetch() {
	local path
	[ ! -s "$kernels/$1" ] || return 0
	path=$(curl -sSf "$mirror/dists/$1/main/binary-amd64/Packages.xz" | xz -dc |
		sed -nE 's/^Filename: (.*linux-(image|binary)-(unsigned-)?[0-9][^/]*cloud-amd64(-unsigned)?_[^/]*)/\1/p' | grep unsigned | sort -V | tail -n 1 || true)
	[ -n "$path" ] || die "$1 has no linux-image-…-cloud-amd64-unsigned"
	curl -sSf -o "$work/kernel.deb" "$mirror/$path"
	dpkg-deb --fsys-tarfile "$work/kernel.deb" | tar -x -C "$work" --wildcards --no-anchored 'vmlinuz*'
	find "$work" -name 'vmlinuz*' -exec mv {} "$kernels/$1" \; -quit
}

mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/sys" "$work/root/dev" "$work/root/tmp"
cp "$(command -v busybox)" "$work/root/bin/busybox"
cp "$program" "$work/root/bin/compendium"
cp "$here/tests/kernels/init" "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initrd"

failed=0
for suite; do
	fetch "$suite"
	# One CPU: with several, qemu's translation of code that the kernel rewrites (int3 of text_poke) can miss a CPU.
	timeout 300 qemu-system-x86_64 -accel tcg -cpu max -m 768 -display none -monitor none -serial "file:$work/serial" -no-reboot -kernel "$kernels/$suite" \
		-initrd "$work/initrd" -append 'console=ttyS0 quiet panic=-1' </dev/null >"$work/qemu" 2>&1 || true
	cat "$work/qemu" "$work/serial" | tr -d '\r' >"$work/log"
	grep -aE '^(ok|not ok|#) ' "$work/log" || true
	if ! grep -aq '^the end' "$work/log"; then
		echo "not ok - $suite: the machine did not come to its end"
		tail -n 20 "$work/log" | sed 's/^/# /'
		failed=1
	elif grep -aq '^not ok' "$work/log"; then
		failed=1
	fi
done
exit $failed
