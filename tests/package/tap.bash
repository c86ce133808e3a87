# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For scripts that source this and print TAP: check WHAT COMMAND… runs it; its output goes to $log, and is shown when it fails.
# shellcheck disable=SC2034,SC2154
n=0 failed=0
check() { # WHAT COMMAND…
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >"$log" 2>&1; then
		echo "ok $n - $what"
	else
		failed=1
		echo "not ok $n - $what"
		tail -n 30 "$log" | sed 's/^/# /'
	fi
}
