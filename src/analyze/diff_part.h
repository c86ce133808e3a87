/* SPDX-License-Identifier: MIT */
#pragma once
/* The inside of a comparison: each file finds its kinds of difference and appends them to the list. */
#include <stdbool.h>
#include <stdint.h>

#include "analyze/diff.h"
#include "base/hash.h"

struct hist;

/* A name that a run made up, between two slashes: what of it was. */
struct diff_made { const char *name; uint32_t from, n; UT_hash_handle hh; };

/* What names of a run have that those of another, equal one do not: numbers of processes, names that were made up. */
struct diff_names { uint8_t *pids; struct diff_made *made; };

struct diff_list {
	struct difference *v;
	unsigned n, room;
	struct diff_names names[2];	/* of each run */
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

/* Letters and digits in the parts that a reader sees: "My", "Lock", "File", "2". */
struct diff_parts {
	unsigned n;
	unsigned numbers;	/* of digits, but for one at the end, which is a version */
	unsigned shortest;	/* of letters */
	bool both_cases;	/* a capital within a part's letters or behind small ones */
};
struct diff_parts diff_parts_of(const char *s, uint32_t len);

/*
 * Letters and digits that a program made up, at least six, and not words: they go from one case to the other, or from
 * letters to digits, every two or three characters (KcDiLV, 5f3a1c).  A number behind a word (python3) makes no such.
 */
enum { DIFF_MADE_UP_LEAST = 6 };
bool diff_is_made_up(const char *s, uint32_t len);
/*
 * Finds names that both runs made up in the same place, each its own: files and folders that a run made and removed
 * again, wherever they were, and the first name below /tmp and its like.  Equal up to an end of letters and digits, in
 * which they have hardly any in common, and which is no word (diff_is_made_up()) of one of them at least.
 */
void diff_learn(const struct totals *const runs[2], struct diff_names names[2]);
void diff_names_free(struct diff_names *names);

/* How long the folder is that temporary names are made in, where one begins here; 0: none does. */
uint32_t diff_temporary_folder(const char *s, uint32_t len);
bool diff_is_between(char c);	/* what a name ends before, in an argument or a path */

/* A name without what is temporary in it, with numbers: and without these.  names NULL: none were made up. */
struct buf;
void diff_temporary(struct buf *b, const struct diff_names *names, const char *s, uint32_t len, bool numbers);

/* Its command line likewise. */
void diff_add_command(struct buf *b, const struct diff_names *names, const struct totals_proc *p, bool numbers);

/* A bit for each number that a process or thread of the run had, in those of Linux; to be freed. */
enum { DIFF_PID_MAX = 1 << 22 };
uint8_t *diff_pids(const struct totals *t);

/*
 * Without what is temporary and, of its numbers, without those that differ from run to run: of processes of that run,
 * and long ones (inodes, times); with dates: also all numbers in a component of eight digits or more.
 */
void diff_exactly(struct buf *to, const struct diff_names *names, const char *s, uint32_t len, bool dates);
void diff_path(struct buf *b, const struct diff_names *names, const char *s, uint32_t len);	/* a file's name */

/*
 * Mann and Whitney's test on the classes of the two histograms, in its normal approximation with ties: is the sum of
 * ranks five standard deviations or more from where chance has it?
 */
bool diff_is_no_chance(const struct hist *a, const struct hist *b);
