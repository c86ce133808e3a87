/* SPDX-License-Identifier: MIT */
/* Can this kernel do what the ptrace backend needs? */
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/kernel.h"
#include "base/process.h"
#include "capture/ptrace/ptrace.h"

/* Asks about a child that stopped at once: EIO is what a kernel answers to a request it does not have. */
static bool has_syscall_info(void)
{
	struct __ptrace_syscall_info si;
	pid_t pid = fork();
	bool has = true;
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	if (pid < 0)
		return true;	/* the fork of the command will say why */
	if (wait_one(pid, &status, WUNTRACED) == 1 && WIFSTOPPED(status) &&
	    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(si), &si) < 0)
		has = errno != EIO;
	kill_one(pid, SIGKILL);
	wait_end(pid, &status);
	return has;
}

int ptrace_able(struct diag *diag)
{
	/* The version alone may be a pretence (personality(2), UNAME26); a new one needs no process to ask. */
	if (!kernel_is_older(5, 3) || has_syscall_info())
		return 0;
	return diag_set(diag, 125, ENOTSUP,
			"this kernel is older than 5.3: it lacks PTRACE_GET_SYSCALL_INFO, which compendium needs; use "
			"a newer one");
}
