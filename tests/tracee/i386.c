/*
 * Calls by i386's numbers and layouts, as 32-bit programs make them: through int $0x80, which works in a 64-bit program
 * too, with everything they point to below 4 GB.
 */
#include <setjmp.h>
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
} *low;

static long i386(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory", "r8", "r9", "r10", "r11");
	return (int32_t)ret;
}

static uint32_t at(const void *p) { return (uint32_t)(uintptr_t)p; }

static long socketcall(unsigned call, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	memcpy(low->args, (uint32_t[]){ a, b, c, d }, 4 * sizeof(uint32_t));
	return i386(102, call, at(low->args), 0, 0, 0);
}

static sigjmp_buf unsupported;
static void on_fault(int sig) { siglongjmp(unsupported, sig); }

/* A kernel without 32-bit emulation lets int $0x80 fault. */
static bool supported(void)
{
	struct sigaction old, sa = { .sa_handler = on_fault };
	bool ok = false;

	sigaction(SIGSEGV, &sa, &old);
	if (sigsetjmp(unsupported, 1) == 0)
		ok = i386(20, 0, 0, 0, 0, 0) == getpid();
	sigaction(SIGSEGV, &old, NULL);
	return ok;
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

int main(void)
{
	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED);
	if (!supported())
		tracee_skip("the kernel runs no 32-bit programs (CONFIG_IA32_EMULATION)");
	tracee_begin();
	files();
	sockets();
	tracee_end();
}
