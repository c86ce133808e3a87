#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Bundles the HTML report's page: tools/build-report.sh OUTPUT DEPFILE
# A build step of Meson; several build directories may run it at once.
set -euo pipefail

output=$(realpath "$1") name=$1 depfile=$2
report=$(cd "$(dirname "$0")/../report" && pwd)

run() {
	local log
	log=$(mktemp)
	if ! (cd "$report" && "$@") >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		echo "build-report: '$*' failed in $report (see above)." >&2
		echo "build-report: the page's libraries come from the npm registry. Is the network up?" >&2
		echo "build-report: a ready-made page does without: meson configure BUILD -Dreport_template=FILE" >&2
		exit 1
	fi
	rm -f "$log"
}

# The directory itself is the lock: no lock file to leave behind.
exec 9<"$report"
flock 9
# npm writes this file last, so it tells whether an install was complete.
installed=$report/node_modules/.package-lock.json
[ "$installed" -nt "$report/package-lock.json" ] || run npm ci --no-fund --no-audit
run node build.mjs "$output"

# The tests are no part of the page; a change in them rebuilds nothing.
{
	printf '%s:' "$name"
	find "$report" "${report%/*}/src/filter/roles.h" \( -name node_modules -o -name dist -o -name test \) -prune -o -type f -print | sed 's/ /\\ /g; s/^/ /' | tr -d '\n'
	echo
} >"$depfile"
