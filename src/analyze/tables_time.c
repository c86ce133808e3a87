/* SPDX-License-Identifier: MIT */
/* Result tables about time: the budgets of the run, of processes and threads, and what was waited for. */
#include <stdlib.h>

#include "analyze/cells.h"
#include "analyze/findings.h"
#include "analyze/spent.h"
#include "analyze/tables_more.h"
#include "analyze/totals.h"
#include "base/macro.h"

static int by_time(const void *pa, const void *pb)
{
	const struct budget_part *a = pa, *b = pb;

	if (a->ns != b->ns)
		return a->ns < b->ns ? 1 : -1;
	return (int)a->what - (int)b->what;
}

/* ---- the run ---- */

enum { TIME_TIME, TIME_SHARE, TIME_PART, TIME_WHAT, _TIME };
static const struct table_column time_columns[_TIME] = {
	[TIME_TIME] = {"time", NULL, "time_ns", CELL_NS, IN_COLUMN, 8, 0},
	[TIME_SHARE] = {"share", NULL, "share", CELL_SHARE, IN_COLUMN, 9, 0},
	[TIME_PART] = {"part", NULL, "part", CELL_SPENT_NAME, ONLY_IN_DATA, 0, 0},
	[TIME_WHAT] = {"spent", NULL, "spent", CELL_SPENT, IN_REST, 0, 2},
};

static void fill_time(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	const struct totals_proc *p = totals_proc(totals, totals->main_proc);
	struct budget *b;
	struct table_row *row;

	/* nrows: the time is known of what was chosen alone */
	if (!p || totals->start_mode & START_SYSTEM || totals->nrows)
		return;
	t->own = b = xcalloc(1, sizeof(*b));
	if (!budget_of_proc(totals, p, BUDGET_THREADS | BUDGET_CHILDREN, b) ||
	    b->parts[SPENT_UNKNOWN].ns == b->all_ns)	/* nothing is known */
		return;
	qsort(b->parts, _SPENT, sizeof(b->parts[0]), by_time);
	for (unsigned i = 0; i < _SPENT; i++) {
		if (part_of(b->parts[i].ns, 1000, b->all_ns) < 1)
			continue;
		t->nall++;
		if (!(row = table_add(t)))
			continue;
		row->cells[TIME_TIME] = number(b->parts[i].ns);
		row->cells[TIME_SHARE] = share_of(b->parts[i].ns, b->all_ns);
		row->cells[TIME_PART] = number(b->parts[i].what);
		row->cells[TIME_WHAT] = (struct cell){.set = true, .part = &b->parts[i]};
	}
}

const struct table_def table_time = {
	.title = "Where the time went",
	.name = "time",
	.columns = time_columns,
	.ncolumns = _TIME,
	.fill = fill_time,
	.answers = 6,
};

/* ---- processes and threads ---- */

enum {
	SPENDING_PID,
	SPENDING_TIME,
	SPENDING_CPU,
	SPENDING_MOST,
	SPENDING_COMMAND,
	SPENDING_HOST,
	SPENDING_PARTS,
	_SPENDING = SPENDING_PARTS + _SPENT
};
#define PART(what, nm) [SPENDING_PARTS + SPENT_##what] = {#what, NULL, nm "_ns", CELL_NS, ONLY_IN_DATA, 0, 0}
#define PARTS                                                                                                          \
	PART(CPU, "cpu"), PART(PEER, "peer"), PART(CHILD, "child"), PART(THREAD, "thread"), PART(LOCK, "lock"),        \
		PART(WAKE, "wake"), PART(FILE, "file"), PART(PIPE, "pipe"), PART(TERMINAL, "terminal"),                \
		PART(SLEEP, "sleep"),                                                                                  \
		PART(SIGNAL, "signal"), PART(EVENT, "event"), PART(MESSAGE, "message"), PART(WATCH, "watch"),          \
		PART(FAULT, "fault"), PART(STOPPED, "stopped"), PART(QUEUE, "queue"),                                                        \
		PART(UNKNOWN, "unknown")
static const struct table_column process_columns[_SPENDING] = {
	[SPENDING_PID] = {"PID", NULL, "pid", CELL_PID, IN_COLUMN, 7, 0},
	[SPENDING_TIME] = {"time", NULL, "duration_ns", CELL_NS, IN_COLUMN, 9, 0},
	[SPENDING_CPU] = {"on CPU", NULL, "on_cpu_ns", CELL_NS, IN_COLUMN, 9, 0},
	[SPENDING_MOST] = {"waited most for", NULL, "most", CELL_SPENT_BRIEFLY, IN_COLUMN, 26, 2},
	[SPENDING_COMMAND] = {"command", NULL, "command", CELL_COMMAND, IN_REST, 0, 1},
	[SPENDING_HOST] = {"host", NULL, "host", CELL_HOST, IN_NOTE, 0, 0},
	PARTS,
};
static const struct table_column thread_columns[_SPENDING] = {
	[SPENDING_PID] = {"TID", NULL, "tid", CELL_PID, IN_COLUMN, 7, 0},
	[SPENDING_TIME] = {"time", NULL, "duration_ns", CELL_NS, IN_COLUMN, 9, 0},
	[SPENDING_CPU] = {"on CPU", NULL, "on_cpu_ns", CELL_NS, IN_COLUMN, 9, 0},
	[SPENDING_MOST] = {"waited most for", NULL, "most", CELL_SPENT_BRIEFLY, IN_COLUMN, 26, 2},
	[SPENDING_COMMAND] = {"command", NULL, "command", CELL_COMMAND, IN_REST, 0, 1},
	[SPENDING_HOST] = {"host", NULL, "host", CELL_HOST, IN_NOTE, 0, 0},
	PARTS,
};

