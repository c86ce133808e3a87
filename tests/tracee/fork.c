/* SPDX-License-Identifier: MIT */
/* Births by every call that gives one, and deaths: exit codes, signals, orphans, PATH probes that are no execs. */
#include <linux/sched.h>
#include <sched.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "tracee.h"

extern char **environ;

static int clone_fn(void *arg)
{
	_exit((int)(long)arg);
}

static void forks(void)
{
	static char stack[65536];
	pid_t pid;
	int status;

	pid = fork();
	if (pid == 0)
		_exit(7);
	expect("fork → %d", pid);
	expect_of(pid, "exit 7");
	status = reap(pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);

	pid = vfork();
	if (pid == 0)
		_exit(8);
	expect("fork → %d", pid);
	expect_of(pid, "exit 8");
	CHECK(WEXITSTATUS(reap(pid)) == 8);

	pid = clone(clone_fn, stack + sizeof(stack), SIGCHLD, (void *)9);
	expect("fork → %d", pid);
	expect_of(pid, "exit 9");
	CHECK(WEXITSTATUS(reap(pid)) == 9);

	/* no signal at its end: wait needs a flag */
	pid = clone(clone_fn, stack + sizeof(stack), CLONE_VM, (void *)10);
	expect("fork → %d", pid);
	expect_of(pid, "exit 10");
	CHECK(wait_one(pid, &status, __WALL) > 0 && WEXITSTATUS(status) == 10);

	struct clone_args ca = { .flags = CLONE_UNTRACED, .exit_signal = SIGCHLD };

	pid = (pid_t)syscall(SYS_clone3, &ca, sizeof(ca));
	if (pid == 0) {
		/* followed all the same, and sees its argument as it was */
		CHECK(ca.flags == CLONE_UNTRACED);
		access("/tracee/untraced", F_OK);
		_exit(11);
	}
	expect("fork → %d", pid);
	expect_of(pid, "access /tracee/untraced ENOENT");
	expect_of(pid, "exit 11");
	CHECK(ca.flags == CLONE_UNTRACED);
	CHECK(WEXITSTATUS(reap(pid)) == 11);

	pid = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		access("/tracee/untraced", F_OK);
		_exit(12);
	}
	expect("fork → %d", pid);
	expect_of(pid, "access /tracee/untraced ENOENT");
	expect_of(pid, "exit 12");
	CHECK(WEXITSTATUS(reap(pid)) == 12);
}

static void failing(void)
{
	struct clone_args bad = { .flags = CLONE_UNTRACED | CLONE_THREAD };

	/* the kernel refuses: nothing is born, nothing shown but an error has changed */
	CHECK(syscall(SYS_clone3, &bad, sizeof(bad)) < 0 && errno == EINVAL && bad.flags == (CLONE_UNTRACED | CLONE_THREAD));
	CHECK(syscall(SYS_clone3, NULL, sizeof(bad)) < 0 && errno == EFAULT);
	CHECK(syscall(SYS_clone3, &bad, 8) < 0 && errno == EINVAL);
}

static void deaths(void)
{
	static const struct {
		int sig;
		const char *line;
	} by[] = { { SIGKILL, "killed by SIGKILL" }, { SIGUSR1, "killed by SIGUSR1" } };
	pid_t pid;
	int fds[2];
	char c;

	for (unsigned i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		CHECK(pipe2(fds, O_CLOEXEC) == 0);
		pid = fork();
		if (pid == 0) {
			for (;;)
				pause();
		}
		expect("fork → %d", pid);
		expect("kill %s → %d", by[i].sig == SIGKILL ? "SIGKILL" : "SIGUSR1", pid);
		if (by[i].sig != SIGKILL)	/* it is delivered; SIGKILL is not a thing to be seen */
			expect_of(pid, "signal SIGUSR1 from pid %d", getpid());
		expect_of(pid, "%s", by[i].line);
		CHECK(kill_one(pid, by[i].sig) == 0);
		int status = reap(pid);

		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == by[i].sig);
		close(fds[0]);
		close(fds[1]);
	}

	/* an orphan: its parent ends first, it goes on and is still followed */
	int gate[2], back[2];

	tracee_ignore("^(read|write) .*pipe:");
	CHECK(pipe(gate) == 0 && pipe(back) == 0);
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	pid = fork();
	if (pid == 0) {
		pid_t orphan = fork();

		if (orphan == 0) {
			close(gate[1]);
			CHECK(read(gate[0], &c, 1) == 0);
			CHECK(access("/tracee/orphan", F_OK) < 0);
			_exit(21);
		}
		expect("fork → %d", orphan);
		expect_of(orphan, "access /tracee/orphan ENOENT");
		expect_of(orphan, "exit 21");
		expect("exit 20");
		CHECK(write(back[1], &orphan, sizeof(orphan)) == sizeof(orphan));
		_exit(20);
	}
	expect("fork → %d", pid);

	pid_t orphan;

	CHECK(read(back[0], &orphan, sizeof(orphan)) == sizeof(orphan));
	CHECK(WEXITSTATUS(reap(pid)) == 20);
	close(gate[1]);
	close(gate[0]);
	CHECK(WEXITSTATUS(reap(orphan)) == 21);
	close(back[0]);
	close(back[1]);
}

