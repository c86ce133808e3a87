/* SPDX-License-Identifier: MIT */
/* Address spaces: by hand, and against the kernel's own /proc/self/maps under random calls. */
#include "mm_scene.h"

static const struct seen *map(struct scene *s, uint32_t tid, uint64_t page, uint64_t npages, int prot, int flags)
{
	CALL(s, tid, "mmap", (int64_t)(BASE + page * PG), 0, npages * PG, (uint64_t)prot, (uint64_t)flags, ~0ull, 0);
	return go(s);
}

static const struct seen *unmap(struct scene *s, uint32_t tid, uint64_t page, uint64_t npages)
{
	CALL(s, tid, "munmap", 0, BASE + page * PG, npages * PG);
	return go(s);
}

static const struct seen *protect(struct scene *s, uint32_t tid, uint64_t page, uint64_t npages, int prot)
{
	CALL(s, tid, "mprotect", 0, BASE + page * PG, npages * PG, (uint64_t)prot);
	return go(s);
}

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* Regions as "start-end prot" in pages from BASE. */
static void check(struct scene *s, uint32_t tid, const char *expect)
{
	const struct mm *mm = mm_of(s, tid);
	struct buf b = { 0 };
	uint64_t counted = 0, reserved = 0;

	buf_puts(&b, "");
	for (unsigned i = 0; i < mm->n; i++) {
		const struct region *r = mm->v[i];

		buf_printf(&b, "%s%d-%d %c%c%c", i ? ", " : "", (int)((int64_t)(r->start - BASE) / (int64_t)PG),
			   (int)((int64_t)(r->end - BASE) / (int64_t)PG), r->prot & PROT_READ ? 'r' : '-',
			   r->prot & PROT_WRITE ? 'w' : '-', r->prot & PROT_EXEC ? 'x' : '-');
		if (r->counted)
			counted += r->end - r->start;
		if (r->counted && !r->prot)
			reserved += r->end - r->start;
	}
	assert_string_equal(b.len ? b.s : "", expect);
	assert_int_equal(mm->mapped, counted);
	assert_int_equal(mm->reserved, reserved);
	buf_done(&b);
}

static void maps_cut_and_merge(void **state)
{
	struct scene *s = *state;
	const struct seen *e = map(s, 10, 0, 10, RW, ANON);

	assert_int_equal(e->kind, EV_MMAP);
	assert_int_equal(e->nbytes, 10 * PG);
	assert_int_equal(e->addr, BASE);
	check(s, 10, "0-10 rw-");
	unmap(s, 10, 3, 2);
	check(s, 10, "0-3 rw-, 5-10 rw-");
	map(s, 10, 3, 2, RW, ANON | MAP_FIXED);
	check(s, 10, "0-10 rw-");
	protect(s, 10, 2, 2, PROT_READ);
	check(s, 10, "0-2 rw-, 2-4 r--, 4-10 rw-");
	protect(s, 10, 2, 2, RW);
	check(s, 10, "0-10 rw-");
	map(s, 10, 8, 4, PROT_READ, ANON | MAP_FIXED);		/* over the end */
	check(s, 10, "0-8 rw-, 8-12 r--");
	map(s, 10, 12, 1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS);	/* never with another's */
	check(s, 10, "0-8 rw-, 8-12 r--, 12-13 r--");
	unmap(s, 10, 0, 100);
	check(s, 10, "");
}

/* What has no rights is reserved, until it gets some. */
static void reserves(void **state)
{
	struct scene *s = *state;

	map(s, 10, 0, 10, PROT_NONE, ANON);
	assert_int_equal(mm_of(s, 10)->reserved, 10 * PG);
	protect(s, 10, 2, 4, RW);
	check(s, 10, "0-2 ---, 2-6 rw-, 6-10 ---");
	protect(s, 10, 5, 2, PROT_NONE);
	check(s, 10, "0-2 ---, 2-5 rw-, 5-6 ---, 6-10 ---");
	map(s, 10, 8, 1, RW, ANON | MAP_FIXED);
	check(s, 10, "0-2 ---, 2-5 rw-, 5-6 ---, 6-8 ---, 8-9 rw-, 9-10 ---");
	unmap(s, 10, 0, 100);
	assert_int_equal(mm_of(s, 10)->reserved, 0);
}