/* The owner of a budget, and what it is ordered by. */
struct spender {
	const struct totals_proc *p;
	const struct totals_task *task;
	uint64_t weight;
	unsigned at;
};

static bool budget_of(const struct totals *t, const struct spender *s, struct budget *ret)
{
	return s->task ? budget_of_task(t, s->task, ret) : budget_of_proc(t, s->p, BUDGET_THREADS, ret);
}

static const struct budget_part *longest_wait(const struct budget *b)
{
	const struct budget_part *most = NULL;

	for (unsigned i = SPENT_CPU + 1; i < SPENT_QUEUE; i++)
		if (b->parts[i].ns > percent_of(b->all_ns, 5) && (!most || b->parts[i].ns > most->ns))
			most = &b->parts[i];
	return most;
}

static void put_spender(struct table *t, const struct totals *totals, const struct spender *s, const struct budget *b)
{
	const struct budget_part *most = longest_wait(b);
	struct table_row *row = table_add(t);

	row->cells[SPENDING_PID] = number(s->task ? s->task->tid : s->p->pid);
	row->cells[SPENDING_TIME] = number(b->all_ns);
	row->cells[SPENDING_CPU] = number(b->parts[SPENT_CPU].ns);
	row->cells[SPENDING_MOST] = (struct cell){.set = most != NULL, .part = most};
	row->cells[SPENDING_COMMAND] = (struct cell){.set = true, .proc = s->p};
	row->cells[SPENDING_HOST] = host_of(totals, s->p);
	for (unsigned i = 0; i < _SPENT; i++)
		row->cells[SPENDING_PARTS + i] = number(b->parts[i].ns);
}

static int by_weight(const void *pa, const void *pb)
{
	const struct spender *a = pa, *b = pb;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return a->at < b->at ? -1 : 1;
}

/* Who waited for children, for threads, or was stopped, did nothing: own time comes first. */
static uint64_t own_time(const struct budget *b)
{
	return b->all_ns - b->parts[SPENT_CHILD].ns - b->parts[SPENT_THREAD].ns - b->parts[SPENT_STOPPED].ns;
}

/* The first of them that there is room for, by their own time; v: n of them, without weights. */
static void put_spenders(struct table *t, const struct totals *totals, struct spender *v, unsigned n)
{
	struct budget *b = xcalloc(MIN(n, t->room) + 1, sizeof(*b));

	t->own = b;
	t->nall = n;
	for (unsigned i = 0; i < n; i++) {
		budget_of(totals, &v[i], b);
		v[i].weight = own_time(b);
		v[i].at = i;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_weight);
	for (unsigned i = 0; i < n && i < t->room; i++) {
		budget_of(totals, &v[i], &b[i]);
		put_spender(t, totals, &v[i], &b[i]);
	}
	free(v);
}

static void fill_processes(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	struct spender *v = xcalloc(totals->procs.n + 1, sizeof(*v));
	unsigned n = 0;

	/* of a single one the run's budget is its own */
	for (unsigned i = 0; !totals->nrows && totals->procs.n > 1 && i < totals->procs.n; i++)
		if (totals->procs.v[i]->first_task)
			v[n++].p = totals->procs.v[i];
	put_spenders(t, totals, v, n);
}

static void fill_threads(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	struct spender *v = xcalloc(totals->tasks.n + 1, sizeof(*v));
	unsigned n = 0;

	for (unsigned i = 0; !totals->nrows && i < totals->tasks.n; i++) {
		const struct totals_proc *p = totals_proc(totals, totals->tasks.v[i]->proc);

		if (p && p->first_task != p->last_task)
			v[n++] = (struct spender){.p = p, .task = totals->tasks.v[i]};
	}
	put_spenders(t, totals, v, n);
}

const struct table_def table_process_time = {
	.title = "Time of processes",
	.spare = 5,
	.name = "process_time",
	.columns = process_columns,
	.ncolumns = _SPENDING,
	.fill = fill_processes,
	.nheads = 4,
};
const struct table_def table_thread_time = {
	.title = "Time of threads",
	.spare = 6,
	.name = "thread_time",
	.columns = thread_columns,
	.ncolumns = _SPENDING,
	.fill = fill_threads,
	.nheads = 4,
};

