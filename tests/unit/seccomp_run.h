/* SPDX-License-Identifier: MIT */
#pragma once
/* The few instructions a seccomp filter may use, as seccomp(2) defines them. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "unit.h"

/* *by_number: whether it looked at number and architecture alone. */
static inline unsigned seccomp_run(const struct sock_filter *prog, unsigned n, const struct seccomp_data *d,
				   bool *by_number)
{
	uint32_t a = 0;

	*by_number = true;
	for (unsigned pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &prog[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			*by_number &= i->k == offsetof(struct seccomp_data, nr) ||
				      i->k == offsetof(struct seccomp_data, arch);
			memcpy(&a, (const char *)d + i->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
		case BPF_JMP | BPF_JA: pc += i->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K: pc += a == i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JGE | BPF_K: pc += a >= i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JSET | BPF_K: pc += a & i->k ? i->jt : i->jf; break;
		case BPF_RET | BPF_K: return i->k;
		default: fail_msg("instruction %x at %u", i->code, pc);
		}
	}
	fail_msg("runs off its end");
	return 0;
}
