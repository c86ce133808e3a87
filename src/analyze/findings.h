/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Findings: what of a run is worth a look, most costly first.  Each is made by a rule of the table in findings.c, whose
 * thresholds docs/summary.md has.
 */
#include <stdint.h>

#include "analyze/stuck.h"

struct totals;
struct totals_conn;
struct totals_file;
struct totals_proc;
struct totals_wait;

enum finding_rule {
	FINDING_STUCK,		/* proc, stuck: its threads waited for each other until the end */
	FINDING_REFUSED,	/* conn, n: attempts to connect to that peer that failed */
	FINDING_LEAK,		/* proc: its descriptors */
	FINDING_PEER,		/* wait */
	FINDING_LOCK,		/* wait: a lock that several threads wait for */
	FINDING_SLOW_FILE,	/* wait: a file on which one call took long */
	FINDING_LOOKUPS,	/* n lookups in vain, that took cost_ns */
	FINDING_TINY,		/* file: read or written in many tiny calls */
	FINDING_POLLING,	/* wait: many short sleeps */
	FINDING_QUEUE,		/* proc: threads could have run, and no CPU was free */
	FINDING_FAULTS,		/* wait: a mapped file, or memory, in whose page faults threads slept */
	_FINDINGS
};
const char *finding_name(enum finding_rule rule);	/* "slow-peer" */

struct finding {
	enum finding_rule rule;
	uint64_t cost_ns;			/* time that it cost, 0: not known */
	uint64_t rank_ns;			/* by which it is ranked: that, or what one like it is worth a look */
	const struct totals_proc *proc;		/* whose; NULL: of several */
	const struct totals_wait *wait;
	const struct totals_conn *conn;
	const struct totals_file *file;
	uint64_t n;
	struct stuck stuck;
};

/* All of them, most important first; returns how many.  *ret_v: to be freed; *ret_all_ns: what costs are a share of. */
unsigned findings_of(const struct totals *t, struct finding **ret_v, uint64_t *ret_all_ns);
