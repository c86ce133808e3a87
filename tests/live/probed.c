/* SPDX-License-Identifier: MIT */
/*
 * Puts a uprobe and a uretprobe on a function of its own, as perf or a debugger would, and calls it: plainly, in strict
 * seccomp mode, and under a filter that allows next to nothing.  What the function returns looks like errors (-2) and
 * restarts (-512, -516).  Checks itself.  77: no probes here.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const long results[] = { -2, -4, -512, -516, 7 };

__attribute__((noinline)) long probed(unsigned i);
__attribute__((noinline)) long probed(unsigned i)
{
	__asm__ volatile("" ::: "memory");
	return results[i];
}

/* A nop of five bytes, in whose place the kernel puts a call of its trampoline once it was hit (Linux 6.18). */
__attribute__((noinline)) void probed_nop(void);
__attribute__((noinline)) void probed_nop(void)
{
	__asm__ volatile(".globl probe_site\nprobe_site: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00" ::: "memory");
}
extern const char probe_site[];

static unsigned long offset_of(const void *function, char *ret_path, size_t max)
{
	unsigned long start, end, offset, at = (unsigned long)function;
	FILE *f = fopen("/proc/self/maps", "r");
	char line[4400], perms[8];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %7s %lx", &start, &end, perms, &offset) == 4 && at >= start && at < end) {
			ssize_t n = readlink("/proc/self/exe", ret_path, max - 1);

			ret_path[n > 0 ? n : 0] = '\0';
			fclose(f);
			return at - start + offset;
		}
	exit(1);
}

static void put_probe(unsigned type, const char *path, unsigned long offset, bool ret)
{
	struct perf_event_attr a = { .size = sizeof(a), .type = type, .config = ret, .inherit = 1 };

	a.config1 = (unsigned long)path;
	a.config2 = offset;
	if (syscall(SYS_perf_event_open, &a, 0, -1, -1, 0UL) < 0)
		exit(77);
}

static int right(void)
{
	for (unsigned i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (probed(i) != results[i])
			return 0;
	return 1;
}

static int in_child(int mode)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (prctl(PR_SET_SECCOMP, mode, &prog, 0, 0) < 0)
			_exit(2);
		syscall(SYS_exit, right() ? 0 : 3);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

int main(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/uprobe/type", "r");
	unsigned type;
	char path[4096];
	unsigned long offset = offset_of((const void *)(unsigned long)probed, path, sizeof(path));
	int plain, strict, filtered;

	if (!f || fscanf(f, "%u", &type) != 1)
		return 77;
	put_probe(type, path, offset, false);
	put_probe(type, path, offset, true);
	put_probe(type, path, offset_of(probe_site, path, sizeof(path)), false);
	plain = right();
	strict = in_child(SECCOMP_MODE_STRICT);
	filtered = in_child(SECCOMP_MODE_FILTER);
	/* last: where it was replaced by a call, 6.18 does not give the child of a fork the page that it calls */
	for (unsigned i = 0; i < 3; i++)
		probed_nop();
	printf("plain %d strict %d filter %d\n", plain, strict, filtered);
	return 0;
}
