/* SPDX-License-Identifier: MIT */
/*
 * A random walk, the same each time, over what makes, copies, passes, renames and closes descriptors, in threads and
 * children, with one table and with several.  Its lines do not matter: the model has to hold at each checkpoint what
 * /proc/self/fd says.
 */
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "tracee.h"

enum { FDS = 40, STEPS = 25, ROUNDS = 6, CHILD_STEPS = 20, THREAD_STEPS = 6, DEPTH_MAX = 1 };

static const char *const files[] = {
	"a", "b", "c", "d1/a", "d1/b", "d2/x", "d1/d3/y", "./a", "d1/../a", "d1/d3/../b", "d2/../d1/a"
};
static const char *const dirs[] = { "d1", "d2", "d1/d3", ".", "d2/.." };
static unsigned seed, depth, ncheckpoints;
static char name[32] = "walk";

/* Numerical Recipes' generator: its upper bits are good enough to choose by. */
static unsigned below(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static const char *a_file(void) { return files[below(sizeof(files) / sizeof(*files))]; }
static const char *a_dir(void) { return dirs[below(sizeof(dirs) / sizeof(*dirs))]; }
static int cloexec(int flag) { return below(2) ? flag : 0; }
static int a_number(void) { return 3 + (int)below(FDS); }

static int an_fd(void)
{
	for (int tries = 0; tries < 60; tries++) {
		int fd = a_number();

		if (fcntl(fd, F_GETFD) >= 0)
			return fd;
	}
	return 0;
}

static void walk(unsigned steps);

static void *in_thread(void *arg)
{
	walk(THREAD_STEPS);
	return arg;
}

static void compare(void)
{
	char which[48];

	snprintf(which, sizeof(which), "%s-%u", name, ncheckpoints++);
	checkpoint("fd", which);
}

/* A child, with a table of its own or with this one. */
static void child(void)
{
	pid_t pid = below(3) ? fork() : (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	unsigned number = below(1000);

	if (pid == 0) {
		depth++;
		snprintf(name + strlen(name), 8, ".%u", number);
		walk(CHILD_STEPS);
		compare();
		_exit(0);
	}
	reap(pid);
}

/* Two descriptors in a message, of which both arrive, or one. */
static void pass(void)
{
	union { char bytes[CMSG_SPACE(2 * sizeof(int))]; struct cmsghdr align; } control = { { 0 } }, back;
	int sv[2], fds[2] = { an_fd(), an_fd() };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		return;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	sendmsg(sv[0], &m, 0);
	m.msg_control = &back;
	m.msg_controllen = below(3) ? sizeof(back) : CMSG_LEN(sizeof(int));
	recvmsg(sv[1], &m, cloexec(MSG_CMSG_CLOEXEC));
	for (int i = 0; i < 2; i++)
		if (below(2))
			close(sv[i]);
}

static void make(void)
{
	sigset_t none;
	int p[2];

	sigemptyset(&none);
	switch (below(15)) {
	case 0: case 1: case 2: open(a_file(), O_RDWR | O_CREAT | cloexec(O_CLOEXEC), 0600); break;
	case 3: open(a_file(), O_RDONLY | cloexec(O_CLOEXEC)); break;
	case 4: open(a_file(), O_PATH | cloexec(O_CLOEXEC)); break;
	case 5: open(a_dir(), O_RDONLY | O_DIRECTORY | cloexec(O_CLOEXEC)); break;
	case 6: open(a_dir(), O_TMPFILE | O_RDWR, 0600); break;
	case 7: openat(an_fd(), "a", O_RDONLY); break;
	case 8: pipe2(p, cloexec(O_CLOEXEC)); break;
	case 9: socketpair(AF_UNIX, SOCK_STREAM | cloexec(SOCK_CLOEXEC), 0, p); break;
	case 10: socket(below(2) ? AF_INET : AF_UNIX, SOCK_STREAM, 0); break;
	case 11: memfd_create("walk", cloexec(MFD_CLOEXEC)); break;
	case 12: below(2) ? eventfd(0, 0) : signalfd(-1, &none, cloexec(SFD_CLOEXEC)); break;
	case 13: below(2) ? epoll_create1(0) : timerfd_create(CLOCK_MONOTONIC, 0); break;
	default: below(2) ? inotify_init1(0) : (int)syscall(SYS_pidfd_open, getpid(), 0); break;
	}
}

static void copy(void)
{
	char link[32];
	int fd = an_fd(), pidfd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	switch (below(7)) {
	case 0: dup(fd); break;
	case 1: dup2(fd, a_number()); break;
	case 2: dup3(fd, a_number(), O_CLOEXEC); break;
	case 3: fcntl(fd, below(2) ? F_DUPFD : F_DUPFD_CLOEXEC, a_number()); break;
	case 4: open(link, (below(2) ? O_RDONLY : O_RDWR) | cloexec(O_CLOEXEC)); break;
	case 5: pass(); break;
	default:
		pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
		syscall(SYS_pidfd_getfd, pidfd, fd, 0);
		close(pidfd);
	}
}

static void use(void)
{
	char bytes[16];
	struct stat st;
	int fd = an_fd();

	switch (below(5)) {
	case 0: fcntl(fd, F_SETFD, below(2)); break;
	case 1: ioctl(fd, below(2) ? FIOCLEX : FIONCLEX); break;
	case 2: lseek(fd, below(20), (int)below(3)); break;
	default:
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
			break;
		read(fd, bytes, below(10));
		write(fd, bytes, below(10));
		pwrite(fd, bytes, 5, below(9));
	}
}

static void rename_some(void)
{
	switch (below(5)) {
	case 0: rename(a_file(), a_file()); break;
	case 1: syscall(SYS_renameat2, AT_FDCWD, a_file(), AT_FDCWD, a_file(), below(2) ? 2 /* _EXCHANGE */ : 1); break;
	case 2: unlink(a_file()); break;
	case 3:
		rename(below(2) ? "d1" : "d2", below(2) ? "d4" : "d1/d3/q");
		rename("d4", below(2) ? "d1" : "d2");
		break;
	default:
		mkdir("d1", 0700);
		mkdir("d2", 0700);
		mkdir("d1/d3", 0700);
	}
}

static void close_some(void)
{
	int fd = an_fd();

	switch (below(6)) {
	case 0: syscall(SYS_close_range, a_number(), below(3) ? 0 : FDS + 5, cloexec(CLOSE_RANGE_CLOEXEC)); break;
	case 1: syscall(SYS_close_range, FDS / 2 + below(10), FDS - below(10), 0); break;
	default:
		if (fd > 2)
			close(fd);
	}
}

static void walk(unsigned steps)
{
	pthread_t t;

	while (steps--)
		switch (below(24)) {
		case 0: case 1: case 2: case 3: case 4: case 5: case 6: make(); break;
		case 7: case 8: case 9: case 10: copy(); break;
		case 11: case 12: case 13: use(); break;
		case 14: case 15: case 16: rename_some(); break;
		case 17: case 18: case 19: close_some(); break;
		case 20:
			if (below(4) == 0)
				unshare(CLONE_FILES);
			break;
		case 21:
			if (depth < DEPTH_MAX)
				child();
			break;
		default:
			if (pthread_create(&t, NULL, in_thread, NULL) == 0)
				pthread_join(t, NULL);
		}
}

int main(void)
{
	tracee_begin();
	tracee_ignore(".");
	mkdir("d1", 0700);
	mkdir("d2", 0700);
	mkdir("d1/d3", 0700);
	for (unsigned i = 0; i < ROUNDS; i++) {
		seed = 100 * i;
		walk(STEPS);
		compare();
	}
	tracee_end();
}
