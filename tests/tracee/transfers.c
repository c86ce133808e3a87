/* SPDX-License-Identifier: MIT */
/*
 * Bytes that move by other ways than read and write, and what the kernel counted: process_vm_*, io_submit, files opened
 * by handle, waits for a connection that never comes.  And who is at the other end of a pipe.
 */
#include <linux/aio_abi.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tracee.h"

static char here[4096], there[4096];

static void vm(void)
{
	struct iovec local = { here, 700 }, remote = { there, 700 };
	int gate[2];
	pid_t pid;
	char c;

	tracee_ignore("^read .*pipe:");
	CHECK(pipe(gate) == 0);
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		CHECK(read(gate[0], &c, 1) == 0);
		CHECK(there[5] == 'h');
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	close(gate[0]);
	memset(there, 't', sizeof(there));
	memset(here, 'h', sizeof(here));
	there[0] = 0;
	CHECK(process_vm_writev(pid, &local, 1, &remote, 1, 0) == 700);
	expect("copy 700 B *process %d*", pid);
	CHECK(process_vm_readv(pid, &local, 1, &remote, 1, 0) == 700 && here[0] == 'h');
	expect("copy 700 B *process %d*", pid);
	remote.iov_base = (void *)1;
	CHECK(process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 && errno == EFAULT);
	expect("copy *process %d* EFAULT", pid);
	close(gate[1]);
	CHECK(reap(pid) == 0);
}

static void handles(const char *path)
{
	struct { struct file_handle h; char more[128]; } fh = { .h.handle_bytes = 128 };
	int mount_id, dir, fd;

	if (name_to_handle_at(AT_FDCWD, path, &fh.h, &mount_id, 0) < 0)
		return;
	dir = open("/", O_RDONLY | O_DIRECTORY);
	expect("open / (read, directory)");
	fd = open_by_handle_at(dir, &fh.h, O_RDONLY);
	if (fd < 0) {		/* root's; and the mount has to be that of / */
		expect("? open *%s", strerrorname_np(errno));
		close(dir);
		return;
	}
	expect("open %s (read)", path);		/* named by what it is */
	CHECK(read(fd, here, 3) == 3);
	expect("read 3 B from %s", path);
	close(fd);
	close(dir);
}

static void aio(const char *path)
{
	aio_context_t ctx = 0;
	int fd = open(path, O_RDWR);
	struct iocb cb[4] = {
		{ .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = (uint32_t)fd, .aio_buf = (uintptr_t)here, .aio_nbytes = 300 },
		{ .aio_lio_opcode = IOCB_CMD_FSYNC, .aio_fildes = (uint32_t)fd },
		{ .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (uint32_t)fd, .aio_buf = (uintptr_t)here, .aio_nbytes = 1000, .aio_offset = 100 },
		{ .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = (uint32_t)fd, .aio_buf = 1, .aio_nbytes = 7 },
	}, *v[] = { &cb[0], &cb[1], &cb[2], &cb[3] };
	struct io_event ev[4];

	expect("open %s (read/write)", path);
	if (syscall(SYS_io_setup, 4, &ctx) < 0)
		return;
	/* what came of each is known when it is asked for, and counted then */
	CHECK(syscall(SYS_io_submit, ctx, 1, v) == 1);
	CHECK(syscall(SYS_io_getevents, ctx, 1, 4, ev, NULL) == 1 && ev[0].res == 300);
	expect("write 300 B to %s", path);
	CHECK(syscall(SYS_io_submit, ctx, 1, v + 1) == 1);
	CHECK(syscall(SYS_io_getevents, ctx, 1, 4, ev, NULL) == 1 && ev[0].res == 0);
	expect("sync %s", path);
	CHECK(syscall(SYS_io_submit, ctx, 1, v + 2) == 1);
	CHECK(syscall(SYS_io_getevents, ctx, 1, 4, ev, NULL) == 1 && ev[0].res == 200);
	expect("read 200 B from %s", path);
	CHECK(syscall(SYS_io_submit, ctx, 1, v + 3) == 1);
	CHECK(syscall(SYS_io_getevents, ctx, 1, 4, ev, NULL) == 1 && ev[0].res == -EFAULT);
	expect("write to %s EFAULT", path);
	CHECK(syscall(SYS_io_destroy, ctx) == 0);
	expect_call("io_submit(*, 1, [{pwrite, *<%s>, 300, 0}]) = 1", path);
	expect_call("io_getevents(*) = 1");
	expect_call("io_submit(*, 1, [{pread, *<%s>, 1000, 100}]) = 1", path);
	close(fd);
}

/* A listener with a full queue does not answer: SO_SNDTIMEO ends the wait. */
static void timeout(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval tv = { 0, 50000 };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), c, rc;

	tracee_ignore("^(bind|listen) ");
	CHECK(bind(l, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(l, 0) == 0 && getsockname(l, (struct sockaddr *)&a, &len) == 0);
	for (int i = 0; i < 8; i++) {
		c = socket(AF_INET, SOCK_STREAM, 0);
		CHECK(setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
		rc = connect(c, (struct sockaddr *)&a, sizeof(a));
		if (rc == 0) {
			expect("connect tcp4 → 127.0.0.1:%d", ntohs(a.sin_port));
			continue;
		}
		CHECK(errno == EINPROGRESS || errno == EAGAIN);
		expect("connect tcp4 → 127.0.0.1:%d in progress*", ntohs(a.sin_port));
		break;
	}
	CHECK(close_range(3, ~0u, 0) == 0);
}

int main(void)
{
	const char *path = in_dir("file"), *other = in_dir("other");
	int fd, out, p[2];
	pid_t pid;

	tracee_begin();
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	CHECK(close_range(3, ~0u, 0) == 0);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	expect("open %s (read/write, create)", path);
	checkpoint("io", "first");
	CHECK(write(fd, here, 100) == 100 && pwrite(fd, here, 50, 10) == 50 && pread(fd, here, 30, 0) == 30);
	expect("write 100 B to %s", path);
	expect("write 50 B to %s", path);
	expect("read 30 B from %s", path);
	checkpoint("io", "file");
	out = open(other, O_RDWR | O_CREAT, 0600);
	expect("open %s (read/write, create)", other);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	struct iovec iov[2] = { { here, 11 }, { there, 22 } };

	CHECK(readv(fd, iov, 2) == 33 && writev(out, iov, 2) == 33);
	expect("read 33 B from %s", path);
	expect("write 33 B to %s", other);
	CHECK(pipe(p) == 0 && write(p[1], here, 9) == 9 && read(p[0], here, 9) == 9);
	expect("write 9 B to pipe:*");
	expect("read 9 B from pipe:*");
	checkpoint("io", "pipe");
	close(out);

	/* who holds the other end */
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		CHECK(write(p[1], "abc", 3) == 3);
		expect("write 3 B to pipe:[*] (pid %d)", getppid());
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	close(p[1]);
	CHECK(reap(pid) == 0);
	CHECK(read(p[0], here, 9) == 3);
	expect("read 3 B from pipe:[*] (pid %d)", pid);
	CHECK(close_range(3, ~0u, 0) == 0);
	vm();
	handles(path);
	aio(path);
	timeout();
	tracee_end();
}
