#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make demo: trace the build and the first run of a small C project, and say
# where the report is. Needs nothing from outside.
set -euo pipefail
cd "$(dirname "$0")/.."

compendium=$PWD/$1/compendium
out=$PWD/$1/demo
rm -rf "$out"
bench/project.py "$out/project" 8

echo "\$ compendium --report=$out/report.html -- make -j2 run"
"$compendium" --report="$out/report.html" -- make -s -j2 -C "$out/project" run
echo
echo "Open it in a browser; it is one file and needs no network:"
echo "$out/report.html"
