/* SPDX-License-Identifier: MIT */
/*
 * The workloads that need no other program: a fixed number of
 * system calls and nothing else worth measuring.
 *
 *   work read N         N one-byte reads from /dev/zero                   (W1)
 *   work open N FILE    N × open, fstat, read, close of FILE              (W2)
 *   work threads N      4 threads × N one-byte writes to /dev/null        (W5)
 *   work names N        N × stat of a name never seen before              (memory)
 *
 *   work run FILE COMMAND…   runs COMMAND and writes to FILE the nanoseconds it
 *                            took and the CPU time it and its children had
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NTHREADS = 4 };

static int must_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void work_read(long n)
{
	int fd = must_open("/dev/zero", O_RDONLY);
	char byte;

	while (n--)
		if (read(fd, &byte, 1) != 1)
			err(1, "read");
}

static void work_open(long n, const char *path)
{
	struct stat st;
	char buf[4096];

	while (n--) {
		int fd = must_open(path, O_RDONLY);

		if (fstat(fd, &st) || read(fd, buf, sizeof(buf)) < 0 || close(fd))
			err(1, "%s", path);
	}
}

static void *write_bytes(void *arg)
{
	int fd = must_open("/dev/null", O_WRONLY);

	for (long n = *(long *)arg; n; n--)
		if (write(fd, "x", 1) != 1)
			err(1, "write");
	return NULL;
}

static void work_threads(long n)
{
	pthread_t threads[NTHREADS];

	for (int i = 0; i < NTHREADS; i++)
		if (pthread_create(&threads[i], NULL, write_bytes, &n))
			errx(1, "pthread_create");
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
}

static void work_names(long n)
{
	struct stat st;
	char path[64];

	while (n--) {
		snprintf(path, sizeof(path), "/nonexistent/directory-%ld/file-%ld.txt", n % 997, n);
		if (!stat(path, &st))
			errx(1, "%s exists", path);
	}
}

static long long ns(long s, long rest) { return s * 1000000000ll + rest; }

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ns(ts.tv_sec, ts.tv_nsec);
}

static int work_run(const char *path, char **argv)
{
	long long start = now_ns(), end;
	struct rusage ru;
	int status;
	FILE *f;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	if (pid < 0 || wait4(pid, &status, 0, &ru) < 0)
		err(1, "%s", argv[0]);
	end = now_ns();
	f = fopen(path, "we");
	if (!f ||
	    fprintf(f, "%lld %lld\n", end - start,
		    ns(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec, (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) * 1000l)) <
		    0 ||
	    fclose(f))
		err(1, "%s", path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;

	if (!strcmp(what, "run") && argc > 3)
		return work_run(argv[2], argv + 3);
	if (n <= 0)
		errx(2, "usage: work read|open|threads|names N [FILE], or work run FILE COMMAND…");
	if (!strcmp(what, "read"))
		work_read(n);
	else if (!strcmp(what, "open") && argc > 3)
		work_open(n, argv[3]);
	else if (!strcmp(what, "threads"))
		work_threads(n);
	else if (!strcmp(what, "names"))
		work_names(n);
	else
		errx(2, "no workload '%s'", what);
	return 0;
}
