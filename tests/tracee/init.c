/* SPDX-License-Identifier: MIT */
/*
 * The first process of a pid namespace: no signal of its own ends it, a fault does, and its waits are not interrupted.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/process.h"
#include "tracee.h"

static void reads_nothing(void) { *(volatile char *)0; }
static void has_no_such_instruction(void) { __asm__ volatile("ud2"); }
static void has_a_breakpoint(void) { __asm__ volatile("int3"); }
static void aborts(void) { abort(); }

static void divides(void)
{
	volatile int zero = 0;

	zero = 12345 / zero;
}

static void breaks_its_filter(void)
{
	struct sock_filter v[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, v };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
	syscall(SYS_getppid);
	_exit(9);
}

/* Signals that would end any other process. */
static void signals_itself(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev;
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 10; i++) {
			usleep(2000);
			kill(1, i & 1 ? SIGTERM : SIGUSR1);
		}
		_exit(0);
	}
	CHECK(epoll_wait(ep, &ev, 1, 50) == 0);
	CHECK(reap(pid) == 0);
	_exit(7);
}

static const struct { void (*fn)(void); int status; } ends[] = {
	{ reads_nothing, SIGSEGV }, { has_no_such_instruction, SIGILL }, { divides, SIGFPE }, { has_a_breakpoint, SIGTRAP },
	{ aborts, SIGSEGV },	/* the signal does nothing; hlt, then */
	{ breaks_its_filter, SIGSYS }, { signals_itself, 7 << 8 },
};

int main(void)
{
	const struct rlimit none = { 0, 0 };
	int flags = CLONE_NEWPID | (geteuid() ? CLONE_NEWUSER : 0);

	setrlimit(RLIMIT_CORE, &none);
	tracee_begin();
	tracee_ignore("^(fork|signal|kill|exit|recv|read|close)");
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
		int status;

		if (pid < 0 && (errno == EPERM || errno == ENOSPC || errno == EINVAL))
			tracee_skip("not allowed to make a pid namespace");
		CHECK(pid >= 0);
		if (pid == 0) {
			ends[i].fn();
			_exit(8);
		}
		if (WIFSIGNALED(ends[i].status))
			expect_of(pid, "killed by %s*",
				  ends[i].status == SIGSEGV ? "SIGSEGV" :
				  ends[i].status == SIGILL  ? "SIGILL" :
				  ends[i].status == SIGFPE  ? "SIGFPE" :
				  ends[i].status == SIGTRAP ? "SIGTRAP" :
							      "SIGSYS");
		status = reap(pid);
		if ((status & ~0x80) != ends[i].status)
			dprintf(2, "way %u: status %#x\n", i, status);
		CHECK((status & ~0x80) == ends[i].status);
	}
	tracee_end();
}
