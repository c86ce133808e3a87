/* SPDX-License-Identifier: MIT */
/* Paths that a stub copies: of every length, at the end of what is mapped, and where nothing is. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "stubs.h"

enum { PAGE = 4096, LONGEST = 300 };

static volatile int faults, ticks;

static void fault(int signo)
{
	(void)signo;
	faults++;
}

static void tick(int signo, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t ip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	int saved = errno;

	(void)signo;
	(void)si;
	ticks++;
	CHECK(ip < (uintptr_t)RING || ip >= (uintptr_t)RING + ALL);
	CHECK(access("/none/of/a/handler", F_OK) < 0 && errno == ENOENT);
	errno = saved;
}

/* Each of the calls that take one: what it answered, for `path`. */
static void each(const char *path, int error)
{
	struct stat st;
	struct statx stx;

#define FAILS(call) do { errno = 0; CHECK((call) == -1 && errno == error); } while (0)
	FAILS(access(path, F_OK));
	FAILS(stat(path, &st));
	FAILS(lstat(path, &st));
	FAILS(fstatat(zero, path, &st, AT_SYMLINK_NOFOLLOW));
	FAILS(statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &stx));
	FAILS(unlink(path));
	FAILS(rmdir(path));
	FAILS(chmod(path, 0600));
	FAILS(truncate(path, 0));
#undef FAILS
}

static void lengths(void)
{
	char path[LONGEST + 1];

	for (int n = 1; n <= LONGEST; n++) {
		memset(path, 'x', sizeof(path));
		memcpy(path, "/-", 2);
		path[n] = 0;
		if (n == 1)
			CHECK(access(path, F_OK) == 0);
		else
			CHECK(access(path, F_OK) == -1 && errno == (n > 256 ? ENAMETOOLONG : ENOENT));
	}
}

/* A page, with nothing behind it. */
static char *page(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && munmap(p + PAGE, PAGE) == 0);
	memset(p, '-', PAGE);
	return p;
}

static void edges(void)
{
	char *p = page();

	for (int n = 1; n <= LONGEST; n++) {
		char *path = p + PAGE - n;

		errno = 0;
		CHECK(access(path, F_OK) == -1 && errno == EFAULT);
	}
	p[PAGE - 1] = 0;
	p[PAGE - 30] = '/';
	each(p + PAGE - 30, ENOENT);
	each(p + PAGE - 1, ENOENT);
	mprotect(p, PAGE, PROT_NONE);
	each(p + PAGE - 30, EFAULT);
	each(NULL, EFAULT);
	each((const char *)8, EFAULT);
	each((const char *)0x7fffffffffff, EFAULT);
	each((const char *)0x8000000000000000, EFAULT);
}

static void *looks(void *arg)
{
	for (int i = 0; i < 300; i++)
		CHECK(access("/none/of/a/thread/with/a/name/that/needs/more/than/a/slot/of/the/ring", F_OK) == -1);
	return arg;
}

void paths(void)
{
	pthread_t t[4];

	signal(SIGSEGV, fault);
	signal(SIGBUS, fault);
	for (int i = 0; i < ENOUGH; i++)
		CHECK(access("/none", F_OK) == -1);
	lengths();
	edges();
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, looks, NULL) == 0);
	edges();
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(faults == 0);
}

/* What is opened becomes known whatever it is: files of all kinds, with a name and without, by way of `..`. */
static void kinds(void)
{
	static const char *const names[] = {
		"/usr/share/common-licenses/GPL-2", "/etc", "/dev/null", "/proc/self/stat", "/proc/uptime", "/etc/../etc/passwd", ".",
		"/dev/fd/0", "/proc/self/fd", "/none", "/usr/share/common-licenses/GPL-2/none", "/sys/kernel/mm/transparent_hugepage/enabled", "/dev/pts", "/etc/.",
	};
	char name[64], c;
	int fd, copy, file = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fd = open(names[i], O_RDONLY | O_NONBLOCK);
		copy = dup(fd);
		CHECK((fd < 0) == (copy < 0));
		read(copy, &c, 1);
		close(copy);
		close(fd);
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	fd = open(name, O_RDWR);		/* it has no name */
	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0 && close(file) == 0);
	snprintf(name, sizeof(name), "/tmp/stubs-%d", (int)getpid());
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && close(fd) == 0);
	fd = open(name, O_RDWR);		/* it is empty */
	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
	fd = openat(AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, &c, 1) == 1 && c == 'x' && dup2(fd, 200) == 200 && close(200) == 0 && close(fd) == 0);
	fd = creat(name, 0600);
	CHECK(fd >= 0 && close(fd) == 0 && unlink(name) == 0);
}

