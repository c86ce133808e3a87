/* SPDX-License-Identifier: MIT */
/*
 * A program that does what stubs in it may not mind: stubs.py traces it with and without them.  Each way first reads
 * often enough for stubs to be put in, and ends with 0 when all that it has seen is as it should be.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/process.h"
#include "stubs.h"

int zero, null, failed;

int is_mapped(void)
{
	unsigned char v;

	return mincore(RING, 4096, &v) == 0;
}

void reads(int n)
{
	char c;

	for (int i = 0; i < n; i++) {
		c = 'x';
		CHECK(read(zero, &c, 1) == 1 && c == 0);
		CHECK(pwrite(null, "ab", 2, 0) == 2);
	}
}

/* Of a thread: enough for it to be inside while another changes what is mapped. */
static volatile int over;

static void *reading(void *arg)
{
	while (!over) {
		int fd = open("/usr/share/common-licenses/GPL-2", O_RDONLY);
		char c;

		CHECK(fd > 2 && read(fd, &c, 1) == 1 && close(fd) == 0);
		CHECK(access("/none/of/them", F_OK) == -1 && errno == ENOENT);
		reads(20);
	}
	return arg;
}

void with_others(void (*change)(void))
{
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, reading, NULL) == 0);
	reads(ENOUGH);
	change();
	reads(ENOUGH);
	over = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

/* ---- what is done to the stubs' memory ---- */

static void noise(void)
{
	for (unsigned i = 0, seed = 7; i < RING_BYTES; i++)
		RING[i] = (unsigned char)rand_r(&seed);
}

static void ones(void) { memset(RING, 0xff, 128); }
static void head(void) { __atomic_fetch_add((uint64_t *)RING, 1000000, __ATOMIC_RELAXED); }
static void back(void) { *(volatile uint64_t *)RING = 0; }
static void slots(void) { memset(RING + 4096, 2, RING_BYTES - 4096); }
static void zeroes(void) { memset(RING, 0, RING_BYTES); }
void no_ring(void) { CHECK(munmap(RING, RING_BYTES) == 0); }

/* From below it on; a fault in a stub, as there would be behind it, would put the signal at its default. */
static void spanned(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };

	sigaction(SIGSEGV, &sa, NULL);
	CHECK(munmap(RING - (1 << 24), (1 << 24) + RING_BYTES) == 0);
	sigaction(SIGSEGV, NULL, &sa);
	CHECK(sa.sa_handler == SIG_IGN);
	signal(SIGSEGV, SIG_DFL);
}

static void no_blocks(void) { CHECK(munmap(RING + BLOCKS_AT, BLOCKS_BYTES) == 0); }
static void closed_ring(void) { CHECK(mprotect(RING, RING_BYTES, PROT_NONE) == 0); }
static void closed_blocks(void) { CHECK(mprotect(RING + BLOCKS_AT, BLOCKS_BYTES, PROT_NONE) == 0); }
static void moved(void) { CHECK(mremap(RING, RING_BYTES, RING_BYTES, MREMAP_MAYMOVE) != MAP_FAILED); }

static void *text_of(const char *name) { return (void *)((uintptr_t)dlsym(RTLD_DEFAULT, name) & ~4095ul); }

/* Springs and the page with their switch, three pages alone: where the jump leads that is in access() now. */
static void no_springs(void)
{
	const unsigned char *p = dlsym(RTLD_DEFAULT, "access");
	int n = 0;

	for (int i = 0; i < 64; i++) {
		int32_t by;
		Dl_info in;
		uintptr_t to;

		memcpy(&by, p + i + 1, sizeof(by));
		to = (uintptr_t)(p + i + 5) + (intptr_t)by;
		if (p[i] != 0xe9 || dladdr((void *)to, &in))
			continue;
		n += munmap((void *)((to & ~4095ul) - 8192), 16384) == 0;
		break;
	}
	CHECK(n == is_mapped());
}

