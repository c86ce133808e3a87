/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A difference in words, the same for text, JSON and the page: safe to show, with style marks (sink/out.h).  brief:
 * a command line is cut in the middle, and of a long value there is only where the two part.
 */
#include "analyze/diff.h"

struct buf;

const char *diff_name(enum diff_kind kind);	/* in data: "ended" */
const char *diff_title(enum diff_kind heading);	/* "Ended in another way, …" */
void diff_what(struct buf *b, const struct difference *d, bool brief);	/* the path, command, peer… */
/* What it was in that run; nothing where the run has nothing of the kind. */
void diff_value(struct buf *b, const struct difference *d, unsigned side, bool brief);
/* "cat opens /etc/a in the first run, /etc/b in the second, after 12.3ms" */
void diff_first_words(struct buf *b, const struct diff_first *first);
void diff_program(struct buf *b, const struct totals_proc *p);	/* its file's name alone: "cat" */
void diff_why(struct buf *b, const struct difference *d);	/* lines: why the process failed; or nothing */
void diff_strip(struct buf *b);	/* of style marks, which are for terminals; lines stay */
bool diff_is_of_one(const struct difference *d);	/* of a kind that is in one run only; d->side says in which */
const char *diff_backend(const struct totals *run);	/* "ptrace", "bpf"; NULL: not recorded */
const char *diff_not_name(unsigned not);	/* of one of NOT_*: "limits"; NULL: there is none */
