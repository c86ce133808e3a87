/* SPDX-License-Identifier: MIT */
/* Where two runs part: the difference that is the earliest in time. */
#include <string.h>

#include "analyze/diff.h"
#include "analyze/totals.h"

/* When it happened in that run, and which process it was; 0: not there, or not known. */
static uint64_t happened(const struct difference *d, unsigned side, uint32_t *ret_proc)
{
	const struct totals_file *f = d->file[side];
	const struct totals_lookup *r = d->lookup[side];
	const struct totals_proc *p = d->proc[side];

	*ret_proc = f ? f->first_proc : r ? r->first_proc : d->conn[side] ? d->conn[side]->proc : p ? p->id : 0;
	if (f || r)
		return f ? f->first_ns : r->first_ns;
	if (d->conn[side])
		return d->conn[side]->start_ns;
	if (!p)
		return 0;
	return d->kind == DIFF_ENDED ? p->end_ns : p->exec_ns ? p->exec_ns : p->start_ns;
}

/* How the command was begun is no difference in what it did; nor is it known when the time went, and bytes did. */
static bool has_time(const struct difference *d)
{
	bool first = d->proc[0] && d->proc[1] && d->proc[0]->id == 1 && d->proc[1]->id == 1;

	switch (d->kind) {
	case DIFF_BYTES: case DIFF_SLOWER: case DIFF_PHASE: return false;
	case DIFF_STARTED: return d->proc[0] && !(first && d->fact == FACT_CWD);
	case DIFF_ARGS: case DIFF_ENV: return !first;
	default: return true;
	}
}

/* Since the run began; false: it is not known. */
static bool after(const struct totals *const runs[2], const struct difference *d, struct diff_first *ret)
{
	bool known = false;

	for (unsigned side = 0; side < 2 && has_time(d); side++) {
		uint32_t proc;
		uint64_t start = runs[side]->start_ns, at = happened(d, side, &proc);

		if (!at || !start)
			continue;
		at = at > start ? at - start : 0;
		if (known && at >= ret->ns)
			continue;
		*ret = (struct diff_first){ .d = d, .ns = at, .proc = totals_proc(runs[side], proc) };
		known = true;
	}
	return known;
}

static bool same_program(const struct totals_proc *a, const struct totals_proc *b)
{
	return a && b && a->argv.n && b->argv.n && !strcmp(a->argv.s + 1, b->argv.s + 1);
}

static bool is_of_one(enum diff_kind kind)
{
	return kind == DIFF_READ || kind == DIFF_WRITTEN || kind == DIFF_MISSED;
}

/* What the same program did instead in the other run: the earliest of that kind. */
static void find_other(const struct totals *const runs[2], const struct difference *v, unsigned n,
		       struct diff_first *first)
{
	struct diff_first at, best = { .ns = UINT64_MAX };

	for (unsigned i = 0; i < n && is_of_one(first->d->kind); i++)
		if (v[i].kind == first->d->kind && v[i].side != first->d->side && after(runs, &v[i], &at) &&
		    at.ns < best.ns && same_program(at.proc, first->proc))
			best = at;
	first->other = best.d;
}

bool diff_find_first(const struct totals *const runs[2], const struct difference *v, unsigned n,
		     struct diff_first *ret)
{
	struct diff_first at;

	*ret = (struct diff_first){ .ns = UINT64_MAX };
	for (unsigned i = 0; i < n; i++)
		if (after(runs, &v[i], &at) && at.ns < ret->ns)
			*ret = at;
	if (ret->d)
		find_other(runs, v, n, ret);
	return ret->d;
}
