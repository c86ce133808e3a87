/* SPDX-License-Identifier: MIT */
/*
 * exec by a thread that is not the leader: the others end, it takes the leader's number, descriptors close as they
 * should.
 */
#include <pthread.h>

#include "tracee.h"

extern char **environ;
static char *self;
static pthread_barrier_t ready;

static void *idle(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
	return NULL;
}

static void *execs(void *arg)
{
	char *argv[] = { self, "again", NULL };

	(void)arg;
	pthread_barrier_wait(&ready);
	execve(self, argv, environ);
	_exit(1);
}

int main(int argc, char **argv)
{
	pid_t pid;
	int status;

	(void)argv;
	if (argc > 1) {
		/* after the exec: number 10 survived, 11 was close-on-exec */
		CHECK(getpid() == tid_now());
		CHECK(fcntl(10, F_GETFD) >= 0 && fcntl(11, F_GETFD) < 0);
		access("/tracee/again", F_OK);
		CHECK(write(10, "xy", 2) == 2);
		_exit(5);
	}
	self = realpath("/proc/self/exe", NULL);
	tracee_begin();
	tracee_ignore("^(open|read|stat) (?!.*tracee)");
	tracee_ignore("^(read|open|stat|access).*(\\.so|/etc/|/proc)");

	const char *file = in_dir("kept");
	int fd = open(file, O_WRONLY | O_CREAT, 0600);

	expect("open %s (write, create)", file);
	CHECK(dup2(fd, 10) == 10 && dup3(fd, 11, O_CLOEXEC) == 11);
	close(fd);
	for (int round = 0; round < 3; round++) {
		pid = fork();
		if (pid == 0) {
			pthread_t t;

			pthread_barrier_init(&ready, NULL, 5);
			for (int i = 0; i < 4; i++)
				CHECK(pthread_create(&t, NULL, i == round ? execs : idle, NULL) == 0);
			pthread_barrier_wait(&ready);
			for (;;)
				pause();
		}
		expect("fork → %d", pid);
		for (int i = 0; i < 4; i++)
			expect_of(pid, "thread → *");
		expect_of(pid, "─── exec_thread exec ─── %s again", self);
		expect_of(pid, "access /tracee/again ENOENT");
		expect_of(pid, "write 2 B to %s", file);
		expect_of(pid, "exit 5");
		status = reap(pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	}
	tracee_end();
}
