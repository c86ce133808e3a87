/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

#include "base/macro.h"

/*
 * Bump allocator.  Everything allocated from an arena dies together: reset
 * keeps one block for reuse, done returns all memory.  Never fails.
 */
struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	_Alignas(8) char data[];
};
struct arena { struct arena_block *head; };
enum { ARENA_BLOCK = 65536 };		/* bytes of a block, where not more is asked for at once */

void *arena_alloc(struct arena *a, size_t size);			/* zeroed, 8-aligned */
char *arena_memdup0(struct arena *a, const void *p, size_t n);		/* NUL added */
void arena_done(struct arena *a);

/* What the two below need seldom: a block with room for so many bytes; all blocks but one of ordinary size returned. */
void arena_grow(struct arena *a, size_t size);
void arena_shrink(struct arena *a);

/* As arena_alloc(), with any bytes in it.  Inlined, as reset: both run for every record. */
static inline void *arena_get(struct arena *a, size_t size)
{
	void *p;

	size = ALIGN8(size);
	if (!a->head || a->head->cap - a->head->used < size)
		arena_grow(a, size);
	p = a->head->data + a->head->used;
	a->head->used += size;
	return p;
}

static inline void arena_reset(struct arena *a)
{
	if (!a->head)
		return;
	if (a->head->next || a->head->cap > ARENA_BLOCK)
		arena_shrink(a);
	else
		a->head->used = 0;
}
