/* SPDX-License-Identifier: MIT */
/* Known functions that make a call, and stacks that nothing can be made of: stacks WHAT. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __clang__
#define KEPT __attribute__((noinline))
#else
#define KEPT __attribute__((noinline, noclone))
#endif

/* No function ends with a call that the compiler could make a jump. */
static volatile int sum;

KEPT static void innermost(const char *path) { sum += open(path, O_RDONLY | O_CLOEXEC); }
KEPT static void middle(const char *path) { innermost(path), sum++; }
KEPT static void outer(const char *path) { middle(path), sum++; }

KEPT static void deeper(int n)
{
	volatile char room[64];

	room[0] = (char)n;
	if (n)
		deeper(n - 1);
	else
		innermost("/nonexistent/deep");
	sum += room[0];
}

KEPT static void handler(int sig) { middle("/nonexistent/handler"), sum += sig; }

KEPT static void in_handler(int flags)
{
	static char stack[1 << 16];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	sigaltstack(&other, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	raise(SIGUSR1);
}

KEPT static void *thread(void *path)
{
	outer(path);
	return NULL;
}

/* access(path, 0) with that stack pointer and frame pointer. */
static void access_with(uint64_t rsp, uint64_t rbp, const char *path)
{
	long nr = SYS_access;

	__asm__ volatile("mov %%rsp, %%r12; mov %%rbp, %%r13; mov %[sp], %%rsp; mov %[bp], %%rbp; syscall;"
			 "mov %%r12, %%rsp; mov %%r13, %%rbp"
			 : "+a"(nr) : "D"(path), "S"(0), [sp] "r"(rsp), [bp] "r"(rbp)
			 : "rcx", "r11", "r12", "r13", "memory");
}

/* A stack whose frames lead back to themselves, or whose every word is where a function goes on. */
KEPT static void hostile(void)
{
	static uint64_t loop[8192];
	char *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(hole + 4096, 4096);
	access_with(0, 0, "/nonexistent/zero");
	access_with(~7ull, ~7ull, "/nonexistent/top");
	access_with(0x8000000000000000, 0x8000000000000000, "/nonexistent/hole");
	access_with((uint64_t)hole + 4095, (uint64_t)hole + 4091, "/nonexistent/edge");
	for (unsigned i = 0; i < 8192; i += 2) {
		loop[i] = (uint64_t)&loop[0];
		loop[i + 1] = (uint64_t)&middle + 5;
	}
	access_with((uint64_t)loop, (uint64_t)loop, "/nonexistent/loop");
	for (unsigned i = 0; i < 8192; i++)
		loop[i] = i % 2 ? (uint64_t)&outer + 5 : (uint64_t)&loop[i + 2];
	access_with((uint64_t)loop, (uint64_t)loop, "/nonexistent/words");
}

/* A library's code where another's was. */
KEPT static void replaced(char **files)
{
	static const uint8_t code[] = { 0xb8, 21, 0, 0, 0, 0x31, 0xf6, 0x0f, 0x05, 0xc3 };	/* access(rdi, 0) */
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (unsigned i = 0; files[i]; i++) {
		int fd = open(files[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0 || write(fd, code, sizeof(code)) != sizeof(code) || ftruncate(fd, 4096) < 0 ||
		    mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
			abort();
		((void (*)(const char *))at)("/nonexistent/mapped");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (argc < 2)
		return 2;
	if (!strcmp(argv[1], "nested")) {
		outer("/nonexistent/nested");
		outer("/dev/null");
	} else if (!strcmp(argv[1], "deep")) {
		deeper(300);
	} else if (!strcmp(argv[1], "handler")) {
		in_handler(0);
		in_handler(SA_ONSTACK);
	} else if (!strcmp(argv[1], "threads")) {
		for (unsigned i = 0; i < 2; i++)
			if (pthread_create(&t, NULL, thread, i ? "/nonexistent/second" : "/nonexistent/first") == 0)
				pthread_join(t, NULL);
	} else if (!strcmp(argv[1], "hostile")) {
		hostile();
	} else if (!strcmp(argv[1], "replaced")) {
		replaced(argv + 2);
	} else if (!strcmp(argv[1], "exec")) {
		execl(argv[0], argv[0], "nested", NULL);
	}
	return 0;
}
