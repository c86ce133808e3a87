/* SPDX-License-Identifier: MIT */
/*
 * seccomp COMMAND…: runs the command under a filter of one instruction, which allows every call.  The least that any
 * filter costs, so the floor of what stops at chosen calls only.
 */
#include <err.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	if (argc < 2)
		errx(2, "usage: seccomp COMMAND…");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		err(2, "seccomp");
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}
