/* SPDX-License-Identifier: MIT */
/*
 * Calls that a tracee makes for us: the first in the place of the one at whose seccomp-stop it stands, the others from
 * the same instruction.  No handler runs meanwhile.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/process.h"
#include "capture/inprocess/inside.h"
#include "capture/ptrace/ptrace.h"

struct inject {
	struct tracee *t;
	struct user_regs_struct regs;
	uint64_t mask;
	bool first, ok, stop_due;
};

/* Looked at only: what is no stop at a call stays for the loop, but SIGSTOP, which no mask holds back. */
static bool await_stop(struct inject *in, int *ret_status)
{
	siginfo_t w;
	int rc;

	do
		rc = wait_look(in->t->tid, &w, 0);
	while (rc == -EINTR);
	*ret_status = w.si_status;
	return rc == 1 && w.si_code == CLD_TRAPPED;
}

static bool await_exit(struct inject *in)
{
	struct __ptrace_syscall_info si;
	int status;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, in->t->tid, 0, 0) < 0 || !await_stop(in, &status))
			return false;
		if (status == SIGSTOP) {
			in->stop_due = true;
			continue;
		}
		if (status != (SIGTRAP | 0x80) && status != (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			return false;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, in->t->tid, sizeof(si), &si) < 0)
			return false;
		if (si.op == PTRACE_SYSCALL_INFO_EXIT)
			return true;
	}
}

int64_t inject_call(struct inject *in, uint64_t nr, const uint64_t args[6])
{
	struct user_regs_struct r = in->regs;

	if (!in->ok)
		return -1;
	r.rdi = args[0], r.rsi = args[1], r.rdx = args[2], r.r10 = args[3], r.r8 = args[4], r.r9 = args[5];
	r.orig_rax = in->first ? nr : -1ull;
	r.rax = in->first ? (uint64_t)-ENOSYS : nr;
	if (!in->first)
		r.rip -= 2;
	in->first = false;
	in->ok = ptrace(PTRACE_SETREGS, in->t->tid, 0, &r) == 0 && await_exit(in) &&
		 ptrace(PTRACE_GETREGS, in->t->tid, 0, &r) == 0;
	return in->ok ? (int64_t)r.rax : -1;
}

struct inject *inject_begin(struct tracee *t)
{
	struct inject *in = xcalloc(1, sizeof(*in));
	uint64_t all = ~0ull;

	*in = (struct inject){ .t = t, .first = true, .ok = true };
	if (ptrace(PTRACE_GETREGS, t->tid, 0, &in->regs) == 0 && ptrace(PTRACE_GETSIGMASK, t->tid, 8, &in->mask) == 0 &&
	    ptrace(PTRACE_SETSIGMASK, t->tid, 8, &all) == 0)
		return in;
	free(in);
	return NULL;
}

uint64_t inject_stack(const struct inject *in) { return (in->regs.rsp - 1024) & ~7ull; }

void inject_end(struct inject *in)
{
	struct user_regs_struct r = in->regs;

	r.rip -= 2;
	r.rax = r.orig_rax;
	r.orig_rax = -1ull;
	ptrace(PTRACE_SETREGS, in->t->tid, 0, &r);
	ptrace(PTRACE_SETSIGMASK, in->t->tid, 8, &in->mask);
	if (in->stop_due)
		syscall(SYS_tkill, in->t->tid, SIGSTOP);
	free(in);
}
