/* SPDX-License-Identifier: MIT */
#pragma once
/* uthash (hash tables inside the structs), with memory that is never refused. */
#include <string.h>

#include "base/macro.h"

/* Words of eight bytes, the last one over the end of the one before; the multiplier is 2^64 over the golden ratio. */
static inline uint64_t hash_mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15;
	return h ^ h >> 32;
}

static inline unsigned hash_bytes(const void *key, size_t n)
{
	const char *p = key;
	uint64_t h = n, word = 0;
	uint32_t half;

	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8) {
			memcpy(&word, p + i, 8);
			h = hash_mix(h, word);
		}
		memcpy(&word, p + n - 8, 8);
	} else if (n >= 4) {
		memcpy(&half, p, 4);
		memcpy(&word, p + n - 4, 4);
		word |= (uint64_t)half << 32;
	} else if (n) {
		word = (unsigned char)p[0] | (unsigned char)p[n / 2] << 8 | (unsigned char)p[n - 1] << 16;
	}
	return (unsigned)hash_mix(hash_mix(h, word), n);
}

#define uthash_malloc(size) xmalloc(size)
#define HASH_FUNCTION(key, n, hash) ((hash) = hash_bytes(key, n))
#include <uthash.h>

/* Takes out every element and frees it. */
#define HASH_FREE(head) do { \
	__typeof__(head) hash_e, hash_next; \
	HASH_ITER(hh, head, hash_e, hash_next) { \
		HASH_DEL(head, hash_e); \
		free(hash_e); \
	} } while (0)
