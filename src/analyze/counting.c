/* SPDX-License-Identifier: MIT */
/* The table of -c: how often each call was made, how often it failed, and how long it took. */
#include <stdlib.h>
#include <string.h>

#include "abi/spec.h"
#include "analyze/cells.h"
#include "analyze/counting.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "filter/callset.h"

enum { CALLS, ERRORS, TOTAL, CPU, SHARE, MIN_, AVG, P50, P95, P99, MAX_, CALL, NEVER, RUNNING, _COLUMNS };
static const struct table_column columns[_COLUMNS] = {
	[CALLS] = { "calls", NULL, "calls", CELL_COUNT, IN_COLUMN, 9, 0 },
	[ERRORS] = { "errors", NULL, "errors", CELL_COUNT, IN_COLUMN, 7, 1 },
	[TOTAL] = { "total", NULL, "total_ns", CELL_NS, IN_COLUMN, 7, 1 },
	[CPU] = { "on CPU", NULL, "cpu_ns", CELL_NS, IN_COLUMN, 7, 1, 5 },
	[SHARE] = { "of wall", NULL, "share", CELL_SHARE, IN_COLUMN, 7, 1 },
	[MIN_] = { "min", NULL, "min_ns", CELL_NS, IN_COLUMN, 7, 1, 3 },
	[AVG] = { "average", NULL, "average_ns", CELL_NS, IN_COLUMN, 7, 1 },
	[P50] = { "p50", NULL, "p50_ns", CELL_NS, IN_COLUMN, 7, 1, 4 },
	[P95] = { "p95", NULL, "p95_ns", CELL_NS, IN_COLUMN, 7, 1, 1 },
	[P99] = { "p99", NULL, "p99_ns", CELL_NS, IN_COLUMN, 7, 1, 2 },
	[MAX_] = { "max", NULL, "max_ns", CELL_NS, IN_COLUMN, 7, 1 },
	[CALL] = { "call", NULL, "call", CELL_CALL, IN_COLUMN, 0, 2 },
	[NEVER] = { "never returned", NULL, "never_returned", CELL_COUNT, IN_NOTE, 0, 0 },
	[RUNNING] = { "still under way", NULL, "running", CELL_COUNT, IN_NOTE, 0, 0 },
};

static struct cell time_of(const struct hist *h, uint64_t ns) { return (struct cell){ .set = h->n != 0, .n = ns }; }

/*
 * What stops took is known to some hundred ns a call.  Below half of it nothing is known, nor where some calls did not
 * stop.
 */
static struct cell cpu_of(const struct totals_call *c)
{
	uint64_t known = c->ncpu + c->never + c->running;

	if (c->has_cpu || !c->ncpu)
		return (struct cell){ .set = c->has_cpu, .n = c->cpu_ns };
	if (known + known / COUNTING_CPU_MISSED < c->count ||
	    c->cpu_ns <= c->stops_ns + c->stops_ns / COUNTING_CPU_PART)
		return (struct cell){ 0 };
	return (struct cell){ .set = true, .n = c->cpu_ns - c->stops_ns };
}

static void fill_call(struct cell *cells, const struct totals_call *c, uint64_t wall_ns)
{
	cells[CALLS] = number(c->count);
	cells[ERRORS] = number_if(c->errors);
	cells[TOTAL] = time_of(&c->dur, c->dur.sum);
	cells[CPU] = cpu_of(c);
	if (c->dur.n)
		cells[SHARE] = share_of(c->dur.sum, wall_ns);
	cells[MIN_] = time_of(&c->dur, c->dur.min);
	cells[AVG] = time_of(&c->dur, c->dur.n ? c->dur.sum / c->dur.n : 0);
	cells[P50] = quantile(&c->dur, 0.5);
	cells[P95] = quantile(&c->dur, 0.95);
	cells[P99] = quantile(&c->dur, 0.99);
	cells[MAX_] = time_of(&c->dur, c->dur.max);
	cells[CALL] = (struct cell){ .set = true, .call = c };
	cells[NEVER] = number_if(c->never);
	cells[RUNNING] = number_if(c->running);
}

static void fill(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	uint64_t wall_ns = totals->end_ns > totals->start_ns ? totals->end_ns - totals->start_ns : 0;
	struct table_row *row;

	t->absent = 1u << CPU;
	for (unsigned i = 0; i < totals->calls.n; i++) {
		t->nall++;
		if (totals->calls.v[i]->has_cpu || totals->calls.v[i]->ncpu)
			t->absent = 0;
		row = table_add(t);
		if (row)
			fill_call(row->cells, totals->calls.v[i], wall_ns);
	}
}

