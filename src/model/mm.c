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

#include "model/world.h"

/* Many regions have one name. */
struct shared_str { int refs; char s[]; };

static struct bytes str_new(const char *s, size_t len)
{
	struct shared_str *p;

	if (!len)
		return (struct bytes){ 0 };
	len = strings_room(len, NAME_LEAST);
	strings_took(len);
	p = xmalloc(sizeof(*p) + len + 1);
	p->refs = 1;
	memcpy(p->s, s, len);
	p->s[len] = '\0';
	return (struct bytes){ p->s, (uint32_t)len, 0 };
}

static struct bytes str_ref(struct bytes b)
{
	if (b.s)
		CONTAINER_OF(b.s, struct shared_str, s)->refs++;
	return b;
}

static void str_unref(struct bytes b)
{
	struct shared_str *p = b.s ? CONTAINER_OF(b.s, struct shared_str, s) : NULL;

	if (p && --p->refs == 0) {
		strings_gave(b.len);
		free(p);
	}
}

/*
 * Pointers, so that inserting one among very many moves little.  The array is shared after fork until one side changes
 * it: most children exec.
 */
struct regions { int refs; struct region *v[]; };

static struct regions *regions_of(const struct mm *mm)
{
	return mm->v ? (struct regions *)(uintptr_t)((const char *)mm->v - offsetof(struct regions, v)) : NULL;
}

static void region_free(struct region *r)
{
	str_unref(r->path);
	free(r);
}

static struct region *region_dup(const struct region *from)
{
	struct region *r = xmalloc(sizeof(*r));

	*r = *from;
	return r;
}

static void regions_drop(struct world *w, struct mm *mm)
{
	struct regions *r = regions_of(mm);

	if (r && --r->refs == 0) {
		for (unsigned i = 0; i < mm->n; i++)
			region_free(mm->v[i]);
		w->nregions -= mm->n;
		free(r);
	}
	mm->v = NULL;
	mm->n = mm->cap = 0;
}

/* Makes the array this address space's own, with room for two more. */
static void unshare_regions(struct world *w, struct mm *mm)
{
	struct regions *r = regions_of(mm), *copy;

	if (r && r->refs == 1 && mm->n + 2 <= mm->cap && !mm->forked)
		return;

	unsigned cap = MAX(16u, mm->n + 2 <= mm->cap ? mm->cap : mm->cap + mm->cap / 2 + 2);

	if (!r || r->refs == 1) {
		copy = xrealloc(r, sizeof(*copy) + cap * sizeof(struct region *));
	} else {
		copy = xmalloc(sizeof(*copy) + cap * sizeof(struct region *));
		for (unsigned i = 0; i < mm->n; i++) {
			copy->v[i] = region_dup(mm->v[i]);
			str_ref(copy->v[i]->path);
		}
		w->nregions += mm->n;
		r->refs--;
	}
	copy->refs = 1;
	mm->v = copy->v;
	mm->cap = cap;
	for (unsigned i = 0; mm->forked && i < mm->n; i++) {
		mm->v[i]->vm &= (uint16_t)~VMF_LOCKED;	/* not inherited: mlock(2) */
		if (mm->v[i]->anon) {
			mm->v[i]->anon = ++w->nanons;
			mm->v[i]->inherited = true;
		}
	}
	mm->forked = false;
}

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
	mm->mapped = 0;
}

uint64_t page_up(const struct world *w, uint64_t n)
{
	return (n + w->page_size - 1) & ~(w->page_size - 1);
}

