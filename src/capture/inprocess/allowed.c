/* SPDX-License-Identifier: MIT */
/* What this machine has to have for stubs. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/process.h"
#include "capture/inprocess/flow.h"
#include "capture/inprocess/space.h"

enum trial { TRIAL_PASSED, TRIAL_FORBIDDEN, TRIAL_CLOCK, TRIAL_FSBASE };

static void no_instruction(int sig)
{
	(void)sig;
	_exit(TRIAL_FSBASE);
}

/*
 * Tried, not asked for (AT_HWCAP2, bit 1): the instruction is there, and reads what it should, on guests whose kernel
 * does not say so (Linux 6.18 under a pagetable virtual machine), too.
 */
static void try_rdfsbase(void)
{
	uint64_t base;

	signal(SIGILL, no_instruction);
	__asm__ volatile("rdfsbase %0" : "=r"(base));
	signal(SIGILL, SIG_DFL);
}

/*
 * The reader turns the stubs' rdtsc into time, so the TSC must count evenly and be the same on all CPUs.  The kernel
 * has judged that where the vDSO's clock_gettime() reads it, too, without a call: clock sources tsc, kvm-clock with
 * PVCLOCK_TSC_STABLE_BIT, hyperv_clocksource_tsc_page (arch/x86/include/asm/vdso/gettimeofday.h, Linux 6.18).  From
 * now on the call itself fails.
 */
static int forbid_clock_call(void)
{
	struct sock_filter prog[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_SIZE(prog), prog };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0 ? -errno : 0;
}

static enum trial try_all(void)
{
	int fd = (int)syscall(SYS_memfd_create, "ring", 1);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct timespec now;

	try_rdfsbase();
	if (fd < 0 || p == MAP_FAILED || madvise(p, 4096, MADV_DONTFORK) < 0 || forbid_clock_call() < 0)
		return TRIAL_FORBIDDEN;
	return clock_gettime(CLOCK_MONOTONIC, &now) < 0 ? TRIAL_CLOCK : TRIAL_PASSED;
}

/* A filter that we were started with is the command's, too: what it makes of these calls is tried out in a child. */
static enum trial tried(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		syscall(SYS_exit_group, try_all());
	return pid > 0 && wait_end(pid, &status) >= 0 && WIFEXITED(status) ?
		(enum trial)WEXITSTATUS(status) : TRIAL_FORBIDDEN;
}

const char *space_forbidden(void)
{
	static const char *const whys[] = {
		[TRIAL_FORBIDDEN] = "a seccomp filter forbids what it needs",
		[TRIAL_CLOCK] = "the clock of this machine is not its TSC",
		[TRIAL_FSBASE] = "this CPU or kernel has no rdfsbase",
	};
	enum trial trial = tried();

	return trial == TRIAL_PASSED ? flow_forbidden() : whys[trial];
}
