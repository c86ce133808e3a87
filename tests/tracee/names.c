/* SPDX-License-Identifier: MIT */
/* What threads are called: by prctl, by another thread, by exec; in the lines of -Y. */
#include <pthread.h>
#include <sys/prctl.h>

#include "tracee.h"

static pthread_barrier_t step;
static pid_t tids[2];

/* Something that has a line. */
static void be_seen(void)
{
	access("/tracee/seen", F_OK);
}

static void *worker(void *arg)
{
	long i = (long)arg;

	tids[i] = tid_now();
	pthread_barrier_wait(&step);
	if (i == 0) {
		CHECK(prctl(PR_SET_NAME, "worker: more than fifteen") == 0);
		be_seen();
		expect_name(tid_now(), "worker: more th");
	}
	pthread_barrier_wait(&step);	/* now the other one is named from outside */
	pthread_barrier_wait(&step);
	be_seen();
	return NULL;
}

static void write_name(const char *path, const char *name, size_t n)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0);
	CHECK(write(fd, name, n) == (ssize_t)n);
	close(fd);
}

static void threads(void)
{
	pthread_t t[2];
	char path[64];

	CHECK(pthread_barrier_init(&step, NULL, 3) == 0);
	for (long i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, worker, (void *)i) == 0);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tids[1]);
	write_name(path, "named (by) main", 15);
	expect_name(tids[1], "named (by) main");
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", getpid(), tids[0]);
	write_name(path, "anew", 4);
	expect_name(tids[0], "anew");
	pthread_barrier_wait(&step);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	pthread_barrier_destroy(&step);
}

/* As a shell does it: the file is opened, moved to descriptor 1, and written to. */
static void redirected(void)
{
	int fd, keep = dup(1);

	fd = open("/proc/self/comm", O_WRONLY | O_TRUNC);
	CHECK(fd >= 0 && dup2(fd, 1) == 1);
	close(fd);
	CHECK(write(1, "redirected\n", 11) == 11);
	dup2(keep, 1);
	close(keep);
	be_seen();
	expect_name(getpid(), "redirected\\n");
}

static void odd(void)
{
	CHECK(prctl(PR_SET_NAME, "kid) S 1 1") == 0);
	be_seen();
	expect_name(getpid(), "kid) S 1 1");
	CHECK(prctl(PR_SET_NAME, "a\033[1m\xff") == 0);
	be_seen();
	expect_name(getpid(), "a\\e[1m\\xff");
	CHECK(prctl(PR_SET_NAME, (char *)8) < 0 && errno == EFAULT);	/* keeps the one it has */
	write_name("/tmp/../proc/thread-self/comm", "", 0);		/* nothing written */
	write_name("/proc/thread-self/comm", "self", 4);
	be_seen();
	expect_name(getpid(), "self");
}

/* A child begins with its parent's name; exec gives it the program's. */
static void children(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		be_seen();
		execl("/bin/sh", "sh", "-c", "test -e /tracee/x; exit 0", (char *)NULL);
		_exit(1);
	}
	expect_name(pid, "self");
	expect_name(pid, "sh");
	CHECK(reap(pid) == 0);
}

int main(void)
{
	tracee_begin();
	tracee_ignore(".");	/* the lines themselves are other tracees' */
	threads();
	redirected();
	odd();
	children();
	be_seen();
	tracee_end();
}
