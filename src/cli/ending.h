/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What signals to compendium mean for the trace: docs/architecture.md, "Ending".  They are passed on to the command as
 * if compendium were not there, or end the tracing.  Looked at between two steps of the source, by its thread.
 */
#include <signal.h>
#include <stdint.h>

#include "cli/signals.h"

struct record;
struct source;

struct ending {
	struct source *source;		/* borrowed */
	struct signals signals;
	void (*dump)(void *ctx);
	void *dump_ctx;			/* SIGUSR1 is for us, and asks for this; NULL: it is passed on */
	uint64_t seen_ns[NSIG];		/* when the command was last seen to get a signal */
};

/* each record of the source: a signal that the command gets */
void ending_note(struct ending *e, const struct record *r);
void ending_look(struct ending *e);				/* passes on, lets go or stops what came since */
