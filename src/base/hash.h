/* SPDX-License-Identifier: MIT */
#pragma once
/* uthash (hash tables inside the structs), with memory that is never refused. */
#include "base/macro.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

/* Takes out every element and frees it. */
#define HASH_FREE(head) do { \
	__typeof__(head) hash_e, hash_next; \
	HASH_ITER(hh, head, hash_e, hash_next) { \
		HASH_DEL(head, hash_e); \
		free(hash_e); \
	} } while (0)
