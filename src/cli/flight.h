/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * --last: the newest part of a trace is kept, and written with the other files when it is asked for: by SIGUSR1, by an
 * event that --dump-when chooses, and when the program fails.  The files but the recording are made of the recording
 * then.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/options.h"
#include "sink/sink.h"

struct chooser;
struct diag;
struct event;
struct outputs;
struct totals;

typedef int flight_run_fn(const struct options *opt, int *ret_signal, struct diag *diag);	/* session_run() */

struct flight {
	const struct options *opt;
	struct options live, later;	/* what the run itself writes; what is made of what it wrote */
	struct recording_options recording;
	const struct totals *totals;
	flight_run_fn *run;
	struct chooser *when;		/* --dump-when; NULL: none */
	uint64_t nchosen;
	const char *asked;		/* who wants it, not yet done: set and looked at by the reader's thread */
	_Atomic bool signalled;		/* likewise, by the main thread */
	struct buf last_words;		/* printed when all is done */
	uint64_t dumped_ns;		/* CLOCK_MONOTONIC, 0: never */
	bool failed;			/* something that was asked for was not written, or not all of it */
};

/*
 * opt->last_*: else nothing is done by any of these.  totals: with no event yet, their tables will be short.  -errno
 * with diag: --dump-when cannot be read.
 */
int flight_open(struct flight *f, const struct options *opt, struct totals *totals, flight_run_fn *run,
		struct diag *diag);
const struct options *flight_options(const struct flight *f);	/* for the outputs of the run */
void flight_choose(struct flight *f, const struct event *ev);	/* with --dump-when */
static inline void flight_event(struct flight *f, const struct event *ev)
{
	if (f->when)
		flight_choose(f, ev);
}
void flight_ask(void *flight);					/* SIGUSR1 came; any thread */
void flight_answer(struct flight *f, struct outputs *outputs);	/* to what flight_look() found */
/* Between two records, and at every tick. */
static inline void flight_look(struct flight *f, struct outputs *outputs)
{
	if (f->asked || atomic_load(&f->signalled))
		flight_answer(f, outputs);
}
/* The trace has ended, before its outputs do: a program that failed is a reason. */
void flight_end(struct flight *f, struct outputs *outputs);
void flight_close(struct flight *f);
