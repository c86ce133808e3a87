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

/* All 64 bits of the hash: where it stands for the bytes themselves, others have the same one by chance alone. */
static inline uint64_t hash_bytes64(const void *key, size_t n)
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
	return hash_mix(hash_mix(h, word), n);
}

static inline unsigned hash_bytes(const void *key, size_t n) { return (unsigned)hash_bytes64(key, n); }

#define uthash_malloc(size) xmalloc(size)
#define HASH_FUNCTION(key, n, hash) ((hash) = hash_bytes(key, n))
#include <uthash.h>

/*
 * The static analyzer would follow each of these macros, loops and all, until it has no budget left for the code around
 * it: to it, a table is what functions of unknown bodies make of it.
 */
#ifdef __clang_analyzer__
#undef HASH_FIND
#undef HASH_ADD_KEYPTR
#undef HASH_DELETE
#undef HASH_SRT
#undef HASH_CLEAR
void *hash_find(const void *head, const void *key, size_t n);
void *hash_add(void *head, void *el, const void *key, size_t n) __attribute__((returns_nonnull));
void *hash_delete(void *head, void *el);
void *hash_sort(void *head);
void hash_clear(void *head);
#define HASH_FIND(hh, head, key, n, out) do { (out) = NULL; if (head) (out) = hash_find(head, key, n); } while (0)
#define HASH_ADD_KEYPTR(hh, head, key, n, el) do { (head) = hash_add(head, el, key, n); } while (0)
#define HASH_DELETE(hh, head, el) do { (head) = hash_delete(head, el); } while (0)
#define HASH_SRT(hh, head, cmp) do { (void)(cmp); (head) = (head) ? hash_sort(head) : NULL; } while (0)
#define HASH_CLEAR(hh, head) do { hash_clear(head); (head) = NULL; } while (0)
#endif

/* Takes out every element and frees it. */
#define HASH_FREE(head) do { \
	__typeof__(head) hash_e, hash_next; \
	HASH_ITER(hh, head, hash_e, hash_next) { \
		HASH_DEL(head, hash_e); \
		free(hash_e); \
	} } while (0)
