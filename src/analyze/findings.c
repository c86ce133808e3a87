/* SPDX-License-Identifier: MIT */
#include "analyze/findings.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "analyze/share.h"
#include "analyze/totals.h"
#include "base/hash.h"

/* Thresholds; those that are shares are of the time of the run, in percent. */
enum {
	PEER_NS = 200000000,
	PEER_PERCENT = 50, /* or so much of the run, in waits however short */
	LOCK_NS = 100000000,
	LOCK_WAITERS = 2,
	FILE_NS = 100000000,
	LOOKUPS = 50,
	LOOKUPS_NS = 100000000,
	FAULTS_NS = 100000000,
	COST_PERCENT = 1, /* less is no finding, however often */
	TINY_CALLS = 1000,
	TINY_BYTES = 512,
	SLEEPS = 100,
	SLEEP_NS = 10000000,
	/* the machine is no cause within the program, and what else it does changes: only most of the run is */
	QUEUE_PERCENT = 50,
	QUEUE_NS = 100000000,
	LEAKED = 100,
	/* what has no cost in time is ranked as if it had this one */
	REFUSED_PERCENT = 20,
	LEAK_PERCENT = 10,
};

const char *finding_name(enum finding_rule rule)
{
	static const char *const names[_FINDINGS] = {
		[FINDING_STUCK] = "deadlock",
		[FINDING_REFUSED] = "connect", [FINDING_LEAK] = "unclosed",	  [FINDING_PEER] = "slow-peer",
		[FINDING_LOCK] = "lock",       [FINDING_SLOW_FILE] = "slow-call", [FINDING_LOOKUPS] = "lookups",
		[FINDING_TINY] = "tiny",       [FINDING_POLLING] = "sleep",	  [FINDING_QUEUE] = "queue",
		[FINDING_FAULTS] = "page-faults",
	};

	return names[rule];
}

/* A peer that was not reached, and its finding; hashed as bytes. */
struct peer_key {
	int err;
	struct addr peer;
};
struct of_peer {
	struct peer_key key;
	unsigned at;
	UT_hash_handle hh;
};

/* What the path that the end depended on went to. */
struct on_path {
	const struct totals_wait *wait;
	uint64_t ns;
	UT_hash_handle hh;
};

/* Findings as they are made. */
struct list {
	struct on_path *path;
	const struct totals *t;
	uint64_t all_ns; /* what costs are a share of */
	uint64_t queue_ns;
	struct finding *v;
	unsigned n, room, nstuck; /* nstuck: the first ones are deadlocks */
	struct of_peer *peers;
};

static void put(struct list *l, const struct finding *f)
{
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->v = xrealloc(l->v, l->room * sizeof(*l->v));
	}
	l->v[l->n] = *f;
	if (!f->rank_ns)
		l->v[l->n].rank_ns = f->cost_ns;
	l->n++;
}

static bool costs(const struct list *l, uint64_t ns)
{
	return ns >= percent_of(l->all_ns, COST_PERCENT);
}

/* The finding of that key; NULL: there is none, and the next one is it. */
static struct finding *of_key(struct list *l, const struct peer_key *key)
{
	struct of_peer *r;

	HASH_FIND(hh, l->peers, key, sizeof(*key), r);
	if (r)
		return &l->v[r->at];
	r = xcalloc(1, sizeof(*r));
	r->key = *key;
	r->at = l->n;
	HASH_ADD(hh, l->peers, key, sizeof(*key), r);
	return NULL;
}

/* ---- what was waited for ---- */

static void keep_on_path(void *ctx, const struct totals_wait *wait, uint64_t ns)
{
	struct list *l = ctx;
	struct on_path *r = xcalloc(1, sizeof(*r));

	r->wait = wait;
	r->ns = ns;
	HASH_ADD_PTR(l->path, wait, r);
}

static uint64_t at_most(const struct list *l, uint64_t ns)
{
	return MIN(ns, l->all_ns);
}