static const struct table_def by_call = {
	.title = "Calls", .name = "calls", .columns = columns, .ncolumns = _COLUMNS, .fill = fill, .form = FORM_HEADED,
};

static const struct table_def *listed(const char *name)
{
	for (unsigned i = 0; i < table_nlist; i++)
		if (!strcmp(table_list[i]->name, name))
			return table_list[i];
	return NULL;
}

const struct table_def *counting_by(const char *what)
{
	static const struct { const char *what, *table; } by[] = {
		{ "process", "processes" }, { "file", "top_files" }, { "peer", "connections" }, { "errno", "errors" },
	};

	if (!strcmp(what, "call"))
		return &by_call;
	for (unsigned i = 0; i < ARRAY_SIZE(by); i++)
		if (!strcmp(by[i].what, what))
			return listed(by[i].table);
	return NULL;
}

/* "total" is the column "total_ns". */
static bool is_called(const struct table_column *c, const char *word)
{
	size_t n = strlen(word);

	return !strcmp(c->title, word) || (!strncmp(c->name, word, n) && (!c->name[n] || !strcmp(c->name + n, "_ns") ||
									  !strcmp(c->name + n, "_bytes")));
}

/* strace's names of what -S sorts by (src/strace.c). */
static const char *from_strace(const char *word)
{
	static const struct { const char *strace, *column; } names[] = {
		{ "time", "total" }, { "time-percent", "total" }, { "time-total", "total" }, { "total-time", "total" },
		{ "min-time", "min" }, { "time-min", "min" }, { "shortest", "min" }, { "max-time", "max" }, { "time-max", "max" },
		{ "longest", "max" }, { "avg-time", "average" }, { "time-avg", "average" }, { "avg", "average" }, { "count", "calls" },
		{ "error", "errors" }, { "name", "call" }, { "syscall", "call" }, { "syscall-name", "call" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i].strace, word))
			return names[i].column;
	return word;
}

int counting_column(const struct table_def *def, const char *word)
{
	if (def->form == FORM_HEADED)
		word = from_strace(word);
	for (unsigned i = 0; i < def->ncolumns; i++)
		if (is_called(&def->columns[i], word))
			return (int)i;
	return -1;
}

void counting_columns(struct buf *b, const struct table_def *def)
{
	for (unsigned i = 0; i < def->ncolumns; i++) {
		const struct table_column *c = &def->columns[i];
		const char *unit = strstr(c->name, "_ns");

		if (c->place != IN_COLUMN && c->place != IN_REST)
			continue;
		unit = unit ? unit : strstr(c->name, "_bytes");
		buf_puts(b, b->len ? ", " : "");
		buf_add(b, c->name, unit ? (size_t)(unit - c->name) : strlen(c->name));
	}
}

/* ---- the order of the rows ---- */

/* A row and what it is sorted by: the words of its cell, or its number. */
struct keyed { struct table_row row; const struct cell *cell; struct buf words; unsigned at; };

/* Numbers from the largest, words from a; what has no value comes last, and equal ones stay as they were. */
static int compare(const void *pa, const void *pb)
{
	const struct keyed *a = pa, *b = pb;
	int words;

	if (a->cell->set != b->cell->set)
		return b->cell->set - a->cell->set;
	words = a->words.s && b->words.s ? strcmp(a->words.s, b->words.s) : 0;
	if (words)
		return words;
	if (a->cell->set && !a->words.s && a->cell->n != b->cell->n)
		return a->cell->n < b->cell->n ? 1 : -1;
	return a->at < b->at ? -1 : 1;
}

void counting_sort(struct table *t, int column, counting_words *words)
{
	struct keyed *v;
	enum cell_type type;

	if (column < 0 || t->absent >> column & 1)
		column = counting_column(t->def, "total");
	if (column < 0 || t->def->form == FORM_TREE)
		return;
	type = t->def->columns[column].type;
	v = xcalloc(t->nrows + 1, sizeof(*v));
	for (unsigned i = 0; i < t->nrows; i++) {
		v[i] = (struct keyed){ .row = t->rows[i], .cell = &t->rows[i].cells[column], .at = i };
		if (v[i].cell->set && !table_is_number(type))
			words(&v[i].words, type, v[i].cell, true);
	}
	qsort(v, t->nrows, sizeof(*v), compare);
	for (unsigned i = 0; i < t->nrows; i++) {
		t->rows[i] = v[i].row;
		buf_done(&v[i].words);
	}
	free(v);
}
