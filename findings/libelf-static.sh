#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# elfutils 0.192, Debian 13: libelf.a cannot be linked, whatever is linked with it. elf_end() and others call
# eu_search_tree_fini(), eu_tsearch(), …, which are in libeu.a, a library that elfutils builds for its own use and that is
# neither installed nor in a package; libelf.so has it inside. `pkg-config --static --libs libelf` names zlib and zstd,
# and a check for libelf.a, libelf.pc or a function that needs no tree (elf_version) finds everything in order.
#
#   shared: links
#   static, elf_version: links
#   static, elf_end: undefined reference to `eu_search_tree_fini'
#   packages with a file libeu.a: none
#
# Anything static that uses libbpf is concerned. Debian 12's 0.188 and sid's 0.196 link.
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

fresh_root trixie ca-certificates
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends gcc=4:14.2.0-1 libc6-dev libelf-dev=0.192-4 pkgconf >/dev/null
inside gcc --version | head -n 1
inside dpkg-query -W libelf-dev

try() {	# WHAT FUNCTION OPTION…: does a program that calls it link
	local what=$1
	echo "int main(void) { extern int $2(); return $2(0); }" >"$root/tmp/$2.c"
	# flags are words
	# shellcheck disable=SC2046
	inside gcc -std=gnu11 -o "/tmp/$2" "/tmp/$2.c" "${@:3}" $(inside pkg-config "${@:3}" --libs libelf) >"$root/tmp/said" 2>&1 &&
		echo "$what: links" || echo "$what: $(grep -o 'undefined reference.*' "$root/tmp/said" | head -n 1)"
}
{
	try shared elf_end
	try 'static, elf_version' elf_version --static
	try 'static, elf_end' elf_end --static
	echo "packages with a file libeu.a: $(inside sh -c "dpkg -S '*/libeu.a' 2>/dev/null" || echo none)"
} | tee "$root/tmp/seen"
[ "$(cat "$root/tmp/seen")" = "shared: links
static, elf_version: links
static, elf_end: undefined reference to \`eu_search_tree_fini'
packages with a file libeu.a: none" ] || { echo "CHANGED: see above"; exit 1; }
echo "as found: libelf.a of elfutils 0.192 lacks its own libeu"
