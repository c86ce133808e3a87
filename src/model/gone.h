/* SPDX-License-Identifier: MIT */
#pragma once
/* Who is called when an object ends. */
#include "model/world.h"

void on_file_gone(struct world *w, file_gone_fn *fn);	/* fn is called for each, in the order in which they joined */
void on_mm_gone(struct world *w, mm_gone_fn *fn);
void on_proc_gone(struct world *w, proc_gone_fn *fn);	/* it has ended; not when it is let go */
void file_gone(struct world *w, struct fnode *n);	/* by the file that frees it */
void mm_gone(struct world *w, uint32_t mm);
void proc_gone(struct world *w, const struct pnode *p, const struct tnode *t);
