/* SPDX-License-Identifier: MIT */
/*
 * The lists of those that keep something of an object and have to let go of it when it ends.  The object's own file is
 * below theirs and does not know them; model.c has them join.
 */
#include <assert.h>

#include "model/gone.h"
#include "model/world.h"

void on_file_gone(struct world *w, file_gone_fn *fn)
{
	assert(w->keepers.nfile < KEEPERS_MAX);
	w->keepers.file[w->keepers.nfile++] = fn;
}

void on_mm_gone(struct world *w, mm_gone_fn *fn)
{
	assert(w->keepers.nmm < KEEPERS_MAX);
	w->keepers.mm[w->keepers.nmm++] = fn;
}

void on_proc_gone(struct world *w, proc_gone_fn *fn)
{
	assert(w->keepers.nproc < KEEPERS_MAX);
	w->keepers.proc[w->keepers.nproc++] = fn;
}

void file_gone(struct world *w, struct fnode *n)
{
	for (unsigned i = 0; i < w->keepers.nfile; i++)
		w->keepers.file[i](w, n);
}

void mm_gone(struct world *w, uint32_t mm)
{
	for (unsigned i = 0; i < w->keepers.nmm; i++)
		w->keepers.mm[i](w, mm);
}

void proc_gone(struct world *w, const struct pnode *p, const struct tnode *t)
{
	for (unsigned i = 0; i < w->keepers.nproc; i++)
		w->keepers.proc[i](w, p, t);
}
