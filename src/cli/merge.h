/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One stream of records out of several sources: that of the trace, and sides that run beside it (page faults, waits for
 * a CPU), each on a thread of its own and through a ring of its own, merged by time on the reader's thread.
 *
 *   source (the caller's thread) → ring ─┐
 *   side (its thread)            → ring ─┴→ reader's thread: ops->record, ops->tick
 *
 * The threads are made before the command is, so that it never runs without them, and wait at a gate.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

struct diag;
struct record;
struct ring;
struct source;

/* Called on the reader's thread alone. */
struct merge_ops {
	void (*record)(void *ctx, const struct record *r);	/* r: see merge_lends() */
	void (*settle)(void *ctx);	/* records that were handed on will not stay where they are; or NULL */
	/* Now and then: nothing that was made before now_ns (CLOCK_MONOTONIC) will follow. */
	void (*tick)(void *ctx, uint64_t now_ns);
};

struct merge_gate { sem_t go; bool called_off; };
struct merge_side { struct source *source; struct ring *ring; pthread_t thread; struct merge_gate *gate; };

struct merge {
	const struct merge_ops *ops;
	void *ctx;
	struct source *source;		/* from merge_start() on; borrowed */
	bool unseen;
	struct ring *ring;
	pthread_t reader;
	struct merge_gate gate;
	struct merge_side **sides;
	unsigned nsides;
};

/* Makes the reader's thread.  -errno with diag; merge_done() either way. */
int merge_open(struct merge *m, const struct merge_ops *ops, void *ctx, struct diag *diag);
/* A side, which is the merge's from here on: it is freed also when this fails.  Before merge_start(). */
int merge_add(struct merge *m, struct source *side, struct diag *diag);
/* Opens the gate.  unseen: what comes is not shown or written as it comes, and is handed on four times a second. */
void merge_start(struct merge *m, struct source *source, bool unseen);
/* Records stay where they are until the next settle, and lie one behind the other; else only during the call. */
static inline bool merge_lends(const struct merge *m) { return !m->nsides; }
void merge_push(struct merge *m, const struct record *r);	/* of the source; waits while the ring is full */
/* after the source's last record: returns when all has been handed on */
void merge_finish(struct merge *m);
/* Ends the threads, also those that were never started; frees the sides.  Not opened is fine. */
void merge_done(struct merge *m);