/* ---- what was waited for ---- */

enum { WAITS_TIME, WAITS_COUNT, WAITS_LONGEST, WAITS_PART, WAITS_WHAT, WAITS_CONNS, WAITS_PID, WAITS_HOST, _WAITS };
static const struct table_column wait_columns[_WAITS] = {
	[WAITS_TIME] = {"time", NULL, "time_ns", CELL_NS, IN_COLUMN, 9, 0},
	[WAITS_COUNT] = {"waits", NULL, "count", CELL_TIMES, IN_COLUMN, 8, 0},
	[WAITS_LONGEST] = {"longest", NULL, "longest_ns", CELL_NS, IN_COLUMN, 8, 1},
	[WAITS_PART] = {"part", NULL, "part", CELL_SPENT_NAME, ONLY_IN_DATA, 0, 0},
	[WAITS_WHAT] = {"for", NULL, "for", CELL_WAITED_FOR, IN_REST, 0, 2},
	[WAITS_CONNS] = {"connections", "connection", "connections", CELL_COUNT, IN_NOTE, 0, 0},
	[WAITS_PID] = {"process", NULL, "pid", CELL_PID, IN_NOTE, 0, 0},
	[WAITS_HOST] = {"host", NULL, "host", CELL_HOST, IN_NOTE, 0, 0},
};

static int by_length(const void *pa, const void *pb)
{
	const struct totals_wait *a = *(const struct totals_wait *const *)pa,
				 *b = *(const struct totals_wait *const *)pb;

	return a->ns < b->ns ? 1 : a->ns > b->ns ? -1 : 0;
}

static void fill_waits(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	const struct totals_wait **v = xcalloc(totals->waits.n + 1, sizeof(*v));
	struct table_row *row;
	unsigned n = 0;

	for (unsigned i = 0; i < totals->waits.n; i++) {
		const struct totals_wait *w = wait_shown(totals->waits.v[i]);

		if (w && w->ns >= 1000000)
			v[n++] = w;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_length);
	t->nall = n;
	for (unsigned i = 0; i < n && (row = table_add(t)); i++) {
		bool one = totals->nprocs > 1 && !v[i]->several;
		const struct totals_proc *p = one ? totals_proc(totals, v[i]->proc) : NULL;

		row->cells[WAITS_TIME] = number(v[i]->ns);
		row->cells[WAITS_COUNT] = number(v[i]->n);
		row->cells[WAITS_LONGEST] = number(v[i]->longest_ns);
		row->cells[WAITS_PART] = number(v[i]->what);
		row->cells[WAITS_WHAT] = (struct cell){.set = true, .wait = v[i]};
		row->cells[WAITS_CONNS] = (struct cell){.set = v[i]->nconns > 1, .n = v[i]->nconns};
		row->cells[WAITS_PID] = (struct cell){.set = p != NULL, .n = p ? p->pid : 0};
		row->cells[WAITS_HOST] = host_of(totals, p);
	}
	free(v);
}

const struct table_def table_waits = {
	.title = "Waited for",
	.spare = 4,
	.name = "waits",
	.columns = wait_columns,
	.ncolumns = _WAITS,
	.fill = fill_waits,
	.nheads = 3,
};

/* ---- findings ---- */

enum { FINDINGS_COST, FINDINGS_SHARE, FINDINGS_RULE, FINDINGS_TEXT, _FINDINGS_COLUMNS };
static const struct table_column finding_columns[_FINDINGS_COLUMNS] = {
	[FINDINGS_COST] = { "cost", NULL, "cost_ns", CELL_NS, NOT_IN_LINE, 0, 0 },
	[FINDINGS_SHARE] = { "share", NULL, "share", CELL_SHARE, IN_COLUMN, 8, 0 },
	[FINDINGS_RULE] = { "rule", NULL, "rule", CELL_FINDING_NAME, ONLY_IN_DATA, 0, 0 },
	[FINDINGS_TEXT] = { "finding", NULL, "finding", CELL_FINDING, IN_REST, 0, 2 },
};

static void fill_findings(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	struct finding *v = NULL;
	struct table_row *row;
	uint64_t all;

	t->nall = findings_of(totals, &v, &all);
	t->own = v;
	for (unsigned i = 0; i < t->nall && (row = table_add(t)); i++) {
		row->cells[FINDINGS_COST] = number_if(v[i].cost_ns);
		if (v[i].cost_ns)
			row->cells[FINDINGS_SHARE] = share_of(v[i].cost_ns, all);
		row->cells[FINDINGS_RULE] = number(v[i].rule);
		row->cells[FINDINGS_TEXT] = (struct cell){ .set = true, .finding = &v[i] };
	}
}

const struct table_def table_findings = {
	.title = "Findings", .name = "findings", .columns = finding_columns, .ncolumns = _FINDINGS_COLUMNS,
	.fill = fill_findings, .answers = 5, .again = true,
};
