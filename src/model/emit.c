/* SPDX-License-Identifier: MIT */
/* How anything in the model reports an event, and memory for what the event points to. */
#include "model/emit.h"
#include "model/world.h"

void *scratch(struct world *w, size_t size)
{
	w->scratch_used = true;
	return arena_alloc(&w->scratch, size);
}

char *scratch_dup(struct world *w, const void *p, size_t n)
{
	w->scratch_used = true;
	return arena_memdup0(&w->scratch, p, n);
}

struct event event_at(uint64_t ts_ns, const struct tnode *t, enum event_kind kind)
{
	return (struct event){ .kind = kind, .ts_ns = ts_ns, .task = t ? &t->t : NULL, .fd = -1, .fd2 = -1 };
}

void world_emit(struct world *w, struct event *ev)
{
	ev->item = w->item;
	w->emit(w->ctx, ev);
}
