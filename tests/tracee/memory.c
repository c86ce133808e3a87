/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: the regions the model holds against /proc/self/maps, at many points of a walk that splits and merges.
 */
#include <sched.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "tracee.h"

enum { PAGE = 4096, ARENA = 512, STEPS = 400, EVERY = 10 };

static uint64_t state = 88172645463325252ull;

static unsigned rnd(unsigned n)		/* the same walk every time: xorshift */
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % n);
}

static int prot_of[ARENA];	/* of each page; -1 where nothing is mapped */

static void set_prot(unsigned at, unsigned n, int prot)
{
	for (unsigned i = at; i < at + n; i++)
		prot_of[i] = prot;
}

/* The model takes what may be written to as written to: it is, in the order of the addresses. */
static void write_to(char *arena, unsigned at, unsigned n)
{
	for (unsigned i = at; i < at + n; i++)
		if (prot_of[i] >= 0 && (prot_of[i] & PROT_WRITE))
			((volatile char *)arena)[(size_t)i * PAGE] = 1;
}

static void walk(const char *file)
{
	char *arena = mmap(NULL, ARENA * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), name[32];
	int fd = open(file, O_RDWR);

	CHECK(arena != MAP_FAILED && fd >= 0);
	for (int i = 0; i < STEPS; i++) {
		unsigned at = rnd(ARENA), n = 1 + rnd(rnd(4) ? 8 : 100);
		static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
		int prot = prots[rnd(4)];
		char *p = arena + (size_t)at * PAGE, *to;

		if (at + n > ARENA)
			n = ARENA - at;
		switch (rnd(8)) {
		case 0:
		case 1:
			CHECK(munmap(p, (size_t)n * PAGE) == 0);
			set_prot(at, n, -1);
			break;
		case 2:
			/* fails where there is a hole, having done the part before it */
			mprotect(p, (size_t)n * PAGE, prot);
			for (unsigned k = at; k < at + n && prot_of[k] >= 0; k++)
				prot_of[k] = prot;
			break;
		case 3:
			CHECK(mmap(p, (size_t)n * PAGE - rnd(PAGE), prot, MAP_PRIVATE | MAP_FIXED, fd, (off_t)rnd(16) * PAGE) == p);
			set_prot(at, n, prot);
			break;
		case 4:
			CHECK(mmap(p, (size_t)n * PAGE, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)at * PAGE) == p);
			set_prot(at, n, prot);
			break;
		case 5:
			to = mremap(p, PAGE, (size_t)n * PAGE, rnd(2) ? MREMAP_MAYMOVE : 0);
			if (to == MAP_FAILED)
				break;
			prot = prot_of[at];
			prot_of[at] = -1;
			for (p = to; p < to + (size_t)n * PAGE; p += PAGE)	/* often to a hole of the arena's */
				if (p >= arena && p < arena + ARENA * PAGE)
					prot_of[(p - arena) / PAGE] = prot;
			break;
		case 6:
			madvise(p, (size_t)n * PAGE, rnd(2) ? MADV_DONTFORK : MADV_DOFORK);
			break;
		default:
			CHECK(mmap(p, (size_t)n * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
			set_prot(at, n, prot);
		}
		write_to(arena, at, n);
		if (i % EVERY == EVERY - 1) {
			snprintf(name, sizeof(name), "walk%d", i);
			checkpoint("map", name);
		}
	}
	close(fd);
	CHECK(munmap(arena, ARENA * PAGE) == 0);
	checkpoint("map", "walked");
}

static void heap(void)
{
	char *start = sbrk(0);

	CHECK(brk(start + 10 * PAGE) == 0);
	checkpoint("map", "grown");
	CHECK(mprotect((char *)(((uintptr_t)start + PAGE) & ~(uintptr_t)(PAGE - 1)) + PAGE, PAGE, PROT_READ) == 0);
	checkpoint("map", "holed");
	CHECK(brk(start + 5 * PAGE + 123) == 0);
	checkpoint("map", "shrunk");
	CHECK(brk(start) == 0);
	checkpoint("map", "back");
}

static void shared(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE + 5, IPC_CREAT | 0600);
	void *p, *q;

	CHECK(id >= 0);
	p = shmat(id, NULL, 0);
	CHECK(p != (void *)-1);
	q = shmat(id, NULL, SHM_RDONLY);
	CHECK(q != (void *)-1);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0);
	checkpoint("map", "attached");
	CHECK(shmdt(p) == 0);
	checkpoint("map", "half");
	CHECK(shmdt(q) == 0);
	checkpoint("map", "gone");

	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	checkpoint("map", "anonymous");
	CHECK(munmap((char *)p + PAGE, PAGE) == 0);
	checkpoint("map", "torn");
	CHECK(munmap(p, 4 * PAGE) == 0);
}

static void processes(const char *file)
{
	int fd = open(file, O_RDWR);
	char *keep = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0),
	     *drop = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	pid_t pid;

	CHECK(keep != MAP_FAILED && drop != MAP_FAILED);
	close(fd);
	CHECK(madvise(drop + PAGE, PAGE, MADV_DONTFORK) == 0);
	checkpoint("map", "before");
	pid = fork();
	if (pid == 0) {
		checkpoint("map", "child");
		CHECK(munmap(keep, 2 * PAGE) == 0);
		checkpoint("map", "child2");
		expect("exit 0");
		_exit(0);
	}
	expect("fork → %d", pid);
	CHECK(reap(pid) == 0);
	checkpoint("map", "parent");
	/* one address space for two processes */
	pid = vfork();
	if (pid == 0) {
		munmap(drop, PAGE);
		_exit(0);
	}
	expect("fork → %d", pid);
	expect_of(pid, "exit 0");
	CHECK(reap(pid) == 0);
	checkpoint("map", "vforked");
	munmap(keep, 4 * PAGE);
	munmap(drop, 4 * PAGE);
}

int main(void)
{
	const char *file = in_dir("file");
	int fd = open(file, O_RDWR | O_CREAT, 0600);

	CHECK(fd >= 0 && ftruncate(fd, (off_t)128 * ARENA * PAGE) == 0);	/* sparse; no step of the walk may reach behind its end */
	close(fd);
	tracee_begin();
	tracee_ignore("^open .*/file ");
	checkpoint("map", "start");
	walk(file);
	heap();
	shared();
	processes(file);
	tracee_end();
}
