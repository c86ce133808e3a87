/* SPDX-License-Identifier: MIT */
/* Result tables about processes: why they failed, and their tree. */
#include <stdlib.h>

#include "analyze/cells.h"
#include "analyze/endings.h"
#include "analyze/endings_alike.h"
#include "analyze/tables_more.h"
#include "analyze/totals.h"
#include "base/macro.h"

/* ---- why processes failed ---- */

enum {
	FAILURES_PID,
	FAILURES_ENDED,
	FAILURES_COMMAND,
	FAILURES_FATAL,
	FAILURES_LINES,
	FAILURES_MISSED,
	FAILURES_ALIKE,
	FAILURES_CHAIN,
	FAILURES_HOST,
	_FAILURES
};
static const struct table_column failure_columns[_FAILURES] = {
	[FAILURES_PID] = { "PID", NULL, "pid", CELL_PID, IN_COLUMN, 7, 0 },
	[FAILURES_ENDED] = { "ended", NULL, "ended", CELL_ENDED, IN_COLUMN, 8, 2 },
	[FAILURES_COMMAND] = { "command", NULL, "command", CELL_COMMAND, IN_REST, 0, 2 },
	[FAILURES_FATAL] = { "signal", NULL, "signal", CELL_FATAL, BELOW, 0, 0 },
	[FAILURES_LINES] = { "last lines", NULL, "stderr", CELL_LAST_LINES, BELOW, 0, 0 },
	[FAILURES_MISSED] = { "missed", NULL, "missed", CELL_MISSED, BELOW, 0, 0 },
	[FAILURES_ALIKE] = { "alike", NULL, "more_like_it", CELL_ALIKE, BELOW, 0, 0 },
	[FAILURES_CHAIN] = { "so failed", NULL, "so_failed", CELL_CHAIN, BELOW, 0, 0 },
	[FAILURES_HOST] = { "host", NULL, "host", CELL_HOST, IN_NOTE, 0, 0 },
};

static void fill_failure(struct table_row *row, const struct totals *totals, const struct totals_ending *e,
			 unsigned more)
{
	const struct cell cell = { .set = true, .ending = e }, none = { 0 };

	row->bad = true;
	row->cells[FAILURES_PID] = pid_of(e->proc);
	row->cells[FAILURES_ENDED] = (struct cell){ .set = true, .proc = e->proc };
	row->cells[FAILURES_COMMAND] = row->cells[FAILURES_ENDED];
	row->cells[FAILURES_HOST] = host_of(totals, e->proc);
	row->cells[FAILURES_CHAIN] = e->effect ? cell : none;
	row->cells[FAILURES_ALIKE] = number_if(more);
	row->cells[FAILURES_FATAL] = e->fatal.signo ? cell : none;
	row->cells[FAILURES_LINES] = e->nlines ? cell : none;
	row->cells[FAILURES_MISSED] = e->nmissed || e->second.name.len || e->no_rights ? cell : none;
}

/* The screen has those that are alike once; the page and JSON have each. */
static void fill_failures(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	const struct totals_ending **v = xcalloc(totals->endings.n + 1, sizeof(struct totals_ending *));
	unsigned n = endings_top(totals, v, totals->endings.n);
	struct alike *alike = xcalloc(n + 1, sizeof(*alike));
	bool once = t->room <= t->def->answers;
	struct table_row *row;

	endings_alike(v, n, alike);
	for (unsigned i = 0; i < n; i++) {
		if (once && alike[i].first != i)
			continue;
		row = table_add(t);
		if (row)
			fill_failure(row, totals, v[i], alike[alike[i].first].n - 1);
		t->nall++;
	}
	free(alike);
	free(v);
}

/* ---- processes ---- */

enum { PROCS_PID, PROCS_TIME, PROCS_ENDED, PROCS_COMMAND, PROCS_THREADS, PROCS_SENDER, PROCS_HOST, _PROCS };
static const struct table_column proc_columns[_PROCS] = {
	[PROCS_PID] = { "PID", NULL, "pid", CELL_PID, IN_COLUMN, 7, 0 },
	[PROCS_TIME] = { "time", NULL, "duration_ns", CELL_NS, IN_COLUMN, 9, 0 },
	[PROCS_ENDED] = { "ended", NULL, "ended", CELL_ENDED, IN_COLUMN, 8, 2 },
	[PROCS_COMMAND] = { "command", NULL, "command", CELL_COMMAND, IN_REST, 0, 2 },
	[PROCS_THREADS] = { "threads", NULL, "threads", CELL_COUNT, IN_NOTE, 0, 0 },
	[PROCS_SENDER] = { "signal from", NULL, "signal_from_pid", CELL_SENDER, IN_NOTE, 0, 0 },
	[PROCS_HOST] = { "host", NULL, "host", CELL_HOST, IN_NOTE, 0, 0 },
};

