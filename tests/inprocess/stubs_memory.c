/* SPDX-License-Identifier: MIT */
/* Calls about memory, descriptors and sockets that a stub makes, those beside them that it must not, and syscall(). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <ucontext.h>
#include <unistd.h>

#include "stubs.h"

enum { PAGE = 4096, ROUNDS = 100, READ_WRITE = PROT_READ | PROT_WRITE, OWN = MAP_PRIVATE | MAP_ANONYMOUS };

static volatile int ticks;
static int licence;

/* Where the kernel chooses the place, and where the program does; shared, which always stops; beyond 4 GB of a file. */
static void mappings(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		size_t n = (size_t)(1 + i % 5) * PAGE;
		char *p = mmap(NULL, n, READ_WRITE, OWN, -1, 0);
		char *file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, licence, PAGE);

		CHECK(p != MAP_FAILED && file != MAP_FAILED && memchr(file, 'e', PAGE));
		p[n - 1] = 1;
		CHECK(mprotect(p, PAGE, PROT_READ) == 0 && mprotect(p, n, READ_WRITE) == 0 && p[n - 1] == 1);
		CHECK(mmap(p, PAGE, READ_WRITE, OWN | MAP_FIXED, -1, 0) == p);
		CHECK(madvise(p, n, MADV_DONTNEED) == 0 && p[n - 1] == 0);
		CHECK(munmap(p, n) == 0 && munmap(file, PAGE) == 0);
	}
	CHECK(munmap((void *)1, PAGE) == -1 && errno == EINVAL && mmap(NULL, 0, PROT_READ, OWN, -1, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0) == MAP_FAILED && errno == EBADF);
	CHECK(mprotect((void *)PAGE, PAGE, PROT_READ) == -1 && errno == ENOMEM && madvise((void *)1, PAGE, MADV_NORMAL) == -1);
	for (int i = 0; i < 3; i++) {
		void *far = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, licence, (off_t)(5ull << 32));
		void *all = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, licence, 0);

		CHECK(far != MAP_FAILED && all != MAP_FAILED && munmap(far, PAGE) == 0 && munmap(all, PAGE) == 0);
		CHECK(sbrk(3 * PAGE) != (void *)-1 && sbrk(-3 * PAGE) != (void *)-1);
	}
}

static void descriptors_by_fcntl(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = fcntl(zero, i % 2 ? F_DUPFD : F_DUPFD_CLOEXEC, 10 + i % 7), words = fcntl(2, F_DUPFD, 30);
		char c = 'x';

		CHECK(fd >= 10 && read(fd, &c, 1) == 1 && c == 0 && words >= 30);
		CHECK(fcntl(fd, F_GETFD) == !(i % 2) && fcntl(fd, F_SETFD, i % 2) == 0 && fcntl(fd, F_GETFL) == (fcntl(zero, F_GETFL)));
		CHECK(close(fd) == 0 && fcntl(fd, F_GETFD) == -1 && errno == EBADF && close(words) == 0);
	}
	CHECK(fcntl(zero, F_DUPFD, -1) == -1 && errno == EINVAL && fcntl(zero, F_GETLK, (void *)8) == -1 && errno == EFAULT);
}

