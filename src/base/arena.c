/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <string.h>

#include "base/macro.h"

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	_Alignas(8) char data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	size = ALIGN8(size);
	if (!a->head || a->head->cap - a->head->used < size) {
		size_t cap = MAX(size, (size_t)65536);
		struct arena_block *b = xmalloc(sizeof(*b) + cap);

		*b = (struct arena_block){ .next = a->head, .cap = cap };
		a->head = b;
	}
	void *p = a->head->data + a->head->used;

	a->head->used += size;
	return memset(p, 0, size);
}

char *arena_memdup0(struct arena *a, const void *p, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	return n ? memcpy(copy, p, n) : copy;
}

void arena_reset(struct arena *a)
{
	if (!a->head)
		return;
	struct arena rest = { a->head->next };

	arena_done(&rest);
	a->head->next = NULL;
	a->head->used = 0;
	if (a->head->cap > 65536)	/* one huge record must not keep its memory */
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
