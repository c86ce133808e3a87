/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which events are shown, counted and exported: -e, --filter and its short forms.  The filter means what it means in
 * the page's box (report/src/engine/filter.ts): it looks at the fields of rows (row/row.h), at what the event is about
 * (sink/object.h) and at the arguments as the report has them.
 */
#include <stdbool.h>
#include <stdint.h>

#include "filter/query.h"

struct buf;
struct callset;
struct diag;
struct event;
struct totals;

/* What an option has added to the filter: errors name it, and point into what was typed for it. */
struct chooser_part {
	const char *option;	/* as it is typed: "--only", "-e fd=" */
	const char *typed;	/* borrowed; NULL: nothing was typed for it */
	size_t at, inside;	/* where in the filter what it added begins, and what was typed for it */
};

struct chooser_wish {
	const char *filter;	     /* NULL or empty: none */
	const struct chooser_part *parts; /* in the order of the filter; none: it is called "filter" */
	unsigned nparts;
	const struct callset *calls; /* -e; NULL: all.  Borrowed */
	const char *calls_text;
	uint64_t signals_hidden; /* a bit a number, from 0: signals that are not shown (-e signal=) */
};

struct chooser;
/* *ret is NULL when nothing was wished.  -EINVAL with diag: what is wrong, and where. */
int chooser_new(const struct chooser_wish *wish, const struct totals *totals, struct chooser **ret, struct diag *diag);
void chooser_free(struct chooser *c);

/* Each event once, in order: is it chosen?  What has no row (start, end, releases) always is; losses are, too. */
bool chooser_event(struct chooser *c, const struct event *ev);

/* Calls that may be chosen; of these, those that were named: they have lines whatever they do. */
const struct callset *chooser_may(const struct chooser *c);
const struct callset *chooser_named(const struct chooser *c);
/* May the end of a process or a thread be chosen, whatever call led to it? */
bool chooser_may_end(const struct chooser *c);
/* What a capture may leave out of them; NULL: nothing that it could see. */
const struct screen *chooser_screen(const struct chooser *c);
/* It names files or texts: what is otherwise hidden as noise is meant, too. */
bool chooser_names_objects(const struct chooser *c);

/* What was asked for, as a text: "-e open --filter err:any".  And how many rows came, and how many were chosen. */
void chooser_text(struct buf *b, const struct chooser *c);
void chooser_counts(const struct chooser *c, uint64_t *ret_chosen, uint64_t *ret_all);

/*
 * Runs through the words that a field knows (type, cat, op, is, err, noise, role), each at least once; stops, true,
 * when each() says so.  The page has the same ones, from report/words.txt (tools/filter-words.c).
 */
typedef bool chooser_word(void *ctx, const char *word);
bool chooser_each_word(enum query_field f, chooser_word *each, void *ctx);
