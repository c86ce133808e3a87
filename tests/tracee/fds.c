/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: who shares a table, what a number means after dup, close_range, exec, SCM_RIGHTS; and what is behind it.
 */
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <libgen.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "tracee.h"

extern char **environ;
static const char *a, *b;

static int opened(const char *path, int flags, const char *how)
{
	int fd = open(path, flags, 0600);

	CHECK(fd >= 0);
	expect("open %s (%s)", path, how);
	return fd;
}

static void put(int fd, const char *name, int n)
{
	CHECK(write(fd, "0123456789", (size_t)n) == n);
	expect("write %d B to %s", n, name);
}

static void dups(void)
{
	int fd = opened(a, O_WRONLY | O_CREAT, "write, create"), other = opened(b, O_WRONLY | O_CREAT, "write, create");

	put(fd, a, 3);
	CHECK(dup2(fd, other) == other);		/* over an open one: b is closed by it */
	put(other, a, 2);
	CHECK(dup3(fd, 20, O_CLOEXEC) == 20);
	put(20, a, 1);
	CHECK(fcntl(fd, F_DUPFD, 30) == 30 && fcntl(fd, F_DUPFD_CLOEXEC, 40) == 40);
	put(30, a, 4);
	CHECK(dup(fd) == other + 1);
	CHECK(fcntl(30, F_SETFD, FD_CLOEXEC) == 0 && fcntl(40, F_SETFD, 0) == 0);
	CHECK(dup2(fd, fd) == fd);
	CHECK(dup2(999, 5) < 0 && errno == EBADF);
	checkpoint("fd", "dups");
	/* an offset belongs to the description */
	CHECK(lseek(40, 0, SEEK_CUR) == 10);
	CHECK(lseek(fd, 100, SEEK_SET) == 100);
	checkpoint("fd", "seek");
	CHECK(close_range(20, 25, 0) == 0);
	CHECK(close_range(30, 45, CLOSE_RANGE_CLOEXEC) == 0);
	checkpoint("fd", "close_range");
	CHECK(close_range(3, ~0u, 0) == 0);
	checkpoint("fd", "closed");
	CHECK(close(3) < 0 && errno == EBADF);
}

static void kinds(void)
{
	sigset_t none;
	int p[2], sv[2], fd;

	sigemptyset(&none);
	CHECK(pipe2(p, O_CLOEXEC) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	CHECK(memfd_create("hello", MFD_CLOEXEC) >= 0);
	CHECK(eventfd(0, 0) >= 0);
	CHECK(epoll_create1(0) >= 0);
	CHECK(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) >= 0);
	CHECK(signalfd(-1, &none, 0) >= 0);
	CHECK(inotify_init1(IN_CLOEXEC) >= 0);
	/* those that come with a child; the child's own table has none */
	for (int way = 0; way < 2; way++) {
		struct clone_args args = { .flags = CLONE_PIDFD, .pidfd = (uintptr_t)&fd, .exit_signal = SIGCHLD };
		pid_t pid;

		fd = -1;
		pid = (pid_t)(way ? syscall(SYS_clone3, &args, sizeof(args)) :
				    syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &fd, NULL, NULL));
		if (pid == 0) {
			checkpoint("fd", way ? "clone3" : "clone");
			expect("exit 0");
			_exit(0);
		}
		expect("fork → %d", pid);
		CHECK(pid > 0 && fd >= 0 && reap(pid) == 0);
	}
	/* where the system lets one */
	struct { uint32_t words[30]; } params = { 0 };

	CHECK(syscall(SYS_io_uring_setup, 4, &params) >= 0 || errno == EPERM || errno == ENOSYS);
	CHECK(syscall(SYS_fanotify_init, 0x200 | 1 /* FAN_REPORT_FID | FAN_CLOEXEC */, O_RDONLY) >= 0 || errno == EPERM || errno == ENOSYS || errno == EINVAL);
	fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	CHECK(fd >= 0);
	/* opened anew by its link, as Linux lets since 6.9 or so */
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (open(link, O_RDONLY | O_CLOEXEC) >= 0)
		expect("open pidfd:%d (read)", getpid());
	else
		tracee_ignore("^open .*pidfd");
	/* a copy of another's descriptor, here our own */
	int copy = (int)syscall(SYS_pidfd_getfd, fd, p[0], 0);

	CHECK(copy >= 0);
	opened("/", O_PATH | O_DIRECTORY, "path only");
	opened("/dev/null", O_RDWR, "read/write");
	opened(dirname(strdup(a)), O_TMPFILE | O_RDWR, "read/write, temporary");
	checkpoint("fd", "kinds");
	put(p[1], "pipe:*", 4);
	char buf[16];
	CHECK(read(copy, buf, sizeof(buf)) == 4);
	expect("read 4 B from pipe:*");
	CHECK(close_range(3, ~0u, 0) == 0);
}