/* Old recordings of the default calls do not know who got rights later: all counts, as it did. */
static void reserves_where_rights_are_known(void **state)
{
	struct scene *s = *state;

	for (unsigned known = 0; known < 2; known++) {
		start(s, START_COMMAND | (known ? START_RIGHTS : 0));
		map(s, 10, 0, 10, PROT_NONE, ANON);
		assert_int_equal(mm_of(s, 10)->mapped, 10 * PG);
		assert_int_equal(mm_of(s, 10)->reserved, known ? 10 * PG : 0);
		CALL(s, 10, "mprotect", 0, BASE, PG, RW)->h.flags = CALL_NO_EXIT;
		go(s);
		assert_int_equal(mm_of(s, 10)->reserved, known ? 9 * PG : 0);
		unmap(s, 10, 0, 5);
		assert_int_equal(mm_of(s, 10)->reserved, known ? 5 * PG : 0);
		unmap(s, 10, 0, 10);
		assert_int_equal(mm_of(s, 10)->mapped + mm_of(s, 10)->reserved, 0);
	}
}

static void protected_without_a_result(void **state)
{
	struct scene *s = *state;

	snapshot(s, 10, 20, 1, RW, "[stack]", MAP_KIND_STACK, true);	/* all that is mapped is known */
	map(s, 10, 0, 4, PROT_NONE, ANON);
	map(s, 10, 6, 2, PROT_NONE, ANON | MAP_FIXED);
	CALL(s, 10, "mprotect", 0, BASE + 1, PG, RW)->h.flags = CALL_NO_EXIT;	/* refused: not a page's start */
	go(s);
	check(s, 10, "0-4 ---, 6-8 ---, 20-21 rw-");
	CALL(s, 10, "mprotect", 0, BASE + 2 * PG, 6 * PG, RW)->h.flags = CALL_NO_EXIT;	/* up to the hole */
	go(s);
	check(s, 10, "0-2 ---, 2-4 rw-, 6-8 ---, 20-21 rw-");
	CALL(s, 10, "mprotect", 0, BASE, PG, RW)->h.flags = CALL_UNFINISHED;	/* it ended inside */
	go(s);
	check(s, 10, "0-2 ---, 2-4 rw-, 6-8 ---, 20-21 rw-");
}

static void failed_and_refused(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	map(s, 10, 0, 4, RW, ANON);
	CALL(s, 10, "mmap", -ENOMEM, 0, 99 * PG, PROT_READ, ANON, ~0ull, 0);
	e = go(s);
	assert_int_equal(e->err, ENOMEM);
	assert_int_equal(e->nbytes, 99 * PG);
	CALL(s, 10, "munmap", -EINVAL, BASE + 1, PG);
	go(s);
	CALL(s, 10, "munmap", 0, BASE + 1, PG)->h.flags = CALL_NO_EXIT;	/* refused as well, though its result was not asked for */
	go(s);
	CALL(s, 10, "munmap", 0, BASE, 0)->h.flags = CALL_NO_EXIT;
	go(s);
	check(s, 10, "0-4 rw-");
	CALL(s, 10, "munmap", 0, BASE, 1)->h.flags = CALL_NO_EXIT;	/* a byte is a page */
	go(s);
	check(s, 10, "1-4 rw-");
	CALL(s, 10, "mmap", (int64_t)(~0ull - PG), 0, 1ull << 60, PROT_READ, ANON, ~0ull, 0);
	go(s);
	CALL(s, 10, "mmap", (int64_t)BASE, 0, ~0ull, PROT_READ, ANON, ~0ull, 0);
	go(s);
	CALL(s, 10, "mprotect", 0, BASE, ~0ull, PROT_READ);
	go(s);
	check(s, 10, "1-4 rw-");
}

