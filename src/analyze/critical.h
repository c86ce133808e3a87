/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The critical path: the chain of processes and waits that the end of the run depended on.  It follows from the run's
 * budget (spent.h): while the first process waits for a child or a thread, the path is in that one.
 */
#include <stdbool.h>
#include <stdint.h>

#include "analyze/spent.h"

/* From one moment to another the path was in that thread; in order, without gaps but at the ends. */
struct critical_stretch { uint32_t task; uint64_t start_ns, end_ns; };

/* A process that the path was in. */
struct critical_row {
	const struct totals_proc *proc;
	uint64_t first_ns, ns;			/* when it was there first; how long in all */
	struct budget_part parts[_SPENT];	/* what it did there, they sum to ns; named: once the path is whole */
};

struct critical {
	uint64_t all_ns;
	struct critical_row **rows; unsigned nrows;		/* in the order in which the path came to them */
	struct critical_stretch *stretches; unsigned nstretches;
	struct critical_index *index;				/* private */
};

void critical_free(struct critical *c);		/* NULL: nothing to do */

/* ---- for critical_path() of spent.h, which walks it ---- */
struct critical *critical_new(void);
struct critical_row *critical_row(struct critical *c, const struct totals_proc *p, uint64_t now_ns);
/* Of it went to that thing, as parts[what] has it; of a peer the sum over its connections. */
void critical_waited(struct critical *c, struct critical_row *r, enum spent what, const struct totals_wait *of,
		     uint64_t ns);
void critical_name(struct critical *c);		/* the path is whole */
void critical_stretch(struct critical *c, uint32_t task, uint64_t start_ns, uint64_t end_ns);
