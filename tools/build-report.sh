#!/usr/bin/env bash
# Bundles the HTML report's page: tools/build-report.sh OUTPUT DEPFILE
# A build step of Meson; several build directories may run it at once.
set -euo pipefail

output=$1 depfile=$2
report=$(cd "$(dirname "$0")/../report" && pwd)
page=$report/dist/template.html
# The tests are no part of the page; a change in them rebuilds nothing.
sources() { find "$report" \( -name node_modules -o -name dist -o -name test \) -prune -o -type f "$@" -print; }

npm_run() {
	local log
	log=$(mktemp)
	if ! (cd "$report" && npm "$@") >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		echo "build-report: 'npm $*' failed in $report (see above)." >&2
		echo "build-report: the page's libraries come from the npm registry: check the network, or build with a ready page: meson configure -Dreport_template=FILE" >&2
		exit 1
	fi
	rm -f "$log"
}

# The directory itself is the lock: no lock file to leave behind.
exec 9<"$report"
flock 9
# npm writes this file last, so it tells whether an install was complete.
installed=$report/node_modules/.package-lock.json
[ "$installed" -nt "$report/package-lock.json" ] || npm_run ci --no-fund --no-audit
if [ ! -e "$page" ] || [ -n "$(sources -newer "$page")" ]; then
	npm_run run build
fi
cp "$page" "$output"
{ printf '%s:' "$output"; sources | sed 's/ /\\ /g; s/^/ /' | tr -d '\n'; echo; } >"$depfile"
