#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the recordings of tests/golden anew: tests/golden/record.sh BUILD/compendium [NAME…]
# Then UPDATE=1 meson test -C BUILD --suite golden writes the texts; read the diff before it is committed.
# Recordings hold the environment and what files are called: a clean environment, a neutral folder, nothing of this machine.
set -eu

compendium=$(realpath "$1") here=$(realpath "$(dirname "$0")")
shift
work=/tmp/golden
rm -rf "$work"
mkdir "$work"
trap 'rm -rf "$work"' EXIT
cd "$work"

want() { name=$1; shift; case " $names " in "  " | *" $name "*) record "$@" ;; esac; }
record()
{
	# shellcheck disable=SC2086
	env -i PATH=/usr/bin:/bin LC_ALL=C "$compendium" $options --record "$here/$name.cpd" -- "$@" </dev/null >/dev/null 2>&1 || true
	echo "$name: $(stat -c %s "$here/$name.cpd") bytes"
}
names=$* options=

printf '127.0.0.1\tlocalhost\n' > hosts
cat > Makefile <<'EOF'
all: a b
a b:
	cat hosts > $@
	test $@ = a
EOF
cat > net.pl <<'EOF'
use Socket;
socket(my $l, PF_INET, SOCK_STREAM, 0); bind($l, sockaddr_in(0, INADDR_LOOPBACK)); listen($l, 5);
my $to = getsockname($l);
if (!(my $pid = fork)) {
	socket(my $c, PF_INET, SOCK_STREAM, 0); connect($c, $to);
	syswrite($c, "GET /"); sysread($c, my $answer, 100); exit 0;
} else {
	accept(my $s, $l); sysread($s, my $ask, 100); syswrite($s, "x" x 2000); close $s; waitpid($pid, 0);
}
socket(my $u, PF_INET, SOCK_DGRAM, 0); send($u, "hello", 0, sockaddr_in(9, inet_aton("192.0.2.1")));
socket(my $r, PF_INET, SOCK_STREAM, 0); connect($r, sockaddr_in(1, INADDR_LOOPBACK));
socket(my $x, PF_UNIX, SOCK_STREAM, 0); connect($x, sockaddr_un("/tmp/golden/nobody"));
socketpair(my $p, my $q, PF_UNIX, SOCK_STREAM, 0); syswrite($p, "pair"); sysread($q, my $pair, 10);
EOF
seq 1 30000 > numbers

want shell sh -c 'cat hosts > x; ls /nonexistent; exit 3'
want net perl net.pl
want pipe sh -c 'seq 1 9000 | sort -rn > sorted; tail -n 2 sorted | cat'
want threads xz -T2 -0 --block-size=64KiB -kc numbers
want death sh -c './nope; cd /nowhere; exec sh -c "kill -SEGV \$\$"'
want make make -s -k -j2
cc -O1 -pthread -o mapped "$here/../answers/mapped.c"
head -c 262144 /dev/urandom > data
sync data
options=--faults
want faults ./mapped data threads
cc -O1 -g0 -pthread -o stacks "$here/../live/stacks.c"
options=-k
want stacks sh -c './stacks nested; ./stacks deep'
options=
# version2.cpd and version3.cpd are what was written before versions 3 and 4 of the format, and stay as they are; stacks.cpd is of version 4, the others of version 1
# every call, with every word of its arguments: only for args.py
cp "$(dirname "$compendium")/tests/live/everycall" .
want everycall ./everycall words
want everycall-i386 ./everycall i386 words
