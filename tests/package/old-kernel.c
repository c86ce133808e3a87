/* SPDX-License-Identifier: MIT */
/*
 * old-kernel [--no-syscall-info] COMMAND…: runs it as Linux 5.3 would, as far as a program can tell.  Calls added after
 * 5.3 are unknown (ENOSYS), bpf(2) too, and uname(2) says 2.6.x (UNAME26 knows no other number).  With
 * --no-syscall-info as 5.2 would: PTRACE_GET_SYSCALL_INFO is EIO.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LAST_OF_5_3 = 435 /* clone3 */, GET_SYSCALL_INFO = 0x420e };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

int main(int argc, char **argv)
{
	int old = argc > 1 && !strcmp(argv[1], "--no-syscall-info");
	struct sock_filter code[] = {
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_OF_5_3, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 4),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, old ? GET_SYSCALL_INFO : ~0u, 0, 2),
		ANSWER(EIO),
		ANSWER(ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	argv += 1 + old;
	if (!*argv) {
		fputs("usage: old-kernel [--no-syscall-info] COMMAND [ARG...]\n", stderr);
		return 125;
	}
	if (personality(PER_LINUX | UNAME26) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0) {
		perror("old-kernel");
		return 125;
	}
	execvp(*argv, argv);
	perror(*argv);
	return 127;
}
