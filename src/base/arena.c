/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <string.h>

#include "base/macro.h"

void arena_grow(struct arena *a, size_t size)
{
	size_t cap = MAX(size, (size_t)ARENA_BLOCK);
	struct arena_block *b = xmalloc(sizeof(*b) + cap);

	*b = (struct arena_block){ .next = a->head, .cap = cap };
	a->head = b;
}

void *arena_alloc(struct arena *a, size_t size) { return memset(arena_get(a, size), 0, ALIGN8(size)); }

char *arena_memdup0(struct arena *a, const void *p, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	return n ? memcpy(copy, p, n) : copy;
}

void arena_shrink(struct arena *a)
{
	struct arena rest = { a->head->next };

	arena_done(&rest);
	a->head->next = NULL;
	a->head->used = 0;
	if (a->head->cap > ARENA_BLOCK)	/* one huge record must not keep its memory */
		arena_done(a);
}

void arena_done(struct arena *a)
{
	for (struct arena_block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	a->head = NULL;
}
