/* SPDX-License-Identifier: MIT */
/* Which tables the summary has, and how many rows of each: all, or what one screen has room for. */
#include <stdlib.h>

#include "analyze/table.h"
#include "base/macro.h"
#include "sink/summary.h"

enum { ROWS_BRIEF = 3, SPARE_MAX = 6 };

/* rows: of one that is no answer, at most; those whose spare is up to `without` are left out */
struct extent { unsigned rows, without; };

static bool is_left_out(const struct table_def *def, struct extent e) { return def->spare && def->spare <= e.without; }

static struct table *table_of(const struct summary_sink *s, const struct table_def *def, struct extent e)
{
	unsigned most = def->form == FORM_TREE ? TREE_MAX : ROWS_MAX;

	return table_new(def, s->t, s->opt->all, def->answers ? def->answers : MIN(most, e.rows));
}

static unsigned lines_of(const struct table *t, unsigned rows)
{
	unsigned shown = MIN(t->nrows, rows);

	return (t->def->form != FORM_TITLES) + shown + !!t->others + (shown < t->nall);
}

/* All of them, with the line that names those left out. */
static unsigned lines_of_all(struct table *const *all, struct extent e)
{
	unsigned n = 0, left_out = 0;

	for (unsigned i = 0; i < table_nlist; i++)
		if (all[i] && is_left_out(table_list[i], e))
			left_out = 1;
		else if (all[i])
			n += lines_of(all[i], e.rows);
	return n + left_out;
}

/*
 * What is hidden as noise goes first, as the line of the filter counts it; then long tables become short, those that
 * can be spared go, and what is left becomes as short as can be.
 */
static bool shrink(struct extent *e)
{
	if (!e->without)
		e->without = 1;
	else if (e->rows > ROWS_BRIEF)
		e->rows--;
	else if (e->without < SPARE_MAX)
		e->without++;
	else if (e->rows > 1)
		e->rows--;
	else
		return false;
	return true;
}

static void name_left_out(struct summary_sink *s, struct table *const *all, struct extent e)
{
	unsigned n = 0;

	for (unsigned i = 0; i < table_nlist; i++)
		if (all[i] && is_left_out(table_list[i], e)) {
			buf_puts(&s->b, n++ ? ", " : " Left out to fit the screen: ");
			buf_puts(&s->b, table_list[i]->title);
		}
	if (n) {
		buf_puts(&s->b, " (shown without -q)");
		summary_line(s);
	}
}

static void write_all(struct summary_sink *s, struct table *const *all, struct extent e)
{
	for (unsigned i = 0; i < table_nlist; i++) {
		struct table *t = all[i] && !is_left_out(table_list[i], e) ? table_of(s, table_list[i], e) : NULL;

		if (t)
			summary_table(s, t);
		table_free(t);
	}
	name_left_out(s, all, e);
}

/* As a terminal shows them: it continues a wide line below, and how wide one is is known when it is written. */
static unsigned rows_of_all(struct summary_sink *s, struct table *const *all, struct extent e)
{
	unsigned before = s->lines, rows;

	s->counts_only = true;
	write_all(s, all, e);
	s->counts_only = false;
	rows = s->lines - before;
	s->lines = before;
	return rows;
}

/* By what is known without writing them, then by what they take. */
static struct extent extent_of(struct summary_sink *s, struct table *const *all, unsigned lines)
{
	struct extent e = { .rows = TREE_MAX };

	while (lines && lines_of_all(all, e) > lines && shrink(&e))
		;
	while (lines && rows_of_all(s, all, e) > lines && shrink(&e))
		;
	return e;
}

void summary_answers(struct summary_sink *s)
{
	for (unsigned i = 0; i < table_nlist; i++) {
		struct table *t = table_list[i]->answers ? table_of(s, table_list[i], (struct extent){ 0 }) : NULL;

		if (t)
			summary_table(s, t);
		table_free(t);
	}
}

void summary_again(struct summary_sink *s)
{
	struct table *t = NULL;

	if (!s->opt->height || s->lines + SCREEN_TAKEN <= s->opt->height)
		return;
	for (unsigned i = 0; i < table_nlist && !t; i++)
		t = table_list[i]->again ? table_new(table_list[i], s->t, s->opt->all, 1) : NULL;
	s->again = true;
	if (t) {
		summary_rule(s);
		summary_table(s, t);
	}
	s->again = false;
	table_free(t);
}

void summary_tables(struct summary_sink *s, unsigned lines)
{
	const struct extent full = { .rows = TREE_MAX };
	struct table **all = xcalloc(table_nlist, sizeof(struct table *));
	struct extent e;

	for (unsigned i = 0; i < table_nlist; i++)
		all[i] = table_list[i]->answers ? NULL : table_of(s, table_list[i], full);
	e = extent_of(s, all, lines);
	write_all(s, all, e);
	for (unsigned i = 0; i < table_nlist; i++)
		table_free(all[i]);
	free(all);
}
