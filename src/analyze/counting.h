/* SPDX-License-Identifier: MIT */
#pragma once
/* What -c counts by, and in which order: tables of analyze/table.h. */
#include "analyze/table.h"
#include "analyze/totals.h"
#include "base/buf.h"

/*
 * Time on a CPU of calls that stopped is known where it is more than 1/PART of what their stops took, and of all but
 * 1/MISSED of them.
 */
enum { COUNTING_CPU_PART = 2, COUNTING_CPU_MISSED = 10 };

bool counting_cpu_missed(const struct totals_call *c);	/* more than 1/MISSED of them did not stop, others did */

/* "call", "process", "file", "peer", "errno"; NULL: nothing else */
const struct table_def *counting_by(const char *what);
enum group_by counting_group(const struct table_def *def);	/* what has to be summed for it */
/* The table that says more of the same: bytes of files, how processes ended, which calls failed so. */
const struct table_def *counting_detail(const struct table_def *def);
int counting_column(const struct table_def *def, const char *word);	/* by its title or name; -1: there is none */
/* The words that counting_column() takes, as in "calls, errors, total". */
void counting_columns(struct buf *b, const struct table_def *def);
/* Appends the one that a mistyped word is nearest to; false: none is near enough. */
bool counting_nearest(struct buf *b, const struct table_def *def, const char *word);
/* column -1: as usual, by time.  words: of cells that are no numbers. */
typedef void counting_words(struct buf *b, enum cell_type type, const struct cell *v, bool brief);
void counting_sort(struct table *t, int column, counting_words *words);
