#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what a task needs and is missing: tools/setup.sh [-n] build|static|deb|readme|check|bench
# Looks first, so a second run installs nothing and needs no rights; with -n it
# only says what is missing, and fails when something is.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { echo "usage: tools/setup.sh [-n] build|static|deb|readme|check|bench" >&2; exit 2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

only_look=
[ "${1-}" != -n ] || { only_look=1; shift; }
[ $# -eq 1 ] || usage
case $1 in build | static | deb | readme | check | bench) task=$1 ;; *) usage ;; esac

missing=() extra=()
# need PACKAGE CHECK [ARG]: CHECK is one of the questions below.
need() { local package=$1; shift; "$@" >/dev/null 2>&1 || missing+=("$package"); }
# The same for what a build does without: a part is then left out, and --version says so.
want() { local package=$1; shift; "$@" >/dev/null 2>&1 || extra+=("$package"); }
has_command() { command -v "$1"; }
has_any() { local name; for name; do ! command -v "$name" || return 0; done; return 1; }
has_header() { echo "#include <$1>" | gcc -E -x c -; }
has_library() { pkg-config --exists "$1"; }
# Links a program without libraries, from what these names of pkg-config's need.
has_static() {
	# flags are words
	# shellcheck disable=SC2046
	echo 'int main(void) { return 0; }' | gcc -static -x c - -o /dev/null $(pkg-config --static --libs "$@")
}
# has_clang [TOOL]: version 14 or newer, under whatever name (clang, clang-19).
has_clang() {
	local suffix
	for suffix in '' -{14..30}; do
		! command -v "${1:-clang}$suffix" >/dev/null || [[ ! $("${1:-clang}$suffix" --version) =~ version\ ([0-9]+) ]] ||
			[ "${BASH_REMATCH[1]}" -lt 14 ] || return 0
	done
	return 1
}
# Links with the sanitizers and libFuzzer: their libraries are a package of their own.
has_fuzzer() {
	local suffix
	for suffix in '' -{14..30}; do
		! echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return !p && n; }' |
			"clang$suffix" -fsanitize=fuzzer,address,undefined -x c - -o /dev/null || return 0
	done
	return 1
}
has_symbolizer() { has_any llvm-symbolizer llvm-symbolizer-{14..30} || ls /usr/lib/llvm-*/bin/llvm-symbolizer; }

need gcc has_command gcc
need libc6-dev has_header stdio.h
need linux-libc-dev has_header linux/ptrace.h
need meson has_command meson
need ninja-build has_command ninja
need pkg-config has_command pkg-config
need libzstd-dev has_library libzstd
need zlib1g-dev has_library zlib
need libsqlite3-dev has_library sqlite3
need uthash-dev has_header uthash.h
need scdoc has_command scdoc
bundles_page= # unless there is one: in a source tarball, or given
[ -e report/template.html ] || [[ ${MESON_ARGS-} == *-Dreport_template=* ]] || bundles_page=1
if [ -n "$bundles_page" ] || [ "$task" = check ]; then
	need nodejs has_command node
	# Debian's npm conflicts with other builds of Node.js, so any npm will do.
	need npm has_command npm
fi
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt

if [ "$task" = static ]; then	# it has everything in it
	need clang has_clang
	need bpftool has_any bpftool /usr/sbin/bpftool
	need libbpf-dev has_static libbpf
	need libelf-dev has_static libelf
	need libzstd-dev has_static libzstd zlib
	need libsqlite3-dev has_static sqlite3
fi

if [ "$task" = deb ]; then
	need debhelper has_command dh
	need lintian has_command lintian
	need bpftool has_any bpftool /usr/sbin/bpftool
	need clang has_clang
	need libbpf-dev has_library libbpf
	need libcmocka-dev has_library cmocka
fi

# The kernel backend. Not every distribution has these under these names.
want clang has_clang
want bpftool has_any bpftool /usr/sbin/bpftool
want libbpf-dev has_library libbpf

if [ "$task" = readme ]; then	# what its commands use
	need python3 has_command python3
	need git has_command git
	need curl has_command curl
	need sqlite3 has_command sqlite3
	need jq has_command jq
fi

if [ "$task" = check ]; then
	want libzydis-dev has_header Zydis/Zydis.h
	want binutils has_command objdump
	need libcmocka-dev has_library cmocka
	need clang has_clang
	need clang-tidy has_clang clang-tidy
	need libclang-rt-dev has_fuzzer
	need llvm has_symbolizer
	need shellcheck has_command shellcheck
	need chromium has_command chromium
	need protobuf-compiler has_command protoc
	need strace has_command strace
	need curl has_command curl
	need sqlite3 has_command sqlite3
	need jq has_command jq
	need gdb has_command gdb
	need tmux has_command tmux
	need redis-tools has_command redis-benchmark
	need iproute2 has_command ss
	need xz-utils has_command xz # to unpack the tarball
	# 13 MB, but a server that its package starts: nothing to put on a developer's machine unasked
	if [ -n "${CI-}" ]; then
		want clickhouse-server has_command clickhouse-server
		want clickhouse-client has_command clickhouse-client
	fi
fi
if [ "$task" = bench ]; then
	need python3 has_command python3
	need strace has_command strace
	# Only a peer to be measured beside: what there is of it will do.
	want linux-perf has_command perf
fi

# Those of the extras that this system's packages offer at all.
offered() {
	local package
	for package in "${extra[@]}"; do
		! apt-cache show "$package" >/dev/null 2>&1 || echo "$package"
	done
}

apt_install() {
	local run=() apt=(apt-get -o DPkg::Lock::Timeout=300)
	local line="apt-get install -y --no-install-recommends ${missing[*]}"

	command -v apt-get >/dev/null || die "this system has no apt-get; install by hand what provides: ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "packages are missing; as root, run:
  $line"
		run=(sudo)
		# Without a terminal a password cannot be typed: fail instead of hanging.
		[ -t 0 ] || run+=(-n)
	fi
	echo "setup: ${run[0]:+${run[0]} }$line"
	run+=(env DEBIAN_FRONTEND=noninteractive)
	# The package lists of a fresh system are empty, those of an old one name
	# versions which are gone: both show as a failed install.
	quietly "${run[@]}" "${apt[@]}" install -y --no-install-recommends "${missing[@]}" && return
	echo "setup: refreshing the package lists"
	quietly "${run[@]}" "${apt[@]}" update || fail "apt-get update failed (above). Is the network up? To install by hand, as root:
  $line"
	quietly "${run[@]}" "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
		fail "could not install: ${missing[*]}
  to try by hand: $line"
}

if [ -n "$only_look" ]; then
	[ ${#missing[@]} -eq 0 ] || { echo "${missing[*]}"; exit 1; }
	exit 0
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# apt's thousand lines are of use only when it fails.
quietly() { "$@" </dev/null >"$log" 2>&1; }
fail() { tail -n 20 "$log" >&2; die "$@"; }

[ ${#missing[@]} -eq 0 ] || apt_install
# After the first installation, which has refreshed the package lists.
if [ ${#extra[@]} -gt 0 ] && command -v apt-cache >/dev/null; then
	mapfile -t missing < <(offered)
	[ ${#missing[@]} -eq 0 ] || (apt_install) || echo "setup: going on without ${missing[*]}: what needs them is left out"
fi

[ -n "$bundles_page" ] || exit 0
node=$(node --version)
major=${node#v}
[ "${major%%.*}" -ge 18 ] || die "the report's front end needs Node.js 18 or newer, found $node"
