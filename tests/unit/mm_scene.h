/* SPDX-License-Identifier: MIT */
#pragma once
/* Calls about memory, and regions as text. */
#include "base/process.h"
#include "scene.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PG 4096ull
#define BASE 0x200000000000ull		/* far from where the kernel puts things by itself */

static inline struct mm *mm_of(struct scene *s, uint32_t tid)
{
	return world_task(s->w, tid)->proc->mm;
}

#define RW (PROT_READ | PROT_WRITE)

static inline void snapshot(struct scene *s, uint32_t tid, uint64_t page, uint64_t npages, unsigned prot,
			    const char *path, unsigned kind, bool first)
{
	struct record_map *r = begin(s, RECORD_MAP, sizeof(*r), tid);

	r->h.flags = first ? MAP_FIRST : 0;
	r->start = BASE + page * PG;
	r->end = r->start + npages * PG;
	r->prot = prot;
	r->flags = MAP_PRIVATE;
	r->kind = kind;
	text_part(s, PART_PATH, path);
	feed(s);
}
