/* SPDX-License-Identifier: MIT */
/* Budgets: where the time of a thread, of a process and of the run went, in parts that sum to the whole. */
#include <stdlib.h>
#include <string.h>

#include "analyze/critical.h"
#include "analyze/share.h"
#include "analyze/spent.h"
#include "analyze/totals.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/macro.h"

enum {
	DEPTH_MAX = 64,	  /* of children of children that are followed */
	THREADS_MAX = 64, /* of a process that are looked at for who woke one */
};

/* A sum of what one row, or process, took; of a peer the first row. */
struct share {
	const void *of, *first;
	uint64_t ns;
	UT_hash_handle hh;
};
struct walk {
	const struct totals *t;
	unsigned follow, depth;
	const struct totals_task *on_way[DEPTH_MAX + 1]; /* whose wait for the next one is walked */
	struct budget *b;
	struct arena arena;
	struct share *shares[_SPENT], *last[_SPENT]; /* by what they are of, in the order they came in; the last */
	struct critical *path;			     /* NULL: it is not kept */
	budget_each *each;			     /* NULL: not asked for */
	void *ctx;
	struct critical_row *on;		     /* of it, the process that is walked */
};

static void add(struct walk *w, enum spent what, const void *of, uint64_t ns)
{
	struct share *s = w->last[what];

	w->b->parts[what].ns += ns;
	if (w->on)
		w->on->ns += ns, w->on->parts[what].ns += ns;
	if (!of || !ns)
		return;
	if (w->on && what != SPENT_CPU && what != SPENT_QUEUE)
		critical_waited(w->path, w->on, what, of, ns);
	if (!s || s->of != of) /* the same as before, most often */
		HASH_FIND_PTR(w->shares[what], &of, s);
	if (!s) {
		s = arena_alloc(&w->arena, sizeof(*s));
		s->of = of;
		HASH_ADD_PTR(w->shares[what], of, s);
	}
	s->ns += ns;
	w->last[what] = s;
}

static const struct totals_task *row(const struct totals *t, uint32_t at)
{
	return at ? t->tasks.v[at - 1] : NULL;
}

static const struct totals_task *first_task(const struct totals *t, uint32_t proc)
{
	const struct totals_proc *p = totals_proc(t, proc);

	return p ? row(t, p->first_task) : NULL;
}

static uint64_t end_of(const struct totals *t, const struct totals_task *task)
{
	return task->end_ns ? task->end_ns : MAX(t->end_ns, task->start_ns);
}

/* n of the thread's short waits of that kind. */
static void spread_small(struct walk *w, const struct totals_task *task, enum spent what, uint64_t n)
{
	const struct small_waits *of = what == SPENT_PEER  ? &task->small_peer :
				       what == SPENT_FAULT ? &task->small_fault :
							     NULL;
	uint64_t most = of && task->small[what] ? part_of(n, of->ns, task->small[what]) : 0;

	if (most)
		add(w, what, of->of, most);
	add(w, what, NULL, n - most);
}

/* What is no span is, as in the thread's whole life, on a CPU, in short waits, in a run queue, or not explained. */
static void spread(struct walk *w, const struct totals_task *task, uint64_t rest)
{
	uint64_t life = end_of(w->t, task) - task->start_ns, outside = life - MIN(life, task->all_ns);
	uint64_t run = task->has_usage ? MIN(task->run_ns, outside) : 0, left = rest, n = part_of(rest, run, outside);

	add(w, SPENT_CPU, totals_proc(w->t, task->proc), n);
	left -= n;
	for (unsigned i = 0; i < _SPENT; i++) { /* short waits that were work are on the CPU already */
		n = MIN(part_of(rest, task->small[i], outside), left);
		spread_small(w, task, (enum spent)i, n);
		left -= n;
	}
	n = MIN(part_of(rest, task->delay_ns, outside), left);
	/* (of a run with one process it is clear whose) */
	add(w, SPENT_QUEUE, w->t->procs.n > 1 ? totals_proc(w->t, task->proc) : NULL, n);
	add(w, SPENT_UNKNOWN, NULL, left - n);
}

static void walk(struct walk *w, const struct totals_task *task, uint64_t from, uint64_t to);

static void stretch(struct walk *w, const struct totals_task *task, uint64_t from, uint64_t to)
{
	if (w->path)
		critical_stretch(w->path, task->id, from, to);
}

