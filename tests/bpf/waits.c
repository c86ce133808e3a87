/* SPDX-License-Identifier: MIT */
/*
 * Waits of every kind beside floods of calls, for the tests of back-pressure: usage: waits CALLS.
 *
 * Each thread waits in one way, with a timeout, until the flood of CALLS calls is over.  Untraced no wait is ever cut
 * short and no read comes back short; what is prints a line, and the exit status is 1.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

enum { WAIT_MS = 20, FLOODS = 2, BIG = 8 << 20 };

static _Atomic long left;
static _Atomic int floods = FLOODS, cut, rounds;

static void wrong(const char *what)
{
	printf("%s: %s\n", what, errno == EINTR ? "EINTR" : errno ? "another error" : "short");
	cut++;
}

static int wait_epoll(int fd) { struct epoll_event e; return epoll_wait(fd, &e, 1, WAIT_MS); }
static int wait_poll(int fd) { struct pollfd p = { fd, POLLIN, 0 }; return poll(&p, 1, WAIT_MS); }
static int wait_recv(int fd) { char c; return recv(fd, &c, 1, 0) < 0 && errno == EAGAIN ? 0 : -1; }
static int wait_sleep(int fd) { (void)fd; return nanosleep(&(struct timespec){ 0, WAIT_MS * 1000000 }, NULL); }

static int wait_select(int fd)
{
	struct timeval tv = { 0, WAIT_MS * 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &tv);
}

static int wait_sem(int id)
{
	struct sembuf op = { 0, -1, 0 };

	return semtimedop(id, &op, 1, &(struct timespec){ 0, WAIT_MS * 1000000 }) < 0 && errno == EAGAIN ? 0 : -1;
}

static int wait_signal(int fd)
{
	sigset_t set;

	(void)fd;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigtimedwait(&set, NULL, &(struct timespec){ 0, WAIT_MS * 1000000 }) < 0 && errno == EAGAIN ? 0 : -1;
}

static int wait_futex(int fd)
{
	static int word;

	(void)fd;
	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &(struct timespec){ 0, WAIT_MS * 1000000 }) < 0 &&
			       errno == ETIMEDOUT ?
		       0 :
		       -1;
}

/* The kernel cuts these reads short when a signal, or what looks like one, is due. */
static int read_big(int fd)
{
	static char buf[BIG];

	errno = 0;
	return read(fd, buf, BIG) == BIG ? 0 : -1;
}

static const struct way { const char *name; int (*wait)(int fd); } ways[] = {
	{ "epoll_wait", wait_epoll }, { "poll", wait_poll }, { "recv", wait_recv }, { "nanosleep", wait_sleep }, { "select", wait_select },
	{ "semtimedop", wait_sem }, { "sigtimedwait", wait_signal }, { "futex", wait_futex }, { "read of /dev/urandom", read_big },
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };
static int fds[WAYS];

static void *waiter(void *ctx)
{
	size_t i = (size_t)ctx;

	while (floods > 0) {
		if (ways[i].wait(fds[i]) != 0)
			wrong(ways[i].name);
		rounds++;
	}
	return NULL;
}

static void *flood(void *ctx)
{
	int zero = open("/dev/zero", O_RDONLY);
	char c;

	(void)ctx;
	while (left-- > 0)
		if (read(zero, &c, 1) != 1)
			wrong("read of /dev/zero");
	floods--;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t[WAYS + FLOODS];
	struct timeval tv = { 0, WAIT_MS * 1000 };
	sigset_t usr1;
	int sv[2], p[2];

	left = argc > 1 ? atol(argv[1]) : 100000;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	if (pipe(p) || socketpair(AF_UNIX, SOCK_STREAM, 0, sv) ||
	    setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)))
		return 2;
	for (size_t i = 0; i < WAYS; i++)
		fds[i] = p[0];
	fds[0] = epoll_create1(0);
	fds[2] = sv[0];
	fds[5] = semget(IPC_PRIVATE, 1, 0600);
	fds[8] = open("/dev/urandom", O_RDONLY);
	for (size_t i = 0; i < WAYS + FLOODS; i++)
		if (pthread_create(&t[i], NULL, i < WAYS ? waiter : flood, (void *)i))
			return 2;
	for (size_t i = 0; i < WAYS + FLOODS; i++)
		pthread_join(t[i], NULL);
	semctl(fds[5], 0, IPC_RMID);
	printf("%d waits, %d cut short\n", (int)rounds, (int)cut);
	return cut != 0;
}
