/* SPDX-License-Identifier: MIT */
/* Threads: births, a table they share, exit_group with many in calls, a leader that ends first. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tracee.h"

static pthread_barrier_t all;
static const char *file_a, *file_b;
static _Atomic pid_t tids[8];
static pid_t main_tid;

static void *worker(void *arg)
{
	int i = (int)(long)arg, fd;
	const char *path = i ? file_b : file_a;

	tids[i] = tid_now();
	pthread_barrier_wait(&all);
	if (i == 0) {
		/* opened here, written by the main thread through the table they share */
		expect("open %s (write, create)", path);
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		CHECK(fd >= 0);
		pthread_barrier_wait(&all);
		pthread_barrier_wait(&all);
		return (void *)(long)fd;
	}
	pthread_barrier_wait(&all);
	pthread_barrier_wait(&all);
	/* a table of its own: what it opens now no other thread has */
	CHECK(unshare(CLONE_FILES) == 0);
	expect("open %s (write, create)", path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0);
	expect("write 3 B to %s", path);
	CHECK(write(fd, "abc", 3) == 3);
	return (void *)(long)fd;
}

static void *sleeper(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&all);
	for (;;)
		pause();
	return NULL;
}

static void *exits_group(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&all);
	_exit(33);
}

static void *outlives(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&all);
	/* the leader is a zombie by now, or soon */
	char path[64], stat[512], *p;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	for (;;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd >= 0 ? read(fd, stat, sizeof(stat) - 1) : 0;

		close(fd);
		stat[n > 0 ? n : 0] = '\0';
		p = strrchr(stat, ')');
		if (!p || p[2] == 'Z')
			break;
		sched_yield();
	}
	CHECK(access("/tracee/leaderless", F_OK) < 0);
	_exit(44);
}

static void sharing(void)
{
	pthread_t t[2];
	void *ret[2];

	file_a = in_dir("a");
	file_b = in_dir("b");
	pthread_barrier_init(&all, NULL, 3);
	for (long i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, worker, (void *)i) == 0);
	pthread_barrier_wait(&all);
	for (int i = 0; i < 2; i++)
		expect_of(main_tid, "thread → %d", tids[i]);
	pthread_barrier_wait(&all);
	/* fd of thread 0, by number: the lowest free one */
	expect("write 5 B to %s", file_a);
	CHECK(write(3, "12345", 5) == 5);
	pthread_barrier_wait(&all);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], &ret[i]) == 0);
	/* the second one's descriptor is not ours: number 4 is free here */
	CHECK((long)ret[0] == 3 && (long)ret[1] == 4);
	expect("write to fd 4 EBADF");
	CHECK(write(4, "x", 1) < 0 && errno == EBADF);
	close(3);
}

static void group(void *(*last)(void *), int status, const char *line, bool leader_goes)
{
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t;

		pthread_barrier_init(&all, NULL, 6);
		for (int i = 0; i < 5; i++)
			CHECK(pthread_create(&t, NULL, i == 4 ? last : sleeper, NULL) == 0);
		pthread_barrier_wait(&all);
		if (leader_goes)
			syscall(SYS_exit, 1);
		for (;;)
			pause();
	}
	expect("fork → %d", pid);
	for (int i = 0; i < 5; i++)
		expect_of(pid, "thread → *");
	expect_of(pid, "exit %d", status);
	if (line)
		tracee_watch(line);
	CHECK(WEXITSTATUS(reap(pid)) == status);
}

int main(void)
{
	main_tid = getpid();
	tracee_begin();
	tracee_ignore("^(open|read) .*/proc/");
	tracee_ignore("^access /tracee/leaderless");
	sharing();
	group(exits_group, 33, NULL, false);
	group(outlives, 44, NULL, true);
	tracee_end();
}
