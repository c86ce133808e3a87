#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the pictures of README.md anew: tools/pictures.sh [BUILD].  Needs chromium and pngquant.  Works in /tmp/demo, the
# folder of README's examples, which must not be there.
set -euo pipefail
cd "$(dirname "$0")/.."

top=$PWD compendium=$PWD/${1:-build}/compendium work=/tmp/demo
mkdir "$work"
trap 'rm -rf "$work"' EXIT

bench/project.py "$work/project" 8
(cd "$work/project" && "$compendium" --report="$work/report.html" -- make -s -j2 run >/dev/null 2>&1)
mkdir "$work/me"
printf '[user]\n\tname = Ada\n' >"$work/me/.gitconfig"
(cd "$work/me" && LC_ALL=C HOME=$PWD "$compendium" --color=always -- git config user.name 2>&1 >/dev/null | head -n 45) >"$work/lines"
node report/test/pictures.mjs "$work/report.html" "$work/lines" "$work"
for picture in report-overview report-timeline terminal; do
	pngquant --force --speed 1 --strip --output "$top/docs/img/$picture.png" 64 "$work/$picture.png"
done
ls -l docs/img
