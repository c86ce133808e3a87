/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

static int64_t shift;		/* what our namespace adds */

/* The file is about the namespace of our children to come: only where that is our own does it tell about us. */
static void find_shift(void)
{
	struct stat own, children;
	long long sec, nsec;
	char line[128];
	FILE *f;

	if (stat("/proc/self/ns/time", &own) < 0 || stat("/proc/self/ns/time_for_children", &children) < 0 ||
	    own.st_ino != children.st_ino)
		return;
	f = fopen("/proc/self/timens_offsets", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "monotonic %lld %lld", &sec, &nsec) == 2)
			shift = sec * 1000000000 + nsec;
	if (f)
		fclose(f);
}

uint64_t clock_ns(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct timespec ts;

	pthread_once(&once, find_shift);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)(ts.tv_sec * 1000000000 + ts.tv_nsec - shift);
}