/* Where a wait that ends behind that moment stands, as binary search finds it; nspans: none does. */
static unsigned span_after(const struct totals_task *task, uint64_t ns)
{
	unsigned low = 0, high = task->nspans;

	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (task->spans[mid].end_ns <= ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* When the thread last did something up to that moment; 0: it was not there yet. */
static uint64_t last_ran(const struct totals *t, const struct totals_task *task, uint64_t ns)
{
	unsigned at = span_after(task, ns);
	uint64_t end = end_of(t, task);

	if (task->start_ns > ns)
		return 0;
	if (at < task->nspans && task->spans[at].start_ns < ns)
		return task->spans[at].start_ns;
	return MIN(end, ns);
}

/*
 * Who woke a thread that alone waits by a futex (for a result of a pool, for a queue): by the call, where it was seen
 * and what the thread did is known, else the other thread of the process that did something last, since it began to
 * wait.  A lock that several wait for is none of it.
 */
static const struct totals_task *likely_waker(const struct walk *w, const struct totals_task *task,
					      const struct span *s)
{
	const struct totals_proc *p = totals_proc(w->t, task->proc);
	const struct totals_task *found = NULL, *o = s->other ? spending_task(w->t, s->other) : NULL;
	uint64_t latest = s->start_ns;
	unsigned n = 0;

	if (!p || !s->wait->addr || s->wait->shared || s->wait->nwaiters != 1)
		return NULL;
	if (o && o != task && o->proc == task->proc && o->has_usage)
		return o;
	for (o = row(w->t, p->first_task); o && n < THREADS_MAX; o = row(w->t, o->next), n++) {
		uint64_t ran = o == task ? 0 : last_ran(w->t, o, s->end_ns);

		if (ran > latest) {
			latest = ran;
			found = o;
		} else if (ran == latest) { /* two of them run: it may have been either */
			found = NULL;
		}
	}
	return o ? NULL : found;
}

/*
 * Who has the other end of a pipe: the writer while it is empty, the reader while it is full.  Two that wait for each
 * other, as a server and its client do in turn, are not followed round.
 */
static const struct totals_task *other_end(const struct walk *w, const struct totals_task *task, const struct span *s)
{
	const struct totals_task *other = s->other ? first_task(w->t, s->other) : NULL;

	for (unsigned i = 0; other && i < w->depth; i++)
		if (w->on_way[i] == other)
			return NULL;
	return other != task ? other : NULL;
}

/* Who is waited for, where that is followed. */
static const struct totals_task *followed(const struct walk *w, const struct totals_task *task, const struct span *s)
{
	if (!s->wait || w->depth >= DEPTH_MAX)
		return NULL;
	if ((s->what == SPENT_LOCK || s->what == SPENT_WAKE) && w->follow & BUDGET_THREADS)
		return likely_waker(w, task, s);
	if (s->what == SPENT_PIPE)
		return w->follow & BUDGET_PIPES ? other_end(w, task, s) : NULL;
	if (!s->wait->target)
		return NULL;
	if (s->what == SPENT_THREAD && w->follow & BUDGET_THREADS)
		return spending_task(w->t, s->wait->target);
	if (s->what == SPENT_CHILD && w->follow & BUDGET_CHILDREN)
		return first_task(w->t, s->wait->target);
	return NULL;
}

/* at: up to where the path is kept; moved. */
static void span_time(struct walk *w, const struct totals_task *task, const struct span *s, uint64_t from, uint64_t to,
		      uint64_t *at)
{
	const struct totals_task *other = followed(w, task, s);
	uint64_t a = other && other != task ? MAX(from, other->start_ns) : to;
	uint64_t b = other ? MIN(to, end_of(w->t, other)) : to;

	if (a < b) {
		struct critical_row *on = w->on;

		stretch(w, task, *at, a);
		*at = b;
		w->on_way[w->depth++] = task;
		walk(w, other, a, b);
		w->depth--;
		w->on = on;
		add(w, span_what(s), s->wait, to - from - (b - a));
	} else {
		add(w, span_what(s), s->wait, to - from);
	}
}

/* Of that thread, the time from one moment to another of its life. */
static void walk(struct walk *w, const struct totals_task *task, uint64_t from, uint64_t to)
{
	uint64_t rest = to - from, at = from;
	const struct totals_proc *p = w->path ? totals_proc(w->t, task->proc) : NULL;

	w->on = p ? critical_row(w->path, p, from) : NULL;
	for (unsigned i = span_after(task, from); i < task->nspans && task->spans[i].start_ns < to; i++) {
		const struct span *s = &task->spans[i];
		uint64_t a = MAX(s->start_ns, from), b = MIN(s->end_ns, to);

		if (a < b) {
			rest -= b - a;
			span_time(w, task, s, a, b, &at);
		}
	}
	stretch(w, task, at, to);
	spread(w, task, rest);
}

/* Those with most time, of equal ones the first that came in; how many there are.  A run of files has thousands. */
static unsigned most_of(const struct share *all, const struct share *ret[SPENT_NAMED])
{
	unsigned n = 0;

	for (const struct share *s = all; s; s = s->hh.next) {
		unsigned k = n < SPENT_NAMED ? n++ : SPENT_NAMED;

		if (k == SPENT_NAMED && s->ns > ret[k - 1]->ns)
			k--;
		else if (k == SPENT_NAMED)
			continue;
		for (; k && ret[k - 1]->ns < s->ns; k--)
			ret[k] = ret[k - 1];
		ret[k] = s;
	}
	return n;
}

/* Connections to one peer are one thing. */
static void join_peers(struct walk *w)
{
	struct share *s, *next, *sum, *sums = NULL;

	HASH_ITER(hh, w->shares[SPENT_PEER], s, next)
	{
		const struct totals_wait *wait = s->of;
		const void *of = wait->whole ? wait->whole : wait;

		HASH_DEL(w->shares[SPENT_PEER], s);
		HASH_FIND_PTR(sums, &of, sum);
		if (sum) {
			sum->ns += s->ns;
			continue;
		}
		s->of = of;
		s->first = wait;
		HASH_ADD_PTR(sums, of, s);
	}
	w->shares[SPENT_PEER] = sums;
}

/* How many are known of all together: of a process, where no other one had any. */
static unsigned nconns(const struct walk *w, const struct totals_wait *peer)
{
	return peer->several && !(w->follow & BUDGET_CHILDREN) ? 0 : peer->nconns;
}

static void name_parts(struct walk *w)
{
	join_peers(w);
	for (unsigned i = 0; i < _SPENT; i++) {
		const struct share *named[SPENT_NAMED];
		unsigned n = most_of(w->shares[i], named);

		w->b->parts[i].what = (enum spent)i;
		for (const struct share *s = w->shares[i]; s && w->each && i != SPENT_CPU && i != SPENT_QUEUE;
		     s = s->hh.next)
			w->each(w->ctx, s->of, s->ns);
		for (unsigned k = 0; k < n; k++) {
			const struct share *s = named[k];

			w->b->parts[i].named[k].ns = s->ns;
			if (i == SPENT_CPU || i == SPENT_QUEUE)
				w->b->parts[i].named[k].proc = s->of;
			else
				w->b->parts[i].named[k].wait = s->first ? s->first : s->of;
			if (i == SPENT_PEER)
				w->b->parts[i].named[k].nconns = nconns(w, s->of);
			if (i == SPENT_CHILD)
				w->b->parts[i].named[k].proc = ((const struct totals_wait *)s->of)->target_proc;
		}
		HASH_CLEAR(hh, w->shares[i]);
	}
	w->b->parts[SPENT_UNKNOWN].no_stops = w->t->start_mode & START_BPF;
	arena_done(&w->arena);
}

bool budget_of_task(const struct totals *t, const struct totals_task *task, struct budget *ret)
{
	struct walk w = {.t = t, .b = ret};
	uint64_t end = end_of(t, task);

	*ret = (struct budget){.all_ns = end - task->start_ns};
	walk(&w, task, task->start_ns, end);
	name_parts(&w);
	return true;
}

static bool of_proc(struct walk *w, const struct totals_proc *p)
{
	const struct totals *t = w->t;
	struct budget *ret = w->b;
	const struct totals_task *first = first_task(t, p->id), *last = first;
	uint64_t end = p->end_ns ? p->end_ns : t->end_ns, own;

	*ret = (struct budget){0};
	if (!first)
		return false;
	end = MAX(end, first->start_ns);
	own = MIN(end_of(t, first), end);
	ret->all_ns = end - first->start_ns;
	walk(w, first, first->start_ns, own);
	for (const struct totals_task *o = first; own < end && o;
	     o = row(t, o->next)) /* threads that outlive the first */
		if (end_of(t, o) > end_of(t, last))
			last = o;
	if (own < end && last != first && last->start_ns <= own && end_of(t, last) >= end)
		walk(w, last, own, end);
	else
		add(w, SPENT_UNKNOWN, NULL, end - own);
	name_parts(w);
	return true;
}

bool budget_of_proc(const struct totals *t, const struct totals_proc *p, unsigned follow, struct budget *ret)
{
	return of_proc(&(struct walk){.t = t, .b = ret, .follow = follow}, p);
}

bool budget_of_run(const struct totals *t, const struct totals_proc *p, struct budget *ret, budget_each *each,
		   void *ctx)
{
	struct walk w = {.t = t, .b = ret, .follow = BUDGET_THREADS | BUDGET_CHILDREN, .each = each, .ctx = ctx};

	return of_proc(&w, p);
}

struct critical *critical_path(const struct totals *t)
{
	const struct totals_proc *p = totals_proc(t, t->main_proc);
	struct budget b;
	struct walk w = {.t = t, .b = &b, .follow = BUDGET_THREADS | BUDGET_CHILDREN | BUDGET_PIPES};

	/* of several that were there before, or of what was chosen alone, there is no path */
	if (!p || t->start_mode & START_SYSTEM || t->nrows)
		return NULL;
	w.path = critical_new();
	if (!of_proc(&w, p) || b.parts[SPENT_UNKNOWN].ns == b.all_ns) {
		critical_free(w.path);
		return NULL;
	}
	critical_name(w.path);
	w.path->all_ns = b.all_ns;
	return w.path;
}
