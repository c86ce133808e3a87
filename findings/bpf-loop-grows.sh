#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux 6.18, x86-64 (optimize_bpf_loop() in kernel/bpf/verifier.c): a call of bpf_loop() does not stay a call. Where the
# verifier knows that the flags are 0 and which function is called, it writes the loop out at that place, 18 instructions
# in place of one, and for each it copies what it has noted of all instructions of the program, some 100 bytes an
# instruction: of a program of 7,000 instructions with 22 such loops that was most of what its patching took. With flags
# that are 0 in memory, where the verifier does not look, the call stays a call.
#
#   20 calls, flags 0: 142 instructions given, some 500 in the kernel
#   20 calls, flags from a map whose value is 0: 143 given, some 150 in the kernel
#
# bpf-helpers(7) says of bpf_loop() how often and with what the function is called.
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

fresh_root bookworm ca-certificates
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends clang=1:14.0-55.7~deb12u1 gcc=4:12.2.0-3 libc6-dev libbpf-dev=1:1.1.2-0+deb12u1 >/dev/null
uname -sr

cat >"$root/tmp/loops.bpf.c" <<'C'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} zero SEC(".maps");

static long each(__u32 i, __u64 *sum)
{
	*sum += i;
	return 0;
}

#define FOUR(x) x x x x
#define TWENTY(x) FOUR(x) FOUR(x) FOUR(x) FOUR(x) FOUR(x)
#define PROGRAM(name, what)						\
	SEC("raw_tp/sys_enter") int name(void *ctx)			\
	{								\
		__u64 sum = 0;						\
		__u32 key = 0;						\
		__u64 *flags = bpf_map_lookup_elem(&zero, &key);	\
									\
		if (!flags)						\
			return 0;					\
		TWENTY(bpf_loop(8, each, &sum, what);)			\
		return sum & 1;						\
	}

PROGRAM(constant, 0)
PROGRAM(memory, *(volatile __u64 *)flags)
char LICENSE[] SEC("license") = "GPL";
C
cat >"$root/tmp/load.c" <<'C'
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>

int main(void)
{
	struct bpf_object *o = bpf_object__open("/tmp/loops.bpf.o");
	struct bpf_program *p;

	if (!o || bpf_object__load(o))
		return 1;
	bpf_object__for_each_program(p, o) {
		struct bpf_prog_info info = { 0 };
		unsigned n = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &n))
			return 1;
		printf("%s %zu %u\n", bpf_program__name(p), bpf_program__insn_cnt(p), info.xlated_prog_len / 8);
	}
	return 0;
}
C
inside clang -O2 -g -target bpf -I/usr/include/x86_64-linux-gnu -c /tmp/loops.bpf.c -o /tmp/loops.bpf.o
inside gcc -o /tmp/load /tmp/load.c -lbpf
inside /tmp/load >"$root/tmp/seen"
failed=0
while read -r name given there; do
	echo "flags $name: $given instructions given, $there in the kernel"
	case $name in
	constant) [ "$there" -gt $((given + 300)) ] || failed=1 ;;
	memory) [ "$there" -lt $((given + 20)) ] || failed=1 ;;
	esac
done <"$root/tmp/seen"
[ "$(wc -l <"$root/tmp/seen")" = 2 ] || failed=1
if [ "$failed" != 0 ]; then
	echo "CHANGED"
	exit 1
fi
echo "as found: each bpf_loop() with constant flags is written out at its place"
