/* SPDX-License-Identifier: MIT */
/*
 * Makes every system call there may be, with arguments no call takes: a judge compares what two tracers call them.
 * everycall [i386] [words]: by the 64-bit entry, or by int 0x80; words: each argument another, and in the upper halves
 * of 64-bit registers what a compiler may leave there.  As nobody, since root may do harm even so.
 */
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Those that do something all the same: end, wait, fork, change the signal mask, make an IPC queue, write out all
 * disks.
 */
static const short not64[] = { SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork, SYS_pause, SYS_rt_sigreturn, SYS_sync, SYS_vhangup, SYS_msgget, SYS_umask,
	335 /* uretprobe */, 336 /* uprobe */, -1 };
static const short not32[] = { 1 /* exit */, 2 /* fork */, 29 /* pause */, 36 /* sync */, 60 /* umask */, 69 /* ssetmask */, 72 /* sigsuspend */, 111 /* vhangup */,
	119 /* sigreturn */, 173 /* rt_sigreturn */, 190 /* vfork */, 252 /* exit_group */, 399 /* msgget */, -1 };

static long by_int80(long nr, const long args[6])
{
	register const long *words __asm__("r12") = args;
	long ret;

	/* the compiler's rbp and rbx are kept by hand */
	__asm__ volatile("push %%rbx; push %%rbp; mov (%%r12), %%rbx; mov 40(%%r12), %%rbp; int $0x80; pop %%rbp; pop "
			 "%%rbx"
			 : "=a"(ret)
			 : "a"(nr), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(args[4]), "r"(words)
			 : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

int main(int argc, char **argv)
{
	bool narrow = argc > 1 && !strcmp(argv[1], "i386"), words = argc > 1 && !strcmp(argv[argc - 1], "words");
	long a[6];

	if (!geteuid() && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		return 1;

	for (int i = 0; i < 6; i++)
		a[i] = words ? (long)((narrow ? 0 : 0xbadc0dedul << 32) + ~0u - (unsigned)i) : -1;
	for (long nr = 0; nr < 520; nr++) {
		const short *skip = narrow ? not32 : not64;

		while (*skip >= 0 && *skip != nr)
			skip++;
		if (*skip >= 0)
			continue;
		if (narrow)
			by_int80(nr, a);
		else
			syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
	_exit(0);
}
