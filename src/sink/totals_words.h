/* SPDX-License-Identifier: MIT */
#pragma once
/* Totals in words, as the summary of the terminal and of the report have them. */
#include "analyze/totals.h"

struct buf;

/* A sum of memory: "132.0 KB", "8.5 MB (24 regions)", "7.6 MB (4.6 MB when attached, +3.0 MB)". */
enum totals_memory { MEMORY_HEAP, MEMORY_MMAP, MEMORY_TOTAL };
void totals_memory(struct buf *b, const struct totals *t, enum totals_memory what);
/* "12.3 MB (cc1, the highest of one process)" */
void totals_resident(struct buf *b, const struct totals *t);
/* its path, "\"\"", "(name not readable)"; as it is, like: */
void totals_lookup_name(struct buf *b, const struct totals_lookup *l);
/* "/d/final (was tmp)", as it is: to be made safe before it is shown. */
void totals_file_name(struct buf *b, const struct totals_file *f);
/* A command line as one would type it, safe to show, cut after about max bytes. */
void argv_format(struct buf *b, const struct bytes *argv, unsigned argc, uint64_t all, size_t max);
/* what was traced: that, or "pid 12 (a), pid 13 (b)", "everything" */
void totals_command(struct buf *b, const struct totals *t);
void totals_proc_command(struct buf *b, const struct totals_proc *p);	/* its last command line, else "[comm]" */
/*
 * The same without the program's folder, in so many columns: where it is cut, the program's name and that of the file
 * it is about stay.
 */
void totals_proc_command_within(struct buf *b, const struct totals_proc *p, size_t columns);
/*
 * What was left out, the i-th sentence, safe to show and empty where there is none; false: there are no more.  filter:
 * the one of now (struct sink_options), or NULL.
 */
bool totals_choice_format(struct buf *b, const struct totals *t, const char *filter, unsigned i);
void totals_note_format(struct buf *b, const struct totals_note *n);	/* a sentence, safe to show */
