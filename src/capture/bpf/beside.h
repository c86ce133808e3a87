/* SPDX-License-Identifier: MIT */
#pragma once
/* Work for a thread of its own, where one can be had, and else for whoever waits for it. */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct beside { void (*work)(void *ctx); void *ctx; pthread_t thread; bool alone, begun; };

static inline void *beside_run(void *arg)
{
	struct beside *b = arg;

	b->work(b->ctx);
	return NULL;
}

/* b stays where it is until beside_end(). */
static inline void beside_begin(struct beside *b, void (*work)(void *ctx), void *ctx)
{
	*b = (struct beside){ .work = work, .ctx = ctx, .begun = true };
	b->alone = pthread_create(&b->thread, NULL, beside_run, b) == 0;
}

/* Returns when the work is done; not begun, or ended already: at once. */
static inline void beside_end(struct beside *b)
{
	if (!b->begun)
		return;
	if (b->alone)
		pthread_join(b->thread, NULL);
	else
		b->work(b->ctx);
	b->begun = false;
}
