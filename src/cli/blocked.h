/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is waited for now: a line where nothing else has been shown for two seconds, and the living line of --progress.
 *
 * Records of calls come when a call has ended, so /proc is asked, and a recording has nothing of it.  Runs on
 * the reader's thread.
 */
#include <stdbool.h>
#include <stdint.h>

struct blocked;
struct outputs;
struct totals;
struct world;

/* lines: where nothing else is shown; progress: --progress.  What is neither costs nothing.  All borrowed. */
struct blocked *blocked_new(const struct totals *totals, struct world *world, struct outputs *outputs, bool lines,
			    bool progress);
void blocked_event(struct blocked *b);			/* each: so that progress is seen where no tick comes */
void blocked_tick(struct blocked *b, uint64_t now_ns);	/* CLOCK_MONOTONIC: what ended earlier was handed over */
void blocked_free(struct blocked *b);			/* NULL is fine */
