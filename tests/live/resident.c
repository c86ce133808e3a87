/* SPDX-License-Identifier: MIT */
/*
 * Touches so many MB, gives them back, and does what the words say, one after the other.  At the end of each program,
 * and of each process that is a copy: "PID KB", its VmHWM.  usage: resident MB [WORD…], the words: fork, a copy that
 * touches 20 MB more; vfork, a child that ends in our memory; spawn, exec and thread (an exec by another thread): all
 * words that follow are of the program that is run; kill: ends by SIGKILL
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COPY_MB = 20 };

static void touch(size_t mb)
{
	char *p = mmap(NULL, mb << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mb && p == MAP_FAILED)
		exit(1);
	for (size_t i = 0; i < mb << 20; i += 4096)
		p[i] = 1;
	if (mb)
		munmap(p, mb << 20);
}

static void print(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256], text[64];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "VmHWM: %ld", &kb) != 1)
		;
	if (f)
		fclose(f);
	snprintf(text, sizeof(text), "%d %ld\n", (int)getpid(), kb);
	if (write(1, text, strlen(text)) < 0)
		exit(1);
}

static void *run(void *words)
{
	execv("/proc/self/exe", words);
	exit(1);
}

int main(int argc, char **argv)
{
	extern char **environ;
	pthread_t t;
	pid_t pid;

	touch(argc > 1 ? (size_t)atoi(argv[1]) : 0);
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "fork")) {
			if (fork() == 0) {
				touch(COPY_MB);
				print();
				_exit(0);
			}
			wait(NULL);
		} else if (!strcmp(argv[i], "vfork")) {
			if (vfork() == 0)
				_exit(0);
			wait(NULL);
		} else if (!strcmp(argv[i], "kill")) {
			print();
			kill(getpid(), SIGKILL);
		} else if (!strcmp(argv[i], "spawn")) {
			if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv + i, environ))
				return 1;
			wait(NULL);
			break;
		} else {
			print();
			if (!strcmp(argv[i], "thread") && pthread_create(&t, NULL, run, argv + i) == 0)
				pthread_join(t, NULL);
			run(argv + i);
		}
	}
	print();
	return 0;
}
