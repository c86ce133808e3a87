#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# make demo: trace a command whose lines fit a screen, then the build and the first run of a small C project, of which
# the summary is shown and the report is named. Needs nothing from outside.
set -euo pipefail
cd "$(dirname "$0")/.."

compendium=$PWD/$1/compendium
out=$PWD/$1/demo
rm -rf "$out"
bench/project.py "$out/project" 8

echo "\$ compendium -- cat /etc/hostname"
"$compendium" -- cat /etc/hostname
echo
echo "The next one makes thousands of calls: -q prints their summary only, --report writes all of them."
echo "\$ compendium -q --report=$out/report.html -- make -j2 run"
"$compendium" -q --report="$out/report.html" -- make -s -j2 -C "$out/project" run
echo
echo "Open it in a browser; it is one file and needs no network:"
echo "$out/report.html"
