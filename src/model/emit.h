/* SPDX-License-Identifier: MIT */
#pragma once
/* Events on their way to whoever reads them, and memory that lives for one item. */
#include "model/world.h"

static inline void set_current(struct world *w, const struct proc *p) { w->cur_proc = p->id; w->cur_pid = p->pid; }
struct event event_at(uint64_t ts_ns, const struct tnode *t, enum event_kind kind);
void world_emit(struct world *w, struct event *ev);	/* sets ev->item */
void *scratch(struct world *w, size_t size);
char *scratch_dup(struct world *w, const void *p, size_t n);
