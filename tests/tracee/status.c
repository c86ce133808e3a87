/* SPDX-License-Identifier: MIT */
/* /proc/PID/status by every way to read it: in small pieces, at offsets, through copies and links of a descriptor. */
#include <ctype.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tracee.h"

static char whole[65536];

static void begins_with(const char *text, const char *key, const char *value)
{
	const char *p = strstr(text, key);

	if (!p || strncmp(p + strlen(key), value, strlen(value)) != 0) {
		dprintf(2, "%.40s, not %s in:\n%s\n", p ? p + 1 : key + 1, value, text);
		CHECK(!"the status shows a tracer");
	}
}

/* As the kernel makes it: whole lines of key and value, and nothing of a tracer. */
static void is_untraced(char *text, ssize_t n)
{
	CHECK(n > 300 && text[n - 1] == '\n');
	text[n] = '\0';
	CHECK(strncmp(text, "Name:\t", 6) == 0);
	for (char *p = text; *p; p = strchr(p, '\n') + 1) {
		size_t key = strcspn(p, ":\n");

		CHECK(p[key] == ':' && (p[key + 1] == '\t' || p[key + 1] == '\n'));
	}
	begins_with(text, "\nTracerPid:", "\t0\n");
	begins_with(text, "\nNoNewPrivs:", "\t0\n");
	begins_with(text, "\nSeccomp:", "\t0\n");
	begins_with(text, "\nSeccomp_filters:", "\t0\n");
	begins_with(text, "\nSpeculation_Store_Bypass:", "\t");
	begins_with(text, "\nnonvoluntary_ctxt_switches:", "\t");
}

static ssize_t in_pieces(int fd, size_t size)
{
	size_t n = 0;
	ssize_t k;

	while ((k = read(fd, whole + n, size)) > 0)
		n += (size_t)k;
	CHECK(k == 0 && read(fd, whole + n, 100) == 0);
	return (ssize_t)n;
}

static ssize_t at_offsets(int fd, size_t size)
{
	size_t n = 0;
	ssize_t k;

	while ((k = pread(fd, whole + n, size, (off_t)n)) > 0)
		n += (size_t)k;
	return (ssize_t)n;
}

static ssize_t in_vectors(int fd)
{
	size_t n = 0;
	ssize_t k;

	for (;;) {
		struct iovec iov[3] = { { whole + n, 5 }, { whole + n + 5, 1 }, { whole + n + 6, 30 } };

		k = n & 1 ? preadv(fd, iov, 3, (off_t)n) : preadv2(fd, iov, 3, (off_t)n, 0);
		if (k <= 0)
			return (ssize_t)n;
		n += (size_t)k;
	}
}

static void read_all_ways(int fd)
{
	is_untraced(whole, pread(fd, whole, sizeof(whole) - 1, 0));
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	is_untraced(whole, in_pieces(fd, 1));
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	is_untraced(whole, in_pieces(fd, 17));
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	is_untraced(whole, in_pieces(fd, 900));
	is_untraced(whole, at_offsets(fd, 61));
	is_untraced(whole, in_vectors(fd));
	/* where it ends, and from its middle on */
	CHECK(lseek(fd, 0, SEEK_SET) == 0);

	ssize_t n = in_pieces(fd, 60000);

	is_untraced(whole, n);
	CHECK(lseek(fd, 0, SEEK_CUR) == n);
	/* it is made anew at each start, and its line of the state changes its length: "R (running)", "S (sleeping)" */
	bool found = false;

	for (int tries = 0; !found && tries < 100; tries++) {
		CHECK(lseek(fd, 0, SEEK_SET) == 0);
		is_untraced(whole, in_pieces(fd, 60000));
		CHECK(lseek(fd, strstr(whole, "\nTracerPid:") + 1 - whole, SEEK_SET) > 0);
		found = read(fd, whole, 13) == 13 && memcmp(whole, "TracerPid:\t0\n", 13) == 0;
	}
	CHECK(found);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
}

static void *in_thread(void *arg)
{
	read_all_ways(*(int *)arg);
	return NULL;
}

static void send_fd(int sock, int fd)
{
	char data = 'x', control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { &data, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	CHECK(sendmsg(sock, &msg, 0) == 1);
}

static int receive_fd(int sock)
{
	char data, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &data, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	int fd = -1;

	CHECK(recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

int main(void)
{
	char path[64], first[1000];
	int fd, other, sv[2];
	pthread_t t;
	ssize_t n;
	pid_t pid;

	tracee_begin();
	tracee_ignore("^(open|read|fork|exit|thread|symlink|unlink|send|recv|seek|access) ?");
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	read_all_ways(fd);
	CHECK((other = dup(fd)) >= 0 && dup2(other, 70) == 70 && fcntl(70, F_DUPFD, 80) == 80);
	close(other);
	read_all_ways(70);
	read_all_ways(80);
	CHECK(pthread_create(&t, NULL, in_thread, &fd) == 0 && pthread_join(t, NULL) == 0);

	/* by names that do not end like it */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK((other = open(path, O_RDONLY | O_CLOEXEC)) >= 0);
	read_all_ways(other);
	close(other);
	CHECK(symlink("/proc/self/status", "alias") == 0 && (other = open("alias", O_RDONLY | O_CLOEXEC)) >= 0);
	read_all_ways(other);
	close(other);
	CHECK((other = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC)) >= 0);
	read_all_ways(other);
	close(other);
	unlink("alias");

	/* in another process: inherited, received, with a table it shares; and of another process */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == 0);
	pid = fork();
	if (pid == 0) {
		read_all_ways(80);
		read_all_ways(receive_fd(sv[1]));
		_exit(0);
	}
	CHECK((other = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC)) >= 0);
	send_fd(sv[0], other);
	close(other);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if ((other = open(path, O_RDONLY | O_CLOEXEC)) >= 0 && (n = in_pieces(other, 100)) > 300)
		is_untraced(whole, n);
	close(other);
	CHECK(reap(pid) == 0);
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0) {
		CHECK((other = open("/proc/self/status", O_RDONLY)) >= 0 && dup2(other, 90) == 90);
		read_all_ways(70);
		_exit(0);
	}
	CHECK(reap(pid) == 0);
	/* its process has ended */
	CHECK(read(90, first, sizeof(first)) < 0 && errno == ESRCH);

	/* nothing is changed in what has no tracer */
	n = 0;
	if ((other = open("/proc/1/status", O_RDONLY | O_CLOEXEC)) >= 0)
		n = read(other, whole, sizeof(whole) - 1);
	CHECK(n > 300);
	whole[n] = '\0';
	CHECK(pread(other, first, 500, 0) == 500 && strstr(whole, "\nPid:\t1\n"));
	close(other);
	/* and a file that only looks like it */
	CHECK((other = open("status", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0 && write(other, "\nTracerPid:\t5\n", 15) == 15);
	expect("write 15 B to *");
	CHECK(pread(other, first, 100, 0) == 15 && memcmp(first, "\nTracerPid:\t5\n", 15) == 0);
	tracee_end();
}
