/* SPDX-License-Identifier: MIT */
#pragma once
/* The other end of a file, and who holds it. */
#include "model/world.h"

void file_link(struct file *a, struct file *b);
void file_set_peer(struct file *f, const struct file *peer);	/* one way only; NULL: it has none any more */
/* p did something with it: keeps peers up to date.  Inlined: mostly the same process does, again and again. */
void file_used_anew(struct world *w, struct file *f, const struct pnode *p);
static inline void file_used(struct world *w, struct file *f, const struct pnode *p)
{
	if (fnode_of(f)->peer_stale || fnode_of(f)->user != p->p.id)
		file_used_anew(w, f, p);
}
