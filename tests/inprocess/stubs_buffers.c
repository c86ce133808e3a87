/* SPDX-License-Identifier: MIT */
/* Buffers, answers, second paths that a stub copies: of every length, at the end of what is mapped, and beyond. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <ucontext.h>
#include <unistd.h>

#include "stubs.h"

enum { PAGE = 4096, LONGEST = 200 };

static volatile int faults, ticks, done;
static int licence;

static void fault(int signo)
{
	(void)signo;
	faults++;
}

static void tick(int signo, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;
	uintptr_t ip = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	char there[70];
	int saved = errno;

	(void)signo;
	(void)si;
	ticks++;
	CHECK(ip < (uintptr_t)RING || ip >= (uintptr_t)RING + ALL);
	CHECK(pread(licence, there, sizeof(there), 100) == (ssize_t)sizeof(there) && pwrite(null, there, sizeof(there), 0) == (ssize_t)sizeof(there));
	errno = saved;
}

/* Two pages, with nothing behind them. */
static char *pages(void)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && munmap(p + 2 * PAGE, PAGE) == 0);
	memset(p, '-', 2 * PAGE);
	return p;
}

/* Of every length, in the middle of a page, over a border and up to the end of what is mapped. */
static void lengths(char *p)
{
	static char filed[LONGEST];

	CHECK(pread(licence, filed, LONGEST, 0) == LONGEST);
	for (int n = 0; n <= LONGEST; n++) {
		char *const at[] = { p + 100 + n, p + PAGE - n / 2, p + 2 * PAGE - n };

		for (int i = 0; i < 3; i++) {
			memset(at[i], '-', (size_t)n);
			CHECK(lseek(licence, 0, SEEK_SET) == 0 && read(licence, at[i], (size_t)n) == n && !memcmp(at[i], filed, (size_t)n));
			CHECK(pread(licence, at[i], (size_t)n, 7) == n && !memcmp(at[i], filed + 7, (size_t)(n > 7 ? n - 7 : 0)));
			CHECK(write(null, at[i], (size_t)n) == n && pwrite(null, at[i], (size_t)n, 3) == n);
		}
	}
}

static void answers(char *end)
{
	struct stat *st = (struct stat *)(void *)(end - sizeof(*st));
	struct statx *stx = (struct statx *)(void *)(end - sizeof(*stx));
	struct statfs *sf = (struct statfs *)(void *)(end - sizeof(*sf));

	CHECK(stat("/", st) == 0 && S_ISDIR(st->st_mode) && lstat("/dev/null", st) == 0 && S_ISCHR(st->st_mode));
	CHECK(fstat(licence, st) == 0 && S_ISREG(st->st_mode) && st->st_size > 10000);
	CHECK(fstatat(AT_FDCWD, "/dev/zero", st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st->st_mode));
	CHECK(statx(AT_FDCWD, "/dev", AT_STATX_DONT_SYNC, STATX_TYPE, stx) == 0 && S_ISDIR(stx->stx_mode));
	CHECK(statfs("/proc", sf) == 0 && sf->f_type == 0x9fa0);
	CHECK(getxattr("/etc/passwd", "user.none", end - 50, 50) == -1 && lgetxattr("/etc", "user.none", NULL, 0) == -1);
}

/* As long as they are, up to what a stub copies and beyond, and as much as there is room for. */
static void links(char *end)
{
	static const char name[] = "/tmp/stubs-link";
	char to[600], own[40];

	memset(to, 'l', sizeof(to));
	snprintf(own, sizeof(own), "%s-%d", name, (int)getpid());
	for (int n = 250; n < 330; n += 7) {
		to[n] = 0;
		CHECK(symlink(to, own) == 0 && readlink(own, end - n, (size_t)n) == n && !memcmp(end - n, to, (size_t)n));
		CHECK(readlink(own, end - 300, 300) == (n < 300 ? n : 300) && readlink(own, end - 5, 500) == -1 && errno == EFAULT);
		CHECK(readlinkat(AT_FDCWD, own, end - 40, 40) == 40 && unlink(own) == 0);
		to[n] = 'l';
	}
	CHECK(getcwd(end - 400, 400) && getcwd(end - 1, 1) == NULL && errno == ERANGE);
}

/* Which of two paths is looked at first is the kernel's own. */
static int is_missing(void) { return errno == ENOENT || errno == EFAULT; }

/* A kernel that cannot read or write there answers so, and no stub is in its way. */
static void bad(void *at)
{
	struct timespec *ts = at;

	CHECK(read(zero, at, 8) == -1 && errno == EFAULT && pread(licence, at, 100, 0) == -1 && errno == EFAULT);
	CHECK(pwrite(licence, at, 100, 0) == -1 && errno == EBADF && write(licence, at, 0) == -1 && errno == EBADF);
	CHECK(write(null, at, 70) == 70 || errno == EFAULT);		/* whoever does not look at it */
	CHECK(stat("/", at) == -1 && errno == EFAULT && fstat(zero, at) == -1 && errno == EFAULT);
	CHECK(statx(AT_FDCWD, "/", 0, STATX_TYPE, at) == -1 && errno == EFAULT);
	CHECK(statfs("/", at) == -1 && errno == EFAULT);
	CHECK(rename("/none/of/them", at) == -1 && is_missing() && link(at, "/none/of/them") == -1 && errno == EFAULT);
	CHECK(symlink("x", at) == -1 && errno == EFAULT && renameat(AT_FDCWD, at, AT_FDCWD, "x") == -1 && errno == EFAULT);
	CHECK(linkat(AT_FDCWD, "/none", AT_FDCWD, at, 0) == -1 && is_missing() && symlinkat("/none", AT_FDCWD, at) == -1 && errno == EFAULT);
	if (at)
		CHECK(utimensat(AT_FDCWD, "/none", ts, 0) == -1 && is_missing());
}

