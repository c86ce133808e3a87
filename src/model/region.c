/* SPDX-License-Identifier: MIT */
/*
 * The regions of an address space: one sorted array, cut and merged by the kernel's rules (mm/vma.c, is_mergeable_vma).
 */
#include "model/mm.h"
#include "model/region.h"
#include "model/strings.h"

#include <string.h>
#include <sys/mman.h>

/* Many regions have one name. */
struct shared_str { int refs; char s[]; };

struct bytes region_name(const char *s, size_t len)
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

struct bytes region_name_ref(struct bytes b)
{
	if (b.s)
		CONTAINER_OF(b.s, struct shared_str, s)->refs++;
	return b;
}

void region_name_unref(struct bytes b)
{
	struct shared_str *p = b.s ? CONTAINER_OF(b.s, struct shared_str, s) : NULL;

	if (p && --p->refs == 0) {
		strings_gave(b.len);
		free(p);
	}
}

static void region_free(struct region *r)
{
	region_name_unref(r->path);
	free(r);
}

static struct region *region_dup(const struct region *from)
{
	struct region *r = xmalloc(sizeof(*r));

	*r = *from;
	return r;
}

void regions_drop(struct world *w, struct mm *mm)
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
void unshare_regions(struct world *w, struct mm *mm)
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
			region_name_ref(copy->v[i]->path);
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

/* First region that ends after addr. */
unsigned region_index(const struct mm *mm, uint64_t addr)
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
	unsigned i = region_index(mm, addr);

	return i < mm->n && mm->v[i]->start <= addr ? mm->v[i] : NULL;
}

static void insert(struct world *w, struct mm *mm, unsigned i, const struct region *r)
{
	memmove(mm->v + i + 1, mm->v + i, (mm->n - i) * sizeof(*mm->v));
	mm->v[i] = region_dup(r);
	mm->n++;
	w->nregions++;
}

void regions_erase(struct world *w, struct mm *mm, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (mm->v[i]->counted)
			region_uncount(w, mm, mm->v[i], region_size(mm->v[i]));
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
void regions_split(struct world *w, struct mm *mm, uint64_t addr)
{
	unsigned i = region_index(mm, addr);
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
			region_uncount(w, mm, &tail, region_size(&tail));
		r->end = addr;
		return;
	}
	r->end = addr;
	region_name_ref(tail.path);
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
	       a->ino == b->ino && a->pgoff + region_size(a) == b->pgoff && a->kind <= MAP_KIND_HEAP &&
	       b->kind <= MAP_KIND_HEAP && anons_fit(a, b);
}

static void region_label(const struct mm *mm, struct region *r)
{
	if (r->kind <= MAP_KIND_HEAP && !r->path.len)
		r->kind = mm->brk_start && r->start <= mm->brk && r->end >= mm->brk_start ? MAP_KIND_HEAP :
											    MAP_KIND_PLAIN;
}

/* Merges what has become mergeable from the boundary before region `from` to the one before region `to`. */
void regions_merge(struct world *w, struct mm *mm, unsigned from, unsigned to)
{
	unsigned i = from ? from - 1 : 0;

	for (to = MIN(to, mm->n ? mm->n - 1 : 0); i < to;) {
		struct region *a = mm->v[i], *b = mm->v[i + 1];

		if (!mergeable(a, b)) {
			i++;
			continue;
		}
		if (a->counted != b->counted)
			region_count(w, mm, a, region_size(a->counted ? b : a));
		a->end = b->end;
		a->counted = a->counted || b->counted;
		a->inherited = a->inherited || b->inherited;
		a->anon = a->anon ? a->anon : b->anon;
		b->counted = false;	/* regions_erase() need not subtract it */
		regions_erase(w, mm, i + 1, i + 2);
		region_label(mm, a);
		to--;
	}
}

/* May b's memory have a's anon_vma?  They are neighbours that differ in protection at most (anon_vma_compatible). */
static uint32_t reusable(const struct region *owner, const struct region *a, const struct region *b)
{
	if (!owner->anon || owner->inherited || a->end != b->start || ((a->flags ^ b->flags) & MAP_SHARED) ||
	    a->vm != b->vm || a->pkey != b->pkey || a->src != b->src || a->dev != b->dev || a->ino != b->ino ||
	    a->pgoff + region_size(a) != b->pgoff)
		return 0;
	return owner->anon;
}

/* Private memory that has just become writable is taken to be written to. */
void regions_touch(struct world *w, struct mm *mm, uint64_t start, uint64_t end)
{
	for (unsigned i = region_index(mm, start); i < mm->n && mm->v[i]->start < end; i++) {
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

	unsigned i = region_index(mm, start);

	if (i == mm->n || mm->v[i]->start >= end)
		return;
	unshare_regions(w, mm);
	regions_split(w, mm, start);
	regions_split(w, mm, end);
	regions_erase(w, mm, region_index(mm, start), region_index(mm, end - 1) + (mm_find(mm, end - 1) != NULL));
}

void regions_add(struct world *w, struct mm *mm, const struct region *r, bool merging)
{
	unsigned i = region_index(mm, r->start);

	if (full(w, mm)) {
		region_name_unref(r->path);
		return;
	}
	unshare_regions(w, mm);
	insert(w, mm, i, r);
	region_label(mm, mm->v[i]);
	if (r->counted)
		region_count(w, mm, r, region_size(r));
	if (merging)
		regions_merge(w, mm, i, i + 1);
}
