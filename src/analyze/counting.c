/* SPDX-License-Identifier: MIT */
/* The table of -c: how often each call was made, how often it failed, and how long it took. */
#include <stdlib.h>
#include <string.h>

#include "abi/spec.h"
#include "analyze/cells.h"
#include "analyze/counting.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "base/nearest.h"
#include "filter/callset.h"

/* What is counted of each; behind it who or what it is, and at the end what belongs to some of the rows. */
enum { CALLS, ERRORS, TOTAL, CPU, SHARE, MIN_, AVG, P50, P95, P99, MAX_, WHAT };
#define COUNTED										\
	[CALLS] = { "calls", NULL, "calls", CELL_COUNT, IN_COLUMN, 9, 0 },		\
	[ERRORS] = { "errors", NULL, "errors", CELL_COUNT, IN_COLUMN, 7, 1 },		\
	[TOTAL] = { "total", NULL, "total_ns", CELL_NS, IN_COLUMN, 7, 1 },		\
	[CPU] = { "on CPU", NULL, "cpu_ns", CELL_NS, IN_COLUMN, 7, 1, 5 },		\
	[SHARE] = { "of wall", NULL, "share", CELL_SHARE, IN_COLUMN, 7, 1 },		\
	[MIN_] = { "min", NULL, "min_ns", CELL_NS, IN_COLUMN, 7, 1, 3 },		\
	[AVG] = { "average", NULL, "average_ns", CELL_NS, IN_COLUMN, 7, 1 },		\
	[P50] = { "p50", NULL, "p50_ns", CELL_NS, IN_COLUMN, 7, 1, 4 },		\
	[P95] = { "p95", NULL, "p95_ns", CELL_NS, IN_COLUMN, 7, 1, 1 },		\
	[P99] = { "p99", NULL, "p99_ns", CELL_NS, IN_COLUMN, 7, 1, 2 },		\
	[MAX_] = { "max", NULL, "max_ns", CELL_NS, IN_COLUMN, 7, 1 }
#define NOTES										\
	{ "never returned", NULL, "never_returned", CELL_COUNT, IN_NOTE, 0, 0 },	\
	{ "still under way", NULL, "running", CELL_COUNT, IN_NOTE, 0, 0 }
enum { NOTES_COLUMNS = 2 };

static const struct table_column of_calls[] = {
	COUNTED, { "call", NULL, "call", CELL_CALL, IN_COLUMN, 0, 2 }, NOTES
};
static const struct table_column of_processes[] = {
	COUNTED, { "process", NULL, "pid", CELL_PID, IN_COLUMN, 8, 1 },
	{ "command", NULL, "command", CELL_COMMAND, IN_COLUMN, 0, 2 }, NOTES
};
static const struct table_column of_files[] = { COUNTED, { "file", NULL, "path", CELL_FILE, IN_COLUMN, 0, 2 }, NOTES };
static const struct table_column of_peers[] = { COUNTED, { "peer", NULL, "peer", CELL_PEER, IN_COLUMN, 0, 2 }, NOTES };
static const struct table_column of_errors[] = {
	COUNTED, { "error", NULL, "error", CELL_ERROR, IN_COLUMN, 0, 2 },
	{ "meaning", NULL, "meaning", CELL_ERROR_TEXT, IN_COLUMN, 0, 2 }, NOTES
};

static struct cell time_of(const struct hist *h, uint64_t ns) { return (struct cell){ .set = h->n != 0, .n = ns }; }

bool counting_cpu_missed(const struct totals_call *c)
{
	uint64_t known = c->ncpu + c->never + c->running;

	return !c->has_cpu && c->ncpu && known + known / COUNTING_CPU_MISSED < c->count;
}

/*
 * What stops took is known to some hundred ns a call.  Below half of it nothing is known, nor where some calls did not
 * stop.
 */
static struct cell cpu_of(const struct totals_call *c)
{
	if (c->has_cpu || !c->ncpu)
		return (struct cell){ .set = c->has_cpu, .n = c->cpu_ns };
	if (!c->stops_ns && !counting_cpu_missed(c))
		return (struct cell){ .set = true, .n = c->cpu_ns };
	if (counting_cpu_missed(c) || c->cpu_ns <= c->stops_ns + c->stops_ns / COUNTING_CPU_PART)
		return (struct cell){ 0 };
	return (struct cell){ .set = true, .n = c->cpu_ns - c->stops_ns };
}

static void fill_counted(const struct table_def *def, struct cell *cells, const struct totals_call *c, uint64_t wall_ns)
{
	struct cell *notes = cells + def->ncolumns - NOTES_COLUMNS;

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
	notes[0] = number_if(c->never);
	notes[1] = number_if(c->running);
}

/* The cells of one more row that has a place; NULL: there is none left. */
static struct cell *counted(struct table *t, const struct totals *totals, const struct totals_call *c)
{
	uint64_t wall_ns = totals->end_ns > totals->start_ns ? totals->end_ns - totals->start_ns : 0;
	struct table_row *row = table_add(t);