/* First region that ends after addr. */
static unsigned index_of(const struct mm *mm, uint64_t addr)
{
	unsigned lo = 0, hi = mm->n;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (mm->v[mid]->end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct region *mm_find(const struct mm *mm, uint64_t addr)
{
	unsigned i = index_of(mm, addr);

	return i < mm->n && mm->v[i]->start <= addr ? mm->v[i] : NULL;
}

static uint64_t size_of(const struct region *r)
{
	return r->end - r->start;
}

static void insert(struct world *w, struct mm *mm, unsigned i, const struct region *r)
{
	memmove(mm->v + i + 1, mm->v + i, (mm->n - i) * sizeof(*mm->v));
	mm->v[i] = region_dup(r);
	mm->n++;
	w->nregions++;
}

static void erase(struct world *w, struct mm *mm, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (mm->v[i]->counted)
			mm->mapped -= size_of(mm->v[i]);
		region_free(mm->v[i]);
	}
	memmove(mm->v + from, mm->v + to, (mm->n - to) * sizeof(*mm->v));
	mm->n -= to - from;
	w->nregions -= to - from;
}

static bool full(struct world *w, struct mm *mm)
{
	if (mm->n < REGION_MAX && w->nregions < REGION_TOTAL_MAX)
		return false;
	mm->incomplete = true;
	return true;
}

/* A boundary at addr, where a region spans it. */
static void split(struct world *w, struct mm *mm, uint64_t addr)
{
	unsigned i = index_of(mm, addr);
	struct region *r = i < mm->n ? mm->v[i] : NULL;
	struct region tail;

	if (!r || r->start >= addr)
		return;
	unshare_regions(w, mm);
	r = mm->v[i];
	tail = *r;
	tail.start = addr;
	tail.pgoff += addr - r->start;
	if (tail.src || tail.ino)
		tail.offset += addr - r->start;
	if (full(w, mm)) {	/* the tail is forgotten */
		if (r->counted)
			mm->mapped -= size_of(&tail);
		r->end = addr;
		return;
	}
	r->end = addr;
	str_ref(tail.path);
	insert(w, mm, i + 1, &tail);
}

/*
 * Written private memory has an anon_vma.  It keeps neighbours apart unless both have the same, or one has none yet and
 * the other does not share pages with the process it was forked from (is_mergeable_anon_vma, vma_is_fork_child).
 */
static bool anons_fit(const struct region *a, const struct region *b)
{
	if (a->anon && b->anon)
		return a->anon == b->anon;
	return !(a->anon && a->inherited) && !(b->anon && b->inherited);
}

static bool mergeable(const struct region *a, const struct region *b)
{
	return a->end == b->start && a->prot == b->prot && ((a->flags ^ b->flags) & MAP_SHARED) == 0 &&
	       a->vm == b->vm && a->pkey == b->pkey && !(a->vm & VMF_SPECIAL) && a->src == b->src && a->dev == b->dev &&
	       a->ino == b->ino && a->pgoff + size_of(a) == b->pgoff && a->kind <= MAP_KIND_HEAP &&
	       b->kind <= MAP_KIND_HEAP && anons_fit(a, b);
}

static void label(const struct mm *mm, struct region *r)
{
	if (r->kind <= MAP_KIND_HEAP && !r->path.len)
		r->kind = mm->brk_start && r->start <= mm->brk && r->end >= mm->brk_start ? MAP_KIND_HEAP :
											    MAP_KIND_PLAIN;
}

/* Merges what has become mergeable from the boundary before region `from` to the one before region `to`. */
static void merge(struct world *w, struct mm *mm, unsigned from, unsigned to)
{
	unsigned i = from ? from - 1 : 0;

	for (to = MIN(to, mm->n ? mm->n - 1 : 0); i < to;) {
		struct region *a = mm->v[i], *b = mm->v[i + 1];

		if (!mergeable(a, b)) {
			i++;
			continue;
		}
		if (a->counted != b->counted)
			mm->mapped += size_of(a->counted ? b : a);
		a->end = b->end;
		a->counted = a->counted || b->counted;
		a->inherited = a->inherited || b->inherited;
		a->anon = a->anon ? a->anon : b->anon;
		b->counted = false;	/* erase() need not subtract it */
		erase(w, mm, i + 1, i + 2);
		label(mm, a);
		to--;
	}
}

/* May b's memory have a's anon_vma?  They are neighbours that differ in protection at most (anon_vma_compatible). */
static uint32_t reusable(const struct region *owner, const struct region *a, const struct region *b)
{
	if (!owner->anon || owner->inherited || a->end != b->start || ((a->flags ^ b->flags) & MAP_SHARED) ||
	    a->vm != b->vm || a->pkey != b->pkey || a->src != b->src || a->dev != b->dev || a->ino != b->ino ||
	    a->pgoff + size_of(a) != b->pgoff)
		return 0;
	return owner->anon;
}

/* Private memory that has just become writable is taken to be written to. */
static void touch(struct world *w, struct mm *mm, uint64_t start, uint64_t end)
{
	for (unsigned i = index_of(mm, start); i < mm->n && mm->v[i]->start < end; i++) {
		struct region *r = mm->v[i];

		if ((r->flags & MAP_SHARED) || !(r->prot & PROT_WRITE) || r->anon)
			continue;
		if (i + 1 < mm->n)
			r->anon = reusable(mm->v[i + 1], r, mm->v[i + 1]);
		if (!r->anon && i)
			r->anon = reusable(mm->v[i - 1], mm->v[i - 1], r);
		if (!r->anon)
			r->anon = ++w->nanons;
	}
}

void mm_unmap(struct world *w, struct mm *mm, uint64_t start, uint64_t len)
{
	uint64_t end = start + len;

	if (!len || end < start)
		return;

	unsigned i = index_of(mm, start);

	if (i == mm->n || mm->v[i]->start >= end)
		return;
	unshare_regions(w, mm);
	split(w, mm, start);
	split(w, mm, end);
	erase(w, mm, index_of(mm, start), index_of(mm, end - 1) + (mm_find(mm, end - 1) != NULL));
}

static void add(struct world *w, struct mm *mm, const struct region *r, bool merging)
{
	unsigned i = index_of(mm, r->start);

	if (full(w, mm)) {
		str_unref(r->path);
		return;
	}
	unshare_regions(w, mm);
	insert(w, mm, i, r);
	label(mm, mm->v[i]);
	if (r->counted)
		mm->mapped += size_of(r);
	if (merging)
		merge(w, mm, i, i + 1);
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
	mm_unmap(w, mm, r.start, size_of(&r));
	r.path = str_new(m->path, m->path_len);
	add(w, mm, &r, true);
	touch(w, mm, r.start, r.end);
}

void mm_snapshot(struct world *w, struct mm *mm, const struct mm_map *m)
{
	struct region r;

	if (!make(w, m, &r))
		return;
	mm_unmap(w, mm, r.start, size_of(&r));
	r.path = str_new(m->path, m->path_len);
	add(w, mm, &r, false);
	touch(w, mm, r.start, r.end);
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
	if (index_of(mm, start) == mm->n)
		return;
	unshare_regions(w, mm);
	for (unsigned i = index_of(mm, start); i < mm->n && mm->v[i]->start < end; i++) {
		struct region new = changed(mm->v[i], c);
		unsigned before;

		if (new.prot == mm->v[i]->prot && new.vm == mm->v[i]->vm && new.pkey == mm->v[i]->pkey)
			continue;
		if (mm->v[i]->start < start) {
			split(w, mm, start);
			if (++i == mm->n || mm->v[i]->start != start)
				break;		/* no room to cut */
		}
		if (mm->v[i]->end > end)
			split(w, mm, end);
		mm->v[i]->prot = new.prot;
		mm->v[i]->vm = new.vm;
		mm->v[i]->pkey = new.pkey;
		before = mm->n;
		merge(w, mm, i, i + 1);
		i = index_of(mm, MIN(end, mm->v[i - (i && before != mm->n)]->end) - 1);
	}
	touch(w, mm, start, end);
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
	unsigned i = index_of(mm, old_end - 1);

	if (i == mm->n || mm->v[i]->end != old_end || (i + 1 < mm->n && mm->v[i + 1]->start < end))
		return;
	unshare_regions(w, mm);
	if (mm->v[i]->counted)
		mm->mapped += end - old_end;
	mm->v[i]->end = end;
	merge(w, mm, i, i + 1);
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
	split(w, mm, old);
	if (!copy)
		split(w, mm, old + moved);
	i = index_of(mm, old);
	while (i + n < mm->n && mm->v[i + n]->start < old + moved && n < 4096)
		n++;
	if (copy)
		n = MIN(n, 1u);
	if (!n)
		return;
	parts = xmalloc(n * sizeof(*parts));
	for (unsigned k = 0; k < n; k++) {
		parts[k] = *mm->v[i + k];
		str_ref(parts[k].path);
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
			add(w, mm, &r, true);
		else
			str_unref(r.path);
	}
	free(parts);
	for (i = index_of(mm, old); keep && i < mm->n && mm->v[i]->start < old + moved; i++) {
		mm->v[i]->anon = 0;	/* MREMAP_DONTUNMAP: empty now */
		mm->v[i]->inherited = false;
	}
	merge(w, mm, index_of(mm, old), index_of(mm, old) + 1);
	if (keep)
		touch(w, mm, old, old + moved);
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
		add(w, mm, &r, true);
		touch(w, mm, old, new);
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
			erase(w, mm, i, i + 1);
			i--;
		}
	return mm;
}
