/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How a source hands over records: each is built in `rec` (record/build.h), finished and given to the session; those
 * that are made while the source is opened, when there is no receiver, wait in `early`.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "capture/source.h"

struct emitter {
	struct buf rec;			/* the record being built */
	struct buf early;		/* whole ones, for the first emitter_to() */
	source_emit_fn *emit;		/* NULL: there is no receiver yet */
	void *ctx;
	uint64_t nrecords;		/* emitted so far, the early ones among them */
};

void emitter_to(struct emitter *e, source_emit_fn *emit, void *ctx);	/* hands out the early ones; at each step */
void emitter_put(void *emitter);		/* finishes `rec` and emits it; in the form of a callback */
void emitter_pass(struct emitter *e, const struct record *r);	/* one that is finished; there is a receiver */
/* END, the last record.  main_pid: the command, or 0; status: how it ended, in wait form. */
void emitter_end(struct emitter *e, pid_t main_pid, int status, bool interrupted);
void emitter_done(struct emitter *e);
