/* SPDX-License-Identifier: MIT */
#pragma once
/* Address spaces. */
#include "model/world.h"

struct mm *mm_new(struct world *w);
struct mm *mm_copy(struct world *w, const struct mm *mm);	/* fork */
void mm_unref(struct world *w, struct mm *mm);
struct mm_map {
	uint64_t start, len, offset;
	uint32_t prot, flags, src;
	uint8_t kind;
	bool counted;
	const char *path;
	uint32_t path_len;
	uint64_t dev, ino;
};
void mm_map(struct world *w, struct mm *mm, const struct mm_map *m);
void mm_snapshot(struct world *w, struct mm *mm, const struct mm_map *m);	/* as /proc shows it: never merged */
void mm_clear(struct world *w, struct mm *mm);
void mm_unmap(struct world *w, struct mm *mm, uint64_t start, uint64_t len);
/* spares what was mapped later */
void mm_unmap_since(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint64_t enter_ns);
void mm_remember(struct mm *mm, uint64_t start, uint64_t len, uint64_t exit_ns);
/* pkey -1: as it was */
void mm_protect(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint32_t prot, int pkey);
void mm_advise(struct world *w, struct mm *mm, uint64_t start, uint64_t len, uint16_t set, uint16_t clear);
void mm_remap(struct world *w, struct mm *mm, uint64_t old, uint64_t old_len, uint64_t new, uint64_t new_len,
	      bool keep);
void mm_set_brk(struct world *w, struct mm *mm, uint64_t brk);
uint64_t page_up(const struct world *w, uint64_t n);
enum {
	VMF_NORESERVE = 1,
	VMF_ACCOUNT = 2,
	VMF_GROWSDOWN = 4,
	VMF_LOCKED = 8,
	VMF_HUGEPAGE = 16,
	VMF_NOHUGEPAGE = 32,
	VMF_DONTFORK = 64,
	VMF_DONTDUMP = 128,
	VMF_WIPEONFORK = 256,
	VMF_MERGEABLE = 512,
	VMF_RANDOM = 1024,
	VMF_SEQUENTIAL = 2048,
	VMF_SPECIAL = 4096,
	VMF_SYNC = 8192,
	VMF_SEALED = 16384
};
