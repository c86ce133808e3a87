/* SPDX-License-Identifier: MIT */
#include "redact/known.h"

#include <ctype.h>
#include <string.h>

#include "base/macro.h"

enum { EDGES_LEAST = 1024 };

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Where the edge is, or where it would be. */
static struct known_edge *find(const struct known_set *k, uint32_t from, unsigned char byte)
{
	uint32_t mask = k->edge_room - 1, at = ((from << 8 | byte) * 0x9e3779b1u) >> 7;

	for (;; at++) {
		struct known_edge *e = &k->edges[at & mask];

		if (!e->to || (e->from == from && e->byte == byte))
			return e;
	}
}

/* At most half of them are taken. */
static void grow(struct known_set *k)
{
	struct known_edge *old = k->edges;
	uint32_t n = k->edge_room;

	if (2 * k->nedges < n)
		return;
	k->edge_room = n ? 2 * n : EDGES_LEAST;
	k->edges = xcalloc(k->edge_room, sizeof(*k->edges));
	for (uint32_t i = 0; i < n; i++)
		if (old[i].to)
			*find(k, old[i].from, old[i].byte) = old[i];
	free(old);
}

static uint32_t new_node(struct known_set *k)
{
	if (k->nnodes == k->node_room) {
		k->node_room = k->node_room ? 2 * k->node_room : EDGES_LEAST;
		k->value_of = xrealloc(k->value_of, k->node_room * sizeof(*k->value_of));
	}
	k->value_of[k->nnodes] = 0;
	return k->nnodes++;
}

static uint32_t step(struct known_set *k, uint32_t from, unsigned char byte)
{
	struct known_edge *e;

	grow(k);
	e = find(k, from, byte);
	if (!e->to) {
		*e = (struct known_edge){ from, new_node(k), byte };
		k->nedges++;
	}
	return e->to;
}

static bool is_known(const struct known_set *k, const char *value, size_t len)
{
	uint32_t node = 0;

	if (!k->n || !k->first[(unsigned char)value[0]])
		return false;
	for (size_t i = 0; i < len; i++)
		if (!(node = find(k, node, (unsigned char)value[i])->to))
			return false;
	return k->value_of[node] != 0;
}

bool known_add(struct known_set *k, const char *value, size_t len, const char *mask, bool whole)
{
	uint32_t node = 0;

	if (!len || is_known(k, value, len))
		return false;
	if (k->n == KNOWN_MAX || len > KNOWN_LEN_MAX || k->nedges + len > KNOWN_BYTES_MAX) {
		k->nmissed++;
		return false;
	}
	if (!k->nnodes)
		new_node(k);	/* the root */
	for (size_t i = 0; i < len; i++)
		node = step(k, node, (unsigned char)value[i]);
	if (k->n == k->room) {
		k->room = k->room ? 2 * k->room : 64;
		k->v = xrealloc(k->v, k->room * sizeof(*k->v));
	}
	k->v[k->n++] = (struct known){ len, xmemdup0(mask, strlen(mask)), whole };
	k->value_of[node] = k->n;
	k->first[(unsigned char)value[0]] = true;
	return true;
}

static bool is_whole(const struct known *v, const char *text, size_t len, size_t at)
{
	return (!at || text[at] == '/' || !is_word(text[at - 1])) &&
	       (at + v->len == len || !is_word(text[at + v->len]));
}

const struct known *known_at(const struct known_set *k, const char *text, size_t len, size_t at)
{
	const struct known *best = NULL;
	uint32_t node = 0;

	if (at >= len || !k->first[(unsigned char)text[at]])
		return NULL;
	for (size_t i = at; i < len && (node = find(k, node, (unsigned char)text[i])->to); i++) {
		const struct known *v = k->value_of[node] ? &k->v[k->value_of[node] - 1] : NULL;

		if (v && (!v->whole || is_whole(v, text, len, at)))
			best = v;
	}
	return best;
}

void known_done(struct known_set *k)
{
	for (unsigned i = 0; i < k->n; i++)
		free(k->v[i].mask);
	free(k->v);
	free(k->value_of);
	free(k->edges);
	*k = (struct known_set){ 0 };
}
