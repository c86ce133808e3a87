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

/* A wait for what the run's own processes and threads do. */
static bool is_for_own(enum spent what)
{
	switch (what) {
	case SPENT_CHILD: case SPENT_THREAD: case SPENT_LOCK: case SPENT_WAKE: case SPENT_PIPE: case SPENT_SIGNAL:
	case SPENT_EVENT: case SPENT_MESSAGE:
		return true;
	default:
		return false;
	}
}

/* What of a run tells whether a longer wait is news: the two sums are of all its threads. */
struct pace {
	uint64_t wall_ns;
	uint64_t own_ns;	/* waited for what the run does itself */
	uint64_t disk_ns;	/* the longest wait for a file, up to a second */
	uint64_t held_ns;	/* ready and not running: no CPU was free, the tracer had it stopped, or not known */
};

static struct pace pace_of(const struct totals *t)
{
	enum { SECOND = 1000000000 };
	struct pace p = { .wall_ns = t->end_ns - MIN(t->start_ns, t->end_ns) };

	for (unsigned i = 0; i < t->waits.n; i++) {
		const struct totals_wait *w = t->waits.v[i];

		p.own_ns += is_for_own(w->what) ? w->ns : 0;
		if (w->what == SPENT_FILE)
			p.disk_ns = MAX(p.disk_ns, MIN(w->longest_ns, (uint64_t)SECOND));
	}
	for (unsigned i = 0; i < t->tasks.n; i++) {
		const struct totals_task *task = t->tasks.v[i];
		uint64_t end = MAX(task->end_ns ? task->end_ns : t->end_ns, task->start_ns);
		uint64_t known = task->all_ns + task->run_ns, life = end - task->start_ns;

		for (unsigned k = 0; k < _SPENT; k++)
			known += task->small[k];
		if (task->has_usage)
			p.held_ns += life - MIN(life, known);
	}
	return p;
}

static uint64_t above(uint64_t a, uint64_t b)
{
	return a - MIN(a, b);
}

/*
 * It took so much more in the run "most", in waits of the run for itself, and the run did not take half of that longer,
 * beyond what its threads were held up: which process waits is a matter of turns (a pipe is empty, or it is full),
 * and the time was spent elsewhere before.
 */
static bool is_of_turns(const struct pace *most, const struct pace *other, uint64_t more_ns)
{
	uint64_t longer = above(most->wall_ns, other->wall_ns), held = above(most->held_ns, other->held_ns);

	return above(longer, held) < more_ns / 2;
}

static bool is_other(const struct pace paces[2], const struct hist *a, const struct hist *b)
{
	enum { LEAST = 20, MS = 1000000 };
	uint64_t ua = usual_ns(a), ub = usual_ns(b), more = MAX(ua, ub), less = MIN(ua, ub);
	const struct pace *most = &paces[ub > ua], *other = &paces[ub <= ua];
	/* of all: where the longest took less in turn, nothing was gained or lost */
	uint64_t all = ub > ua ? above(b->sum, a->sum) : above(a->sum, b->sum);

	if (all < (more - less) / 2 || all < 50 * MS)
		return false;
	if (above(most->own_ns, other->own_ns) >= (more - less) / 2 && is_of_turns(most, other, more - less))
		return false;
	if (a->n < LEAST || b->n < LEAST || !diff_is_no_chance(a, b))
		return false;
	/* also twice the time, and enough of it to be felt */
	return more / 2 >= less && more - less >= 50 * MS;
}

/*
 * One value in each run allows no test: only what takes twice the time and half a second more counts, and nothing that
 * depends on what else the machine does.  A wait lasts longer at most by what those were held up that end it: so much
 * is expected of the run whose threads were held up longer.  Sleeps and time on a CPU do not grow by it.  One wait for
 * a disk that others keep busy is no phase either, as the longest call is none.
 */
static void phase(struct diff_list *l, const struct pace paces[2], const struct budget_part *a,
		  const struct budget_part *b)
{
	enum { HALF_SECOND = 500000000 };
	const struct budget_part *most = a->ns > b->ns ? a : b;
	const struct pace *with = &paces[most == b], *other = &paces[most != b];
	enum spent what = most->what;
	uint64_t more = MAX(a->ns, b->ns), less = MIN(a->ns, b->ns), expected = less;
	struct difference *d;

	if (what == SPENT_QUEUE || what == SPENT_UNKNOWN)
		return;
	if (what != SPENT_CPU && what != SPENT_SLEEP)
		expected += above(with->held_ns, other->held_ns);
	if (what == SPENT_FILE)
		expected += with->disk_ns;
	if (more / 2 < expected || more - expected < HALF_SECOND)
		return;
	if (is_for_own(what) && is_of_turns(with, other, more - less))
		return;
	d = diff_put(l, DIFF_PHASE, most == b);
	d->spent = what;
	d->wait[0] = a->ns ? a->named[0].wait : NULL;
	d->wait[1] = b->ns ? b->named[0].wait : NULL;
	d->number[0] = a->ns;
	d->number[1] = b->ns;
}

/* They are looked at with --faults alone. */
static bool has_faults(const struct totals *t)
{
	return t->kernel && t->kernel->nfaults;
}

static void phases(struct diff_list *l, const struct totals *const runs[2], const struct pace paces[2])
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
			phase(l, paces, &budgets[0].parts[i], &budgets[1].parts[i]);
	free(budgets);
}

bool diff_has_times(const struct totals *const runs[2])
{
	enum { BACKENDS = START_PTRACE | START_BPF };
	uint32_t a = runs[0]->start_mode & BACKENDS, b = runs[1]->start_mode & BACKENDS;

	return !a || !b || a == b;
}

void diff_times(struct diff_list *l, const struct totals *const runs[2])
{
	const struct pace paces[2] = { pace_of(runs[0]), pace_of(runs[1]) };

	if (!diff_has_times(runs))
		return;
	phases(l, runs, paces);
	for (unsigned i = 0; i < runs[0]->calls.n; i++)
		for (unsigned k = 0; k < runs[1]->calls.n; k++) {
			const struct totals_call *a = runs[0]->calls.v[i], *b = runs[1]->calls.v[k];
			struct difference *d;

			if (a->spec != b->spec || a->nr != b->nr || a->arch != b->arch ||
			    !is_other(paces, &a->dur, &b->dur))
				continue;
			d = diff_put(l, DIFF_SLOWER, b->dur.sum > a->dur.sum);
			d->call[0] = a;
			d->call[1] = b;
		}
}
