/* SPDX-License-Identifier: MIT */
/*
 * Threads that are cancelled at any moment of their calls.  With glibc from 2.41 on what a call has done is never lost
 * with its thread: a byte that was read was returned, a descriptor that was opened is known (its bug 12683).
 */
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "stubs.h"

enum { AT_ONCE = 4, ROUNDS = 200, FDS = 64 /* more than are ever open */ };

static int keeps_effects(void)
{
	int major = 0, minor = 0;

	sscanf(gnu_get_libc_version(), "%d.%d", &major, &minor);
	return major > 2 || minor >= 41;
}

/* ---- one call each, of a thread that waits in it ---- */

static int from[2], to[2];	/* a pipe with nothing to read, and one without room */
static atomic_int cleaned;

static void clean(void *arg) { atomic_fetch_add((atomic_int *)arg, 1); }

static void *waits_reading(void *arg)
{
	char c;

	pthread_cleanup_push(clean, &cleaned);
	CHECK(read(from[0], &c, 1) == 1 && !arg);	/* nothing comes */
	pthread_cleanup_pop(0);
	return arg;
}

static void *waits_writing(void *arg)
{
	pthread_cleanup_push(clean, &cleaned);
	CHECK(write(to[1], "x", 1) == 1 && !arg);
	pthread_cleanup_pop(0);
	return arg;
}

/* Neither is interrupted, nor is it an end: the cancellation is kept until it is wanted. */
static void *waits_disabled(void *arg)
{
	int *pipe_of = arg;
	char c = 0;

	pthread_cleanup_push(clean, &cleaned);
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL) == 0);
	CHECK(read(pipe_of[0], &c, 1) == 1 && c == 'd');
	CHECK(read(zero, &c, 1) == 1 && c == 0);
	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL) == 0);
	CHECK(read(zero, &c, 1) == 2);			/* it ends here */
	pthread_cleanup_pop(0);
	return NULL;
}

static void *computes(void *arg)
{
	char c;

	pthread_cleanup_push(clean, &cleaned);
	CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
	for (volatile unsigned i = 0;; i++)
		if (i % 64 == 0)
			CHECK(pread(zero, &c, 1, 0) == 1 && !arg);
	pthread_cleanup_pop(0);
	return NULL;
}

/* Is the thread known to wait in a call?  As /proc has it, of all threads of this process but the first. */
static void until_all_wait(unsigned n, const pid_t *tids)
{
	for (unsigned i = 0; i < n; i++) {
		char name[64], text[64] = "";

		snprintf(name, sizeof(name), "/proc/self/task/%d/syscall", tids[i]);
		while (strncmp(text, "0 ", 2) && strncmp(text, "1 ", 2)) {
			int fd = open(name, O_RDONLY);

			CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && close(fd) == 0);
			sched_yield();
		}
	}
}

static pid_t tids[AT_ONCE];
static pthread_barrier_t begun;
struct waiter { unsigned i; void *(*run)(void *); void *arg; };

static void *begin(void *arg)
{
	struct waiter *w = arg;

	tids[w->i] = gettid();
	pthread_barrier_wait(&begun);
	return w->run(w->arg);
}

static void cancel_all(void *(*run)(void *), int waits, int gives, void *arg)
{
	struct waiter w[AT_ONCE];
	pthread_t t[AT_ONCE];
	int was = cleaned;

	CHECK(pthread_barrier_init(&begun, NULL, AT_ONCE + 1) == 0);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		w[i] = (struct waiter){ i, run, arg };
		CHECK(pthread_create(&t[i], NULL, begin, &w[i]) == 0);
	}
	pthread_barrier_wait(&begun);
	if (waits)
		until_all_wait(AT_ONCE, tids);
	for (unsigned i = 0; i < AT_ONCE; i++)
		CHECK(pthread_cancel(t[i]) == 0);
	if (gives)
		CHECK(write(gives, "dddd", AT_ONCE) == AT_ONCE);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		void *result = NULL;

		CHECK(pthread_join(t[i], &result) == 0 && result == PTHREAD_CANCELED);
	}
	CHECK(cleaned == was + AT_ONCE);
	pthread_barrier_destroy(&begun);
}

void cancelled_waiting(void)
{
	int disabled[2];

	CHECK(pipe(from) == 0 && pipe(to) == 0 && pipe(disabled) == 0);
	CHECK(fcntl(to[1], F_SETFL, O_NONBLOCK) == 0);
	reads(ENOUGH);
	while (write(to[1], "x", 1) == 1)
		;
	CHECK(fcntl(to[1], F_SETFL, 0) == 0);
	for (int i = 0; i < 30; i++) {
		cancel_all(waits_reading, 1, 0, NULL);
		cancel_all(waits_writing, 1, 0, NULL);
		cancel_all(waits_disabled, 1, disabled[1], disabled);
		cancel_all(computes, 0, 0, NULL);
	}
	reads(ENOUGH);
}

/* ---- a storm: threads that are cancelled at no moment that anyone has chosen ---- */

/* What a thread of a round has done, as far as it knows. */
struct done { atomic_long read, wrote, opened, closed; };
struct storm {
	int in[2], out[2];
	struct done done;
	atomic_long came;	/* of what was written, at the other end */
};

