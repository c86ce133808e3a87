/* SPDX-License-Identifier: MIT */
#include "analyze/child_ends.h"

#include "analyze/totals_index.h"

/* The child of a process that ended last. */
struct ended_row {
	uint32_t parent, child;
	uint64_t ns;
	UT_hash_handle hh;
};
struct child_ends { struct ended_row *rows; };	/* by parent; in the arena of the totals */

struct child_ends *child_ends_new(void) { return xcalloc(1, sizeof(struct child_ends)); }

void child_ends_free(struct child_ends *e)
{
	HASH_CLEAR(hh, e->rows);
	free(e);
}

void child_ends_add(struct child_ends *e, struct totals *t, const struct event *ev)
{
	const struct proc *p = ev->task->proc;
	struct ended_row *r;

	if (!p->parent)
		return;
	HASH_FIND(hh, e->rows, &p->parent, sizeof(p->parent), r);
	if (!r && totals_full(t, HASH_COUNT(e->rows)))
		return;
	if (!r) {
		r = arena_alloc(&t->index->arena, sizeof(*r));
		*r = (struct ended_row){.parent = p->parent};
		HASH_ADD(hh, e->rows, parent, sizeof(r->parent), r);
	}
	r->child = p->id;
	r->ns = ev->ts_ns;
}

void child_ends_wait(const struct child_ends *e, const struct event *ev, struct subject *sub)
{
	uint32_t proc = ev->task->proc->id;
	struct ended_row *r;

	if (!call_interrupted(ev->call) || ev->kind == EV_WAIT)
		return;
	HASH_FIND(hh, e->rows, &proc, sizeof(proc), r);
	if (r && r->ns >= ev->call->enter_ns && r->ns <= ev->call->exit_ns)
		*sub = (struct subject){.what = SPENT_CHILD, .target = r->child, .obj = r->child};
}
