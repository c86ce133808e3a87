/* SPDX-License-Identifier: MIT */
/* Sessions, groups, daemons, stops: job control as a program does it itself; and a pid that is used twice. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "tracee.h"

static char state_of(pid_t pid)
{
	char path[64], s[512], *p;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, s, sizeof(s) - 1);
	CHECK(n > 0);
	close(fd);
	s[n] = '\0';
	p = strrchr(s, ')');
	CHECK(p);
	return p[2];
}

static void stops(void)
{
	static const struct {
		int sig;
		const char *name;
	} by[] = { { SIGSTOP, "SIGSTOP" }, { SIGTSTP, "SIGTSTP" }, { SIGTTIN, "SIGTTIN" } };
	pid_t pid;
	int status, gate[2];
	char c;

	tracee_ignore("^(read|write) .*pipe:");
	tracee_ignore("/proc/\\d+/stat");
	CHECK(pipe(gate) == 0);
	for (unsigned i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			raise(by[i].sig);
			CHECK(read(gate[0], &c, 1) == 1);	/* the parent sees us continued first */
			access("/tracee/went-on", F_OK);
			_exit(6);
		}
		expect("fork → %d", pid);
		expect_of(pid, "kill %s → %d", by[i].name, pid);
		expect_of(pid, "signal %s from pid %d", by[i].name, pid);
		/*
		 * an orphaned group is not stopped by the terminal's signals: ours is not orphaned, we are its parent
		 * in the same session
		 */
		CHECK(wait_one(pid, &status, WUNTRACED) > 0 && WIFSTOPPED(status) && WSTOPSIG(status) == by[i].sig);
		expect_of(pid, "stop by %s", by[i].name);
		/* it stays so: T, or t where a tracer listens */
		usleep(20000);
		CHECK(strchr("Tt", state_of(pid)));
		CHECK(wait_one(pid, &status, WUNTRACED | WCONTINUED | WNOHANG) == 0);
		expect("kill SIGCONT → %d", pid);
		CHECK(kill_one(pid, SIGCONT) == 0);
		CHECK(wait_one(pid, &status, WCONTINUED) > 0 && WIFCONTINUED(status));
		CHECK(write(gate[1], "x", 1) == 1);
		expect_of(pid, "continue*");
		expect_of(pid, "signal SIGCONT from pid %d (ignored)", getpid());
		expect_of(pid, "access /tracee/went-on ENOENT");
		expect_of(pid, "exit 6");
		CHECK(WEXITSTATUS(reap(pid)) == 6);
	}
	close(gate[0]);
	close(gate[1]);
	/* killed while stopped */
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	expect("fork → %d", pid);
	expect_of(pid, "kill SIGSTOP → %d", pid);
	expect_of(pid, "signal SIGSTOP from pid %d", pid);
	expect_of(pid, "? stop by SIGSTOP");	/* the kill may be there before the tracer has seen the stop */
	CHECK(wait_one(pid, &status, WUNTRACED) > 0 && WIFSTOPPED(status));
	expect("kill SIGKILL → %d", pid);
	CHECK(kill_one(pid, SIGKILL) == 0);
	expect_of(pid, "killed by SIGKILL");
	status = reap(pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Three threads; each counts while it runs. */
static struct group { _Atomic pid_t tids[3]; _Atomic unsigned turns[3]; } *group;

static void *waits(void *arg)
{
	const struct timespec some = { 0, 2000000 };

	group->tids[(long)arg] = tid_now();
	for (;;) {
		group->turns[(long)arg]++;
		nanosleep(&some, NULL);
	}
	return NULL;
}

/* A stop is every thread's, whoever took the signal. */
static void group_stop(void)
{
	int status;
	pid_t pid;

	group = mmap(NULL, sizeof(*group), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(group != MAP_FAILED);
	tracee_ignore("^(thread|exit thread|thread exit) ");
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		for (long i = 1; i < 3; i++)
			CHECK(pthread_create(&thread, NULL, waits, (void *)i) == 0);
		waits(NULL);
	}
	expect("fork → %d", pid);
	for (int i = 0; i < 3; i++)
		while (!group->tids[i])
			usleep(1000);
	expect("kill SIGSTOP → %d", pid);
	for (int i = 0; i < 3; i++)	/* one of them takes it */
		expect_of(group->tids[i], "? signal SIGSTOP from pid %d*", getpid());
	CHECK(kill_one(pid, SIGSTOP) == 0);
	CHECK(wait_one(pid, &status, WUNTRACED) > 0 && WIFSTOPPED(status));
	for (int i = 0; i < 3; i++)
		while (!strchr("Tt", state_of(group->tids[i])))
			usleep(1000);
	usleep(100000);		/* a tracer by ptrace sees each thread by itself */
	expect("kill SIGCONT → %d", pid);
	CHECK(kill_one(pid, SIGCONT) == 0);
	CHECK(wait_one(pid, &status, WCONTINUED) > 0 && WIFCONTINUED(status));
	for (int i = 0; i < 3; i++) {
		unsigned turns = group->turns[i];

		while (group->turns[i] - turns < 3)	/* it runs again: a tracer has seen to it */
			usleep(1000);
		expect_of(group->tids[i], "stop by SIGSTOP");
		expect_of(group->tids[i], "continue*");
		expect_of(group->tids[i], "? signal SIGCONT from pid %d (ignored)", getpid());
	}
	expect("kill SIGKILL → %d", pid);
	CHECK(kill_one(pid, SIGKILL) == 0);
	expect_of(pid, "killed by SIGKILL");
	CHECK(WIFSIGNALED(reap(pid)));
	munmap(group, sizeof(*group));
}

static void daemons(void)
{
	pid_t pid;
	int gate[2], told[2];
	pid_t daemon_pid;
	char c;

	tracee_ignore("^(read|write) .*pipe:");
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	CHECK(pipe(gate) == 0 && pipe(told) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(setsid() == getpid());
		daemon_pid = fork();
		if (daemon_pid == 0) {
			close(gate[1]);
			CHECK(chdir("/") == 0);
			CHECK(read(gate[0], &c, 1) == 0);
			CHECK(getsid(0) != getpid());
			access("/tracee/daemon", F_OK);
			_exit(12);
		}
		expect("fork → %d", daemon_pid);
		expect("exit 0");
		expect_of(daemon_pid, "chdir /");
		expect_of(daemon_pid, "access /tracee/daemon ENOENT");
		expect_of(daemon_pid, "exit 12");
		CHECK(write(told[1], &daemon_pid, sizeof(pid)) == sizeof(pid));
		_exit(0);
	}
	expect("fork → %d", pid);
	CHECK(read(told[0], &daemon_pid, sizeof(pid)) == sizeof(pid));
	CHECK(reap(pid) == 0);
	close(gate[1]);
	close(gate[0]);
	CHECK(WEXITSTATUS(reap(daemon_pid)) == 12);
	close(told[0]);
	close(told[1]);
}

/* The kernel gives the number again: two processes, not one. */
static void reused(void)
{
	char text[32];
	pid_t first = fork(), second;
	int fd;

	if (first == 0) {
		access("/tracee/first", F_OK);
		_exit(1);
	}
	expect("fork → %d", first);
	expect_of(first, "access /tracee/first ENOENT");
	expect_of(first, "exit 1");
	CHECK(WEXITSTATUS(reap(first)) == 1);
	tracee_ignore("/proc/sys/kernel/ns_last_pid");
	for (int i = 0; i < 20; i++) {
		fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			return;		/* only root may ask for a number */
		snprintf(text, sizeof(text), "%d", first - 1);
		
		ssize_t n = write(fd, text, strlen(text));

		close(fd);
		if (n < 0)
			return;
		second = fork();
		if (second == 0) {
			access("/tracee/second", F_OK);
			_exit(2);
		}
		expect("fork → %d", second);
		expect_of(second, "access /tracee/second ENOENT");
		expect_of(second, "exit 2");
		CHECK(WEXITSTATUS(reap(second)) == 2);
		if (second == first)
			return;
	}
}

int main(void)
{
	tracee_begin();
	stops();
	group_stop();
	daemons();
	reused();
	tracee_end();
}
