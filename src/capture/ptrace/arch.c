/* SPDX-License-Identifier: MIT */
/* The tables of numbers that a call may belong to, and calls in calls. */
#include <linux/audit.h>
#include <stdint.h>

#include "abi/spec.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

enum { X32_BIT = 0x40000000 };

unsigned call_arch(uint32_t audit_arch, uint64_t nr, uint32_t *ret_nr)
{
	*ret_nr = (uint32_t)nr;
	if (audit_arch == AUDIT_ARCH_I386)
		return ARCH_I386;
	/* -1 (a number a debugger or the program itself made up) has the bit too */
	if ((nr & X32_BIT) && (int64_t)(int32_t)nr >= 0) {
		*ret_nr = (uint32_t)(nr & ~(uint64_t)X32_BIT);
		return ARCH_X32;
	}
	return ARCH_X86_64;
}

static bool read_words(void *tid, uint64_t addr, unsigned nwords, uint32_t *ret_words)
{
	return mem_read(*(pid_t *)tid, addr, ret_words, nwords * sizeof(*ret_words)) == nwords * sizeof(*ret_words);
}

void call_unwrap(const struct tracee *t, unsigned *nr, uint64_t args[6])
{
	pid_t tid = t->tid;

	for (unsigned i = 0; i < 6; i++)
		args[i] = (uint32_t)args[i];
	spec_unwrap(nr, args, read_words, &tid);
}