static void files_merge_where_offsets_meet(void **state)
{
	struct scene *s = *state;
	const struct mm *mm = mm_of(s, 10);

	open_(s, 10, "/lib/x.so", O_RDONLY, 3);
	open_(s, 10, "/lib/x.so", O_RDONLY, 4);
	CALL(s, 10, "mmap", (int64_t)BASE, 0, 4 * PG, PROT_READ, MAP_PRIVATE, 3, 0);
	assert_string_equal(go(s)->name, "/lib/x.so");
	CALL(s, 10, "mmap", (int64_t)(BASE + 4 * PG), 0, 2 * PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, 3, 4 * PG);
	go(s);
	check(s, 10, "0-6 r--");
	CALL(s, 10, "mmap", (int64_t)(BASE + 6 * PG), 0, 2 * PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, 4, 6 * PG);	/* opened twice */
	go(s);
	CALL(s, 10, "mmap", (int64_t)(BASE + 8 * PG), 0, 2 * PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, 4, 9 * PG);	/* a gap */
	go(s);
	check(s, 10, "0-6 r--, 6-8 r--, 8-10 r--");
	protect(s, 10, 2, 1, RW);
	assert_string_equal(s->v[s->n - 1].path, "/lib/x.so");
	assert_int_equal(mm->n, 5);
	assert_int_equal(mm_find(mm, BASE + 2 * PG)->offset, 2 * PG);
	assert_int_equal(mm_find(mm, BASE + 3 * PG)->offset, 3 * PG);
	assert_string_equal(mm_find(mm, BASE + 3 * PG)->path.s, "/lib/x.so");
	assert_string_equal(unmap(s, 10, 0, 1)->path, "/lib/x.so");
}