/* From here on each call stops: names of threads, and a file that shows who traces. */
static void named(void)
{
	char text[4096] = "";
	int fd = open("/proc/self/comm", O_WRONLY);

	CHECK(fd >= 0 && write(fd, "renamed", 7) == 7 && close(fd) == 0);
	fd = open("/proc/self/status", O_RDONLY);
	CHECK(read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "TracerPid:\t0\n") && strstr(text, "Name:\trenamed\n"));
	close(fd);
}

/* The other way round: nothing before it has to stop. */
void status_first(void)
{
	char text[4096] = "", c;
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY), fd;

	for (int i = 0; i < ENOUGH; i++)
		CHECK(close(open("/usr/share/common-licenses/GPL-2", O_RDONLY)) == 0);
	fd = openat(dir, "status", O_RDONLY);
	CHECK(read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "TracerPid:\t0\n"));
	close(fd);
	CHECK(read(zero, &c, 1) == 1);
}

static void *opens(void *arg)
{
	int at = 100 + (int)(intptr_t)arg, fd, copy;
	char c;

	for (int i = 0; i < 500; i++) {
		fd = open("/usr/share/common-licenses/GPL-2", O_RDONLY);
		CHECK(read(fd, &c, 1) == 1);
		copy = dup(fd);
		CHECK(close(fd) == 0 && read(copy, &c, 1) == 1 && dup2(copy, at) == at && close(copy) == 0);
		CHECK(read(at, &c, 1) == 1 && close(at) == 0 && close(at) == -1 && errno == EBADF);
		fd = open("/proc/uptime", O_RDONLY);		/* one that is looked at, while others close theirs */
		CHECK(read(fd, &c, 1) == 1 && close(fd) == 0);
	}
	return NULL;
}

void descriptors(void)
{
	pthread_t t[3];

	for (int i = 0; i < ENOUGH; i++)
		CHECK(close(open("/usr/share/common-licenses/GPL-2", O_RDONLY)) == 0);
	kinds();
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, opens, (void *)(intptr_t)i) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	kinds();
	named();
}

/* The registers that the kernel leaves alone, through a timer that comes anywhere in what a stub does. */
void descriptors_signalled(void)
{
	struct sigaction sa = { .sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, off = { 0 };

	for (int i = 0; i < ENOUGH; i++)
		CHECK(close(open("/usr/share/common-licenses/GPL-2", O_RDONLY)) == 0);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 20000; i++) {
		register unsigned long v __asm__("r15") = (unsigned long)i * 3;
		register unsigned long w __asm__("rbx") = (unsigned long)i * 5;
		int fd;

		__asm__ volatile("" : "+r"(v), "+r"(w));
		fd = open(i % 7 ? "/usr/share/common-licenses/GPL-2" : "/proc/uptime", O_RDONLY | O_CLOEXEC);
		__asm__ volatile("" : "+r"(v), "+r"(w));
		CHECK(v == (unsigned long)i * 3 && w == (unsigned long)i * 5);
		CHECK(fd >= 0 && close(fd) == 0);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(ticks > 10);
}

/* A timer through many of them: paths of an odd length, so that it comes everywhere in a copy. */
void paths_signalled(void)
{
	struct sigaction sa = { .sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, off = { 0 };
	char path[180];

	for (int i = 0; i < ENOUGH; i++)
		CHECK(access("/none", F_OK) == -1);
	memset(path, '-', sizeof(path));
	path[0] = '/';
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 40000; i++) {
		register unsigned long v __asm__("r15") = (unsigned long)i * 3;

		path[60 + i % 119] = 0;
		__asm__ volatile("" : "+r"(v));
		CHECK(access(path, F_OK) == -1 && errno == ENOENT);
		__asm__ volatile("" : "+r"(v));
		CHECK(v == (unsigned long)i * 3);
		path[60 + i % 119] = '-';
	}
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(ticks > 10);
}
