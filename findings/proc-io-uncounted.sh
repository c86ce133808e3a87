#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Linux 6.18: rchar, wchar and syscr of /proc/PID/io, from which pidstat, iotop and others have what a process reads and
# writes, count what passes through read(2), write(2), their relatives, sendfile(2) and copy_file_range(2). They do not
# count the same bytes moved by io_uring, splice(2), vmsplice(2), send(2) and recv(2): a server that receives with
# recv(2) has read nothing, the same server with read(2) on the same socket has. proc(5) names no such limit.
#
#   pread 65536             rchar 65536  wchar 0
#   io_uring read 65536     rchar 0      wchar 0
#   io_uring write 65536    rchar 0      wchar 0
#   splice 65536            rchar 0      wchar 0
#   sendfile 65536          rchar 65536  wchar 65536
#   copy_file_range 65536   rchar 65536  wchar 65536
#   write, read, socket     rchar 4096   wchar 4096
#   send, recv, same socket rchar 0      wchar 0
#
# Needs root, debootstrap and a mirror of Debian that still has these versions.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/fresh-root.bash
. "$source/tools/fresh-root.bash"

fresh_root bookworm ca-certificates
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends gcc=4:12.2.0-3 libc6-dev linux-libc-dev >/dev/null
uname -sr
inside gcc --version | head -n 1

cat >"$root/tmp/counted.c" <<'C'
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PIECE = 65536, MESSAGE = 4096 };

static char data[PIECE];

struct io { long rchar, wchar, syscr; };

/* What the file says; reading it is counted by the next look only: `own` bytes in one call. */
static struct io look(long *own)
{
	char text[512];
	struct io io;
	int fd = open("/proc/self/io", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		exit(1);
	text[n] = 0;
	close(fd);
	if (sscanf(text, "rchar: %ld wchar: %ld syscr: %ld", &io.rchar, &io.wchar, &io.syscr) != 3)
		exit(1);
	*own = n;
	return io;
}

static void counted(const char *what, ssize_t bytes)
{
	static struct io before;
	static long own;
	long mine;
	struct io now = look(&mine);

	if (what)
		printf("%s %zd: rchar %ld, wchar %ld, syscr %ld\n", what, bytes, now.rchar - before.rchar - own,
		       now.wchar - before.wchar, now.syscr - before.syscr - 1);
	before = now;
	own = mine;
}

/* One request, made and waited for. */
static int request(int opcode, int fd)
{
	struct io_uring_params p = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &p), result;
	size_t size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	char *rings = ring < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, 0);
	struct io_uring_sqe *sqe = ring < 0 ? MAP_FAILED : mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);

	if (rings == MAP_FAILED || sqe == MAP_FAILED) {
		perror("io_uring");
		exit(1);
	}
	*sqe = (struct io_uring_sqe){ .opcode = (unsigned char)opcode, .fd = fd, .addr = (unsigned long)data, .len = PIECE };
	((unsigned *)(rings + p.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned *)(rings + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	result = ((struct io_uring_cqe *)(rings + p.cq_off.cqes))[0].res;
	close(ring);
	return result;
}

int main(void)
{
	int from = open("/tmp/from", O_RDWR | O_CREAT | O_TRUNC, 0600), to = open("/tmp/to", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int pipes[2], sockets[2];
	loff_t at = 0, there = 0;

	setvbuf(stdout, NULL, _IOFBF, 4096);	/* written at the end */
	if (pipe(pipes) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) || pwrite(from, data, PIECE, 0) != PIECE)
		return 1;
	counted(NULL, 0);
	counted("pread", pread(from, data, PIECE, 0));
	counted("io_uring read", request(IORING_OP_READ, from));
	counted("io_uring write", request(IORING_OP_WRITE, to));
	counted("splice from a file", splice(from, &at, pipes[1], NULL, PIECE, 0));
	at = 0;
	counted("splice to a file", splice(pipes[0], NULL, to, &at, PIECE, 0));
	at = 0;
	counted("sendfile", sendfile(to, from, &at, PIECE));
	at = 0;
	counted("copy_file_range", copy_file_range(from, &at, to, &there, PIECE, 0));
	counted("send", send(sockets[0], data, MESSAGE, 0));
	counted("recv", recv(sockets[1], data, MESSAGE, 0));
	counted("write to the socket", write(sockets[0], data, MESSAGE));
	counted("read from the socket", read(sockets[1], data, MESSAGE));
	return 0;
}
C
inside gcc -O1 -o /tmp/counted /tmp/counted.c
seen=$(inside /tmp/counted)
echo "$seen"
expect() { grep -qxF -- "$1" <<<"$seen" || { echo "CHANGED: not \"$1\""; exit 1; }; }
expect 'pread 65536: rchar 65536, wchar 0, syscr 1'
expect 'io_uring read 65536: rchar 0, wchar 0, syscr 0'
expect 'io_uring write 65536: rchar 0, wchar 0, syscr 0'
expect 'splice from a file 65536: rchar 0, wchar 0, syscr 0'
expect 'splice to a file 65536: rchar 0, wchar 0, syscr 0'
expect 'sendfile 65536: rchar 65536, wchar 65536, syscr 1'
expect 'copy_file_range 65536: rchar 65536, wchar 65536, syscr 1'
expect 'send 4096: rchar 0, wchar 0, syscr 0'
expect 'recv 4096: rchar 0, wchar 0, syscr 0'
expect 'write to the socket 4096: rchar 0, wchar 4096, syscr 0'
expect 'read from the socket 4096: rchar 4096, wchar 0, syscr 1'
echo "as found: bytes of io_uring, splice, send and recv are in no count of /proc/PID/io"
