#!/bin/sh
# SPDX-License-Identifier: MIT
# A recording's text against the expected one: run.sh COMPENDIUM RECORDING EXPECTED [OPTION…]
# UPDATE=1 writes the expected text instead.
set -eu

compendium=$1 recording=$2 expected=$3
shift 3
got=$(mktemp)
trap 'rm -f "$got"' EXIT
COLUMNS=80 "$compendium" "$@" --read "$recording" 2>"$got"
if [ -n "${UPDATE-}" ]; then
	cp "$got" "$expected"
else
	diff -u "$expected" "$got"
fi
