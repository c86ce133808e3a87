/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is different between two runs, most important first.  Processes are matched by role: the command line, that of
 * the parent, and the how manieth it is of those; files, programs and peers by name.  What differs between equal runs
 * does not count: docs/diff.md has the rules.
 */
#include <stdbool.h>
#include <stdint.h>

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
	DIFF_RESULT,		/* a path: file[] where it was opened, else lookup[] why not */
	DIFF_MISSED,		/* lookup[side]: looked for in vain in one only */
	DIFF_READ,		/* file[side]: read in one only */
	DIFF_WRITTEN,		/* file[side]: written in one only */
	DIFF_BYTES,		/* file[0], file[1]: another number of bytes read or written */
	DIFF_PEER,		/* conn[]: NULL: a peer of the other only; else with another outcome */
	DIFF_SLOWER,		/* call[0], call[1]: its calls take another time, and it is not chance */
	_DIFFS
};

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
};

/*
 * All of them; returns how many.  noise: also in what the noise filter hides; without, *ret_hidden is how many these
 * are.  *ret_v: to be freed; refers to the totals.
 */
unsigned diff_of(const struct totals *const runs[2], bool noise, struct difference **ret_v, uint64_t *ret_hidden);

/*
 * Under which heading it stands: its kind, but for what ran in one only and failed, which is among what ended in
 * another way.  Those of one heading follow each other.
 */
enum diff_kind diff_heading(const struct difference *d);

/* A name without what differs from run to run: numbers, temporary names. */
struct buf;
void diff_normal(struct buf *b, const char *s, uint32_t len);
