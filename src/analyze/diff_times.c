/* SPDX-License-Identifier: MIT */
/* What takes another time in two runs. */
#include <stdlib.h>

#include "analyze/diff_part.h"
#include "analyze/hist.h"
#include "analyze/kernel.h"
#include "analyze/spent.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "record/record.h"

/*
 * Values of one class are ties: each takes the middle rank, and the variance is less by t³ - t for t of them.  Without
 * that, the calls of two runs that nearly all fall into one class would differ in nothing, however far the rest is.
 */
bool diff_is_no_chance(const struct hist *a, const struct hist *b)
{
	enum { DEVIATIONS = 5 };
	double n = (double)a->n, m = (double)b->n, all = n + m, below = 0, u = 0, ties = 0, off, variance;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		double t = (double)a->buckets[i] + (double)b->buckets[i];

		u += (double)b->buckets[i] * (below + (double)a->buckets[i] / 2);
		below += (double)a->buckets[i];
		ties += t * (t * t - 1);
	}
	if (all < 2)
		return false;
	off = u - n * m / 2;
	variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)));
	return variance > 0 && off * off >= DEVIATIONS * DEVIATIONS * variance;
}

/*
 * What they took without the longest 5 %, and without the longest in any case: few calls that were held up, for a disk
 * or for a CPU, may take more than all others, whose medians differ by the load.
 */
static uint64_t usual_ns(const struct hist *h)
{
	enum { HELD_UP_PART = 20 };
	uint64_t drop = MAX(h->n / HELD_UP_PART, 1u), sum = 0;

	for (unsigned i = HIST_BUCKETS; i-- > 0;) {
		uint64_t dropped = MIN(drop, (uint64_t)h->buckets[i]), low = hist_bucket_low(i), next;

		next = i + 1 < HIST_BUCKETS ? hist_bucket_low(i + 1) : low;
		sum += (h->buckets[i] - dropped) * (low + (next - low) / 2);
		drop -= dropped;
	}
	return sum;
}

static bool is_other(const struct hist *a, const struct hist *b)
{
	enum { LEAST = 20, MS = 1000000 };
	uint64_t ua = usual_ns(a), ub = usual_ns(b), more = MAX(ua, ub), less = MIN(ua, ub);

	if (a->n < LEAST || b->n < LEAST || !diff_is_no_chance(a, b))
		return false;
	/* also twice the time, and enough of it to be felt */
	return more / 2 >= less && more - less >= 50 * MS;
}

/*
 * One value in each run allows no test: only what takes twice the time and half a second more counts, and nothing that
 * depends on what else the machine does.
 */
static void phase(struct diff_list *l, enum spent what, const struct budget_part *a, const struct budget_part *b)
{
	enum { HALF_SECOND = 500000000 };
	uint64_t more = MAX(a->ns, b->ns), less = MIN(a->ns, b->ns);
	const struct budget_part *most = a->ns > b->ns ? a : b;
	struct difference *d;

	if (what == SPENT_QUEUE || what == SPENT_UNKNOWN || more / 2 < less || more - less < HALF_SECOND)
		return;
	d = diff_put(l, DIFF_PHASE, most == b);
	d->spent = what;
	d->wait = most->named[0].wait;
	d->number[0] = a->ns;
	d->number[1] = b->ns;
}

/* They are looked at with --faults alone. */
static bool has_faults(const struct totals *t)
{
	return t->kernel && t->kernel->nfaults;
}

static void phases(struct diff_list *l, const struct totals *const runs[2])
{
	struct budget *budgets = xcalloc(2, sizeof(*budgets));
	bool known = true;

	for (unsigned side = 0; side < 2 && known; side++) {
		const struct totals_proc *p = totals_proc(runs[side], runs[side]->main_proc);

		known = p && !(runs[side]->start_mode & START_SYSTEM) &&
			budget_of_proc(runs[side], p, BUDGET_THREADS | BUDGET_CHILDREN, &budgets[side]);
	}
	for (unsigned i = 0; known && i < _SPENT; i++)
		if (i != SPENT_FAULT || (has_faults(runs[0]) && has_faults(runs[1])))
			phase(l, (enum spent)i, &budgets[0].parts[i], &budgets[1].parts[i]);
	free(budgets);
}

void diff_times(struct diff_list *l, const struct totals *const runs[2])
{
	phases(l, runs);
	for (unsigned i = 0; i < runs[0]->calls.n; i++)
		for (unsigned k = 0; k < runs[1]->calls.n; k++) {
			const struct totals_call *a = runs[0]->calls.v[i], *b = runs[1]->calls.v[k];
			struct difference *d;

			if (a->spec != b->spec || a->nr != b->nr || a->arch != b->arch || !is_other(&a->dur, &b->dur))
				continue;
			d = diff_put(l, DIFF_SLOWER, b->dur.sum > a->dur.sum);
			d->call[0] = a;
			d->call[1] = b;
		}
}
