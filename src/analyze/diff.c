/* SPDX-License-Identifier: MIT */
#include "analyze/diff.h"

#include <stdlib.h>

#include "analyze/diff_part.h"
#include "analyze/totals.h"

enum diff_kind diff_heading(const struct difference *d)
{
	return d->kind == DIFF_RAN && d->ending ? DIFF_ENDED : d->kind;
}

/* By heading; of processes those that failed, and of these those that did not fail for a child, first. */
static unsigned weight(const struct difference *d)
{
	return (unsigned)diff_heading(d) * 4 + (d->ending ? d->ending->cause != NULL : 2);
}

static int by_weight(const void *pa, const void *pb)
{
	const struct difference *a = pa, *b = pb;
	unsigned wa = weight(a), wb = weight(b);

	if (wa != wb)
		return wa < wb ? -1 : 1;
	if (a->side != b->side)
		return (int)b->side - (int)a->side;
	return a->seq < b->seq ? -1 : 1;
}

unsigned diff_of(const struct totals *const runs[2], bool noise, struct difference **ret_v, uint64_t *ret_hidden)
{
	struct diff_list l = { .noise = noise };

	for (unsigned side = 0; side < 2; side++) /* which ending follows from which */
		endings_top(runs[side], NULL, 0);
	for (unsigned side = 0; side < 2; side++)
		l.names[side].pids = diff_pids(runs[side]);
	diff_learn(runs, l.names);
	diff_started(&l, runs);
	diff_processes(&l, runs);
	diff_files(&l, runs);
	diff_peers(&l, runs);
	diff_times(&l, runs);
	for (unsigned side = 0; side < 2; side++)
		diff_names_free(&l.names[side]);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_weight);
	*ret_v = l.v;
	*ret_hidden = l.nhidden;
	return l.n;
}
