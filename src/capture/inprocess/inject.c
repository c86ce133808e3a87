/* SPDX-License-Identifier: MIT */
/*
 * Calls that a tracee makes for us, from one syscall instruction: the first in the place of the one at whose
 * seccomp-stop it stands, if it does.  No handler runs meanwhile.
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
	uint64_t mask, site;
	bool first, ok, stop_due;
	bool at_site;		/* it stands where it does and not at `site` */
	bool asked;		/* it has to come to a stop that was asked for */
	bool at_exit;		/* at the exit of a call before that stop */
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
		if (in->asked && status == (SIGTRAP | PTRACE_EVENT_STOP << 8))
			continue;
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
		r.rip = in->site;
	in->first = false;
	in->ok = ptrace(PTRACE_SETREGS, in->t->tid, 0, &r) == 0 && await_exit(in) &&
		 ptrace(PTRACE_GETREGS, in->t->tid, 0, &r) == 0;
	return in->ok ? (int64_t)r.rax : -1;
}

static struct inject *begin(const struct inject *as)
{
	struct inject *in = xcalloc(1, sizeof(*in));
	struct tracee *t = as->t;
	uint64_t all = ~0ull;

	*in = *as;
	in->ok = true;
	if (ptrace(PTRACE_GETREGS, t->tid, 0, &in->regs) == 0 && ptrace(PTRACE_GETSIGMASK, t->tid, 8, &in->mask) == 0 &&
	    ptrace(PTRACE_SETSIGMASK, t->tid, 8, &all) == 0)
		return in;
	free(in);
	return NULL;
}

struct inject *inject_begin(struct tracee *t)
{
	struct inject *in = begin(&(struct inject){ .t = t, .first = true });

	if (in)
		in->site = in->regs.rip - 2;
	return in;
}

struct inject *inject_begin_at(struct tracee *t, uint64_t site, bool asked)
{
	struct inject in = { .t = t, .site = site, .at_site = true, .asked = asked };
	struct __ptrace_syscall_info si;

	if (asked && ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(si), &si) < 0)
		return NULL;
	in.at_exit = asked && si.op == PTRACE_SYSCALL_INFO_EXIT;
	return begin(&in);
}

/* The stop that it stood at, or was on its way to, is still to come: what it is in is made again only behind one. */
static void stop_again(struct inject *in)
{
	int status;

	do
		if (ptrace(PTRACE_INTERRUPT, in->t->tid, 0, 0) < 0 || in->at_exit ||
		    ptrace(PTRACE_CONT, in->t->tid, 0, 0) < 0 || !await_stop(in, &status))
			return;
	while (status == SIGSTOP);
}

uint64_t inject_stack(const struct inject *in) { return (in->regs.rsp - 1024) & ~7ull; }

void inject_end(struct inject *in)
{
	struct user_regs_struct r = in->regs;

	if (in->asked)
		stop_again(in);
	if (!in->at_site) {
		r.rip -= 2;
		r.rax = r.orig_rax;
		r.orig_rax = -1ull;
	}
	ptrace(PTRACE_SETREGS, in->t->tid, 0, &r);
	ptrace(PTRACE_SETSIGMASK, in->t->tid, 8, &in->mask);
	if (in->stop_due)
		syscall(SYS_tkill, in->t->tid, SIGSTOP);
	free(in);
}
