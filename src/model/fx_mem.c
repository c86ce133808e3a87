/* SPDX-License-Identifier: MIT */
/* Effects on address spaces. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "model/effect.h"
#include "model/emit.h"
#include "model/mm.h"

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

static uint64_t word(const struct fx *x, unsigned i)
{
	return x->c->args[i].word;
}

/* The range a call is about, and what file was behind its beginning before. */
static void range(struct fx *x, uint64_t start, uint64_t len)
{
	const struct region *r = mm_find(x->p->p.mm, start);

	x->ev->addr = start;
	x->ev->nbytes = len;
	if (r && r->path.len) {
		x->ev->path = scratch_dup(x->w, r->path.s, r->path.len);
		x->ev->path_len = r->path.len;
	}
}

/* What was asked for is reported in any case; true where it succeeded. */
static bool mapped(struct fx *x, const struct mm_map *m)
{
	x->ev->nbytes = page_up(x->w, m->len);
	x->ev->prot = m->prot;
	x->ev->flags = m->flags;
	if (!x->ok || !x->has_ret)
		return false;
	x->ev->addr = m->start;
	return true;
}

void fx_mmap(struct fx *x)
{
	struct mm *mm = x->p->p.mm;
	struct mm_map m = { .start = (uint64_t)x->c->ret, .len = word(x, 1), .prot = (uint32_t)word(x, 2), .flags = (uint32_t)word(x, 3),
			    .counted = true };
	struct file *f = NULL;

	if (m.flags & MAP_HUGETLB) {
		unsigned shift = (m.flags >> MAP_HUGE_SHIFT) & 63;
		uint64_t huge = 1ull << (shift >= 12 && shift < 40 ? shift : 21);

		m.len = m.len + huge < m.len ? m.len : (m.len + huge - 1) & ~(huge - 1);
	}
	if (!(m.flags & MAP_ANONYMOUS))
		f = fx_fd(x, 0);
	if (!mapped(x, &m))
		return;
	if (f && !(f->kind == FILE_DEV && f->name.len == 9 && memcmp(f->name.s, "/dev/zero", 9) == 0)) {
		m.offset = word(x, 5);
		m.src = f->id;
		m.dev = f->dev;
		m.ino = f->ino;
		m.path = f->name.s;
		m.path_len = f->name.len;
	} else if (m.flags & MAP_SHARED) {
		/* Each shared anonymous mapping is a file of its own (shmem). */
		m.src = ++x->w->anon_src | 1u << 31;
		m.path = "/dev/zero";
		m.path_len = 9;
	}
	if (mm->lock_future)
		m.flags |= MAP_LOCKED;
	mm_map(x->w, mm, &m);
	mm_remember(mm, m.start, page_up(x->w, m.len), x->c->exit_ns);
}

void fx_munmap(struct fx *x)
{
	struct mm *mm = x->p->p.mm;
	uint64_t start = word(x, 0), len = page_up(x->w, word(x, 1));
	const struct region *r = mm_find(mm, start);

	range(x, start, len);
	/* Not asking for the result, the kernel's reasons to refuse are judged here. */
	if (!x->ok || (start & (x->w->page_size - 1)) || !word(x, 1))
		return;
	if (r && r->vm & VMF_SPECIAL && len < r->end - r->start && r->start == start)
		/* huge pages go whole */
		len = MIN((len + (1u << 21) - 1) & ~((1ull << 21) - 1), r->end - r->start);
	mm_unmap_since(x->w, mm, start, len, x->c->enter_ns);
}

void fx_mremap(struct fx *x)
{
	struct mm *mm = x->p->p.mm;

	range(x, word(x, 0), page_up(x->w, word(x, 2)));
	x->ev->flags = (uint32_t)word(x, 3);
	if (!x->ok || !x->has_ret)
		return;
	x->ev->addr = (uint64_t)x->c->ret;
	mm_remap(x->w, mm, word(x, 0), word(x, 1), (uint64_t)x->c->ret, word(x, 2), word(x, 3) & MREMAP_DONTUNMAP);
	mm_remember(mm, (uint64_t)x->c->ret, page_up(x->w, word(x, 2)), x->c->exit_ns);
}

/* With a hole in the range mprotect and mlock fail, after they changed what comes before. */
static uint64_t up_to_hole(const struct mm *mm, uint64_t start, uint64_t len)
{
	const struct region *r;
	uint64_t at = start;

	while (at >= start && at < start + len && (r = mm_find(mm, at)))
		at = r->end;
	return MIN(at - start, len);
}

void fx_mprotect(struct fx *x)
{
	uint64_t start = word(x, 0), len = page_up(x->w, word(x, 1));
	struct mm *mm = x->p->p.mm;

	range(x, start, len);
	x->ev->prot = (uint32_t)word(x, 2);
	/* Not asking for the result, what the kernel would refuse or do in part is judged here. */
	if (!x->has_ret && (!x->ok || start & (x->w->page_size - 1)))
		return;
	if ((!x->has_ret || x->c->err == ENOMEM) && !mm->incomplete)
		len = up_to_hole(mm, start, len);
	else if (!x->ok)
		return;
	mm_protect(x->w, mm, start, len, x->ev->prot, (int)fx_word(x, "pkey", UINT64_MAX));
}

