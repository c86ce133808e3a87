#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The static program in a root that holds nothing but it and what it traces:
#   tests/package/static.sh COMPENDIUM
# Prints TAP.  As root by chroot, otherwise in a user namespace.
# Checks are called by name.
# shellcheck disable=SC2317,SC2329
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
compendium=$(realpath "$1")
size_max=$((8 << 20))
root=$(mktemp -d) n=0 failed=0
trap 'rm -rf --one-file-system "$root"' EXIT

result() { # RC WHAT
	n=$((n + 1))
	[ "$1" -eq 0 ] && echo "ok $n - $2" && return
	failed=1
	echo "not ok $n - $2"
	sed 's/^/# /' "$root/trace" "$root/out" 2>/dev/null || true
}
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
check() { local what=$1; shift; if "$@"; then result 0 "$what"; else result 1 "$what"; fi; }
has() { grep -qE -- "$1" "$root/trace"; }

small() { [ "$(stat -c %s "$compendium")" -le "$size_max" ]; }
no_interpreter() { ! readelf -lW "$compendium" | grep -qE 'INTERP|DYNAMIC'; }
check "at most 8 MB" small
check "no dynamic linker, no libraries" no_interpreter

if ! "${CC:-cc}" -static -O1 -o "$root/hello" "$here/hello.c" 2>/dev/null; then
	skip "in an empty root" "there is no static libc to link what is traced"
	echo "1..$n"
	exit $failed
fi
"${CC:-cc}" -O1 -o "$root.old" "$here/old-kernel.c"
trap 'rm -rf --one-file-system "$root" "$root.old"' EXIT
cp "$compendium" "$root/compendium"
chmod 755 "$root"

# [BEFORE…] in_root OPTIONS: hello traced in the empty root; status in $status, the trace in $root/trace.
inside=(chroot "$root")
[ "$(id -u)" -eq 0 ] || inside=(unshare --user --map-root-user --root="$root")
"${inside[@]}" /compendium --version >"$root/out" 2>"$root/trace" ||
	{ skip "in an empty root" "cannot change the root: $(head -n 1 "$root/trace")"; echo "1..$n"; exit $failed; }
in_root() {
	status=0
	"${before[@]}" "${inside[@]}" /compendium "$@" >"$root/out" 2>"$root/trace" </dev/null || status=$?
}
before=()
traced() { # the lines a trace of hello has, whoever captured it
	[ "$status" -eq 3 ] && [ "$(cat "$root/out")" = hello ] && has 'read +4 B from /compendium' &&
		has 'open /not-there .*ENOENT' && has 'fork → [0-9]+' && has 'exit 4$' && has '^ Exit: 3$'
}

check "built in: both backends" grep -q 'ptrace, bpf' "$root/out"
in_root --backend ptrace -- /hello
check "ptrace in an empty root" traced
in_root -- /hello
check "by default in an empty root: falls back to ptrace" traced
check "and says why" has 'the bpf backend cannot be used, so ptrace is: '

in_root --backend ptrace --record=/t.cpd --report=/r.html -- /hello
check "a recording and a report" traced
page() { grep -q '<script' "$root/r.html" && [ "$(stat -c %s "$root/r.html")" -gt 100000 ]; }
check "the report has its page" page
rm -f "$root/r.html"
in_root --read /t.cpd --report=/r.html
replayed() { [ "$status" -eq 0 ] && has 'read +4 B from /compendium' && has '^ Exit: 3$' && page; }
check "the recording read back" replayed

in_root -- /nothing
check "a command that is not there: 127" test "$status" -eq 127

# With the kernel's own file systems, and the rights, the kernel backend works from the same file.
if [ "$(id -u)" -ne 0 ]; then
	skip "bpf in a root with /proc and /sys" "not root"
else
	mkdir "$root/proc" "$root/sys"
	before=(unshare --mount sh -c "mount -t proc proc '$root/proc' && mount -t sysfs -o ro sys '$root/sys' && exec \"\$@\"" sh)
	in_root --backend bpf -- /hello
	if has 'tracing /hello \(bpf\)'; then
		check "bpf in a root with /proc and /sys" traced
	else
		skip "bpf in a root with /proc and /sys" "$(head -n 1 "$root/trace")"
	fi
fi

# A kernel that has nothing newer than Linux 5.3.
before=("$root.old")
if [ "$(id -u)" -ne 0 ]; then
	skip "as on Linux 5.3" "not root: no user namespace under a filter"
else
	in_root -- /hello
	check "as on Linux 5.3: ptrace" traced
	check "and says why not bpf" has 'so ptrace is: this kernel is older than 5.17'
	before+=(--no-syscall-info)
	in_root -- /hello
	refused() { [ "$status" -eq 125 ] && [ ! -s "$root/out" ] && has 'this kernel is older than 5\.3: .*use a newer one'; }
	check "as on Linux 5.2: refuses, and the command does not run" refused
fi

# What is left behind is kept by a process that holds no file open: before 5.9 there is no close_range(2).
exec 8</dev/null
"$root.old" "$compendium" --backend ptrace -o "$root/trace" -- sh -c 'trap "" TERM; echo started; sleep 6; exit 0' >"$root/out" 2>/dev/null &
tracer=$!
while ! grep -q started "$root/out" && kill -0 $tracer; do sleep 0.1; done
kill -TERM $tracer
wait $tracer || true
keeper=''
for exe in /proc/[0-9]*/exe; do
	[ ! "$exe" -ef "$compendium" ] || keeper=${exe%/exe}	# without a process for each, it lives for 6 s
done
kept() { [ -n "$keeper" ] && [ "$(find "$keeper/fd" -type l -printf '%f\n' | sort -n | xargs)" = "0 1 2" ]; }
check "as on Linux 5.3: the keeper holds no file" kept
echo "1..$n"
exit $failed