static void fill_proc(struct table_row *row, const struct totals *t, const struct totals_proc *p)
{
	uint64_t end = p->end_ns ? p->end_ns : t->end_ns;
	uint64_t start = p->attached ? p->start_ns : MAX(p->start_ns, t->start_ns);	/* /proc knows it to 10 ms */

	row->cells[PROCS_PID] = number(p->pid);
	row->cells[PROCS_TIME] = number(end > start ? end - start : 0);
	row->cells[PROCS_ENDED] = row->cells[PROCS_COMMAND] = (struct cell){ .set = true, .proc = p };
	row->cells[PROCS_THREADS] = (struct cell){ .set = p->nthreads > 1, .n = p->nthreads };
	row->cells[PROCS_SENDER] = number_if(p->fatal_from);
	row->cells[PROCS_HOST] = host_of(t, p);
	row->bad = ending_failed(t, p);
}

/* Which rows are shown: a bit a process.  NULL: all of them. */
struct choice { const struct totals *t; bool *v; unsigned n; };

static bool is_chosen(const struct choice *c, uint32_t at) { return !c->v || c->v[at - 1]; }

static uint32_t next_chosen(const struct choice *c, uint32_t at)
{
	while (at && !is_chosen(c, at))
		at = c->t->procs.v[at - 1]->next_sibling;
	return at;
}

/* A process and what comes of it.  A hostile program makes as many levels as there are rows, so no call for each. */
static void fill_tree(struct table *t, const struct choice *c, uint32_t at)
{
	uint32_t *above = NULL, next;	/* above: the row that goes on at each level, 0: none */
	unsigned depth = 0, room = 0;

	for (struct table_row *row; at && (row = table_add(t)); at = next) {
		const struct totals_proc *p = c->t->procs.v[at - 1];

		next = depth ? next_chosen(c, p->next_sibling) : 0;
		fill_proc(row, c->t, p);
		row->depth = (uint16_t)MIN(depth, (unsigned)UINT16_MAX);
		row->last = !next;
		if (depth == room) {
			room = room ? 2 * room : 16;
			above = xrealloc(above, room * sizeof(*above));
		}
		above[depth++] = next;
		next = next_chosen(c, p->first_child);
		while (!next && depth)
			next = above[--depth];
	}
	free(above);
}

/* A process by its row, and what it is worth a row for. */
struct worth { unsigned at; bool failed; uint64_t ns; };

static int by_worth(const void *pa, const void *pb)
{
	const struct worth *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns < b->ns ? 1 : -1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* With its parents, if there is room for them all. */
static void choose(struct choice *c, const unsigned *parents, unsigned at, unsigned room)
{
	unsigned need = 0;

	for (unsigned up = at + 1; up && !c->v[up - 1]; up = parents[up - 1])
		if (c->n + ++need > room)
			return;
	for (unsigned up = at + 1; up && !c->v[up - 1]; up = parents[up - 1]) {
		c->v[up - 1] = true;
		c->n++;
	}
}

/*
 * Where there is no room for all: those that failed, half of the rows at most, and those that took longest.  What is
 * left out is the least.
 */
static void choose_all(struct choice *c, unsigned room)
{
	const struct totals *t = c->t;
	struct worth *w = xcalloc(t->procs.n, sizeof(*w));
	unsigned *parents = xcalloc(t->procs.n, sizeof(*parents));

	c->v = xcalloc(t->procs.n, sizeof(*c->v));
	for (unsigned i = 0; i < t->procs.n; i++) {
		const struct totals_proc *p = t->procs.v[i];
		uint64_t end = p->end_ns ? p->end_ns : t->end_ns;

		for (uint32_t at = p->first_child; at; at = t->procs.v[at - 1]->next_sibling)
			parents[at - 1] = i + 1;
		w[i] = (struct worth){ i, ending_failed(t, p), end - MIN(p->start_ns, end) };
	}
	qsort(w, t->procs.n, sizeof(*w), by_worth);
	for (unsigned i = 0; i < t->procs.n && c->n < room / 2; i++)
		if (w[i].failed)
			choose(c, parents, w[i].at, room / 2);
	for (unsigned i = 0; i < t->procs.n && c->n < room; i++)
		choose(c, parents, w[i].at, room);
	free(parents);
	free(w);
}

static void fill_procs(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	struct choice c = { .t = totals };

	for (unsigned i = 0; i < totals->procs.n; i++)
		t->nfailed += ending_failed(totals, totals->procs.v[i]);
	if (totals->procs.n > t->room)
		choose_all(&c, t->room);
	for (unsigned i = 0; i < totals->procs.n && t->nrows < t->room; i++)
		if (is_chosen(&c, i + 1) && !totals_proc(totals, totals->procs.v[i]->parent))
			fill_tree(t, &c, i + 1);
	t->nall = totals->procs.n ? totals->nprocs : 0;
	free(c.v);
}

const struct table_def table_failures = {
	.title = "Why it failed", .name = "failures", .columns = failure_columns, .ncolumns = _FAILURES, .fill = fill_failures, .answers = 3,
	.again = true,
};

const struct table_def table_processes = {
	.title = "Processes", .name = "processes", .columns = proc_columns, .ncolumns = _PROCS, .fill = fill_procs, .form = FORM_TREE,
};