static void sockets(void)
{
	struct sockaddr_un a;
	socklen_t len = sizeof(a);
	char b[8] = "abcdefg";
	int s[2], e = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN };

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0 && e >= 0);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(send(s[0], b, (size_t)(i % 8), 0) == i % 8 && recv(s[1], b, 8, MSG_DONTWAIT) == i % 8);
		CHECK(recv(s[1], b, 8, MSG_DONTWAIT) == -1 && errno == EAGAIN);
		CHECK(epoll_ctl(e, EPOLL_CTL_ADD, s[1], &ev) == 0 && epoll_ctl(e, EPOLL_CTL_MOD, s[1], &ev) == 0 && epoll_ctl(e, EPOLL_CTL_DEL, s[1], NULL) == 0);
	}
	for (int i = 0; i < 3; i++) {
		struct sockaddr_un name = { AF_UNIX, "" };
		socklen_t named = sizeof(sa_family_t) + 1 + 14;
		int one = socket(AF_UNIX, SOCK_DGRAM, 0);

		len = sizeof(a);
		snprintf(name.sun_path + 1, 40, "stubs %08d", (int)getpid());
		CHECK(bind(one, (struct sockaddr *)&name, named) == 0);
		CHECK(sendto(one, b, 3, 0, (struct sockaddr *)&name, named) == 3);
		CHECK(recvfrom(one, b, 8, 0, (struct sockaddr *)&a, &len) == 3 && len == named && !memcmp(&a, &name, len));
		CHECK(close(one) == 0);
	}
	CHECK(sendto(s[0], b, 3, 0, (void *)8, 16) == -1 && errno == EFAULT && send(s[0], (void *)8, 3, 0) == -1 && errno == EFAULT);
	CHECK(send(s[0], b, 3, 0) == 3 && recv(s[1], (void *)8, 3, 0) == -1 && errno == EFAULT);
	CHECK(epoll_ctl(e, EPOLL_CTL_ADD, s[1], (void *)8) == -1 && errno == EFAULT);
	CHECK(copy_file_range(licence, NULL, zero, NULL, 10, 0) == -1 && splice(licence, NULL, zero, NULL, 10, 0) == -1);
	CHECK(close(s[0]) == 0 && close(s[1]) == 0 && close(e) == 0);
}

/* Any number by one place, with the last of its arguments on the stack. */
static void by_number(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		char b[40];
		int fd = dup(zero);
		DIR *d = opendir("/");
		void *p = (void *)syscall(SYS_mmap, NULL, PAGE, READ_WRITE, OWN, -1, 0);

		CHECK(syscall(SYS_pread64, licence, b, (size_t)i % 40, 3) == i % 40 && syscall(SYS_close, fd) == 0);
		CHECK(syscall(SYS_read, zero, b, sizeof(b)) == sizeof(b) && syscall(-1L) == -1 && errno == ENOSYS);
		CHECK(p != MAP_FAILED && syscall(SYS_munmap, p, PAGE) == 0 && d && closedir(d) == 0);
	}
	CHECK(syscall(SYS_close, -1) == -1 && errno == EBADF && syscall(SYS_read, zero, 8, 8) == -1 && errno == EFAULT);
}

void memory(void)
{
	licence = open("/usr/share/common-licenses/GPL-2", O_RDONLY);
	reads(ENOUGH);
	mappings();
	descriptors_by_fcntl();
	sockets();
	by_number();
}

static void *maps(void *arg)
{
	for (int i = 0; i < 20 * ROUNDS; i++) {
		char *p = mmap(NULL, 2 * PAGE, READ_WRITE, OWN, -1, 0);

		CHECK(p != MAP_FAILED && !*p);
		*p = 1;
		CHECK(mprotect(p, PAGE, PROT_READ) == 0 && munmap(p, 2 * PAGE) == 0);
	}
	return arg;
}

/* What one thread has let go another is given at once. */
void memory_with_threads(void)
{
	pthread_t t[4];

	reads(ENOUGH);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, maps, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

static void tick(int signo, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t ip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	int saved = errno;
	void *p = mmap(NULL, PAGE, READ_WRITE, OWN, -1, 0);

	(void)signo;
	(void)si;
	ticks++;
	CHECK(ip < (uintptr_t)RING || ip >= (uintptr_t)RING + ALL);
	CHECK(p != MAP_FAILED && munmap(p, PAGE) == 0 && syscall(SYS_pread64, licence, (char[8]){ 0 }, 8, 0) == 8);
	errno = saved;
}

void memory_signalled(void)
{
	struct sigaction sa = { .sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, off = { 0 };

	licence = open("/usr/share/common-licenses/GPL-2", O_RDONLY);
	reads(ENOUGH);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 10000; i++) {
		register unsigned long v __asm__("r15") = (unsigned long)i * 3;
		char b[8], *p;
		int fd;

		__asm__ volatile("" : "+r"(v));
		p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, licence, PAGE);
		fd = fcntl(zero, F_DUPFD, 20);
		CHECK(p != MAP_FAILED && memchr(p, 'e', PAGE) && fd >= 20);
		CHECK(syscall(SYS_pread64, zero, b, 8, 0) == 8 && syscall(SYS_close, fd) == 0 && munmap(p, PAGE) == 0);
		__asm__ volatile("" : "+r"(v));
		CHECK(v == (unsigned long)i * 3);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(ticks > 10);
}
