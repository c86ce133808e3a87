/* SPDX-License-Identifier: MIT */
/* What a seccomp filter lets through of the calls that blocks make, and stops at where memory of theirs may change. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "capture/inprocess/inside.h"
#include "capture/ptrace/ptrace.h"

/* From a block: its own call, and that which asks what was opened. */
static bool is_let_through(const struct inside *in, unsigned nr) { return in->known[nr] || nr == SYS_statx; }

/* Of a jump at one place of a filter to another. */
static uint8_t distance(unsigned from, unsigned to) { return (uint8_t)(to - from - 1); }

unsigned space_filter(const struct ptrace_source *s, struct sock_filter *prog)
{
	const unsigned ip = offsetof(struct seccomp_data, instruction_pointer);
	const unsigned arg0 = offsetof(struct seccomp_data, args), flags = offsetof(struct seccomp_data, args[3]);
	unsigned n = 0, nrs = 0, mapping, starting, allow, skip;

	for (unsigned nr = 0; nr < RING_NRS; nr++)
		nrs += is_let_through(s->inside, nr);
	/* behind the numbers: a jump, what is asked of mmap, of others that change memory, and of no other */
	mapping = 12 + nrs;
	starting = mapping + 2;
	allow = starting + 2;
	skip = allow + 1;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip);
	prog[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STUB_BLOCKS, 0, distance(n, skip)), n++;
	prog[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STUB_END, distance(n, skip), 0), n++;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, STUB_BLOCK - 1);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, stub_call_end(), 1, 0);
	prog[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, stub_stat_end(), 0, distance(n, skip)), n++;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 4);
	prog[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, distance(n, skip)), n++;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	prog[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, distance(n, skip)), n++;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned nr = 0; nr < RING_NRS; nr++)
		if (is_let_through(s->inside, nr)) {
			enum which_guard guard = which_guard(nr);
			unsigned to = guard == GUARD_MMAP ? mapping : guard == GUARD_START ? starting : allow;

			prog[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, distance(n, to), 0), n++;
		}
	prog[n] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, distance(n, skip)), n++;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags);
	prog[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED | MAP_FIXED, distance(n, skip),
					       distance(n, allow)), n++;
	/* what begins above 4 GB ends there: beyond the address space it fails */
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arg0 + 4);
	prog[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, distance(n, skip), 0), n++;
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	/* what is about memory there: mmap, munmap, mprotect and the like have its address first */
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arg0 + 4);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arg0);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STUB_RING, 0, 2);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STUB_END, 1, 0);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | s->mark);
	return n;
}