/*
 * No child has ended: the kernel writes no status, and what is in memory there is none.  Nor what is left of a sleep
 * that nothing cut short.
 */
static void nothing_written(void)
{
	int gate[2], status = -1;
	struct rusage usage = { .ru_maxrss = 4711 };
	struct timespec t = { 0, 1000 }, rem = { 77, 77 };
	char c;
	pid_t pid;

	CHECK(pipe(gate) == 0);
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		CHECK(read(gate[0], &c, 1) == 0);
		_exit(3);
	}
	expect("fork → %d", pid);
	expect_of(pid, "exit 3");
	expect_call("clone(*SIGCHLD*");
	CHECK(pid > 0 && wait4(pid, &status, WNOHANG, &usage) == 0 && status == -1 && usage.ru_maxrss == 4711);
	expect_call("wait4(%d, %p, WNOHANG, %p) = 0", pid, (void *)&status, (void *)&usage);
	CHECK(syscall(SYS_nanosleep, &t, &rem) == 0 && rem.tv_sec == 77);
	expect_call("nanosleep({tv_sec=0, tv_nsec=1000}, %p) = 0", (void *)&rem);
	close(gate[1]);
	close(gate[0]);
	CHECK(pid > 0 && wait4(pid, &status, 0, &usage) == pid && WEXITSTATUS(status) == 3);
	expect_call("wait4(%d, [exited 3], 0, {ru_utime=*}) = %d", pid, pid);

	/* one set of CPUs, not many bytes */
	cpu_set_t cpus;
	int cpu = 0;

	CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(cpus), &cpus) > 0);
	while (!CPU_ISSET(cpu, &cpus))
		cpu++;
	expect_call("sched_getaffinity(0, %zu, [%d*]) = *", sizeof(cpus), cpu);

	/*
	 * without CLONE_PARENT_SETTID and the like the last three registers say nothing, and are left out, as by strace
	 */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, &status, NULL, NULL);
	if (pid == 0)
		_exit(4);
	expect("fork → %d", pid);
	expect_of(pid, "exit 4");
	expect_call("clone(SIGCHLD, NULL) = %d", pid);
	CHECK(WEXITSTATUS(reap(pid)) == 4);
}

static void execs(void)
{
	char *const argv[] = { "true", NULL }, *const path[] = { "PATH=/tracee/a:/tracee/b:/bin", NULL };
	pid_t pid;

	/* every line of the other program is not this test's business */
	tracee_ignore("^(open|read|stat|access|mmap|readlink) (?!/tracee)");

	CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0);
	expect("fork → %d", pid);
	expect_of(pid, "─── true exec ───");
	expect_of(pid, "exit 0");
	CHECK(reap(pid) == 0);

	/* probes along PATH fail: they are not execs */
	setenv("PATH", "/tracee/a:/tracee/b:/bin", 1);
	CHECK(posix_spawnp(&pid, "true", NULL, NULL, argv, path) == 0);
	expect("fork → %d", pid);
	expect_of(pid, "exec /tracee/a/true ENOENT");
	expect_of(pid, "exec /tracee/b/true ENOENT");
	expect_of(pid, "─── true exec ───");
	expect_of(pid, "exit 0");
	CHECK(reap(pid) == 0);

	/* a script: the file executed is its interpreter, the name the script's */
	const char *script = in_dir("script");
	char *const script_argv[] = { (char *)script, "x y", NULL };
	int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	expect("open %s (write, create)", script);
	expect("write 17 B to %s", script);
	CHECK(write(fd, "#!/bin/sh\nexit 6\n", 17) == 17);
	close(fd);
	CHECK(posix_spawn(&pid, script, NULL, NULL, script_argv, environ) == 0);
	expect("fork → %d", pid);
	expect_of(pid, "─── script exec ─── %s 'x y'", script);
	expect_of(pid, "exit 6");
	CHECK(WEXITSTATUS(reap(pid)) == 6);
}

int main(void)
{
	tracee_begin();
	forks();
	failing();
	deaths();
	nothing_written();
	execs();
	tracee_end();
}
