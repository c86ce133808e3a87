/* SPDX-License-Identifier: MIT */
#pragma once
/* A stream of records from any bytes, into a world. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "decode/call.h"
#include "model/model.h"

static inline void feed(struct world *world, const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);	/* aligned, and its end is watched by ASan */
	struct arena arena = { 0 };
	struct item item;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	for (size_t at = 0; size - at >= sizeof(struct record);) {
		const struct record *r = (const struct record *)(copy + at);

		if (r->size < sizeof(*r) || r->size % 8 || r->size > size - at)
			break;
		if (!decode_record(r, r->size, &arena, &item))
			world_feed(world, &item);
		arena_reset(&arena);
		at += r->size;
	}
	arena_done(&arena);
	free(copy);
}
