/* SPDX-License-Identifier: MIT */
/* Filters, modes and limits that a program sets for itself, with stubs in it or before there are any. */
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/process.h"
#include "stubs.h"

static volatile uintptr_t trapped_at;
static volatile int ntrapped;

static void trapped(int signo, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	(void)signo;
	ntrapped++;
	trapped_at = (uintptr_t)si->si_call_addr;
	CHECK((uintptr_t)uc->uc_mcontext.gregs[REG_RIP] == trapped_at);
	CHECK(si->si_syscall == SYS_pread64);
	uc->uc_mcontext.gregs[REG_RAX] = -EXDEV;
}

void own_filter(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pread64, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_lseek, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(f) / sizeof(f[0]), f };
	struct sigaction sa = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO };
	char c;

	reads(ENOUGH);
	sigaction(SIGSYS, &sa, NULL);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
	for (int i = 0; i < 100; i++) {
		CHECK(pread(zero, &c, 1, 0) == -1 && errno == EXDEV);
		CHECK(lseek(zero, 0, SEEK_SET) == -1 && errno == EDOM);
	}
	CHECK(ntrapped == 100 && trapped_at > 0x80000000ul);
	reads(ENOUGH);
}

void strict(void)
{
	reads(ENOUGH);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	if (write(null, "x", 1) != 1)
		failed++;
	syscall(SYS_exit, failed != 0);
}

void no_clock(void)
{
	reads(ENOUGH);
	CHECK(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
	reads(ENOUGH);
	CHECK(prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0);
}

void undumpable(void)
{
	pid_t child;
	int status;

	reads(ENOUGH);
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
	reads(ENOUGH);
	child = fork();
	if (child == 0) {
		reads(ENOUGH);
		_exit(failed + 3);
	}
	CHECK(wait_end(child, &status) == 1 && WEXITSTATUS(status) == 3);
	no_ring();
	reads(ENOUGH);
}

void limited(void)
{
	struct rlimit r = { 1 << 30, 1 << 30 };

	CHECK(setrlimit(RLIMIT_AS, &r) == 0);
	reads(ENOUGH);
	CHECK(!is_mapped());
}

void locked(void)
{
	CHECK(mlock(&zero, sizeof(zero)) == 0);
	reads(ENOUGH);
	CHECK(!is_mapped());
}

void taken(void)
{
	own();
	reads(ENOUGH);
	CHECK(is_own());
}

/* Between what is mapped in [from, to) nothing is left, but for the stack to grow. */
static void fill(uintptr_t from, uintptr_t to)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long last = 0x10000, start, end;
	char line[600];

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "%lx-%lx", &start, &end) == 2) {
		uintptr_t begin = last > from ? last : from, stop = start < to ? start : to;

		if (strstr(line, "[stack]"))
			stop -= stop > (32ul << 20) ? 32ul << 20 : 0;
		if (begin < stop)
			CHECK(mmap((void *)begin, stop - begin, PROT_NONE, flags, -1, 0) != MAP_FAILED);
		last = end;
	}
	if (f)
		fclose(f);
}

static uintptr_t library(void) { return (uintptr_t)dlsym(RTLD_NEXT, "read") & ~4095ul; }

/* As AddressSanitizer of gcc 16 leaves it: what is free is above the C library only. */
void crowded(void)
{
	int had = is_mapped();

	fill(library() - (4ul << 30), library());
	reads(ENOUGH);
	printf("ring %d\n", !had && is_mapped());
}

void full(void)
{
	fill(library() - (4ul << 30), library() + (4ul << 30));
	reads(ENOUGH);
	CHECK(!is_mapped());
}
