/* SPDX-License-Identifier: MIT */
/* What a seccomp filter lets through of the calls that blocks make, and stops at where memory of theirs may change. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "capture/inprocess/inside.h"
#include "capture/ptrace/ptrace.h"

/* From a block: its own call, and that which asks what was opened. */
static bool is_let_through(const struct inside *in, unsigned nr) { return in->known[nr] || nr == SYS_statx; }

unsigned space_filter(const struct ptrace_source *s, struct sock_filter *prog)
{
	const unsigned ip = offsetof(struct seccomp_data, instruction_pointer);
	unsigned n = 0, nrs = 0, skip;

	for (unsigned nr = 0; nr < RING_NRS; nr++)
		nrs += is_let_through(s->inside, nr);
	skip = 11 + nrs;	/* behind the last test */
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STUB_BLOCKS, 0, (uint8_t)(skip - 1));
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STUB_END, (uint8_t)(skip - 2), 0);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, STUB_BLOCK - 1);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, stub_call_end(), 1, 0);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, stub_stat_end(), 0, (uint8_t)(skip - 5));
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 4);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint8_t)(skip - 7));
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, (uint8_t)(skip - 9));
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned nr = 0; nr < RING_NRS; nr++)
		if (is_let_through(s->inside, nr)) {
			bool last = !--nrs;

			prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, (uint8_t)nrs, last);
		}
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	/* what is about memory there: mmap, munmap, mprotect and the like have its address first */
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 4);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args));
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STUB_RING, 0, 2);
	prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STUB_END, 1, 0);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | s->mark);
	return n;
}
