#!/bin/sh
# SPDX-License-Identifier: MIT
# A test as an ordinary user: user.sh SCRIPT [ARG…].  Root becomes nobody for it; anybody else has been one all along.
set -eu

nobody=65534
skip()
{
	echo "1..0 # SKIP $1"
	exit 0
}

[ "$(id -u)" = 0 ] || skip "not root: the test itself ran as an ordinary user"
command -v setpriv > /dev/null || skip "setpriv is not installed"
as_nobody() { setpriv --reuid=$nobody --regid=$nobody --clear-groups --inh-caps=-all -- env HOME=/nonexistent USER=nobody "$@"; }
n=$#
while [ "$n" -gt 0 ]; do	# programs by names that hold everywhere
	word=$1
	shift
	case $word in
	*/*)
		word=$(realpath "$word")
		as_nobody test -r "$word" || skip "user nobody cannot reach $word"
		;;
	esac
	set -- "$@" "$word"
	n=$((n - 1))
done
cd /
as_nobody python3 "$@"
