/* SPDX-License-Identifier: MIT */
#include "cli/merge.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/macro.h"
#include "capture/source.h"
#include "record/made.h"
#include "record/record.h"
#include "record/ring.h"

enum {
	RING_BYTES = 8 << 20,
	SIDE_RING_BYTES = 4 << 20,
	SIDE_NAP_NS = 1000000,
	SIDE_GRACE_NS = 20000000,
	TICK_NS = 50000000,		/* live lines appear at least this often */
	POLL_NS = 20000000,		/* where few records come: a person sees no difference */
	UNSEEN_NS = 250000000,		/* both, where nothing is shown before the end */
	IDLE_NS = 1000000000,
};

/* Whoever kept a pointer to what was handed on is asked to let go of it first. */
static void release(struct merge *m, struct ring *ring)
{
	if (m->ops->settle)
		m->ops->settle(m->ctx);
	ring_release(ring);
}

static void hand_on(struct merge *m, struct ring *ring, const struct record *r)
{
	m->ops->record(m->ctx, r);
	if (ring_pop(ring))
		release(m, ring);
}

/* What the sides made before ns, in order; first waits until they are that far. */
static void feed_sides(struct merge *m, uint64_t ns)
{
	const struct timespec nap = { 0, SIDE_NAP_NS };
	const struct record *r;

	for (unsigned i = 0; i < m->nsides; i++) {
		struct merge_side *side = m->sides[i];

		for (;;) {
			bool settled = atomic_load_explicit(&side->source->settled_ns, memory_order_acquire) >= ns ||
				       ring_done(side->ring);

			while ((r = ring_peek(side->ring)) && record_made_ns(r) <= ns)
				hand_on(m, side->ring, r);
			if (settled || r)
				break;
			nanosleep(&nap, NULL);
		}
	}
}

static bool pass(struct merge_gate *g)
{
	while (sem_wait(&g->go) < 0)
		;
	return !g->called_off;
}

static void *reader(void *ctx)
{
	struct merge *m = ctx;
	const struct record *r;
	uint64_t ticked = 0, busy = 0, tick_ns, poll_ns;

	if (!pass(&m->gate))
		return NULL;
	tick_ns = m->unseen ? UNSEEN_NS : TICK_NS;
	poll_ns = m->unseen ? UNSEEN_NS : POLL_NS;
	while (!ring_done(m->ring)) {
		/*
		 * In this order: with the source waiting after `now` and the ring empty after that, nothing earlier can
		 * come.
		 */
		uint64_t now = clock_ns();
		bool waiting = atomic_load_explicit(&m->source->waiting, memory_order_acquire);
		uint64_t settled = atomic_load_explicit(&m->source->settled_ns, memory_order_acquire);
		unsigned n = 0;

		while ((r = ring_peek(m->ring))) {
			if (m->nsides)
				/* nothing is read after the end: those that were held up on their way may still come */
				feed_sides(m, record_made_ns(r) + (r->kind == RECORD_END ? SIDE_GRACE_NS : 0));
			hand_on(m, m->ring, r);
			n++;
		}
		if (n) {
			release(m, m->ring);
			busy = now;
		}
		if (n || ring_done(m->ring))
			continue;
		if (!waiting && settled)
			now = settled;
		if ((waiting || settled) && now >= ticked + tick_ns) {
			if (m->nsides)
				feed_sides(m, now);
			m->ops->tick(m->ctx, now);
			ticked = now;
		}
		/* once everything is shown only a record (which wakes us) makes a difference */
		ring_wait(m->ring, now - busy < IDLE_NS ? tick_ns : IDLE_NS, poll_ns);
	}
	return NULL;
}

/* ---- the sides ---- */

static void to_side(void *ctx, const struct record *r) { ring_push(((struct merge_side *)ctx)->ring, r); }

static void *run_side(void *ctx)
{
	struct merge_side *side = ctx;

	if (!pass(side->gate))
		return NULL;
	while (side->source->ops->step(side->source, to_side, side) != 0)
		;
	ring_close(side->ring);
	return NULL;
}

static void stop_sides(struct merge *m)
{
	for (unsigned i = 0; i < m->nsides; i++) {
		m->sides[i]->source->ops->stop(m->sides[i]->source, false);
		if (m->sides[i]->thread)
			pthread_join(m->sides[i]->thread, NULL);
		m->sides[i]->thread = 0;
	}
}

static void side_free(struct merge_side *side)
{
	side->source->ops->free(side->source);
	ring_free(side->ring);
	free(side);
}

/* ---- opening and closing ---- */

static int start_thread(pthread_t *ret_thread, void *(*run)(void *), void *ctx, struct diag *diag)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);	/* signals are the main thread's business */
	rc = pthread_create(ret_thread, NULL, run, ctx);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!rc)
		return 0;
	*ret_thread = 0;
	/* clone(2): the one EINVAL that flags of a thread can have; only a fork may leave the pid namespace */
	if (rc == EINVAL)
		return diag_set(diag, 125, rc,
				"cannot start a thread: new processes go into another pid namespace, and a thread "
				"cannot (unshare -p without -f); "
				"start compendium inside it: unshare -p -f compendium ...");
	return diag_set(diag, 125, rc,
			"cannot start a thread: %s; is the number of processes limited (ulimit -u, a container's pids "
			"limit)?",
			strerror(rc));
}

int merge_open(struct merge *m, const struct merge_ops *ops, void *ctx, struct diag *diag)
{
	*m = (struct merge){ .ops = ops, .ctx = ctx, .ring = ring_new(RING_BYTES) };
	if (!m->ring)
		return diag_set(diag, 125, ENOMEM, "cannot reserve %d MB of memory for the trace", RING_BYTES >> 20);
	sem_init(&m->gate.go, 0, 0);
	return start_thread(&m->reader, reader, m, diag);
}

int merge_add(struct merge *m, struct source *source, struct diag *diag)
{
	struct merge_side *side = xcalloc(1, sizeof(*side));
	int rc;

	*side = (struct merge_side){ .source = source, .ring = ring_new(SIDE_RING_BYTES), .gate = &m->gate };
	rc = side->ring ? start_thread(&side->thread, run_side, side, diag)
	     : diag_set(diag, 125, ENOMEM, "cannot reserve memory for the additional sources");
	if (rc < 0) {
		side_free(side);
		return rc;
	}
	m->sides = xrealloc(m->sides, (m->nsides + 1) * sizeof(struct merge_side *));
	m->sides[m->nsides++] = side;
	return 0;
}

/* Lets the threads that wait begin, or end when nothing is traced. */
static void open_gate(struct merge *m, bool call_off)
{
	m->gate.called_off = call_off;
	for (unsigned i = 0; i < m->nsides + (m->reader != 0); i++)
		sem_post(&m->gate.go);
}

void merge_start(struct merge *m, struct source *source, bool unseen)
{
	m->source = source;
	m->unseen = unseen;
	open_gate(m, false);
}

void merge_push(struct merge *m, const struct record *r) { ring_push(m->ring, r); }

void merge_finish(struct merge *m)
{
	ring_close(m->ring);
	pthread_join(m->reader, NULL);
	m->reader = 0;
	stop_sides(m);
}

void merge_done(struct merge *m)
{
	if (m->reader) {
		open_gate(m, true);
		pthread_join(m->reader, NULL);
	}
	stop_sides(m);
	for (unsigned i = 0; i < m->nsides; i++)
		side_free(m->sides[i]);
	free(m->sides);
	ring_free(m->ring);
	*m = (struct merge){ 0 };
}