/* The kernel stops half-way. */
static void halves(char *end)
{
	CHECK(read(zero, end - 20, 100) == 20 && pread(licence, end - 33, 100, 0) == 33);
	CHECK(write(null, end - 20, 100) == 100);
	CHECK(stat("/", (struct stat *)(void *)(end - 40)) == -1 && errno == EFAULT);
	CHECK(rename("/none/of/them", end - 20) == -1 && is_missing());
	CHECK(statx(AT_FDCWD, "/", 0, STATX_TYPE, (struct statx *)(void *)(end - 255)) == -1 && errno == EFAULT);
}

static void two_paths(void)
{
	char one[LONGEST + 60], two[LONGEST + 60];

	for (int n = 4; n <= LONGEST; n += 3) {
		memset(one, 'x', sizeof(one));
		memset(two, 'y', sizeof(two));
		memcpy(one, "/-/", 3);
		memcpy(two, "/+/", 3);
		one[n] = 0;
		two[LONGEST + 4 - n] = 0;
		CHECK(rename(one, two) == -1 && errno == ENOENT && rename(two, one) == -1 && errno == ENOENT);
		CHECK(link(one, two) == -1 && errno == ENOENT && symlink(one, two) == -1 && errno == ENOENT);
		CHECK(renameat(AT_FDCWD, one, AT_FDCWD, two) == -1 && errno == ENOENT);
		CHECK(linkat(AT_FDCWD, one, AT_FDCWD, two, 0) == -1 && errno == ENOENT && symlinkat(one, AT_FDCWD, two) == -1 && errno == ENOENT);
	}
	one[0] = 0;
	CHECK(rename(one, "/-/") == -1 && errno == ENOENT && rename("/-/", one) == -1 && errno == ENOENT);
}

void buffers(void)
{
	char *p = pages();

	signal(SIGSEGV, fault);
	signal(SIGBUS, fault);
	licence = open("/usr/share/common-licenses/GPL-2", O_RDONLY);
	lengths(p);
	answers(p + 2 * PAGE);
	links(p + 2 * PAGE);
	halves(p + 2 * PAGE);
	bad(NULL);
	bad((void *)8);
	bad((void *)0x7fffffffffff);
	bad((void *)0x8000000000000000);
	mprotect(p + PAGE, PAGE, PROT_NONE);
	bad(p + PAGE + 100);
	halves(p + PAGE);
	two_paths();
	CHECK(faults == 0);
}

/* What was filled is gone, or not to be read, before it is copied; or it comes back just when it is asked for. */
static void *flips(void *arg)
{
	while (!done) {
		mprotect(arg, PAGE, PROT_NONE);
		mprotect(arg, PAGE, PROT_READ | PROT_WRITE);
	}
	return NULL;
}

void buffers_flipped(void)
{
	char *p = pages();
	pthread_t t;

	signal(SIGSEGV, fault);
	licence = open("/usr/share/common-licenses/GPL-2", O_RDONLY);
	for (int i = 0; i < ENOUGH; i++)
		CHECK(pread(licence, p, 60, 0) == 60);
	CHECK(pthread_create(&t, NULL, flips, p + PAGE) == 0);
	for (int i = 0; i < 5000; i++) {
		struct stat *st = (struct stat *)(void *)(p + PAGE);
		ssize_t n = pread(licence, p + PAGE, 60, 0);

		CHECK(n == 60 || (n == -1 && errno == EFAULT));
		n = pwrite(null, p + PAGE, 60, 0);
		CHECK(n == 60);
		n = fstat(licence, st);
		CHECK(n == 0 || errno == EFAULT);
		n = rename("/none/of/them", p + PAGE);
		CHECK(n == -1 && is_missing());
	}
	done = 1;
	CHECK(pthread_join(t, NULL) == 0 && faults == 0);
}

/* A timer through many of them, with registers that the kernel leaves alone. */
void buffers_signalled(void)
{
	struct sigaction sa = { .sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, off = { 0 };
	char *p = pages(), *end = p + 2 * PAGE, filed[64];
	struct statx *stx = (struct statx *)(void *)(end - sizeof(*stx));

	licence = open("/usr/share/common-licenses/GPL-2", O_RDONLY);
	for (int i = 0; i < ENOUGH; i++)
		CHECK(pread(licence, filed, 64, 0) == 64);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 20000; i++) {
		register unsigned long v __asm__("r15") = (unsigned long)i * 3;
		register unsigned long w __asm__("rbx") = (unsigned long)i * 5;
		int n = i % 64;

		memset(end - 64, '-', 64);
		__asm__ volatile("" : "+r"(v), "+r"(w));
		CHECK(pread(licence, end - n, (size_t)n, 0) == n);
		CHECK(pwrite(null, end - n, (size_t)n, 0) == n && !memcmp(end - n, filed, (size_t)n));
		CHECK(statx(AT_FDCWD, "/dev", AT_STATX_DONT_SYNC, STATX_TYPE, stx) == 0 && S_ISDIR(stx->stx_mode));
		CHECK(rename("/none/of/them/with/a/name/that/needs/two/slots/of/it", "/nor/of/those/with/a/name/that/needs/two/slots/of/it") == -1 && errno == ENOENT);
		__asm__ volatile("" : "+r"(v), "+r"(w));
		CHECK(v == (unsigned long)i * 3 && w == (unsigned long)i * 5);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(ticks > 10);
}