void fx_madvise(struct fx *x)
{
	static const struct { const char *call; int advice; uint16_t set, clear; } changes[] = {
		{ "madvise", MADV_NORMAL, 0, VMF_RANDOM | VMF_SEQUENTIAL },
		{ "madvise", MADV_RANDOM, VMF_RANDOM, VMF_SEQUENTIAL },
		{ "madvise", MADV_SEQUENTIAL, VMF_SEQUENTIAL, VMF_RANDOM },
		{ "madvise", MADV_DONTFORK, VMF_DONTFORK, 0 },
		{ "madvise", MADV_DOFORK, 0, VMF_DONTFORK },
		{ "madvise", MADV_MERGEABLE, VMF_MERGEABLE, 0 },
		{ "madvise", MADV_UNMERGEABLE, 0, VMF_MERGEABLE },
		{ "madvise", MADV_HUGEPAGE, VMF_HUGEPAGE, VMF_NOHUGEPAGE },
		{ "madvise", MADV_NOHUGEPAGE, VMF_NOHUGEPAGE, VMF_HUGEPAGE },
		{ "madvise", MADV_DONTDUMP, VMF_DONTDUMP, 0 },
		{ "madvise", MADV_DODUMP, 0, VMF_DONTDUMP },
		{ "madvise", MADV_WIPEONFORK, VMF_WIPEONFORK, 0 },
		{ "madvise", MADV_KEEPONFORK, 0, VMF_WIPEONFORK },
		{ "mlock", 0, VMF_LOCKED, 0 },
		{ "mlock2", 0, VMF_LOCKED, 0 },
		{ "munlock", 0, 0, VMF_LOCKED },
		{ "mseal", 0, VMF_SEALED, 0 },
	};
	uint64_t start = word(x, 0) & ~(x->w->page_size - 1), len = page_up(x->w, word(x, 1) + (word(x, 0) - start));
	struct mm *mm = x->p->p.mm;

	range(x, start, len);
	if (!fx_is(x, "madvise"))
		x->ev->kind = EV_CALL;
	if (x->has_ret && x->c->err == ENOMEM && !mm->incomplete && !fx_is(x, "mseal"))
		len = fx_is(x, "madvise") ? len : up_to_hole(mm, start, len);	/* madvise goes on behind holes */
	else if (!x->ok)
		return;
	if (fx_is(x, "mlockall") || fx_is(x, "munlockall")) {
		unsigned flags = x->c->nargs ? (unsigned)word(x, 0) : 0;

		mm->lock_future = flags & MCL_FUTURE;
		if (!x->c->nargs || (flags & MCL_CURRENT))
			mm_advise(x->w, mm, 0, UINT64_MAX & ~(x->w->page_size - 1), x->c->nargs ? VMF_LOCKED : 0,
				  x->c->nargs ? 0 : VMF_LOCKED);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(changes); i++)
		if (fx_is(x, changes[i].call) && (changes[i].call[1] != 'a' || changes[i].advice == (int)word(x, 2)))
			mm_advise(x->w, mm, start, len, changes[i].set, changes[i].clear);
}

void fx_brk(struct fx *x)
{
	struct mm *mm = x->p->p.mm;
	uint64_t heap = mm->heap;

	if (!x->ok || !x->has_ret)
		return;
	mm_set_brk(x->w, mm, (uint64_t)x->c->ret);
	x->ev->addr = (uint64_t)x->c->ret;
	x->ev->delta = (int64_t)(mm->heap - heap);
	x->ev->nbytes = mm->heap;
}

void fx_shmget(struct fx *x)
{
	uint64_t size = word(x, 1);
	int id = (int)x->c->ret;
	struct shm *shm;

	x->ev->nbytes = size;
	if (!x->ok || !x->has_ret)
		return;
	HASH_FIND_INT(x->w->shms, &id, shm);
	if (!shm && HASH_COUNT(x->w->shms) < SHM_MAX) {
		shm = xcalloc(1, sizeof(*shm));
		shm->id = id;
		HASH_ADD_INT(x->w->shms, id, shm);
	}
	if (shm)
		shm->size = MAX(shm->size, size);	/* asking for one that is there may ask for less */
}

void fx_shmat(struct fx *x)
{
	struct mm_map m = {
		.start = (uint64_t)x->c->ret, .len = x->w->page_size, .flags = MAP_SHARED, .counted = true
	};
	int id = (int)word(x, 0);
	struct shm *shm;
	char name[32];

	m.prot = word(x, 2) & 010000 /* SHM_RDONLY */ ? PROT_READ : PROT_READ | PROT_WRITE;
	if (word(x, 2) & 0100000 /* SHM_EXEC */)
		m.prot |= PROT_EXEC;
	HASH_FIND_INT(x->w->shms, &id, shm);
	if (shm)
		m.len = shm->size;
	if (!mapped(x, &m))
		return;
	m.src = ++x->w->anon_src | 1u << 31;
	m.path = name;
	m.path_len = (uint32_t)snprintf(name, sizeof(name), "shm:[%d]", id);
	mm_map(x->w, x->p->p.mm, &m);
}

void fx_shmdt(struct fx *x)
{
	uint64_t start = word(x, 0);
	const struct region *r = mm_find(x->p->p.mm, start);
	uint32_t src = r ? r->src : 0;

	range(x, start, 0);
	if (!x->ok)
		return;
	/* All that is left of that attachment; mprotect may have cut it in pieces. */
	while (src && (r = mm_find(x->p->p.mm, start)) && r->src == src) {
		uint64_t end = r->end;

		x->ev->nbytes += end - start;
		mm_unmap(x->w, x->p->p.mm, start, end - start);
		start = end;
	}
}
