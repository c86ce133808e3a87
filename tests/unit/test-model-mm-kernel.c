/* SPDX-License-Identifier: MIT */
/* Random calls: the regions of the model are those of /proc/self/maps. */
#include "mm_scene.h"

/* ---- the kernel as judge ---- */
#define WINDOW 48
#define NSEEDS 50
static uint64_t seed;

static uint64_t rnd(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

struct line { uint64_t start, end, offset; char perms[5]; };

static unsigned kernel_maps(struct line *v, unsigned max)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char buf[512];
	unsigned n = 0;

	assert_non_null(f);
	while (n < max && fgets(buf, sizeof(buf), f)) {
		struct line l = { 0 };

		assert_int_equal(sscanf(buf, "%lx-%lx %4s %lx", &l.start, &l.end, l.perms, &l.offset), 4);
		if (l.start >= BASE && l.end <= BASE + WINDOW * PG)
			v[n++] = l;
	}
	fclose(f);
	return n;
}

/* Prints and returns false where they differ. */
static bool same_as_kernel(struct scene *s)
{
	const struct mm *mm = mm_of(s, 10);
	struct line v[WINDOW];
	unsigned n = kernel_maps(v, WINDOW);
	bool same = n == mm->n;

	for (unsigned i = 0; same && i < n; i++) {
		const struct region *r = mm->v[i];
		char perms[5] = { r->prot & PROT_READ ? 'r' : '-', r->prot & PROT_WRITE ? 'w' : '-', r->prot & PROT_EXEC ? 'x' : '-',
				  r->flags & MAP_SHARED ? 's' : 'p', 0 };

		same = r->start == v[i].start && r->end == v[i].end && r->offset == v[i].offset &&
		       strcmp(perms, v[i].perms) == 0;
	}
	for (unsigned i = 0; !same && i < MAX(n, mm->n); i++) {
		if (i < n)
			fprintf(stderr, "# kernel %2d-%2d %s %lx", (int)((v[i].start - BASE) / PG),
				(int)((v[i].end - BASE) / PG), v[i].perms, v[i].offset);
		if (i < mm->n)
			fprintf(stderr, "\t# model %2d-%2d %x %lx vm %x pgoff %lx",
				(int)((mm->v[i]->start - BASE) / PG), (int)((mm->v[i]->end - BASE) / PG),
				mm->v[i]->prot, mm->v[i]->offset, mm->v[i]->vm, mm->v[i]->pgoff);
		fputc('\n', stderr);
	}
	return same;
}

/* The model takes private writable memory as used; so here it is. */
static void touch(void)
{
	struct line v[WINDOW];
	unsigned n = kernel_maps(v, WINDOW);

	for (unsigned i = 0; i < n; i++)
		for (uint64_t p = v[i].start; v[i].perms[1] == 'w' && v[i].perms[3] == 'p' && p < v[i].end; p += PG)
			*(volatile char *)p = 1;
}

/*
 * Locked memory that may only be read gets the zero page, and no anon_vma: so has the model.  A guest kernel that was
 * started without that page gives it a page of its own, as if it had been written.
 */
