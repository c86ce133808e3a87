/* SPDX-License-Identifier: MIT */
/*
 * What live tests attach to.  Each way of living checks itself: an interrupted wait, a lost byte, a wrong answer ends
 * it with 99 and a word on stderr.  It says "ready" once, and ends with 0 when its standard input is closed.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"

#define CHECK(cond) do { if (!(cond)) broken(__LINE__, #cond); } while (0)

static _Atomic bool ending;
static _Atomic unsigned long rounds;

static _Noreturn void broken(int line, const char *what)
{
	dprintf(2, "victim.c:%d: %s (%s)\n", line, what, strerror(errno));
	_exit(99);
}

static void until_told(void)
{
	char c;
	ssize_t n;

	CHECK(write(1, "ready\n", 6) == 6);
	n = read(0, &c, 1);
	CHECK(n == 0);
	ending = true;
}

/* ---- threads that come and go, and move bytes that are counted ---- */

static void *pass(void *arg)
{
	int sv[2];
	char buf[64];

	(void)arg;
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	for (int i = 0; i < 50; i++) {
		memset(buf, i, sizeof(buf));
		CHECK(send(sv[0], buf, sizeof(buf), 0) == sizeof(buf));
		CHECK(recv(sv[1], buf, sizeof(buf), MSG_WAITALL) == sizeof(buf) && buf[63] == i);
	}
	close(sv[0]);
	close(sv[1]);
	rounds++;
	return NULL;
}

static void *spawner(void *arg)
{
	pthread_t t[4];
	pid_t pid;
	int status;

	(void)arg;
	while (!ending) {
		for (int i = 0; i < 4; i++)
			CHECK(pthread_create(&t[i], NULL, pass, NULL) == 0);
		for (int i = 0; i < 4; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
		pid = rounds & 1 ? vfork() : fork();
		if (pid == 0)
			_exit(7);
		CHECK(pid > 0 && wait_one(pid, &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 7);
		usleep(1000);
	}
	return NULL;
}

static int live_threads(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, spawner, NULL) == 0);
	until_told();
	pthread_join(t, NULL);
	printf("%lu rounds\n", rounds);
	return 0;
}

/* ---- a thread in each kind of wait; none may ever see EINTR ---- */

static int event_fd, q_msg, q_sem, pipe_fds[2];

static void *wait_epoll(void *arg)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN };

	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, event_fd, &ev) == 0);
	CHECK(epoll_wait(ep, &ev, 1, arg ? 3600000 : -1) == 1);
	return NULL;
}
static void *wait_poll(void *arg)
{
	struct pollfd p = { event_fd, POLLIN, 0 };

	CHECK(poll(&p, 1, arg ? 3600000 : -1) == 1);
	return NULL;
}
static void *wait_select(void *arg)
{
	fd_set set;
	struct timeval tv = { 3600, 0 };

	FD_ZERO(&set);
	FD_SET(event_fd, &set);
	CHECK(select(event_fd + 1, &set, NULL, NULL, arg ? &tv : NULL) == 1);
	return NULL;
}
static void *wait_read(void *arg)
{
	char c;

	(void)arg;
	CHECK(read(pipe_fds[0], &c, 1) == 0);
	return NULL;
}
static void *wait_msg(void *arg)
{
	struct { long type; char c; } m;

	(void)arg;
	CHECK(msgrcv(q_msg, &m, 1, 0, 0) < 0 && errno == EIDRM);
	return NULL;
}
static void *wait_sem(void *arg)
{
	struct sembuf op = { 0, -1, 0 };
	struct timespec t = { 3600, 0 };

	CHECK((arg ? semtimedop(q_sem, &op, 1, &t) : semop(q_sem, &op, 1)) < 0 && errno == EIDRM);
	return NULL;
}
static void *wait_sleep(void *arg)
{
	struct timespec t = { 0, 30000000 }, end;

	(void)arg;
	while (!ending)
		CHECK(nanosleep(&t, NULL) == 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec = 0;
	end.tv_sec++;
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == 0);
	return NULL;
}
static void *wait_signal(void *arg)
{
	sigset_t set;
	struct timespec t = { 3600, 0 };

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigtimedwait(&set, NULL, arg ? &t : NULL) == SIGUSR1);
	return NULL;
}
static void *wait_recv(void *arg)
{
	struct timeval tv = { 3600, 0 };
	int fd = *(int *)arg;
	char c;

	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	CHECK(recv(fd, &c, 1, 0) == 0);
	return NULL;
}

