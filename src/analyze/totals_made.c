/* SPDX-License-Identifier: MIT */
/* Files and folders that a run made, and whether it removed them again: names that another run makes up anew. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "analyze/totals_index.h"

static bool makes(const struct event *ev)
{
	enum { NEW = O_CREAT | O_EXCL };

	return ev->kind == EV_MKDIR || (ev->kind == EV_OPEN && (ev->flags & NEW) == NEW);
}

static bool removes(const struct event *ev)
{
	return ev->kind == EV_UNLINK || ev->kind == EV_RMDIR ||
	       (ev->kind == EV_RENAME && !(ev->flags & RENAME_EXCHANGE));
}

/* In vain: its folder is not there.  git makes that, and up another name. */
static bool tries(const struct event *ev) { return ev->err == ENOENT && ev->kind == EV_OPEN && makes(ev); }

void totals_made_event(struct totals *t, const struct event *ev)
{
	struct made_row *r;

	if ((ev->err && !tries(ev)) || !ev->path || (!makes(ev) && !removes(ev)))
		return;
	HASH_FIND(hh, t->index->made, ev->path, ev->path_len, r);
	if (!r && makes(ev) && !totals_full(t, t->made.n)) {
		r = arena_alloc(&t->index->arena, sizeof(*r));
		r->row.path = totals_keep(t, ev->path, ev->path_len);
		HASH_ADD_KEYPTR(hh, t->index->made, r->row.path.s, r->row.path.len, r);
		TABLE_ADD(t->made, &r->row);
	}
	if (r)
		r->row.removed = removes(ev) || tries(ev);
}