static bool has_zero_page(void)
{
	volatile char *p = mmap((void *)BASE, PG, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	FILE *f = fopen("/proc/self/smaps", "re");
	bool here = false, zero = true;
	unsigned long start, end, kb;
	char buf[512];

	assert_non_null(f);
	assert_ptr_equal(p, (void *)BASE);
	(void)*p;
	while (fgets(buf, sizeof(buf), f)) {
		if (sscanf(buf, "%lx-%lx ", &start, &end) == 2)
			here = start == BASE;
		if (here && sscanf(buf, "Anonymous: %lu", &kb) == 1)
			zero = !kb;
	}
	fclose(f);
	munmap((void *)BASE, PG);
	return zero;
}

static bool random_call(struct scene *s, int memfd, bool locks)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW, RW, RW, PROT_READ | PROT_EXEC };
	static const int advices[] = { MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP,  MADV_DODUMP,
				       MADV_RANDOM,   MADV_NORMAL, MADV_SEQUENTIAL };
	uint64_t page = rnd(WINDOW - 8), len = 1 + rnd(8), to = rnd(WINDOW - 8), new_len = 1 + rnd(8);
	uint64_t a[6] = { BASE + page * PG, len * PG };
	const char *name;
	long nr;

	switch (rnd(10)) {
	case 0: case 1: case 2:
		name = "mmap";
		nr = SYS_mmap;
		a[2] = (uint64_t)prots[rnd(6)];
		a[3] = MAP_FIXED | MAP_ANONYMOUS | (rnd(6) ? MAP_PRIVATE : MAP_SHARED) | (rnd(8) ? 0 : MAP_NORESERVE);
		a[4] = ~0ull;
		break;
	case 3:
		name = "mmap";
		nr = SYS_mmap;
		a[2] = (uint64_t)prots[rnd(6)];
		a[3] = MAP_FIXED | (rnd(2) ? MAP_PRIVATE : MAP_SHARED);
		a[4] = (uint64_t)memfd;
		a[5] = page * PG;	/* so that neighbours may fit */
		break;
	case 4:
		name = "munmap";
		nr = SYS_munmap;
		break;
	case 5: case 6:
		name = "mprotect";
		nr = SYS_mprotect;
		a[2] = (uint64_t)prots[rnd(6)];
		break;
	case 7:
		name = "mremap";
		nr = SYS_mremap;
		a[2] = new_len * PG;
		if (rnd(2)) {
			a[3] = MREMAP_MAYMOVE | MREMAP_FIXED;
			a[4] = BASE + to * PG;
		}
		break;
	case 8:
		name = "madvise";
		nr = SYS_madvise;
		a[2] = (uint64_t)advices[rnd(7)];
		break;
	default:
		name = rnd(2) ? "mlock" : "munlock";
		name = locks ? name : "munlock";
		nr = name[1] == 'l' ? SYS_mlock : SYS_munlock;
		break;
	}

	long ret = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	if (ret == -1)
		ret = -errno;
	touch();
	call_begin(s, 10, name, ret, a);
	go(s);
	s->n = s->from = 0;
	if (same_as_kernel(s))
		return true;
	fprintf(stderr, "# after %s(page %d, %d pages, %lx, %lx, %lx, %lx) = %ld\n", name, (int)page, (int)len, a[2],
		a[3], a[4], a[5], ret);
	return false;
}

/* In a process of its own: what fails there must not leave mappings here. */
static void random_calls(struct scene *s, uint64_t from_seed, unsigned ncalls, bool forked)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		int memfd = memfd_create("window", 0);
		bool locks = has_zero_page();
		bool ok = memfd >= 0 && ftruncate(memfd, 4 * WINDOW * PG) == 0;

		seed = from_seed;
		snapshot(s, 10, 0, 0, 0, "", MAP_KIND_PLAIN, true);	/* nothing there: complete */
		CALL(s, 10, "memfd_create", memfd, 0, 0);
		go(s);
		for (unsigned i = 0; ok && i < ncalls; i++) {
			if (forked && i == ncalls / 2) {
				pid_t child = fork();

				if (child) {	/* the child goes on, as the same process to the model */
					ok = wait_one(child, &status, 0) > 0 && status == 0;
					break;
				}
				fork_(s, 10, 11, 0);
				exit_(s, 10, 0);
				fork_(s, 11, 10, 0);
				touch();
			}
			ok = random_call(s, memfd, locks);
		}
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(wait_end(pid, &status), 1);
	if (status)
		fail_msg("seed %lx: differs from the kernel", from_seed);
}

static void as_the_kernel_has_it(void **state)
{
	for (uint64_t i = 1; i <= NSEEDS; i++)
		random_calls(*state, i * 0x9e3779b97f4a7c15ull, 150, false);
}

static void as_the_kernel_has_it_after_fork(void **state)
{
	for (uint64_t i = 1; i <= NSEEDS; i++)
		random_calls(*state, i * 0xc2b2ae3d27d4eb4full, 120, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(as_the_kernel_has_it), SCENE(as_the_kernel_has_it_after_fork),
	};

	return cmocka_run_group_tests_name("model-mm-kernel", tests, NULL, NULL);
}
