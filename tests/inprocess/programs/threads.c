/* SPDX-License-Identifier: MIT */
/* Reads by six threads, forks that read, popen: built for several C libraries and sanitizers (programs.py). */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int zero;
static long sum;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *reading(void *arg)
{
	char b[8];

	for (int i = 0; i < 1000; i++) {
		char *p = malloc(100 + (size_t)i % 300);

		if (read(zero, b, 8) != 8)
			abort();
		memset(p, 1, 100);
		free(p);
		pthread_mutex_lock(&lock);
		sum++;
		pthread_mutex_unlock(&lock);
	}
	return arg;
}

int main(void)
{
	pthread_t t[6];
	char c, line[64];
	FILE *f;

	zero = open("/dev/zero", O_RDONLY);
	for (int i = 0; i < 300; i++)
		sum += read(zero, &c, 1);
	for (int i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, reading, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 5; i++) {
		pid_t child = fork();
		int status = 0;

		if (child == 0) {
			for (int k = 0; k < 100; k++)
				if (read(zero, &c, 1) != 1)
					_exit(99);
			_exit(i);
		}
		wait(&status);
		sum += WEXITSTATUS(status);
	}
	f = popen("echo hello", "r");
	if (f && fgets(line, sizeof(line), f))
		printf("%ld %s", sum, line);
	return f ? pclose(f) : 1;
}
