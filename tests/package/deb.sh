#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The package in a system that has nothing else: installed, used, removed.
#   tests/package/deb.sh ROOT DEB
# ROOT is a fresh Debian with /proc, /sys and /dev mounted and a network
# (tools/check-clean-root.sh SUITE --deb makes one). Needs root; prints TAP.
# Checks are called by name.
# shellcheck disable=SC2317,SC2329
set -euo pipefail

root=$1 deb=$2
log=$(mktemp)
# shellcheck source=tests/package/tap.bash
. "$(dirname "$0")/tap.bash"
trap 'rm -f "$log" "$log".*' EXIT
version=$(dpkg-deb -f "$deb" Version)

inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@" </dev/null; }
as_nobody() { inside setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
# All files but those that apt itself and a package's configuration leave.
files() {
	(cd "$root" && find . -xdev \( -path ./var/cache -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./tmp \
		-o -path ./proc -o -path ./sys -o -path ./dev -o -path ./etc/ld.so.cache -o -path ./srv \) -prune -o -print | sort)
}
traced() { grep -qE "$1" "$log"; }

bare() {
	local tool
	for tool in gcc cc clang node npm python3; do
		! inside sh -c "command -v $tool" || return 1
	done
}
check "no compiler and no Node.js in there" bare
files >"$log.before"
cp "$deb" "$root/tmp/compendium.deb"
update() { inside apt-get -q update; }
install() { inside apt-get -q install -y --no-install-recommends /tmp/compendium.deb; }
check "apt-get update" update
check "installed by apt-get" install
says_version() { [ "$(inside compendium --version | head -n 1 | tr '-' '~')" = "compendium $version" ]; }
check "--version is the package's ($version)" says_version
no_capability() { [ -z "$(PATH=$PATH:/usr/sbin getcap "$root/usr/bin/compendium")" ]; }
check "no capability was given" no_capability
ls_root() { inside compendium -- ls / && traced 'exec ─── ls /' && traced '^ Exit: 0$'; }
check "compendium -- ls, as root" ls_root
ls_user() { as_nobody compendium -- ls / && traced 'tracing ls / \(ptrace\)' && traced '^ Exit: 0$'; }
check "compendium -- ls, as an ordinary user" ls_user
report() { as_nobody compendium --report=/tmp/r.html -- ls / && grep -q '<script' "$root/tmp/r.html" && traced 'Report: /tmp/r.html'; }
check "--report" report
record() { as_nobody compendium --record=/tmp/r.cpd -- ls / && as_nobody compendium --read /tmp/r.cpd && traced '^ Exit: 0$'; }
check "--record and --read" record
if inside compendium -- true 2>&1 | grep -q 'tracing true (bpf)'; then
	bpf() { inside compendium --backend bpf -- ls / && traced 'tracing ls / \(bpf\)' && traced '^ Exit: 0$'; }
	check "with BPF, as root" bpf
else
	n=$((n + 1))
	echo "ok $n - with BPF, as root # SKIP the kernel backend is not available here"
fi
man_page() { zcat "$root/usr/share/man/man1/compendium.1.gz" | grep -q 'SH OPTIONS'; }
check "man page" man_page
completions() {
	bash -n "$root/usr/share/bash-completion/completions/compendium" && [ -s "$root/usr/share/zsh/vendor-completions/_compendium" ] &&
		[ -s "$root/usr/share/fish/vendor_completions.d/compendium.fish" ]
}
check "completions" completions
documents() { grep -q setcap "$root/usr/share/doc/compendium/README.Debian" && [ -s "$root/usr/share/doc/compendium/docs/report.md" ]; }
check "README.Debian says what setcap hands out; docs" documents
remove() { inside apt-get -q purge -y compendium && inside apt-get -q autoremove -y --purge; }
check "removed by apt-get" remove
rm -f "$root/tmp/compendium.deb" "$root/tmp/r.html" "$root/tmp/r.cpd"
nothing_left() { files >"$log.after" && diff "$log.before" "$log.after"; }
check "and nothing of it is left" nothing_left
echo "1..$n"
exit $failed
