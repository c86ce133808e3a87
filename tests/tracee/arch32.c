/* SPDX-License-Identifier: MIT */
/* A 32-bit program: its calls, its structures, its children. */
#include <sys/socket.h>
#include <sys/uio.h>

#include "tracee.h"

int main(void)
{
	const char *a = in_dir("a"), *b = in_dir("b");
	struct iovec iov[2] = { { "abc", 3 }, { "de", 2 } };
	int fd, p[2], sv[2];
	char buf[16];
	pid_t pid;

	tracee_begin();
	fd = open(a, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	expect("open %s (write, create, truncate)", a);
	CHECK(write(fd, "12345", 5) == 5 && writev(fd, iov, 2) == 5 && pwrite(fd, "x", 1, 2) == 1);
	expect("write 5 B to %s", a);
	expect("write 5 B to %s", a);
	expect("write 1 B to %s", a);
	checkpoint("fd", "written");
	CHECK(lseek(fd, 3, SEEK_SET) == 3);
	checkpoint("fd", "sought");
	close(fd);
	CHECK(rename(a, b) == 0);
	expect("rename %s → %s", a, b);
	CHECK(truncate(b, 77) == 0);
	expect("truncate %s (77 B)", b);
	CHECK(access(a, F_OK) < 0);
	expect("access %s ENOENT", a);
	CHECK(pipe(p) == 0 && write(p[1], "yy", 2) == 2);
	expect("write 2 B to pipe:*");
	CHECK(read(p[0], buf, 2) == 2);
	expect("read 2 B from pipe:*");
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	CHECK(sendmsg(sv[0], &m, 0) == 5);
	expect("send 5 B to *");
	CHECK(recv(sv[1], buf, 5, 0) == 5);
	expect("recv 5 B from *");
	pid = fork();
	if (pid == 0)
		_exit(9);
	expect("fork → %d", pid);
	expect_of(pid, "exit 9");
	CHECK(WEXITSTATUS(reap(pid)) == 9);
	CHECK(unlink(b) == 0);
	expect("unlink %s", b);
	void *mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(mem != MAP_FAILED);
	tracee_watch("memory");
	expect("mmap %012lx-%012lx rw- 8.0 KB anon", (unsigned long)mem, (unsigned long)mem + 8192);
	CHECK(munmap(mem, 8192) == 0);
	expect("munmap %012lx-%012lx 8.0 KB", (unsigned long)mem, (unsigned long)mem + 8192);
	tracee_end();
}
