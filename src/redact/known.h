/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Values that are looked for at every byte of every string: a tree of their bytes, so that a look costs as many steps
 * as bytes are the same there, however many values are known.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KNOWN_MAX = 65536, /* values */
	KNOWN_BYTES_MAX = 2 << 20, /* of all of them, equal beginnings once: a table of 48 MB at most */
	KNOWN_LEN_MAX = 4096,
};

/* whole: as a word of its own, or names below it where it is a path. */
struct known { size_t len; char *mask; bool whole; };

struct known_edge { uint32_t from, to; unsigned char byte; };

struct known_set {
	struct known *v;
	unsigned n, room;
	uint32_t *value_of;		/* of each node: the index in v and 1; 0: no value ends there */
	uint32_t nnodes, node_room;
	struct known_edge *edges;	/* a hash table, to != 0; its size is a power of two */
	uint32_t nedges, edge_room;
	bool first[256];		/* what any of them begins with */
	uint64_t nmissed;		/* how often one found no room */
};

/* Whether it was not known before and is now. */
bool known_add(struct known_set *k, const char *value, size_t len, const char *mask, bool whole);
/* The longest that stands there, so that what a name only begins with does not leave its rest; NULL: none. */
const struct known *known_at(const struct known_set *k, const char *text, size_t len, size_t at);
void known_done(struct known_set *k);
