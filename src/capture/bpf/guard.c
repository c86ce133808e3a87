/* SPDX-License-Identifier: MIT */
#include "capture/bpf/guard.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/process.h"
#include "capture/bpf/internal.h"
#include "capture/bpf/kernel.h"
#include "capture.skel.h"
#include "tasks.skel.h"

enum { ROUNDS = 1000, NAP_NS = 5000000 };

static void end_traced(void *ctx, pid_t pid)
{
	if (kill_one(pid, SIGKILL) == 0)
		*(unsigned *)ctx += 1;
}

/* Nothing of what was open stays open: whoever waits for the end of a pipe must see it.  n in keep, ascending. */
static void close_all_but(const int *keep, unsigned n)
{
	int from = 0;

	for (unsigned i = 0; i < n; i++) {
		if (keep[i] > from)
			syscall(SYS_close_range, from, keep[i] - 1, 0);
		from = keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0u, 0);
}

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static _Noreturn void guard(int fd, const struct bpf_source *s)
{
	/* on_fork goes on to follow children, or one that is born between two rounds would get away */
	int keep[] = { fd, bpf_map__fd(s->tasks->maps.tasks), bpf_program__fd(s->tasks->progs.each_pid),
		       bpf_link__fd(s->skel->links.on_fork) };
	unsigned found;
	sigset_t all;
	char bye;
	ssize_t n;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "compendium-end");
	qsort(keep, ARRAY_SIZE(keep), sizeof(keep[0]), ascending);
	close_all_but(keep, ARRAY_SIZE(keep));
	do
		n = read(fd, &bye, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		found = 0;
		if (bpf_run_iter(s->tasks->progs.each_pid, end_traced, &found) < 0 || !found)
			break;
		nanosleep(&(struct timespec){ 0, NAP_NS }, NULL);
	}
	_exit(0);
}

int guard_start(struct guard *g, struct bpf_source *s)
{
	int fds[2], rc = 0;

	*g = (struct guard){ 0, -1 };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	g->pid = fork();
	if (g->pid == 0) {
		close(fds[1]);
		guard(fds[0], s);
	}
	if (g->pid < 0) {
		rc = -errno;
		g->pid = 0;
		close(fds[1]);
		fds[1] = -1;
	}
	close(fds[0]);
	g->fd = fds[1];
	return rc;
}

void guard_dismiss(struct guard *g)
{
	if (g->pid <= 0)
		return;
	if (write(g->fd, "q", 1) < 0)
		kill_one(g->pid, SIGKILL);
	close(g->fd);
	wait_end(g->pid, NULL);
	*g = (struct guard){ 0, -1 };
}
