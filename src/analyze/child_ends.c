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

/* The child that lived then and was started last; 0: none.  A thread ends in one call: there all can be looked at. */
static uint32_t living_child(const struct totals *t, const struct event *ev)
{
	const struct totals_proc *p = totals_proc(t, ev->task->proc->id);
	uint32_t child = 0;

	for (uint32_t at = !p ? 0 : ev->call->unfinished ? p->first_child : p->last_child; at;
	     at = t->procs.v[at - 1]->next_sibling) {
		const struct totals_proc *c = t->procs.v[at - 1];

		if (c->start_ns <= ev->call->enter_ns && (!c->end_ns || c->end_ns > ev->call->enter_ns))
			child = c->id;
	}
	return child;
}

static void be_for(uint32_t child, struct subject *sub)
{
	if (child)
		*sub = (struct subject){.what = SPENT_CHILD, .target = child, .obj = child};
}

void child_ends_wait(const struct child_ends *e, const struct totals *t, const struct event *ev, struct subject *sub)
{
	uint32_t proc = ev->task->proc->id;
	struct ended_row *r;

	if (!call_interrupted(ev->call) && !ev->call->unfinished)
		return;
	HASH_FIND(hh, e->rows, &proc, sizeof(proc), r);
	if (ev->kind != EV_WAIT && r && r->ns >= ev->call->enter_ns && r->ns <= ev->call->exit_ns)
		be_for(r->child, sub);
	else if (ev->kind == EV_WAIT ? !sub->target : ev->kind == EV_SLEEP && sub->what == SPENT_SIGNAL)
		be_for(living_child(t, ev), sub);
}
