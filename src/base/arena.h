/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/*
 * Bump allocator.  Everything allocated from an arena dies together: reset
 * keeps one block for reuse, done returns all memory.  Never fails.
 */
struct arena_block;
struct arena { struct arena_block *head; };

void *arena_alloc(struct arena *a, size_t size);			/* zeroed, 8-aligned */
char *arena_memdup0(struct arena *a, const void *p, size_t n);		/* NUL added */
void arena_reset(struct arena *a);
void arena_done(struct arena *a);