static void forks(void)
{
	int fd = opened(a, O_RDWR | O_TRUNC, "read/write, truncate"), p[2];
	pid_t pid;
	char c;

	CHECK(pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		/* a copy of the table, the same descriptions: one offset */
		CHECK(write(fd, "child", 5) == 5);
		expect("write 5 B to %s", a);
		close(fd);
		close(p[0]);
		checkpoint("fd", "child");
		expect("write 1 B to pipe:*");
		CHECK(write(p[1], "x", 1) == 1);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	close(p[1]);
	CHECK(read(p[0], &c, 1) == 1);
	expect("read 1 B from pipe:*");
	close(p[0]);
	CHECK(reap(pid) == 0);
	CHECK(lseek(fd, 0, SEEK_CUR) == 5);
	put(fd, a, 2);
	checkpoint("fd", "parent");

	/* CLONE_FILES without CLONE_THREAD: another process, the same table */
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		CHECK(open(b, O_RDWR | O_CLOEXEC) == 4);
		expect("open %s (read/write)", b);
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	CHECK(reap(pid) == 0);
	put(4, b, 6);
	checkpoint("fd", "clone_files");
	/* and out of it again */
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		CHECK(unshare(CLONE_FILES) == 0);
		close(4);
		checkpoint("fd", "unshared");
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	CHECK(reap(pid) == 0);
	put(4, b, 1);
	CHECK(close_range(3, ~0u, CLOSE_RANGE_UNSHARE) == 0);
}

static void send_fds(int sock, const int *fds, unsigned n)
{
	char byte = 'x', control[CMSG_SPACE(4 * sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(n * sizeof(int))
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	CHECK(sendmsg(sock, &m, 0) == 1);
}

static unsigned receive_fds(int sock, int *fds, int flags)
{
	char byte, control[CMSG_SPACE(4 * sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c;

	CHECK(recvmsg(sock, &m, flags) == 1);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_type == SCM_RIGHTS);
	memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

static void passing(void)
{
	int sv[2], fds[2], got[4];
	pid_t pid;

	tracee_ignore("^(send|recv) .*unix");
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	pid = fork();
	if (pid == 0) {
		close(sv[0]);
		CHECK(receive_fds(sv[1], got, MSG_CMSG_CLOEXEC) == 2);
		CHECK(write(got[0], "123", 3) == 3);
		expect("write 3 B to %s", a);
		CHECK(write(got[1], "1234", 4) == 4);
		expect("write 4 B to %s", b);
		checkpoint("fd", "passed");
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	close(sv[1]);
	fds[0] = opened(a, O_WRONLY | O_TRUNC, "write, truncate");
	fds[1] = opened(b, O_WRONLY | O_APPEND, "write, append");
	send_fds(sv[0], fds, 2);
	CHECK(reap(pid) == 0);
	CHECK(lseek(fds[0], 0, SEEK_CUR) == 3);
	CHECK(close_range(3, ~0u, 0) == 0);

	/* several messages at once, each with one of its own */
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sv) == 0);
	fds[0] = opened(a, O_WRONLY | O_TRUNC, "write, truncate");
	fds[1] = opened(b, O_WRONLY | O_TRUNC, "write, truncate");

	char control[2][CMSG_SPACE(sizeof(int))] = { 0 }, bytes[2];
	struct iovec iov[2] = { { bytes, 1 }, { bytes + 1, 1 } };
	struct mmsghdr m[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i],
						.msg_iovlen = 1,
						.msg_control = control[i],
						.msg_controllen = sizeof(control[i]) };
		*CMSG_FIRSTHDR(&m[i].msg_hdr) = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
								  .cmsg_type = SCM_RIGHTS,
								  .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m[i].msg_hdr)), &fds[i], sizeof(int));
	}
	CHECK(sendmmsg(sv[0], m, 2, 0) == 2);
	close(fds[0]);
	close(fds[1]);
	for (int i = 0; i < 2; i++)
		m[i].msg_hdr.msg_controllen = sizeof(control[i]);
	CHECK(recvmmsg(sv[1], m, 2, MSG_CMSG_CLOEXEC, NULL) == 2);
	for (int i = 0; i < 2; i++)
		memcpy(&got[i], CMSG_DATA(CMSG_FIRSTHDR(&m[i].msg_hdr)), sizeof(int));
	put(got[0], a, 4);
	put(got[1], b, 6);
	checkpoint("fd", "passed many");
	CHECK(close_range(3, ~0u, 0) == 0);
}

