/* SPDX-License-Identifier: MIT */
/* Preloaded by record.py: at its end, what a program itself has used of the CPU, without the children it waited for. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static char to[4096];
static pid_t me;

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("OWN_CPU");

	if (name)
		snprintf(to, sizeof(to), "%s", name);
	me = getpid();
	unsetenv("LD_PRELOAD");		/* not of what it starts */
	unsetenv("OWN_CPU");
}

__attribute__((destructor)) static void end(void)
{
	struct rusage use;
	FILE *f;

	if (!*to || getpid() != me || getrusage(RUSAGE_SELF, &use) < 0)
		return;
	f = fopen(to, "w");
	if (!f)
		return;
	fprintf(f, "%f %f\n", seconds(use.ru_utime), seconds(use.ru_stime));
	fclose(f);
}
