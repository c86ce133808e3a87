/* SPDX-License-Identifier: MIT */
/*
 * mapped FILE [threads]: reads a file through a map, page by page, after what memory has of it was dropped; with
 * threads by two of them.  Prints the faults that needed a disk, and the CPU time of the process's first thread, in ns.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const volatile char *map;
static size_t size;

static void *touch(void *half)
{
	for (size_t i = half ? size / 2 : 0; i < (half ? size : size / 2); i += 4096)
		(void)map[i];
	return NULL;
}

static unsigned long long on_cpu(void)
{
	FILE *f = fopen("/proc/thread-self/schedstat", "r");
	unsigned long long ns = 0;

	if (!f || fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
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
	printf("%ld %llu\n", use.ru_majflt, on_cpu());
	return 0;
}
