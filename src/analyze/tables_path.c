/* SPDX-License-Identifier: MIT */
/* Result table of the critical path: the processes that the end of the run depended on. */
#include <stdlib.h>

#include "analyze/cells.h"
#include "analyze/critical.h"
#include "analyze/tables_more.h"
#include "base/macro.h"

enum {
	PATH_TIME,
	PATH_SHARE,
	PATH_START,
	PATH_PART,
	PATH_MOST,
	PATH_THING,
	PATH_FOR,
	PATH_FOR_TIME,
	PATH_THINGS,
	PATH_COMMAND,
	PATH_PID,
	PATH_HOST,
	_PATH
};
static const struct table_column path_columns[_PATH] = {
	[PATH_TIME] = {"time", NULL, "time_ns", CELL_NS, IN_COLUMN, 9, 0},
	[PATH_SHARE] = {"share", NULL, "share", CELL_SHARE, IN_COLUMN, 9, 0},
	[PATH_START] = {"from", NULL, "start_ns", CELL_NS, NOT_IN_LINE, 0, 0},
	[PATH_PART] = {"part", NULL, "part", CELL_SPENT_NAME, ONLY_IN_DATA, 0, 0},
	[PATH_MOST] = {"mostly", NULL, "most", CELL_SPENT_MOSTLY, IN_COLUMN, 26, 2},
	[PATH_THING] = {"mostly", NULL, "mostly", CELL_SPENT_THING, ONLY_IN_DATA, 0, 0},
	[PATH_FOR] = {"for", NULL, "for", CELL_WAITED_FOR, NOT_IN_LINE, 0, 0},
	[PATH_FOR_TIME] = {"for it", NULL, "for_ns", CELL_NS, NOT_IN_LINE, 0, 0},
	[PATH_THINGS] = {"things", "thing", "things", CELL_COUNT, NOT_IN_LINE, 0, 0},
	[PATH_COMMAND] = {"command", NULL, "command", CELL_COMMAND, IN_REST, 0, 1},
	[PATH_PID] = {"process", NULL, "pid", CELL_PID, IN_NOTE, 0, 0},
	[PATH_HOST] = {"host", NULL, "host", CELL_HOST, IN_NOTE, 0, 0},
};

static int by_time(const void *pa, const void *pb)
{
	const struct critical_row *a = *(const struct critical_row *const *)pa,
				  *b = *(const struct critical_row *const *)pb;

	if (a->ns != b->ns)
		return a->ns < b->ns ? 1 : -1;
	return a->first_ns < b->first_ns ? -1 : a->first_ns > b->first_ns;
}

static int by_start(const void *pa, const void *pb)
{
	const struct critical_row *a = *(const struct critical_row *const *)pa,
				  *b = *(const struct critical_row *const *)pb;

	return a->first_ns < b->first_ns ? -1 : a->first_ns > b->first_ns;
}

/* keep: of the row, as long as the table lives. */
static void put(struct table *t, const struct totals *totals, const struct critical *c, const struct critical_row *r,
		struct budget_part *keep)
{
	struct table_row *row = table_add(t);
	const struct budget_part *most = &r->parts[0];
	const struct totals_wait *wait;

	for (unsigned i = 1; i < _SPENT; i++)
		if (r->parts[i].ns > most->ns)
			most = &r->parts[i];
	*keep = *most;
	wait = most->named[0].wait;
	row->cells[PATH_TIME] = number(r->ns);
	row->cells[PATH_SHARE] = share_of(r->ns, c->all_ns);
	row->cells[PATH_START] = number(r->first_ns - MIN(r->first_ns, totals->start_ns));
	row->cells[PATH_PART] = number(most->what);
	row->cells[PATH_MOST] = (struct cell){.set = true, .part = keep};
	row->cells[PATH_THING] = number(most->what);
	row->cells[PATH_FOR] = (struct cell){.set = wait != NULL, .wait = wait};
	row->cells[PATH_FOR_TIME] = number_if(most->named[0].ns);
	row->cells[PATH_THINGS] = number_if(most->nthings);
	row->cells[PATH_COMMAND] = (struct cell){.set = true, .proc = r->proc};
	row->cells[PATH_PID] = pid_of(r->proc);
	row->cells[PATH_HOST] = host_of(totals, r->proc);
}

/* Those that took longest, in the order in which the path came to them. */
static void fill_path(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	struct critical *c = totals->procs.n > 1 ? critical_path(totals) : NULL;
	struct budget_part *kept;
	unsigned n;

	if (c && c->nrows > 1) {
		n = MIN(c->nrows, t->room);
		t->own = kept = xcalloc(n + 1, sizeof(*kept));
		t->nall = c->nrows;
		qsort(c->rows, c->nrows, sizeof(struct critical_row *), by_time);
		qsort(c->rows, n, sizeof(struct critical_row *), by_start);
		for (unsigned i = 0; i < n; i++)
			put(t, totals, c, c->rows[i], &kept[i]);
	}
	critical_free(c);
}

const struct table_def table_critical_path = {
	.title = "Critical path",
	.name = "critical_path",
	.columns = path_columns,
	.ncolumns = _PATH,
	.fill = fill_path,
	.nheads = PATH_COMMAND,
};
