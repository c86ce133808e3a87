/* SPDX-License-Identifier: MIT */
/*
 * Address spaces, as /proc/PID/maps shows them: regions are cut, changed and
 * merged by the kernel's rules (mm/vma.c, is_mergeable_vma).  What the kernel
 * knows and no system call tells: whether memory was touched (it keeps
 * anonymous neighbours apart after fork and mremap).  Private writable memory
 * is taken as touched.
 */
#include <string.h>
#include <sys/mman.h>

#include "model/gone.h"
#include "model/mm.h"
#include "model/region.h"

struct mm *mm_new(struct world *w)
{
	struct mm *mm = xcalloc(1, sizeof(*mm));

	mm->id = ++w->nmms;
	mm->refs = 1;
	return mm;
}

void mm_unref(struct world *w, struct mm *mm)
{
	if (!mm || --mm->refs)
		return;
	mm_gone(w, mm->id);
	regions_drop(w, mm);
	free(mm);
}

void mm_clear(struct world *w, struct mm *mm)
{
	regions_drop(w, mm);
	mm->mapped = mm->reserved = 0;
}

uint64_t page_up(const struct world *w, uint64_t n)
{
	return (n + w->page_size - 1) & ~(w->page_size - 1);
}

/* Another thread may have been given this memory before the record of the munmap that freed it arrived. */
void mm_unmap_since(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint64_t enter_ns)
{
	uint64_t end = start + len;

	for (unsigned i = 0; i < ARRAY_SIZE(mm->recent) && i < mm->nrecent; i++) {
		uint64_t s = MAX(mm->recent[i].start, start), e = MIN(mm->recent[i].end, end);

		if (mm->recent[i].at_ns <= enter_ns || s >= e)
			continue;
		if (s > start)
			mm_unmap_since(w, mm, start, s - start, enter_ns);
		if (e < end)
			mm_unmap_since(w, mm, e, end - e, enter_ns);
		return;
	}
	mm_unmap(w, mm, start, len);
}

void mm_remember(struct mm *mm, uint64_t start, uint64_t len, uint64_t exit_ns)
{
	unsigned i = mm->nrecent++ % ARRAY_SIZE(mm->recent);

	mm->recent[i].start = start;
	mm->recent[i].end = start + len;
	mm->recent[i].at_ns = exit_ns;
	if (mm->nrecent == 2 * ARRAY_SIZE(mm->recent))
		mm->nrecent = ARRAY_SIZE(mm->recent);
}

static uint16_t vm_flags(uint32_t prot, uint32_t flags)
{
	uint16_t vm = 0;

	if (flags & MAP_NORESERVE)
		vm |= VMF_NORESERVE;
	else if ((prot & PROT_WRITE) && !(flags & MAP_SHARED))
		vm |= VMF_ACCOUNT;
	if (flags & MAP_GROWSDOWN)
		vm |= VMF_GROWSDOWN;
	if (flags & MAP_LOCKED)
		vm |= VMF_LOCKED;
	if (flags & MAP_STACK)		/* since Linux 6.7; before, it means nothing */
		vm |= VMF_NOHUGEPAGE;
	if (flags & MAP_SYNC)
		vm |= VMF_SYNC;
	if (flags & MAP_HUGETLB)
		vm |= VMF_SPECIAL;
	return vm;
}

static bool make(const struct world *w, const struct mm_map *m, struct region *r)
{
	uint64_t len = page_up(w, m->len);

	if (!len || len < m->len || m->start + len < m->start)
		return false;
	*r = (struct region){
		.start = m->start, .end = m->start + len, .prot = m->prot & 15, .flags = m->flags, .kind = m->kind, .counted = m->counted,
		.vm = vm_flags(m->prot, m->flags), .src = m->src, .dev = m->dev, .ino = m->ino,
	};
	if (m->src || m->ino)
		r->offset = r->pgoff = m->offset;
	else
		r->pgoff = m->start;
	return true;
}

