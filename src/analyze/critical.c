/* SPDX-License-Identifier: MIT */
#include "analyze/critical.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/macro.h"

struct row {
	struct critical_row row; /* a row is found by its process */
	UT_hash_handle hh;
};
/* What a row of one process's part was waited for. */
struct thing_key {
	const struct critical_row *row;
	const struct totals_wait *of;
	uint64_t what;
};
struct thing {
	struct thing_key key;
	struct critical_row *row;
	uint64_t ns;
	UT_hash_handle hh;
};
struct critical_index {
	struct arena arena;
	struct thing *things;
	struct row *rows;
	unsigned rows_room, stretches_room;
};

struct critical_row *critical_row(struct critical *c, const struct totals_proc *p, uint64_t now_ns)
{
	struct critical_index *x = c->index;
	struct row *r;

	HASH_FIND_PTR(x->rows, &p, r);
	if (r)
		return &r->row;
	r = arena_alloc(&x->arena, sizeof(*r));
	r->row = (struct critical_row){.proc = p, .first_ns = now_ns};
	for (unsigned i = 0; i < _SPENT; i++)
		r->row.parts[i].what = (enum spent)i;
	HASH_ADD_PTR(x->rows, row.proc, r);
	if (c->nrows == x->rows_room) {
		x->rows_room = x->rows_room ? 2 * x->rows_room : 16;
		c->rows = xrealloc(c->rows, x->rows_room * sizeof(struct critical_row *));
	}
	return c->rows[c->nrows++] = &r->row;
}

void critical_waited(struct critical *c, struct critical_row *r, enum spent what, const struct totals_wait *of,
		     uint64_t ns)
{
	struct thing_key key = {r, of->whole ? of->whole : of, what};
	struct thing *found;

	HASH_FIND(hh, c->index->things, &key, sizeof(key), found);
	if (!found) {
		found = arena_alloc(&c->index->arena, sizeof(*found));
		*found = (struct thing){.key = key, .row = r};
		HASH_ADD(hh, c->index->things, key, sizeof(key), found);
	}
	found->ns += ns;
}

static int by_ns(const struct thing *a, const struct thing *b)
{
	return a->ns < b->ns ? 1 : a->ns > b->ns ? -1 : 0;
}

void critical_name(struct critical *c)
{
	HASH_SORT(c->index->things, by_ns);
	for (const struct thing *s = c->index->things; s; s = s->hh.next) {
		struct budget_part *part = &s->row->parts[s->key.what];
		unsigned at = part->nthings++;

		if (at >= SPENT_NAMED)
			continue;
		part->named[at].wait = s->key.of->first ? s->key.of->first : s->key.of;
		part->named[at].ns = s->ns;
		if (part->what == SPENT_CHILD)
			part->named[at].proc = s->key.of->target_proc;
	}
}

void critical_stretch(struct critical *c, uint32_t task, uint64_t start_ns, uint64_t end_ns)
{
	struct critical_stretch *last = c->nstretches ? &c->stretches[c->nstretches - 1] : NULL;

	if (start_ns >= end_ns)
		return;
	if (last && last->task == task && last->end_ns == start_ns) {
		last->end_ns = end_ns;
		return;
	}
	if (c->nstretches == c->index->stretches_room) {
		c->index->stretches_room = c->index->stretches_room ? 2 * c->index->stretches_room : 64;
		c->stretches = xrealloc(c->stretches, c->index->stretches_room * sizeof(*c->stretches));
	}
	c->stretches[c->nstretches++] = (struct critical_stretch){task, start_ns, end_ns};
}

struct critical *critical_new(void)
{
	struct critical *c = xcalloc(1, sizeof(*c));

	c->index = xcalloc(1, sizeof(*c->index));
	return c;
}

void critical_free(struct critical *c)
{
	if (!c)
		return;
	HASH_CLEAR(hh, c->index->rows);
	HASH_CLEAR(hh, c->index->things);
	arena_done(&c->index->arena);
	free(c->index);
	free(c->rows);
	free(c->stretches);
	free(c);
}
