/* SPDX-License-Identifier: MIT */
/* What this machine has to have for stubs. */
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/process.h"
#include "capture/inprocess/flow.h"
#include "capture/inprocess/space.h"

enum { HWCAP2_FSGSBASE_BIT = 2 };

static bool clock_is_tsc(void)
{
	_cleanup_close_ int fd =
		open("/sys/devices/system/clocksource/clocksource0/current_clocksource", O_RDONLY | O_CLOEXEC);
	char name[16] = "";

	return fd >= 0 && read(fd, name, sizeof(name) - 1) >= 4 && !memcmp(name, "tsc\n", 4);
}

/* A filter that we were started with is the command's, too: what it makes of these calls is tried out in a child. */
static bool calls_are_allowed(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = (int)syscall(SYS_memfd_create, "ring", 1);
		void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		syscall(SYS_exit_group, fd >= 0 && p != MAP_FAILED && madvise(p, 4096, MADV_DONTFORK) == 0 ? 0 : 1);
	}
	return pid > 0 && wait_end(pid, &status) >= 0 && WIFEXITED(status) && !WEXITSTATUS(status);
}

const char *space_forbidden(void)
{
	if (!clock_is_tsc())
		return "the clock of this machine is not its TSC";
	if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT))
		return "this CPU or kernel has no rdfsbase";
	if (!calls_are_allowed())
		return "a seccomp filter forbids what it needs";
	return flow_forbidden();
}