/*
 * Threads that wait at a time do not cost that more often than once: what the run's own path has of it, as in where the
 * time went; beside the path what one of them waited on average.
 */
static uint64_t cost_of(const struct list *l, const struct totals_wait *w)
{
	const struct on_path *r;

	if (w->nwaiters < 2)
		return at_most(l, w->ns);
	HASH_FIND_PTR(l->path, &w, r);
	return r && costs(l, r->ns) ? r->ns : at_most(l, w->ns / w->nwaiters);
}

/* ---- deadlocks ---- */

/* One of all threads is what the run ended in: first of all, whatever else it did before. */
static void of_stuck(struct list *l, const struct totals_proc *p)
{
	struct finding f = {.rule = FINDING_STUCK, .proc = p};

	if (!stuck_of(l->t, p, &f.stuck))
		return;
	f.cost_ns = at_most(l, f.stuck.ns);
	f.rank_ns = f.stuck.all ? UINT64_MAX : f.cost_ns;
	if (costs(l, f.cost_ns))
		put(l, &f);
	l->nstuck = l->n;
}

/* A lock of a deadlock is no second finding. */
static bool is_of_stuck(const struct list *l, const struct totals_wait *w)
{
	for (unsigned i = 0; i < l->nstuck; i++)
		for (unsigned k = 0; k < l->v[i].stuck.nthings; k++)
			if (l->v[i].stuck.things[k].wait == w)
				return true;
	return false;
}

/* ---- waits ---- */

/*
 * One wait was long, or, in many that each end after a time and begin anew, it is where the run's time went.  A server
 * waits so for its clients; a listener without clients is no slow peer.
 */
static bool is_slow_peer(const struct list *l, const struct totals_wait *w, uint64_t cost_ns)
{
	if (!w->conn || w->conn->state == CONN_LISTENING)
		return false;
	return w->longest_ns >= PEER_NS || (cost_ns >= PEER_NS && cost_ns >= percent_of(l->all_ns, PEER_PERCENT) &&
					    w->conn->state != CONN_ACCEPTED);
}

static void of_wait(struct list *l, const struct totals_wait *w)
{
	struct finding f = {.wait = w, .cost_ns = cost_of(l, w), .proc = totals_proc(l->t, w->proc)};
	/* who has it may be a process that is not traced, so that the one that waits is all there is to see */
	bool of_file = !w->addr && !w->semaphores && w->name.len;

	if (!costs(l, f.cost_ns))
		return;
	switch (w->what) {
	case SPENT_PEER:
		if (!is_slow_peer(l, w, f.cost_ns))
			return;
		f.rule = FINDING_PEER;
		break;
	case SPENT_LOCK:
		if (w->ns < LOCK_NS || w->nwaiters < (of_file ? 1 : LOCK_WAITERS) ||
		    ((w->addr || w->shared) && !w->held) || is_of_stuck(l, w))
			return;
		f.rule = FINDING_LOCK;
		break;
	case SPENT_FILE:
		if (w->longest_ns < FILE_NS || !w->name.len)
			return;
		f.rule = FINDING_SLOW_FILE;
		break;
	case SPENT_FAULT:
		if (w->ns < FAULTS_NS)
			return;
		f.rule = FINDING_FAULTS;
		break;
	case SPENT_SLEEP:
		if (w->n < SLEEPS || w->ns / w->n > SLEEP_NS)
			return;
		f.rule = FINDING_POLLING;
		break;
	default:
		return;
	}
	put(l, &f);
}

/* ---- files ---- */

static void of_lookups(struct list *l)
{
	uint64_t n = 0, ns = 0;

	for (unsigned i = 0; i < l->t->lookups.n; i++) {
		n += l->t->lookups.v[i]->count;
		ns += l->t->lookups.v[i]->ns;
	}
	if (n >= LOOKUPS && ns >= LOOKUPS_NS && costs(l, ns))
		put(l, &(struct finding){.rule = FINDING_LOOKUPS, .cost_ns = at_most(l, ns), .n = n});
}