/* Memory of its own in that place: nothing is written there but by the program. */
void *own(void)
{
	unsigned char *p = mmap(RING, ALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK(p == RING);
	memset(RING, 0xa5, ALL);
	return p;
}

int is_own(void)
{
	for (size_t i = 0; i < ALL; i++)
		if (RING[i] != 0xa5)
			return 0;
	return 1;
}

static void covered(void)
{
	own();
	reads(ENOUGH);
	CHECK(is_own());
}

static const struct { const char *name; void (*change)(void); int needs; } changes[] = {
	{ "noise", noise, 1 }, { "ones", ones, 1 }, { "head", head, 1 }, { "back", back, 1 }, { "slots", slots, 1 },
	{ "zeroes", zeroes, 1 },
	{ "no_ring", no_ring, 1 }, { "spanned", spanned, 1 }, { "no_blocks", no_blocks, 1 }, { "closed_ring", closed_ring, 1 },
	{ "closed_blocks", closed_blocks, 1 },
	{ "moved", moved, 1 }, { "no_springs", no_springs, 0 }, { "covered", covered, 0 },
};

static int ends[2];

static void *waits(void *arg)
{
	char c = 0;

	CHECK(read(ends[0], &c, 1) == 1 && c == 'x');
	return arg;
}

static void covered_while_inside(void)
{
	pthread_t t = 0;

	CHECK(pipe(ends) == 0 && pthread_create(&t, NULL, waits, NULL) == 0);
	usleep(50000);
	own();
	CHECK(write(ends[1], "x", 1) == 1);
	pthread_join(t, NULL);
	reads(ENOUGH);
	CHECK(is_own());
}

/* its own text */

static void own_text(void)
{
	static unsigned char were[3 * 4096];
	unsigned char *p = text_of("read");

	memcpy(were, p, sizeof(were));
	reads(ENOUGH);
	CHECK(mprotect(p, sizeof(were), PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	memcpy(p, were, sizeof(were));
	CHECK(mprotect(p, sizeof(were), PROT_READ | PROT_EXEC) == 0);
	reads(ENOUGH);
}

static void text_dropped(void)
{
	reads(ENOUGH);
	CHECK(madvise(text_of("read"), 4096, MADV_DONTNEED) == 0);
	reads(ENOUGH);
}

/* ---- tasks ---- */

static void forks(void)
{
	reads(ENOUGH);
	for (int i = 0; i < 60; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			reads(20);
			if (i % 3 == 0)
				execl("/bin/true", "true", NULL);
			_exit(failed);
		}
		reads(5);
		CHECK(wait_end(child, &status) == 1 && status == 0);
	}
	for (int i = 0; i < 60; i++) {
		pid_t child = vfork();
		int status;

		if (child == 0) {
			read(zero, (char[1]){ 0 }, 1);
			if (i % 2)
				execl("/bin/true", "true", NULL);
			_exit(0);
		}
		CHECK(wait_end(child, &status) == 1 && status == 0);
		reads(5);
	}
}

/* Calls just before a child of vfork ends or execs, and just after that: whose are they? */
static void vforks(void)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	reads(ENOUGH);
	for (int i = 0; i < 200; i++) {
		const struct itimerspec soon = { .it_value = { 0, 1000000 * (1 + i % 12) } };
		uint64_t n;
		int status;
		pid_t child;

		CHECK(timerfd_settime(timer, 0, &soon, NULL) == 0);
		child = vfork();
		if (child == 0) {
			pread(zero, (char[1]){ 0 }, 1, 0);
			if (i % 3 == 1)
				execl("/nonexistent", "true", NULL);
			pread(zero, (char[1]){ 0 }, 1, 0);
			if (i % 3 == 2)
				_exit(0);
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		CHECK(read(timer, &n, 8) == 8);
		reads(20);
		CHECK(wait_end(child, &status) == 1 && status == 0);
	}
}

static int shares(void *arg)
{
	reads(100);
	return arg != NULL;
}

static void shared_memory(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int status;
	pid_t child;

	reads(ENOUGH);
	child = clone(shares, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	CHECK(child > 0);
	CHECK(wait_end(child, &status) == 1 && status == 0);
	reads(ENOUGH);
}

static void *some_reads(void *arg)
{
	reads(40);
	return arg;
}

static void threads(void)
{
	pthread_t t[200];

	reads(ENOUGH);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 200; i++)
			CHECK(pthread_create(&t[i], NULL, some_reads, NULL) == 0);
		for (int i = 0; i < 200; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
	}
}

static volatile int ticks;

static void tick(int signo, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	unsigned long ip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
	int saved = errno;
	char c;

	ticks++;
	CHECK(signo == SIGALRM && si->si_signo == SIGALRM);
	CHECK(ip < (unsigned long)RING || ip >= (unsigned long)RING + ALL);
	CHECK(read(zero, &c, 1) == 1);
	errno = saved;
}

static void *cancelled(void *arg)
{
	char c;

	read(*(int *)arg, &c, 1);
	return NULL;
}

static void signals(void)
{
	struct sigaction sa = { .sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, off = { 0 }, once = { { 0, 0 }, { 0, 30000 } };
	pthread_t t;
	void *result;
	char c = 0;

	reads(ENOUGH);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (long i = 0; i < 100000; i++) {
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
	CHECK(pipe(ends) == 0);
	if (fork() == 0) {
		usleep(50000);
		write(ends[1], "x", 1);
		_exit(0);
	}
	CHECK(read(ends[0], &c, 1) == 1 && c == 'x');	/* SA_RESTART */
	setitimer(ITIMER_REAL, &off, NULL);
	wait(NULL);
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &once, NULL);
	CHECK(read(ends[0], &c, 1) == -1 && errno == EINTR);
	pthread_create(&t, NULL, cancelled, &ends[0]);
	usleep(20000);
	pthread_cancel(t);
	CHECK(pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
	CHECK(read(zero, (void *)8, 1) == -1 && errno == EFAULT && ticks > 0);
}

/* ---- what others end: they tell when it has begun ---- */

static void endless(void)
{
	pthread_t t;

	CHECK(pipe(ends) == 0);
	pthread_create(&t, NULL, waits, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&t, NULL, reading, NULL);
	reads(ENOUGH);
	if (fork() == 0) {
		for (;;)
			reads(20);
	}
	write(1, "ready\n", 6);
	for (;;)
		reads(20);
}

static const struct { const char *name; void (*run)(void); } ways[] = {
	{ "covered_while_inside", covered_while_inside }, { "own_text", own_text }, { "text_dropped", text_dropped },
	{ "own_filter", own_filter }, { "strict", strict }, { "no_clock", no_clock }, { "undumpable", undumpable },
	{ "limited", limited }, { "locked", locked }, { "taken", taken }, { "crowded", crowded },
	{ "full", full }, { "forks", forks },
	{ "shared_memory", shared_memory }, { "looks_at_itself", looks_at_itself },
	{ "looks_again", looks_again },
	{ "paths", paths }, { "paths_signalled", paths_signalled },
	{ "buffers", buffers }, { "buffers_flipped", buffers_flipped }, { "buffers_signalled", buffers_signalled },
	{ "memory", memory }, { "memory_with_threads", memory_with_threads }, { "memory_signalled", memory_signalled },
	{ "descriptors", descriptors }, { "status_first", status_first },
	{ "descriptors_signalled", descriptors_signalled },
	{ "looks_with_threads", looks_with_threads }, { "looks_at_parent", looks_at_parent },
	{ "cancelled_waiting", cancelled_waiting }, { "cancelled_anywhere", cancelled_anywhere },
	{ "signalled_with_threads", signalled_with_threads },
	{ "vforks", vforks }, { "threads", threads }, { "signals", signals }, { "endless", endless },
};

static int run(const char *way);

/* In a child that has not called exec, which gets stubs of its own. */
static int in_child(const char *way)
{
	int status = 0;
	pid_t child;

	reads(ENOUGH);
	child = fork();
	if (child == 0)
		_exit(run(way));
	CHECK(wait_end(child, &status) == 1);
	reads(ENOUGH);
	return failed || !WIFEXITED(status) ? 8 : WEXITSTATUS(status);
}

static int run(const char *way)
{
	if (!strncmp(way, "child:", 6))
		return in_child(way + 6);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (!strncmp(way, changes[i].name, strlen(changes[i].name))) {
			int several = !strcmp(way + strlen(changes[i].name), "+"), up;

			if (!several && way[strlen(changes[i].name)])
				continue;
			reads(ENOUGH);
			up = is_mapped();
			if (changes[i].needs && !up)
				reads(2 * ENOUGH);
			else if (several)
				with_others(changes[i].change);
			else
				changes[i].change();
			reads(ENOUGH);
			printf("end\n");
			return failed != 0;
		}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(way, ways[i].name)) {
			ways[i].run();
			printf("end\n");
			return failed != 0;
		}
	return 9;
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	zero = open("/dev/zero", O_RDONLY);
	null = open("/dev/null", O_WRONLY);
	return run(way);
}