	t->nall++;
	if (c->has_cpu || c->ncpu)
		t->absent = 0;
	if (row)
		fill_counted(t->def, row->cells, c, wall_ns);
	return row ? row->cells : NULL;
}

static void fill_calls(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	struct cell *cells;

	t->absent = 1u << CPU;
	for (unsigned i = 0; i < totals->calls.n; i++) {
		cells = counted(t, totals, totals->calls.v[i]);
		if (cells)
			cells[WHAT] = (struct cell){ .set = true, .call = totals->calls.v[i] };
	}
}

static void name_group(struct cell *what, enum cell_type type, const struct totals_group *g)
{
	switch (type) {
	case CELL_PID:
		what[0] = pid_of(g->proc);
		what[1] = (struct cell){ .set = true, .proc = g->proc };
		break;
	case CELL_FILE:
		what[0] = (struct cell){ .set = true, .file = &g->file };
		break;
	case CELL_PEER:
		what[0] = (struct cell){ .set = true, .group = g };
		break;
	default:
		what[0] = what[1] = number((uint64_t)g->err);
	}
}

static void fill_groups(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	struct cell *cells;

	t->absent = 1u << CPU;
	for (unsigned i = 0; i < totals->groups.n; i++) {
		cells = counted(t, totals, &totals->groups.v[i]->sums);
		if (cells)
			name_group(cells + WHAT, t->def->columns[WHAT].type, totals->groups.v[i]);
	}
	if (totals->groups.others.sums.count) {
		t->limit = MIN(totals->rows_max, (unsigned)TOTALS_GROUPS);
		t->others = xcalloc(t->def->ncolumns, sizeof(*t->others));
		fill_counted(t->def, t->others, &totals->groups.others.sums, 0);
	}
}

/* what: as --by has it; detail: the table that says more of the same. */
static const struct counting {
	const char *what, *detail;
	enum group_by by;
	struct table_def def;
} countings[] = {
#define COUNTING(what_, detail_, by_, name_, columns_, fill_)						\
	{ what_, detail_, by_, { .name = name_, .columns = columns_, .ncolumns = ARRAY_SIZE(columns_),	\
	  .fill = fill_, .form = FORM_HEADED } }
	COUNTING("call", "errors", GROUP_NONE, "calls", of_calls, fill_calls),
	COUNTING("process", "processes", GROUP_PROCESS, "calls_by_process", of_processes, fill_groups),
	COUNTING("file", "top_files", GROUP_FILE, "calls_by_file", of_files, fill_groups),
	COUNTING("peer", "connections", GROUP_PEER, "calls_by_peer", of_peers, fill_groups),
	COUNTING("errno", "errors", GROUP_ERRNO, "calls_by_errno", of_errors, fill_groups),
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
	for (unsigned i = 0; i < ARRAY_SIZE(countings); i++)
		if (!strcmp(countings[i].what, what))
			return &countings[i].def;
	return NULL;
}

enum group_by counting_group(const struct table_def *def)
{
	return CONTAINER_OF(def, const struct counting, def)->by;
}

const struct table_def *counting_detail(const struct table_def *def)
{
	return listed(CONTAINER_OF(def, const struct counting, def)->detail);
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
	word = from_strace(word);
	for (unsigned i = 0; i < def->ncolumns; i++)
		if (is_called(&def->columns[i], word))
			return (int)i;
	return -1;
}

static bool is_sortable(const struct table_column *c) { return c->place == IN_COLUMN || c->place == IN_REST; }

/* Without its unit. */
static void add_name(struct buf *b, const struct table_column *c)
{
	const char *unit = strstr(c->name, "_ns");

	unit = unit ? unit : strstr(c->name, "_bytes");
	buf_add(b, c->name, unit ? (size_t)(unit - c->name) : strlen(c->name));
}

void counting_columns(struct buf *b, const struct table_def *def)
{
	for (unsigned i = 0; i < def->ncolumns; i++)
		if (is_sortable(&def->columns[i])) {
			buf_puts(b, b->len ? ", " : "");
			add_name(b, &def->columns[i]);
		}
}

bool counting_nearest(struct buf *b, const struct table_def *def, const char *word)
{
	struct nearest near = nearest_to(word);
	struct buf *names = xcalloc(def->ncolumns, sizeof(*names));
	const char *best;

	for (unsigned i = 0; i < def->ncolumns; i++)
		if (is_sortable(&def->columns[i])) {
			add_name(&names[i], &def->columns[i]);
			nearest_try(&near, names[i].s);
		}
	best = nearest_best(&near);
	buf_puts(b, best ? best : "");
	for (unsigned i = 0; i < def->ncolumns; i++)
		buf_done(&names[i]);
	free(names);
	return best;
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
	if (column < 0)
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