int main(int argc, char **argv)
{
	if (argc > 1) {		/* after the exec */
		(void)argv;
		access("/tracee/execed", F_OK);
		CHECK(fcntl(50, F_GETFD) == 0 && fcntl(51, F_GETFD) < 0);
		CHECK(write(50, "abcd", 4) == 4);
		CHECK(write(51, "abcd", 4) < 0 && write(3, "abcd", 4) < 0);
		_exit(0);
	}
	/* at its start: descriptors it inherited, among them those of the one that runs it */
	tracee_begin();
	CHECK(close_range(3, ~0u, 0) == 0);
	a = in_dir("a");
	b = in_dir("b");
	checkpoint("fd", "start");
	dups();
	kinds();
	forks();
	passing();

	tracee_ignore("(\\.so|/etc/ld)");
	char *self = realpath("/proc/self/exe", NULL);
	char *args[] = { self, "again", NULL };
	pid_t pid;

	tracee_ignore("^readlink ");
	CHECK(open(a, O_WRONLY | O_CLOEXEC) == 3);
	expect("open %s (write)", a);
	CHECK(dup2(3, 50) == 50 && dup3(3, 51, O_CLOEXEC) == 51);
	pid = fork();
	if (pid == 0) {
		execv(self, args);
		_exit(1);
	}
	expect("fork → %d", pid);
	expect_of(pid, "─── fds exec ─── %s again", self);
	expect_of(pid, "access /tracee/execed ENOENT");
	expect_of(pid, "write 4 B to %s", a);
	expect_of(pid, "write to fd 51 EBADF");
	expect_of(pid, "write to fd 3 EBADF");
	expect_of(pid, "exit 0");
	CHECK(reap(pid) == 0);

	/* sh -c 'cat a > b': the write is b's */
	char cmd[600];
	char *sh[] = { "/bin/sh", "-c", cmd, NULL };

	snprintf(cmd, sizeof(cmd), "exec /bin/cat %s > %s", a, b);
	tracee_ignore("^(open|read|stat) .*(/usr/|/etc/|/lib)");
	pid = fork();
	if (pid == 0) {
		execv(sh[0], sh);
		_exit(1);
	}
	expect("fork → %d", pid);
	expect_of(pid, "─── sh exec ─── *");
	expect_of(pid, "open %s (write, create, truncate)", b);
	expect_of(pid, "─── cat exec ─── /bin/cat %s", a);
	expect_of(pid, "open %s (read)", a);
	expect_of(pid, "copy 4 B from %s to %s", a, b);
	expect_of(pid, "copy 0 B from %s to %s", a, b);
	expect_of(pid, "exit 0");
	CHECK(reap(pid) == 0);
	tracee_end();
}
