#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the shells offer for a command line:
#   tests/golden/completions.sh BASH-COMPLETION ZSH-COMPLETION FISH-COMPLETION
# Bash completes without bash-completion, and hands a command over to it where it is.  Prints TAP.
# Checks are called by name.
# shellcheck disable=SC2016,SC2317,SC2329
set -euo pipefail

files=("$@")
scratch=$(mktemp -d) log=$(mktemp)
trap 'rm -rf --one-file-system "$scratch" "$log"' EXIT
# shellcheck source=tests/package/tap.bash
. "$(dirname "$0")/../package/tap.bash"
mkdir "$scratch/folder"
: >"$scratch/one.cpd"

# WORD… (the last is what is completed): as readline splits a line, where = is a word.  PREPARE is run before.
offers() {
	local script='eval "$PREPARE"; . "$0"; cd "$FOLDER"; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=(); _compendium; echo "${COMPREPLY[*]}"'
	FOLDER=$scratch PREPARE=${PREPARE-} bash --norc --noprofile -c "$script" "${files[0]}" "$@"
}
is() { # EXPECTED WORD…
	local expected=$1 got
	shift
	got=$(offers "$@")
	echo "\"$*\": \"$got\", not \"$expected\""
	[ "$got" = "$expected" ]
}
contains() { # EXPECTED WORD…
	local expected=$1 got
	shift
	got=$(offers "$@")
	echo "\"$*\": \"$got\" lacks \"$expected\""
	[[ " $got " == *" $expected "* ]]
}

check "the beginning of an option" is "--read --relative-timestamps --report --record --redact" compendium --re
check "the words that an option takes" is "auto ptrace bpf" compendium --backend ""
check "behind =, of which readline makes a word" is "auto ptrace bpf" compendium --backend =
check "a beginning of one behind =" is "bpf" compendium --backend = b
check "a value that may be left out" is "json" compendium --summary = ""
check "which is no value without =" contains "ls" compendium --summary l
check "a file" is "one.cpd" compendium --read o
check "a file behind =" is "one.cpd" compendium --report = o
check "a folder, and no file" is "folder" compendium --csv ""
check "nothing where it says what kind of value there is" is "" compendium --rotate ""
check "nothing behind = of an option without value" is "" compendium --verbose = ""
check "a number of a process" contains "$$" compendium -p ""
check "an option behind the value of another" is "--relative-timestamps" compendium --backend = bpf --rel
check "a command" contains "bash" compendium bas
check "a command behind --" contains "bash" compendium -v -- bas
check "a file for the command" is "one.cpd" compendium -- cat o
for name in _command_offset _comp_command_offset; do
	PREPARE="$name() { COMPREPLY=(\"from \$1\"); }"
	check "the command is completed by $name, where it is" is "from 4" compendium --backend = bpf make al
	check "behind --, too" is "from 3" compendium -v -- make al
done
unset PREPARE
no_kinds() { ! grep -E '[(" ]?(SIZE TIME|TIME SIZE)' "${files[@]}"; }
check "no shell offers the name of a kind" no_kinds
shell_reads() { # SHELL FILE
	"$1" -n "$2"
}
for shell in zsh:1 fish:2; do
	if command -v "${shell%:*}" >/dev/null; then
		check "${shell%:*} can read its own" shell_reads "${shell%:*}" "${files[${shell#*:}]}"
	else
		n=$((n + 1))
		echo "ok $n - ${shell%:*} can read its own # SKIP ${shell%:*} is not installed"
	fi
done
echo "1..$n"
exit "$failed"