static int live_waits(void)
{
	static int sv[2];
	pthread_t t[16], sig[2];
	unsigned n = 0;
	sigset_t set;
	void *yes = &n;
	uint64_t one = 1;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	event_fd = eventfd(0, EFD_CLOEXEC);
	q_msg = msgget(IPC_PRIVATE, 0600);
	q_sem = semget(IPC_PRIVATE, 1, 0600);
	CHECK(pipe(pipe_fds) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0 && q_msg >= 0 && q_sem >= 0);
	pthread_create(&t[n++], NULL, wait_epoll, NULL);
	pthread_create(&t[n++], NULL, wait_epoll, yes);
	pthread_create(&t[n++], NULL, wait_poll, NULL);
	pthread_create(&t[n++], NULL, wait_poll, yes);
	pthread_create(&t[n++], NULL, wait_select, NULL);
	pthread_create(&t[n++], NULL, wait_select, yes);
	pthread_create(&t[n++], NULL, wait_read, NULL);
	pthread_create(&t[n++], NULL, wait_msg, NULL);
	pthread_create(&t[n++], NULL, wait_sem, NULL);
	pthread_create(&t[n++], NULL, wait_sem, yes);
	pthread_create(&t[n++], NULL, wait_sleep, NULL);
	pthread_create(&t[n++], NULL, wait_recv, &sv[0]);
	pthread_create(&sig[0], NULL, wait_signal, NULL);
	pthread_create(&sig[1], NULL, wait_signal, yes);
	until_told();
	CHECK(write(event_fd, &one, 8) == 8);
	close(pipe_fds[1]);
	close(sv[1]);
	CHECK(msgctl(q_msg, IPC_RMID, NULL) == 0 && semctl(q_sem, 0, IPC_RMID) == 0);
	for (int i = 0; i < 2; i++)
		pthread_kill(sig[i], SIGUSR1);
	while (n)
		pthread_join(t[--n], NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(sig[i], NULL);
	return 0;
}

/* ---- odd states ---- */

static int live_vfork(void)
{
	pid_t pid;
	int status;

	CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	pid = vfork();
	if (pid == 0) {
		/* the parent is held in vfork until asked to go on */
		until_told();
		_exit(5);
	}
	CHECK(wait_one(pid, &status, 0) > 0 && WEXITSTATUS(status) == 5);
	return 0;
}

static void *vforker(void *arg)
{
	const struct timespec while_ns = { 0, 50000000 };
	pid_t pid;
	int status;

	(void)arg;
	while (!ending) {
		pid = vfork();
		if (pid == 0) {
			nanosleep(&while_ns, NULL);
			execl("/bin/true", "true", (char *)NULL);
			_exit(3);
		}
		CHECK(wait_one(pid, &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	return NULL;
}

/* A thread that is nearly always in vfork. */
static int live_vforks(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, vforker, NULL) == 0);
	until_told();
	pthread_join(t, NULL);
	CHECK(write(1, "fine\n", 5) == 5);
	return 0;
}

/* What Ctrl-Z does between vfork and exec: the child stops, and its parent cannot. */
static int live_vfork_stop(void)
{
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		kill(getpid(), SIGTSTP);
		_exit(5);
	}
	CHECK(wait_one(pid, &status, 0) > 0 && WEXITSTATUS(status) == 5);
	return 0;
}

static void *goes_on(void *arg)
{
	char path[64], stat[512] = "", *p;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	for (;;) {
		FILE *f = fopen(path, "re");

		if (f && fgets(stat, sizeof(stat), f) && (p = strrchr(stat, ')')) && p[2] == 'Z')
			break;
		if (f)
			fclose(f);
		usleep(1000);
	}
	until_told();
	CHECK(write(1, "fine\n", 5) == 5);
	_exit(0);
}

static int live_leaderless(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, goes_on, NULL) == 0);
	syscall(SYS_exit, 0);
	return 1;
}

/* Its leader goes when it is asked to, the thread stays. */
static int live_leaves(void)
{
	pthread_t t;
	char c;

	CHECK(write(1, "here\n", 5) == 5);
	CHECK(read(0, &c, 1) == 1);
	CHECK(pthread_create(&t, NULL, goes_on, NULL) == 0);
	syscall(SYS_exit, 0);
	return 1;
}