static void of_file(struct list *l, const struct totals_file *f)
{
	uint64_t n = f->nreads + f->nwrites, nbytes = f->nread + f->nwritten;

	if (n >= TINY_CALLS && nbytes / n <= TINY_BYTES && costs(l, f->io_ns) &&
	    (f->kind == FILE_REG || f->kind == FILE_PIPE))
		put(l, &(struct finding){.rule = FINDING_TINY, .cost_ns = at_most(l, f->io_ns), .file = f, .n = n});
}

/* ---- what was not had, and not given back ---- */

static void of_conn(struct list *l, const struct totals_conn *c)
{
	/* a local service that is not there is how its clients find out that it is not used */
	bool wrong = c->state == CONN_FAILED && c->has_peer && c->peer.family != AF_UNIX;
	struct peer_key key;
	struct finding *f;

	if (!wrong)
		return;
	memset(&key, 0, sizeof(key));
	key.err = c->err;
	addr_key(&key.peer, &c->peer);
	f = of_key(l, &key);
	if (f) {
		f->n++;
		return;
	}
	put(l, &(struct finding){.rule = FINDING_REFUSED,
				 .conn = c,
				 .n = 1,
				 .proc = totals_proc(l->t, c->proc),
				 .rank_ns = percent_of(l->all_ns, REFUSED_PERCENT)});
}

static void of_proc(struct list *l, const struct totals_proc *p)
{
	if (p->unclosed >= LEAKED && p->unclosed * 2 >= p->made)
		put(l, &(struct finding){.rule = FINDING_LEAK,
					 .proc = p,
					 .n = p->unclosed,
					 .rank_ns = percent_of(l->all_ns, LEAK_PERCENT)});
}

/* ---- the CPU ---- */

static void of_queue(struct list *l)
{
	if (l->queue_ns >= QUEUE_NS && l->queue_ns >= percent_of(l->all_ns, QUEUE_PERCENT))
		put(l, &(struct finding){.rule = FINDING_QUEUE, .cost_ns = l->queue_ns});
}

static int by_rank(const void *pa, const void *pb)
{
	const struct finding *a = pa, *b = pb;

	if (a->rank_ns != b->rank_ns)
		return a->rank_ns < b->rank_ns ? 1 : -1;
	return a->rule != b->rule ? (int)a->rule - (int)b->rule : a->n < b->n ? 1 : a->n > b->n ? -1 : 0;
}

unsigned findings_of(const struct totals *t, struct finding **ret_v, uint64_t *ret_all_ns)
{
	const struct totals_proc *p = totals_proc(t, t->main_proc);
	struct list l = {.t = t, .all_ns = t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0};
	struct budget b;

	if (p && budget_of_run(t, p, &b, keep_on_path, &l)) {
		l.all_ns = b.all_ns;
		l.queue_ns = b.parts[SPENT_QUEUE].ns;
	}
	for (unsigned i = 0; i < t->procs.n; i++)
		of_stuck(&l, t->procs.v[i]);
	for (unsigned i = 0; i < t->conns.n; i++)
		of_conn(&l, t->conns.v[i]);
	for (unsigned i = 0; i < t->procs.n; i++)
		of_proc(&l, t->procs.v[i]);
	for (unsigned i = 0; i < t->waits.n; i++) {
		const struct totals_wait *w = wait_shown(t->waits.v[i]);

		if (w)
			of_wait(&l, w);
	}
	for (unsigned i = 0; i < t->files.n; i++)
		of_file(&l, t->files.v[i]);
	of_lookups(&l);
	of_queue(&l);
	HASH_FREE(l.peers);
	HASH_FREE(l.path);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_rank);
	*ret_v = l.v;
	*ret_all_ns = l.all_ns;
	return l.n;
}
