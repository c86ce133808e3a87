/* SPDX-License-Identifier: MIT */
#pragma once
/* A thread or process ends, or is let go. */
#include "model/world.h"

void proc_exit(struct world *w, const struct record_exit *r);
void proc_detach(struct world *w, const struct record *r);
/* emits; frees t, and its process with the last one */
void task_ended(struct world *w, struct tnode *t, uint64_t ts_ns, int status);
/* its owner's end was lost, the number is in use again */
void tid_reused(struct world *w, uint32_t tid, uint64_t ts_ns);
void proc_free_all(struct world *w);