static int live_family(void)
{
	int gate[2];
	char c;

	CHECK(pipe(gate) == 0);
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			close(gate[1]);
			if (i == 2 && fork() != 0) {
				int status;

				wait(&status);
				_exit(0);
			}
			CHECK(read(gate[0], &c, 1) == 0);
			access("/victim/relative", 0);
			_exit(0);
		}
	close(gate[0]);
	until_told();
	close(gate[1]);
	while (wait(NULL) > 0)
		;
	return 0;
}

static void kill_a_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		for (;;)
			pause();
	CHECK(pid > 0 && kill_one(pid, SIGTERM) == 0 && wait_one(pid, &status, 0) > 0 && WTERMSIG(status) == SIGTERM);
}

/* Its children are in another pid namespace: the first one from the end on, or (inhabited) already. */
static int live_in_namespace(bool inhabited)
{
	int gate[2], status;
	pid_t init, pid;
	char c;

	CHECK(pipe(gate) == 0 && unshare(CLONE_NEWPID) == 0);
	if (!inhabited)
		until_told();
	init = fork();
	if (init == 0) {
		close(gate[1]);
		CHECK(getpid() == 1 && read(gate[0], &c, 1) == 0);
		kill_a_child();
		_exit(0);
	}
	CHECK(init > 0);
	if (inhabited)
		until_told();
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		CHECK(getpid() == 2);
		kill_a_child();
		_exit(0);
	}
	CHECK(pid > 0 && wait_one(pid, &status, 0) > 0 && status == 0);
	close(gate[1]);
	CHECK(wait_one(init, &status, 0) > 0 && status == 0);
	return 0;
}

static int live_unshared(void) { return live_in_namespace(false); }
static int live_inhabited(void) { return live_in_namespace(true); }

static int live_busy(void)
{
	struct timespec t = { 0, 2000000 };
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, (void *(*)(void *))(void *)pass, NULL) == 0);
	pthread_join(thread, NULL);
	CHECK(write(1, "ready\n", 6) == 6);
	for (;;) {
		struct pollfd p = { 0, POLLIN, 0 };

		access("/victim/here", 0);
		if (poll(&p, 1, 0) == 1)
			return 0;
		nanosleep(&t, NULL);
	}
}

/* Many threads that make nothing but a call: until each has made some, or one of them too many meanwhile. */
enum { CALLERS = 64, EACH = 20, TOO_MANY = 10000 };
static atomic_int turns_over;

static void *take_turns(void *arg)
{
	static atomic_int done;
	struct sched_param p;

	for (int made = 1; !turns_over; made++) {
		CHECK(sched_getparam(0, &p) == 0);
		if ((made == EACH && ++done == CALLERS) || made == TOO_MANY)
			turns_over = made;
	}
	return arg;
}

static int live_turns(void)
{
	pthread_t t[CALLERS];

	for (unsigned i = 0; i < CALLERS; i++)
		CHECK(pthread_create(&t[i], NULL, take_turns, NULL) == 0);
	for (unsigned i = 0; i < CALLERS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(turns_over < TOO_MANY);
	return 0;
}

/* Threads that make threads which end at once, without a pause. */
static void *pass_on(void *arg) { return arg; }

static void *bear(void *arg)
{
	for (;;) {
		pthread_t t;

		CHECK(pthread_create(&t, NULL, pass_on, NULL) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	}
	return arg;
}

static int live_births(void)
{
	pthread_t t;

	for (unsigned i = 0; i < 6; i++)
		CHECK(pthread_create(&t, NULL, bear, NULL) == 0);
	CHECK(write(1, "ready\n", 6) == 6);
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int (*live)(void); } ways[] = {
		{ "threads", live_threads }, { "waits", live_waits }, { "vfork", live_vfork }, { "vforks", live_vforks }, { "vfork_stop", live_vfork_stop },
		{ "leaderless", live_leaderless }, { "leaves", live_leaves }, { "family", live_family }, { "busy", live_busy },
		{ "unshared", live_unshared }, { "inhabited", live_inhabited }, { "turns", live_turns }, { "births", live_births },
	};

	for (unsigned i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[1], ways[i].name))
			return ways[i].live();
	return 2;
}
