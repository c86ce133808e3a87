#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two builds print the same: tools/same-output.sh BASE NEW [RECORDING...]
# For every golden recording, those named, and one of about a million events: live text as it is, with -v and with --all, the
# summary, and the report are byte-identical.  For changes that are meant to change nothing.
# The large recording is made once, by BASE, and kept: $COMPENDIUM_LARGE, or compendium-large.cpd in $TMPDIR or /tmp.
set -euo pipefail

base=$(realpath "${1:?usage: tools/same-output.sh BASE NEW [RECORDING...]}") new=$(realpath "${2:?NEW: the other program}")
shift 2
top=$(realpath "$(dirname "$0")/..")
large=${COMPENDIUM_LARGE:-${TMPDIR:-/tmp}/compendium-large.cpd}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

record_large()
{
	local part=$work/large.cpd

	echo "recording $large, once"
	mkdir "$work/files"
	seq 1 3000 | split -l 1 -a 4 - "$work/files/f"
	# Small reads and writes by the hundred thousand, many files, processes, pipes and failures.
	# shellcheck disable=SC2016 # $1 is the traced shell's
	"$base" --record "$part" -o /dev/null -- sh -c '
		dd if=/dev/zero of=/dev/null bs=1 count=480000
		find "$1" -type f | sort | xargs -n 30 cat | wc -c
		ls "$1" /nonexistent; find /usr/include -name "*.h" | head -n 500 | xargs cat | sort | tail -n 1
		for i in 1 2 3 4 5 6 7 8 9; do (cd "$1" && cp f"$i"* /nope; /bin/true) & done; wait' sh "$work/files" >"$work/said" 2>&1 </dev/null || true
	mv "$part" "$large"
	rm -r "$work/files"
}

# run PROGRAM RECORDING NAME OPTION...: what it prints into $work/NAME
run()
{
	local program=$1 recording=$2 name=$3

	shift 3
	COLUMNS=80 "$program" "$@" --read "$recording" >"$work/$name" 2>&1 || true
}

failed=0
# same RECORDING WHAT: $work/base and $work/new
same()
{
	if ! cmp -s "$work/base" "$work/new"; then
		echo "$1: $2 differs"
		diff -a "$work/base" "$work/new" | cut -c 1-160 | head -n 6 || true
		failed=1
	fi
}

compare()
{
	local recording=$1 name option

	name=$(basename "$recording" .cpd)
	for option in "" -v --all; do
		run "$base" "$recording" base ${option:+"$option"}
		run "$new" "$recording" new ${option:+"$option"}
		[ -s "$work/base" ] || { echo "$name: the text is empty"; failed=1; }
		same "$name" "text ${option:-without options}"
	done
	for program in base new; do
		run "${!program}" "$recording" said "--report=$work/page.html" -o "$work/text"
		# what the writer put in: the page's own style and script, which are built apart, may differ
		python3 -c 'import re, sys
page = open(sys.argv[1], "rb").read()
sys.stdout.buffer.write(re.sub(rb"<style.*?</style>|<script(?: type=.module.[^>]*)?>(?!cpd\().*?</script>", b"", page, flags=re.S))' \
			"$work/page.html" >"$work/$program"
		grep -qa 'cpd("end",1)' "$work/$program" || { echo "$name: the report has no end"; failed=1; }
	done
	same "$name" report
}

[ -s "$large" ] || record_large
for recording in "$top"/tests/golden/*.cpd "$@" "$large"; do
	compare "$recording"
done
[ "$failed" = 0 ] && echo "same text, summary and report from $(find "$top/tests/golden" -name '*.cpd' | wc -l) golden recordings${1:+, $# more} and $large"
exit "$failed"
