/* SPDX-License-Identifier: MIT */
/*
 * Calls by i386's numbers and layouts, as 32-bit programs make them: through int $0x80, which works in a 64-bit program
 * too, with everything they point to below 4 GB.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tracee.h"

static struct {
	uint32_t args[6];
	struct { uint32_t base, len; } iov[2];
	struct { uint32_t name, namelen, iov, iovlen, control, controllen, flags; } msg;
	struct { uint32_t len; int32_t level, type, fd; } cmsg;
	struct sockaddr_un sun;
	int32_t pair[2];
	char path[256], text[64];
	struct sockaddr_in in;
	int32_t room, timeval[2];
	uint16_t ids[4];
	uint32_t set[4], info[16];
} *low;

static long i386(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int32_t)ret;
}

/* The sixth argument is in ebp, which the compiler may need. */
static long i386_6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long sixth __asm__("r12") = f;
	long ret;

	__asm__ volatile("push %%rbp; mov %%r12, %%rbp; int $0x80; pop %%rbp"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(sixth)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int32_t)ret;
}

static uint32_t at(const void *p) { return (uint32_t)(uintptr_t)p; }

static long socketcall(unsigned call, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	memcpy(low->args, (uint32_t[]){ a, b, c, d }, 4 * sizeof(uint32_t));
	return i386(102, call, at(low->args), 0, 0, 0);
}

static void files(void)
{
	long fd;

	strcpy(low->path, in_dir("narrow"));
	CHECK(i386(5, at(low->path), O_RDONLY, 0, 0, 0) == -ENOENT);
	expect("open %s (read) ENOENT", low->path);
	fd = i386(295, AT_FDCWD, at(low->path), O_RDWR | O_CREAT, 0600, 0);
	CHECK(fd >= 0);
	expect("open %s (read/write, create)", low->path);
	low->iov[0].base = at(strcpy(low->text, "hello"));
	low->iov[0].len = 5;
	low->iov[1].base = at(low->text);
	low->iov[1].len = 2;
	CHECK(i386(146, fd, at(low->iov), 2, 0, 0) == 7);	/* writev */
	expect("write 7 B to %s", low->path);
	CHECK(i386(180, fd, at(low->text), 4, 1, 0) == 4);	/* pread64: the offset in two registers */
	expect("read 4 B from %s", low->path);
	CHECK(i386(55, fd, F_DUPFD, 50, 0, 0) == 50);
	CHECK(i386(6, fd, 0, 0, 0, 0) == 0);
	CHECK(i386(4, 50, at(low->text), 3, 0, 0) == 3);
	expect("write 3 B to %s", low->path);
	CHECK(i386(6, 50, 0, 0, 0, 0) == 0);
	CHECK(i386(10, at(low->path), 0, 0, 0, 0) == 0);
	expect("unlink %s", low->path);
}

/* socketcall, and descriptors passed in the narrow control messages. */
static void sockets(void)
{
	long s;
	int fd;

	s = socketcall(1, AF_UNIX, SOCK_STREAM, 0, 0);
	CHECK(s >= 0);
	low->sun.sun_family = AF_UNIX;
	strcpy(low->sun.sun_path, "none.sock");
	CHECK(socketcall(3, (uint32_t)s, at(&low->sun), 12, 0) == -ENOENT);
	expect("connect unix → *none.sock ENOENT*");
	i386(6, s, 0, 0, 0, 0);

	CHECK(socketcall(8, AF_UNIX, SOCK_STREAM, 0, at(low->pair)) == 0);
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	expect("open /dev/null (write)");
	low->cmsg.len = sizeof(low->cmsg);
	low->cmsg.level = SOL_SOCKET;
	low->cmsg.type = SCM_RIGHTS;
	low->cmsg.fd = fd;
	low->iov[0].base = at(low->text);
	low->iov[0].len = 3;
	low->msg.iov = at(low->iov);
	low->msg.iovlen = 1;
	low->msg.control = at(&low->cmsg);
	low->msg.controllen = sizeof(low->cmsg);
	CHECK(socketcall(16, (uint32_t)low->pair[0], at(&low->msg), 0, 0) == 3);
	expect("send 3 B to unix*");
	CHECK(socketcall(17, (uint32_t)low->pair[1], at(&low->msg), 0, 0) == 3);
	expect("recv 3 B from unix*");
	CHECK(low->cmsg.fd > fd);
	checkpoint("fd", "passed");
	CHECK(write(low->cmsg.fd, "x", 1) == 1);
	expect("write 1 B to /dev/null");
	close(fd);
	close(low->cmsg.fd);
	close(low->pair[0]);
	close(low->pair[1]);
}

