/* SPDX-License-Identifier: MIT */
#pragma once
/* The inside of a comparison: each file finds its kinds of difference and appends them to the list. */
#include <stdbool.h>
#include <stdint.h>

#include "analyze/diff.h"

struct hist;

struct diff_list {
	struct difference *v;
	unsigned n, room;
	uint8_t *pids[2];	/* of each run: diff_pids() */
	bool noise;		/* else what the noise filter hides is only counted: */
	uint64_t nhidden;
};

struct difference *diff_put(struct diff_list *l, enum diff_kind kind, unsigned side);
bool diff_is_hidden(struct diff_list *l, uint8_t noise);	/* enum noise_class; counts it where it is */

void diff_processes(struct diff_list *l, const struct totals *const runs[2]);
void diff_started(struct diff_list *l, const struct totals *const runs[2]);
/* partner: for each row of totals.procs of the first run that of the second + 1; 0: none */
void diff_programs(struct diff_list *l, const struct totals *const runs[2], const unsigned *partner);
void diff_files(struct diff_list *l, const struct totals *const runs[2]);
void diff_peers(struct diff_list *l, const struct totals *const runs[2]);
void diff_times(struct diff_list *l, const struct totals *const runs[2]);

/*
 * Letters and digits that a program made up, at least six, and not words: they go from one case to the other, or from
 * letters to digits, every two or three characters (KcDiLV, 5f3a1c).  A number behind a word (python3) makes no such.
 */
bool diff_is_made_up(const char *s, uint32_t len);

/* A name without what is temporary in it; numbers stay. */
struct buf;
void diff_temporary(struct buf *b, const char *s, uint32_t len);

/* A bit for each number that a process or thread of the run had, in those of Linux; to be freed. */
enum { DIFF_PID_MAX = 1 << 22 };
uint8_t *diff_pids(const struct totals *t);

/*
 * Without what is temporary and, of its numbers, without those that differ from run to run: of processes of that run,
 * and long ones (inodes, times); with dates: also all numbers in a component of eight digits or more.
 */
void diff_exactly(struct buf *to, const uint8_t *pids, const char *s, uint32_t len, bool dates);
void diff_path(struct buf *b, const uint8_t *pids, const char *s, uint32_t len);	/* a file's name */

/*
 * Mann and Whitney's test on the classes of the two histograms, in its normal approximation with ties: is the sum of
 * ranks five standard deviations or more from where chance has it?
 */
bool diff_is_no_chance(const struct hist *a, const struct hist *b);