void mm_map(struct world *w, struct mm *mm, const struct mm_map *m)
{
	struct region r;

	if (!make(w, m, &r))
		return;
	mm_unmap(w, mm, r.start, region_size(&r));
	r.path = region_name(m->path, m->path_len);
	regions_add(w, mm, &r, true);
	regions_touch(w, mm, r.start, r.end);
}

void mm_snapshot(struct world *w, struct mm *mm, const struct mm_map *m)
{
	struct region r;

	if (!make(w, m, &r))
		return;
	mm_unmap(w, mm, r.start, region_size(&r));
	r.path = region_name(m->path, m->path_len);
	regions_add(w, mm, &r, false);
	regions_touch(w, mm, r.start, r.end);
}

struct change { int prot, pkey; uint16_t set, clear; };	/* prot, pkey -1: as they were */

static struct region changed(const struct region *r, const struct change *c)
{
	struct region new = *r;

	new.vm = (uint16_t)((r->vm & ~c->clear) | c->set);
	if (c->pkey >= 0)
		new.pkey = (uint8_t)c->pkey;
	if (c->prot >= 0) {
		new.prot = (uint32_t)c->prot;
		if ((c->prot & PROT_WRITE) && !(r->flags & MAP_SHARED) && !(r->vm & VMF_NORESERVE))
			new.vm |= VMF_ACCOUNT;
	}
	return new;
}

/* Region by region, as the kernel does it: what does not change is neither cut nor merged. */
static void change(struct world *w, struct mm *mm, uint64_t start, uint64_t end, const struct change *c)
{
	if (region_index(mm, start) == mm->n)
		return;
	unshare_regions(w, mm);
	for (unsigned i = region_index(mm, start); i < mm->n && mm->v[i]->start < end; i++) {
		struct region new = changed(mm->v[i], c);
		unsigned before;

		if (new.prot == mm->v[i]->prot && new.vm == mm->v[i]->vm && new.pkey == mm->v[i]->pkey)
			continue;
		if (mm->v[i]->start < start) {
			regions_split(w, mm, start);
			if (++i == mm->n || mm->v[i]->start != start)
				break;		/* no room to cut */
		}
		if (mm->v[i]->end > end)
			regions_split(w, mm, end);
		if (mm->v[i]->counted) {
			region_uncount(w, mm, mm->v[i], region_size(mm->v[i]));
			region_count(w, mm, &new, region_size(mm->v[i]));
		}
		mm->v[i]->prot = new.prot;
		mm->v[i]->vm = new.vm;
		mm->v[i]->pkey = new.pkey;
		before = mm->n;
		regions_merge(w, mm, i, i + 1);
		i = region_index(mm, MIN(end, mm->v[i - (i && before != mm->n)]->end) - 1);
	}
	regions_touch(w, mm, start, end);
}

void mm_protect(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint32_t prot, int pkey)
{
	uint64_t end = start + page_up(w, len);

	if (end > start)
		change(w, mm, start, end, &(struct change){ .prot = prot & 15, .pkey = pkey });
}

void mm_advise(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint16_t set, uint16_t clear)
{
	uint64_t end = start + page_up(w, len);

	if (end > start)
		change(w, mm, start, end, &(struct change){ .prot = -1, .pkey = -1, .set = set, .clear = clear });
}

static void grow_in_place(struct world *w, struct mm *mm, uint64_t old_end, uint64_t end)
{
	unsigned i = region_index(mm, old_end - 1);

	if (i == mm->n || mm->v[i]->end != old_end || (i + 1 < mm->n && mm->v[i + 1]->start < end))
		return;
	unshare_regions(w, mm);
	if (mm->v[i]->counted)
		region_count(w, mm, mm->v[i], end - old_end);
	mm->v[i]->end = end;
	regions_merge(w, mm, i, i + 1);
}

