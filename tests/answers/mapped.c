/* SPDX-License-Identifier: MIT */
/*
 * mapped FILE [threads]: reads a file through a map, page by page, after what memory has of it was dropped, and
 * computes after each page; with threads by two of them.  Prints the faults that needed a disk, how often the process
 * slept, how long reading the pages took, and the CPU time that was computed for, by all threads, in ns: the sleeps in
 * the faults lie in the one, and none in the other, however fast the machine is.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { COMPUTE_NS = 30000 };

static const volatile char *map;
static size_t size;

static _Atomic unsigned long long touched_ns, computed_ns;

static unsigned long long ns_of(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (unsigned long long)t.tv_sec * 1000000000 + (unsigned long long)t.tv_nsec;
}

static void *touch(void *half)
{
	for (size_t i = half ? size / 2 : 0; i < (half ? size : size / 2); i += 4096) {
		unsigned long long before = ns_of(CLOCK_MONOTONIC), begin, end;

		(void)map[i];
		touched_ns += ns_of(CLOCK_MONOTONIC) - before;
		begin = ns_of(CLOCK_THREAD_CPUTIME_ID);
		do {
			end = ns_of(CLOCK_THREAD_CPUTIME_ID);
		} while (end < begin + COMPUTE_NS);
		computed_ns += end - begin;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	struct rusage use;
	struct stat st;
	pthread_t t;

	if (fd < 0 || fstat(fd, &st) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		return 1;
	size = (size_t)st.st_size;
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || madvise((void *)(size_t)map, size, MADV_RANDOM))
		return 1;
	if (argc > 2 && pthread_create(&t, NULL, touch, "half"))
		return 1;
	touch(NULL);
	if (argc > 2)
		pthread_join(t, NULL);
	else
		touch("half");
	getrusage(RUSAGE_SELF, &use);
	printf("%ld %ld %llu %llu\n", use.ru_majflt, use.ru_nvcsw, touched_ns, computed_ns);
	return 0;
}
