/* SPDX-License-Identifier: MIT */
#pragma once
/* The array of regions below mm.c.  What changes it needs an array of its own: unshare_regions(). */
#include "base/macro.h"
#include "model/world.h"
#include "record/record.h"

/* A name that regions share, with one reference; cut where there is no room for more. */
struct bytes region_name(const char *s, size_t len);
struct bytes region_name_ref(struct bytes b);
void region_name_unref(struct bytes b);

/*
 * Pointers, so that inserting one among very many moves little.  The array is shared after fork until one side changes
 * it: most children exec.
 */
struct regions { int refs; struct region *v[]; };

static inline struct regions *regions_of(const struct mm *mm)
{
	return mm->v ? (struct regions *)(uintptr_t)((const char *)mm->v - offsetof(struct regions, v)) : NULL;
}

/* All of them; the address space has none then. */
void regions_drop(struct world *w, struct mm *mm);
/* Makes the array this address space's own (it is shared after fork), with room for two more: before any change. */
void unshare_regions(struct world *w, struct mm *mm);
/* First region that ends after addr. */
unsigned region_index(const struct mm *mm, uint64_t addr);
/* Those from that index on, before the one at to. */
void regions_erase(struct world *w, struct mm *mm, unsigned from, unsigned to);
/* A boundary at addr, where a region spans it. */
void regions_split(struct world *w, struct mm *mm, uint64_t addr);
/* Merges what has become mergeable from the boundary before region `from` to the one before region `to`. */
void regions_merge(struct world *w, struct mm *mm, unsigned from, unsigned to);
/* Private memory that has just become writable is taken to be written to. */
void regions_touch(struct world *w, struct mm *mm, uint64_t start, uint64_t end);
/* Takes r->path; there must be nothing in its place. */
void regions_add(struct world *w, struct mm *mm, const struct region *r, bool merging);

static inline uint64_t region_size(const struct region *r)
{
	return r->end - r->start;
}

/*
 * So many bytes of one that counts are mapped; without rights they are only reserved, and are no memory.  That is known
 * where calls that give rights later are there.
 */
static inline bool region_reserved(const struct world *w, const struct region *r)
{
	return !r->prot && w->mode & (START_ALL_CALLS | START_RIGHTS);
}

static inline void region_count(const struct world *w, struct mm *mm, const struct region *r, uint64_t n)
{
	mm->mapped += n;
	mm->reserved += region_reserved(w, r) ? n : 0;
}

static inline void region_uncount(const struct world *w, struct mm *mm, const struct region *r, uint64_t n)
{
	mm->mapped -= n;
	mm->reserved -= region_reserved(w, r) ? MIN(n, mm->reserved) : 0;
}
