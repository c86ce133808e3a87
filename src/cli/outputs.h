/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a run writes: the terminal, and any number of files.  One table of rows (outputs.c) says for each kind how it is
 * opened, what makes its sink, what has to be captured for it, and in which order they finish.
 *
 * All files are opened before the command runs, private and without changing what stands in them (base/outfile.h); two
 * outputs in one file are refused.  An output whose run did not begin is removed.  A write that fails ends that output
 * alone, and is reported once, at the end.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chooser;
struct diag;
struct event;
struct options;
struct outputs;
struct record;
struct totals;

/* What a backend must copy although the text does not show it. */
enum { WANTS_CALLS = 1 << 0, WANTS_PAYLOAD = 1 << 1, WANTS_ENV = 1 << 2,
       WANTS_LINKS = 1 << 3 /* names of files as /proc has them, symbolic links resolved */ };
unsigned outputs_wants(const struct options *opt);	/* WANTS_*, of all outputs together */

/* Messages of what went well, or of what is missing: one line each. */
typedef void (*outputs_say)(void *ctx, const struct diag *diag);

/*
 * opt, totals and chooser (NULL: nothing was chosen): borrowed; totals are fed by the caller, before each event is
 * handed over.  -errno with diag.
 */
struct world;
struct recording_options;
int outputs_open(const struct options *opt, const struct recording_options *recording, struct world *world,
		 const struct totals *totals, const struct chooser *chooser,
		 outputs_say say, void *ctx, struct outputs **ret_outputs, struct diag *diag);
void outputs_event(struct outputs *o, const struct event *ev);
void outputs_record(struct outputs *o, const struct record *r);
/* Whether records stay where they are until the next outputs_settle(), from here on; else only during the call. */
void outputs_lend(struct outputs *o, bool lent);
void outputs_settle(struct outputs *o);
/* What the recording of --last keeps: sink/recording.h. */
struct dumped;
bool outputs_dump(struct outputs *o, bool goes_on, struct dumped *ret, struct diag *diag);
void outputs_tick(struct outputs *o, uint64_t now_ns);	/* CLOCK_MONOTONIC: nothing that ended earlier will follow */
/* CLOCK_MONOTONIC: of the last line that was written, or the start of the trace. */
uint64_t outputs_last_line(const struct outputs *o);
/* A line of what goes on: in a terminal until the next line comes, elsewhere to stay. */
struct task;
void outputs_note(struct outputs *o, uint64_t now_ns, const struct task *task, const char *s, size_t n);
void outputs_progress(struct outputs *o, const char *s, size_t n);	/* likewise, in a terminal alone */
void outputs_clear(struct outputs *o);		/* takes it away, before a message */
/*
 * Everything is written and closed, in the order of the rows' stages.  false: something that an option asked for could
 * not be written, or not all of it.
 */
bool outputs_finish(struct outputs *o, outputs_say say, void *ctx);
/* Without outputs_finish() before: nothing was traced, and what was made for it is removed.  NULL is fine. */
void outputs_free(struct outputs *o);
