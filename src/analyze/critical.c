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
struct critical_index {
	struct arena arena;
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
	HASH_ADD_PTR(x->rows, row.proc, r);
	if (c->nrows == x->rows_room) {
		x->rows_room = x->rows_room ? 2 * x->rows_room : 16;
		c->rows = xrealloc(c->rows, x->rows_room * sizeof(struct critical_row *));
	}
	return c->rows[c->nrows++] = &r->row;
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
	arena_done(&c->index->arena);
	free(c->index);
	free(c->rows);
	free(c->stretches);
	free(c);
}