/* Arguments in their own layouts: halves of an offset, 16 bits of an id, short structs. */
static void values(void)
{
	long fd, s, addr;

	strcpy(low->path, in_dir("wide"));
	fd = i386(5, at(low->path), O_RDWR | O_CREAT | 0100000 /* O_LARGEFILE */, 0600, 0, 0);
	CHECK(fd >= 0);
	expect("open %s (read/write, create)", low->path);
	CHECK(i386(194, fd, 0x1003, 2, 0, 0) == 0);		/* ftruncate64 */
	expect_call("[i386] ftruncate64(%ld<%s>, 8589938691) = 0", fd, low->path);
	expect("truncate %s *", low->path);
	CHECK(i386(180, fd, at(low->text), 3, 0x1000, 2) == 3);	/* pread64 */
	expect_call("[i386] pread64(%ld<%s>, \"\\0\\0\\0\", 3, 8589938688) = 3", fd, low->path);
	expect("read 3 B from %s", low->path);
	CHECK(i386(140, fd, 1, 5, at(low->info), SEEK_SET) == 0);	/* _llseek: the upper half comes first */
	expect_call("[i386] _llseek(%ld<%s>, 4294967301, [4294967301], SEEK_SET) = 0", fd, low->path);
	CHECK(i386(250, fd, 0, 1, 7, 0) == 0);			/* fadvise64 */
	expect_call("[i386] fadvise64(%ld<%s>, 4294967296, 7, POSIX_FADV_NORMAL) = 0", fd, low->path);
	addr = i386_6(192, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_32BIT, fd, 0x200001);	/* mmap2: in pages */
	CHECK(addr > 0 || addr < -4095);
	expect_call("[i386] mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_32BIT, %ld<%s>, 8589938688) = 0x*", fd,
		    low->path);
	CHECK(i386(91, addr, 4096, 0, 0, 0) == 0);
	i386(70, 0xffff, 0x1ffff, 0, 0, 0);			/* setreuid: 16 bits, and both say: as it is */
	expect_call("[i386] setreuid(-1, -1) = 0");
	CHECK(i386(165, at(&low->ids[0]), at(&low->ids[1]), at(&low->ids[2]), 0, 0) == 0);
	expect_call("[i386] getresuid([%u], [%u], [%u]) = 0", low->ids[0], low->ids[1], low->ids[2]);
	memset(low->set, 0x55, sizeof(low->set));
	low->set[0] = 1;
	low->timeval[0] = low->timeval[1] = 0;
	CHECK(i386(142, 1, 0, 0, at(low->set), at(low->timeval)) == 0);	/* _newselect, one descriptor of 128 */
	expect_call("[i386] _newselect(1, NULL, NULL, [0] → [], {tv_sec=0, tv_usec=0}) = 0");
	CHECK(i386(116, at(low->info), 0, 0, 0, 0) == 0);
	expect_call("[i386] sysinfo({uptime=*, totalram=%u, *, mem_unit=%u}) = 0", low->info[4], low->info[13]);
	i386(6, fd, 0, 0, 0, 0);
	i386(10, at(low->path), 0, 0, 0, 0);
	expect("unlink %s", low->path);

	s = socketcall(1, AF_INET, SOCK_DGRAM, 0, 0);
	CHECK(s >= 0);
	low->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK(socketcall(2, (uint32_t)s, at(&low->in), sizeof(low->in), 0) == 0);
	expect("bind udp4 127.0.0.1:*");
	memset(&low->in, 'A', sizeof(low->in));
	low->room = 4;
	CHECK(socketcall(6, (uint32_t)s, at(&low->in), at(&low->room), 0) == 0);	/* getsockname */
	expect_call("[i386] getsockname(%ld<udp4 127.0.0.1:*>, \"\\x02\\0*\"…, [4] → [16]) = 0", s);
	low->room = sizeof(low->in);
	CHECK(socketcall(6, (uint32_t)s, at(&low->in), at(&low->room), 0) == 0);
	low->args[4] = 8;
	low->timeval[0] = 5;
	low->timeval[1] = 250000;
	memcpy(low->args, (uint32_t[]){ (uint32_t)s, SOL_SOCKET, 20 /* SO_RCVTIMEO */, at(low->timeval) }, 16);
	CHECK(i386(102, 14, at(low->args), 0, 0, 0) == 0);	/* setsockopt */
	expect_call("[i386] setsockopt(%ld<udp4 *>, SOL_SOCKET, SO_RCVTIMEO, {tv_sec=5, tv_usec=250000}, 8) = 0", s);
	CHECK(sendto((int)s, "hello", 5, 0, (struct sockaddr *)&low->in, sizeof(low->in)) == 5);
	expect("send 5 B to *");
	low->iov[0].base = at(low->text);
	low->iov[0].len = 32;
	low->msg.name = at(&low->in);
	low->msg.namelen = 4;
	low->msg.iov = at(low->iov);
	low->msg.iovlen = 1;
	low->msg.control = low->msg.controllen = 0;
	CHECK(socketcall(17, (uint32_t)s, at(&low->msg), 0, 0) == 5 && low->msg.namelen == 16);
	expect_call("[i386] recvmsg(%ld<udp4 *>, {name=\"\\x02\\0*\"…, iov=[{\"hello\", 32}]}, 0) = 5", s);
	expect("recv 5 B on udp4 *");
	i386(6, s, 0, 0, 0, 0);
	low->msg.name = 0;
}

int main(void)
{
	bool has;

	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED);
	has = tracee_has_i386();
	tracee_begin();
	if (!has)
		tracee_skip("the kernel runs no 32-bit programs (CONFIG_IA32_EMULATION)");
	files();
	sockets();
	values();
	tracee_end();
}
