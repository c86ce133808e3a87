/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * String → small id, in bounded memory: it keeps 64-bit hashes, not strings.  When the table is full it forgets
 * everything and starts again, so equal strings far apart may get different ids; different strings share one with a
 * chance of n²/2⁶⁵ (the hash is keyed anew for each table, a traced program cannot aim at it).
 */
struct intern_slot;
struct intern { struct intern_slot *v; uint32_t cap, n, max; uint64_t key[2]; };

void intern_init(struct intern *t, uint32_t max);	/* at most max entries; a power of two */
void intern_done(struct intern *t);
uint64_t intern_hash(const struct intern *t, const void *p, size_t n);
/* The id kept for this hash, until the next call; 0: it is new and the caller sets it. */
uint32_t *intern_id(struct intern *t, uint64_t hash);
