/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is different between two runs, most important first.  Processes are matched by role: the command line, that of
 * the parent, and the how manieth it is of those; files, programs and peers by name.  What differs between equal runs
 * does not count: docs/diff.md has the rules.
 */
#include <stdbool.h>
#include <stdint.h>

#include "analyze/spent.h"
#include "model/model.h"

struct totals;
struct totals_call;
struct totals_conn;
struct totals_ending;
struct totals_file;
struct totals_lookup;
struct totals_proc;

enum diff_kind {
	DIFF_ENDED,		/* proc[0], proc[1] ended differently; ending: of the one that failed */
	DIFF_RAN,		/* proc[side] ran in one only; n: how many like it */
	DIFF_STARTED,		/* fact: known of both; proc[]: of these, NULL: as the command began */
	DIFF_ARGS,		/* proc[0], proc[1]: the same program with other arguments */
	DIFF_ENV,		/* name: a variable; proc[]: the first that have it so, n: how many */
	DIFF_RESULT,		/* a path: file[] where it was opened, else lookup[] why not */
	DIFF_MISSED,		/* lookup[side]: looked for in vain in one only */
	DIFF_READ,		/* file[side]: read in one only */
	DIFF_WRITTEN,		/* file[side]: written in one only */
	DIFF_BYTES,		/* file[0], file[1]: another number of bytes read or written */
	DIFF_PEER,		/* conn[]: NULL: a peer of the other only; else with another outcome */
	DIFF_SLOWER,		/* call[0], call[1]: its calls take another time, and it is not chance */
	DIFF_PHASE,		/* spent, number[]: so many ns of the run; wait[]: most of it, NULL not known */
	_DIFFS
};

enum diff_fact {
	FACT_HOST, FACT_KERNEL, FACT_CPUS,	/* text; text; number */
	FACT_UID, FACT_EUID, FACT_GID, FACT_EGID, FACT_UMASK,
	FACT_SOFT_LIMIT, FACT_HARD_LIMIT,	/* limit: which one */
	FACT_CWD,				/* text */
};

/* What a recording does not have, so that it is not compared. */
enum { NOT_ENV = 1 << 0, NOT_OWNER = 1 << 1, NOT_LIMITS = 1 << 2, NOT_HOST = 1 << 3 };

struct difference {
	enum diff_kind kind;
	unsigned side;				/* 0: the first run, 1: the second */
	unsigned seq;				/* of those of equal weight the order in which they were found */
	uint64_t n;
	const struct totals_ending *ending;
	const struct totals_proc *proc[2];
	const struct totals_lookup *lookup[2];
	const struct totals_file *file[2];
	const struct totals_conn *conn[2];
	const struct totals_call *call[2];
	enum diff_fact fact;
	unsigned limit;				/* RLIMIT_* */
	enum spent spent;
	const struct totals_wait *wait[2];
	struct bytes name;
	bool has[2];				/* a variable that is not set has none */
	struct bytes text[2];
	uint64_t number[2];
};

/*
 * All of them; returns how many.  noise: also in what the noise filter hides; without, *ret_hidden is how many these
 * are.  *ret_v: to be freed; refers to the totals.
 */
unsigned diff_of(const struct totals *const runs[2], bool noise, struct difference **ret_v, uint64_t *ret_hidden);

/*
 * Of n rows the earliest in time, of those that happened at a time that is known; ns: since that run began.  proc: who
 * it was, NULL not known; other: what the same program did instead in the other run, NULL: nothing.  false: there is
 * none.
 */
struct diff_first { const struct difference *d, *other; uint64_t ns; const struct totals_proc *proc; };
bool diff_find_first(const struct totals *const runs[2], const struct difference *v, unsigned n,
		     struct diff_first *ret);

/*
 * Under which heading it stands: its kind, but for what ran in one only and failed, which is among what ended in
 * another way.  Those of one heading follow each other.
 */
enum diff_kind diff_heading(const struct difference *d);

unsigned diff_not_recorded(const struct totals *run);	/* NOT_* */
/*
 * Whether durations of the two can be compared: a call that ptrace stops at takes microseconds longer than one that BPF
 * looks at.  Of an older recording the backend is not known, and then they are.
 */
bool diff_has_times(const struct totals *const runs[2]);

/* A name without what differs from run to run: numbers, temporary names. */
struct buf;
void diff_normal(struct buf *b, const char *s, uint32_t len);