/* A call's result is kept before the next call at which it could be cancelled. */
static void *works(void *arg)
{
	struct storm *s = arg;
	static char big[9000];

	for (unsigned i = 0;; i++) {
		char c[16];
		ssize_t n;
		int fd;

		n = read(s->in[0], c, sizeof(c));
		if (n > 0)
			atomic_fetch_add(&s->done.read, n);
		n = write(s->out[1], big, i % 3 ? 1 : sizeof(big));	/* more than there is room for: a part of it */
		if (n > 0)
			atomic_fetch_add(&s->done.wrote, n);
		fd = open("/usr/share/common-licenses/GPL-2", O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			atomic_fetch_add(&s->done.opened, 1);
		/* a close that is cancelled closes nothing, and it is known what it would have been */
		if (fd >= 0 && close(fd) == 0)
			atomic_fetch_add(&s->done.closed, 1);
	}
	return NULL;
}

static void *takes(void *arg)
{
	struct storm *s = arg;
	char c[4096];
	ssize_t n;

	while ((n = read(s->out[0], c, sizeof(c))) > 0)
		atomic_fetch_add(&s->came, n);
	return NULL;
}

static long count_open(void)
{
	long n = 0;

	for (int fd = 0; fd < FDS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void idle(unsigned *seed)
{
	for (volatile unsigned n = (unsigned)rand_r(seed) % 100000; n; n--)
		;
}

/* What is open and not known is closed again, so that none is left without a number. */
static void close_from(int first)
{
	for (int fd = first; fd < FDS; fd++)
		close(fd);
}

/* Each byte and each descriptor is one that a call has returned, or it is still there. */
static void account(const struct storm *s, long given, long open_before, int left)
{
	if (!keeps_effects())
		return;
	CHECK(s->done.read + left == given);
	CHECK(s->done.wrote == s->came);
	CHECK(count_open() - open_before == s->done.opened - s->done.closed);
}

static void storm(unsigned *seed)
{
	static const char some[1600];
	struct storm s = { 0 };
	pthread_t t[AT_ONCE], taker;
	long given = 0, open_before;
	int left = 0, first;

	CHECK(pipe(s.in) == 0 && pipe(s.out) == 0);
	open_before = count_open();
	first = s.out[1] + 1;
	CHECK(pthread_create(&taker, NULL, takes, &s) == 0);
	for (int i = 0; i < AT_ONCE; i++)
		CHECK(pthread_create(&t[i], NULL, works, &s) == 0);
	for (int i = 0; i < AT_ONCE; i++) {
		for (int k = rand_r(seed) % 8; k; k--) {
			CHECK(write(s.in[1], some, sizeof(some)) == sizeof(some));
			given += sizeof(some);
		}
		idle(seed);
		CHECK(pthread_cancel(t[i]) == 0);
	}
	for (int i = 0; i < AT_ONCE; i++) {
		void *result = NULL;

		CHECK(pthread_join(t[i], &result) == 0 && result == PTHREAD_CANCELED);
	}
	close(s.out[1]);
	pthread_join(taker, NULL);
	CHECK(ioctl(s.in[0], FIONREAD, &left) == 0);
	account(&s, given, open_before - 1, left);
	close(s.in[0]), close(s.in[1]), close(s.out[0]);
	close_from(first);
}

void cancelled_anywhere(void)
{
	unsigned seed = 11;

	reads(ENOUGH);
	for (int i = 0; i < ROUNDS; i++)
		storm(&seed);
	reads(ENOUGH);
}

/* ---- what a handler sees of a thread that is not the only one ---- */

static atomic_long ticks;

/* glibc from 2.41 on: what stands before the call's last instruction; r11 is the thread's own word. */
static void look(int signo, siginfo_t *si, void *context)
{
	static const unsigned char before[] = { 0x4c, 0x8b, 0x4c, 0x24, 0x10 };		/* mov 16(%rsp), %r9 */
	const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	uintptr_t ip = (uintptr_t)r[REG_RIP];
	int saved = errno;
	char c;

	ticks++;
	CHECK(signo == SIGALRM && si->si_signo == SIGALRM);
	CHECK(ip < (uintptr_t)RING || ip >= (uintptr_t)RING + ALL);
	if (!memcmp((void *)(ip - sizeof(before)), before, sizeof(before)))
		CHECK((uint64_t)r[REG_R11] - pthread_self() < 4096);
	CHECK(read(zero, &c, 1) == 1);
	errno = saved;
}

static void *sleeps(void *arg)
{
	sigset_t all;
	char c;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	CHECK(read(*(int *)arg, &c, 1) == 1);
	return NULL;
}

void signalled_with_threads(void)
{
	struct sigaction sa = { .sa_sigaction = look, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, off = { 0 };
	int hold[2];
	pthread_t t;

	CHECK(pipe(hold) == 0);
	reads(ENOUGH);
	CHECK(pthread_create(&t, NULL, sleeps, hold) == 0);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (long i = 0; i < 100000 || ticks < 300; i++) {
		register unsigned long v __asm__("r15") = (unsigned long)i * 3;
		register unsigned long w __asm__("rbx") = (unsigned long)i * 5;
		char b[8];

		__asm__ volatile("" : "+r"(v), "+r"(w));
		if (read(zero, b, 8) != 8 || write(null, b, 8) != 8)
			failed++;
		__asm__ volatile("" : "+r"(v), "+r"(w));
		if (v != (unsigned long)i * 3 || w != (unsigned long)i * 5)
			failed++;
	}
	setitimer(ITIMER_REAL, &off, NULL);
	CHECK(read(zero, (void *)8, 1) == -1 && errno == EFAULT);
	CHECK(write(hold[1], "x", 1) == 1);
	pthread_join(t, NULL);
}
