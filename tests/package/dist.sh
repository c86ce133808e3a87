#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A program built from the source tarball, without network, Node.js and git:
#   tests/package/dist.sh TARBALL
# Prints TAP.
# Checks are called by name.
# shellcheck disable=SC2317,SC2329
set -euo pipefail

tarball=$(realpath "$1")
name=$(basename "$tarball" .tar.xz)
scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT

log=$scratch/log
# shellcheck source=tests/package/tap.bash
. "$(dirname "$0")/tap.bash"

# Programs that a build must not run fail when it does.
mkdir "$scratch/bin"
for tool in node npm git curl wget; do
	printf '#!/bin/sh\necho "%s was called" >&2\nexit 1\n' "$tool" >"$scratch/bin/$tool"
	chmod +x "$scratch/bin/$tool"
done
offline=(env "PATH=$scratch/bin:$PATH")
if [ "$(id -u)" -eq 0 ]; then offline+=(unshare --net); else offline+=(unshare --user --net); fi
"${offline[@]}" true 2>/dev/null || { echo "1..0 # SKIP cannot take the network away (unshare --net)"; exit 0; }

tar -C "$scratch" -xf "$tarball"
top=$scratch/$name
check "one directory, named after the version" test -d "$top"
check "it carries the page" grep -q '<!--cpd:data-->' "$top/report/template.html"
check "and its source" test -f "$top/report/src/main.tsx"
nothing_built() { [ -z "$(find "$top" \( -name node_modules -o -name 'build*' -type d -o -name '*.o' -o -name '*.pyc' \) -print -quit)" ]; }
check "and nothing else that was built" nothing_built
# make runs tools/setup.sh, which must not ask for Node.js
needs() { cd "$top" && "${offline[@]}" tools/setup.sh -n build; }
check "set-up asks for nothing here" needs
# Whether all of it is there shows without optimization, too, in half the time; gcc then warns of what it else can follow.
build() { cd "$top" && "${offline[@]}" make MESON_ARGS="-Dtests=false -Doptimization=0" </dev/null; }
check "make, offline" build
runs() { [ "$("$top/build/compendium" --version | head -n 1)" = "${name/-/ }" ]; }
check "the program says the tarball's version" runs
report() {
	"$top/build/compendium" --backend ptrace --report="$scratch/r.html" -- true && grep -q '<script' "$scratch/r.html"
}
check "it writes a report with the page" report
echo "1..$n"
exit $failed
