#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints under which name a library is looked for when a program that was linked with it starts:
#   tools/soname.sh LIBRARY CC...
# LIBRARY as in -lLIBRARY.  The name has the version of the interface that headers of this machine are for.
set -eu

library=$1
shift
out=$(mktemp)
trap 'rm -f "$out"' EXIT
echo 'int main(void) { return 0; }' | "$@" -x c - -Wl,--no-as-needed "-l$library" -o "$out"
name=$(LC_ALL=C readelf -d "$out" | sed -n "s/.*(NEEDED).*\[\(lib$library\.so.*\)\].*/\1/p")
[ -n "$name" ] || { echo "soname: a program linked with -l$library needs no lib$library.so" >&2; exit 1; }
printf '%s' "$name"