static void mremap_moves_grows_and_shrinks(void **state)
{
	struct scene *s = *state;

	map(s, 10, 0, 4, RW, ANON);
	CALL(s, 10, "mremap", (int64_t)BASE, BASE, 4 * PG, 6 * PG, 0);
	assert_int_equal(go(s)->kind, EV_MREMAP);
	check(s, 10, "0-6 rw-");
	CALL(s, 10, "mremap", (int64_t)BASE, BASE, 6 * PG, 2 * PG, 0);
	go(s);
	check(s, 10, "0-2 rw-");
	CALL(s, 10, "mremap", (int64_t)(BASE + 20 * PG), BASE, 2 * PG, 8 * PG, MREMAP_MAYMOVE);
	go(s);
	check(s, 10, "20-28 rw-");
	map(s, 10, 30, 4, PROT_READ, ANON);
	CALL(s, 10, "mremap", (int64_t)(BASE + 31 * PG), BASE + 22 * PG, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 31 * PG);
	go(s);
	check(s, 10, "20-22 rw-, 24-28 rw-, 30-31 r--, 31-33 rw-, 33-34 r--");
	CALL(s, 10, "mremap", (int64_t)(BASE + 40 * PG), BASE + 20 * PG, 2 * PG, 2 * PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	go(s);
	check(s, 10, "20-22 rw-, 24-28 rw-, 30-31 r--, 31-33 rw-, 33-34 r--, 40-42 rw-");
	CALL(s, 10, "mremap", -EFAULT, BASE + 99 * PG, PG, 2 * PG, MREMAP_MAYMOVE);
	go(s);
	assert_int_equal(mm_of(s, 10)->n, 6);
	CALL(s, 10, "mremap", (int64_t)(BASE + 50 * PG), BASE + 99 * PG, PG, 2 * PG, MREMAP_MAYMOVE);	/* not known here */
	go(s);
	assert_int_equal(mm_of(s, 10)->n, 6);
}

static const struct seen *brk_(struct scene *s, uint32_t tid, uint64_t brk)
{
	CALL(s, tid, "brk", (int64_t)brk, brk);
	return go(s);
}

static void heap_grows_and_shrinks(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	exec(s, 10, "/bin/true", NULL);
	assert_int_equal(brk_(s, 10, BASE)->delta, 0);
	e = brk_(s, 10, BASE + 5 * PG + 1);
	assert_int_equal(e->kind, EV_BRK);
	assert_int_equal(e->delta, 5 * PG + 1);
	assert_int_equal(e->nbytes, 5 * PG + 1);
	check(s, 10, "0-6 rw-");
	assert_int_equal(mm_of(s, 10)->v[0]->kind, MAP_KIND_HEAP);
	assert_int_equal(brk_(s, 10, BASE + 2 * PG)->delta, -(int64_t)(3 * PG + 1));
	check(s, 10, "0-2 rw-");
	brk_(s, 10, BASE + 3 * PG);
	protect(s, 10, 1, 1, PROT_NONE);
	check(s, 10, "0-1 rw-, 1-2 ---, 2-3 rw-");
	assert_int_equal(mm_of(s, 10)->heap, 3 * PG);
	assert_int_equal(mm_of(s, 10)->mapped, 0);
	fork_(s, 10, 11, 0);
	assert_int_equal(brk_(s, 11, BASE + 7 * PG)->delta, 4 * PG);
	assert_int_equal(mm_of(s, 10)->heap, 3 * PG);
	CALL(s, 10, "brk", (int64_t)(BASE + 3 * PG), BASE + (1ull << 40));	/* refused: answers where it is */
	assert_int_equal(go(s)->delta, 0);
}

static void spaces_are_shared_copied_and_reset(void **state)
{
	struct scene *s = *state;
	uint32_t id;

	map(s, 10, 0, 4, RW, ANON);
	fork_(s, 10, 11, 0);
	fork_(s, 10, 12, THREAD);
	fork_(s, 10, 13, CLONE_VM | CLONE_VFORK);
	assert_ptr_equal(mm_of(s, 12), mm_of(s, 10));
	assert_ptr_equal(mm_of(s, 13), mm_of(s, 10));
	assert_int_not_equal(mm_of(s, 11)->id, mm_of(s, 10)->id);
	unmap(s, 12, 0, 1);
	map(s, 13, 10, 1, RW, ANON);
	check(s, 10, "1-4 rw-, 10-11 rw-");
	check(s, 11, "0-4 rw-");
	map(s, 11, 4, 1, RW, ANON);	/* pages shared with the parent keep it apart */
	check(s, 11, "0-4 rw-, 4-5 rw-");
	check(s, 10, "1-4 rw-, 10-11 rw-");
	id = mm_of(s, 10)->id;
	exec(s, 13, "/bin/true", NULL);
	assert_int_equal(mm_of(s, 10)->id, id);
	check(s, 13, "");
	check(s, 10, "1-4 rw-, 10-11 rw-");
	CALL(s, 10, "madvise", 0, BASE + 10 * PG, PG, MADV_DONTFORK);
	go(s);
	fork_(s, 10, 14, 0);
	check(s, 14, "1-4 rw-");
}

static void shared_memory_segments(void **state)
{
	struct scene *s = *state;
	const struct seen *e;

	CALL(s, 10, "shmget", 7, 0, 10000, 0600);
	go(s);
	CALL(s, 10, "shmat", (int64_t)BASE, 7, 0, 0);
	e = go(s);
	assert_int_equal(e->kind, EV_MMAP);
	assert_int_equal(e->nbytes, 3 * PG);
	CALL(s, 10, "shmat", (int64_t)(BASE + 3 * PG), 7, 0, 010000);
	go(s);
	check(s, 10, "0-3 rw-, 3-6 r--");
	protect(s, 10, 1, 1, PROT_READ);
	CALL(s, 10, "shmdt", 0, BASE);
	e = go(s);
	assert_int_equal(e->kind, EV_MUNMAP);
	assert_int_equal(e->nbytes, 3 * PG);
	check(s, 10, "3-6 r--");
}

static void snapshots_replace(void **state)
{
	struct scene *s = *state;
	struct mm *mm;

	map(s, 10, 0, 4, RW, ANON);
	exec(s, 10, "/bin/true", NULL);
	assert_true(mm_of(s, 10)->incomplete);
	snapshot(s, 10, 0, 2, PROT_READ, "/bin/true", MAP_KIND_PLAIN, true);
	snapshot(s, 10, 2, 2, PROT_READ, "/bin/true", MAP_KIND_PLAIN, false);
	snapshot(s, 10, 9, 1, RW, "[stack]", MAP_KIND_STACK, false);
	mm = mm_of(s, 10);
	assert_false(mm->incomplete);
	check(s, 10, "0-2 r--, 2-4 r--, 9-10 rw-");
	assert_int_equal(mm->mapped, 0);	/* the kernel's doing, not the program's */
	map(s, 10, 10, 1, RW, ANON);		/* next to the stack, not of it */
	check(s, 10, "0-2 r--, 2-4 r--, 9-10 rw-, 10-11 rw-");
	assert_int_equal(mm->mapped, PG);
}

/* What a process had when it was attached to is reported: its own mappings, not what exec gives; and its heap. */
static void what_was_there_is_found(void **state)
{
	struct scene *s = *state;

	s->pid_of[20] = 20;
	start(s, START_ATTACH);
	task(s, 20, 20);
	snapshot(s, 20, 0, 2, PROT_READ, "/usr/bin/prog", MAP_KIND_PLAIN, true);
	assert_int_equal(count(s, EV_MEMORY_SNAPSHOT), 0);
	snapshot(s, 20, 4, 3, RW, "[heap]", MAP_KIND_HEAP, false);
	assert_int_equal(got(s, EV_MEMORY_SNAPSHOT, 0)->delta, 3 * PG);
	assert_int_equal(got(s, EV_MEMORY_SNAPSHOT, 0)->nbytes, 0);
	snapshot(s, 20, 9, 5, PROT_READ, "/usr/lib/libc.so.6", MAP_KIND_PLAIN, false);
	assert_int_equal(got(s, EV_MEMORY_SNAPSHOT, 0)->nbytes, 5 * PG);
	assert_int_equal(got(s, EV_MEMORY_SNAPSHOT, 0)->tid, 20);
	assert_int_equal(mm_of(s, 20)->mapped, 5 * PG);
	assert_int_equal(mm_of(s, 20)->heap, 3 * PG);
	exec(s, 20, "/bin/true", NULL);
	snapshot(s, 20, 9, 5, PROT_READ, "/usr/lib/libc.so.6", MAP_KIND_PLAIN, true);
	assert_int_equal(count(s, EV_MEMORY_SNAPSHOT), 2);
}

/* A munmap whose record comes after that of the mmap which was given the same place. */
static void a_late_munmap_spares_the_new_mapping(void **state)
{
	struct scene *s = *state;
	uint64_t began;

	map(s, 10, 0, 8, RW, ANON);
	fork_(s, 10, 11, THREAD);
	began = s->now;
	map(s, 11, 2, 2, RW, ANON);
	CALL(s, 10, "munmap", 0, BASE, 8 * PG)->h.ts_ns = began - 10;
	go(s);
	check(s, 10, "2-4 rw-");
	unmap(s, 10, 2, 2);
	check(s, 10, "");
}

static void locked_advised_and_keyed_regions_stay_apart(void **state)
{
	struct scene *s = *state;

	map(s, 10, 0, 9, RW, ANON);
	CALL(s, 10, "mlock", 0, BASE + PG, PG);
	assert_int_equal(go(s)->kind, EV_CALL);
	CALL(s, 10, "madvise", 0, BASE + 3 * PG, PG, MADV_DONTDUMP);
	assert_int_equal(go(s)->kind, EV_MADVISE);
	CALL(s, 10, "pkey_mprotect", 0, BASE + 5 * PG, PG, RW, 1);
	assert_int_equal(go(s)->kind, EV_MPROTECT);
	check(s, 10, "0-1 rw-, 1-2 rw-, 2-3 rw-, 3-4 rw-, 4-5 rw-, 5-6 rw-, 6-9 rw-");
	CALL(s, 10, "munlock", 0, BASE + PG, PG);
	go(s);
	CALL(s, 10, "madvise", 0, BASE + 3 * PG, PG, MADV_DODUMP);
	go(s);
	CALL(s, 10, "pkey_mprotect", 0, BASE + 5 * PG, PG, RW, 0);
	go(s);
	check(s, 10, "0-9 rw-");
	CALL(s, 10, "madvise", 0, BASE + 3 * PG, PG, MADV_DONTNEED);
	go(s);
	check(s, 10, "0-9 rw-");
}

static void more_regions_than_memory(void **state)
{
	struct scene *s = *state;
	struct mm *mm = mm_of(s, 10);

	map(s, 10, 0, 1u << 20, RW, ANON);
	for (uint64_t i = 0; i < 300000; i++) {
		protect(s, 10, 2 * i, 1, PROT_READ);
		s->n = 0;
	}
	assert_true(mm->n <= 1u << 18);
	assert_true(mm->incomplete);
	unmap(s, 10, 0, 1u << 20);
	assert_int_equal(mm->n, 0);
	assert_int_equal(mm->mapped, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(maps_cut_and_merge), SCENE(reserves), SCENE(reserves_where_rights_are_known), SCENE(protected_without_a_result), SCENE(failed_and_refused), SCENE(files_merge_where_offsets_meet),
		SCENE(mremap_moves_grows_and_shrinks), SCENE(heap_grows_and_shrinks),
		SCENE(spaces_are_shared_copied_and_reset), SCENE(shared_memory_segments),
		SCENE(snapshots_replace), SCENE(what_was_there_is_found),
		SCENE(a_late_munmap_spares_the_new_mapping),
		SCENE(locked_advised_and_keyed_regions_stay_apart), SCENE(more_regions_than_memory),
	};

	return cmocka_run_group_tests_name("model-mm", tests, NULL, NULL);
}