void mm_remap(struct world *w, struct mm *mm, uint64_t old, uint64_t old_len, uint64_t new, uint64_t new_len, bool keep)
{
	old_len = page_up(w, old_len);
	new_len = page_up(w, new_len);
	if (!new_len || new + new_len < new || old + old_len < old)
		return;
	if (new == old && old_len) {
		if (new_len < old_len)
			mm_unmap(w, mm, old + new_len, old_len - new_len);
		else if (new_len > old_len)
			grow_in_place(w, mm, old + old_len, old + new_len);
		return;
	}

	bool copy = !old_len;	/* old size 0: a second mapping of the same shared pages */
	uint64_t moved = copy ? new_len : MIN(old_len, new_len);
	unsigned n = 0, i;
	struct region *parts;

	unshare_regions(w, mm);
	regions_split(w, mm, old);
	if (!copy)
		regions_split(w, mm, old + moved);
	i = region_index(mm, old);
	while (i + n < mm->n && mm->v[i + n]->start < old + moved && n < 4096)
		n++;
	if (copy)
		n = MIN(n, 1u);
	if (!n)
		return;
	parts = xmalloc(n * sizeof(*parts));
	for (unsigned k = 0; k < n; k++) {
		parts[k] = *mm->v[i + k];
		region_name_ref(parts[k].path);
	}
	if (!keep && !copy)
		mm_unmap(w, mm, old, old_len);
	for (unsigned k = 0; k < n; k++) {
		struct region r = parts[k];

		/*
		 * Since Linux 6.17 several regions move at once, with the holes between them; growing needs a single
		 * one.
		 */
		r.start = r.start - old + new;
		r.end = k + 1 == n && new_len > moved ? new + new_len : copy ? new + new_len : r.end - old + new;
		mm_unmap(w, mm, r.start, r.end - r.start);
		if (!r.src && !r.ino && !r.anon)
			r.pgoff = r.start;	/* written memory stays tied to where it was first */
		if (r.start < r.end && r.end - new <= new_len)
			regions_add(w, mm, &r, true);
		else
			region_name_unref(r.path);
	}
	free(parts);
	for (i = region_index(mm, old); keep && i < mm->n && mm->v[i]->start < old + moved; i++) {
		mm->v[i]->anon = 0;	/* MREMAP_DONTUNMAP: empty now */
		mm->v[i]->inherited = false;
	}
	regions_merge(w, mm, region_index(mm, old), region_index(mm, old) + 1);
	if (keep)
		regions_touch(w, mm, old, old + moved);
}

void mm_set_brk(struct world *w, struct mm *mm, uint64_t brk)
{
	uint64_t old = page_up(w, mm->brk), new = page_up(w, brk);

	if (!mm->brk_start || brk < mm->brk_start)	/* the first answer is where it begins */
		mm->brk_start = mm->brk = brk, old = new;
	mm->brk = brk;
	if (new > old) {
		struct region r = { .start = old, .end = new, .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE | MAP_ANONYMOUS,
				    .kind = MAP_KIND_HEAP, .vm = VMF_ACCOUNT, .pgoff = old };

		mm_unmap(w, mm, old, new - old);
		regions_add(w, mm, &r, true);
		regions_touch(w, mm, old, new);
	} else if (new < old) {
		mm_unmap(w, mm, new, old - new);
	}
	mm->heap = mm->brk - mm->brk_start;
}

struct mm *mm_copy(struct world *w, const struct mm *from)
{
	struct mm *mm = xmalloc(sizeof(*mm));
	struct regions *r = regions_of(from);

	*mm = *from;
	mm->id = ++w->nmms;
	mm->refs = 1;
	mm->nrecent = 0;
	if (r) {
		r->refs++;
		mm->forked = true;
	}
	for (unsigned i = 0; i < mm->n; i++)
		if (mm->v[i]->vm & VMF_DONTFORK) {
			unshare_regions(w, mm);
			regions_erase(w, mm, i, i + 1);
			i--;
		}
	return mm;
}
