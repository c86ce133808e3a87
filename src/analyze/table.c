/* SPDX-License-Identifier: MIT */
#include "analyze/table.h"

#include <stdlib.h>

#include "analyze/totals.h"
#include "base/macro.h"

struct table *table_new(const struct table_def *def, const struct totals *totals, bool noise, unsigned room)
{
	struct table *t = xcalloc(1, sizeof(*t));

	*t = (struct table){ .def = def, .room = room, .rows = xcalloc(room, sizeof(*t->rows)) };
	t->limit = totals->rows_max != TOTALS_ROWS ? totals->rows_max : 0;
	def->fill(t, totals, noise);
	if (t->nall)
		return t;
	table_free(t);
	return NULL;
}

struct table_row *table_add(struct table *t)
{
	struct table_row *row;

	if (t->nrows == t->room)
		return NULL;
	row = &t->rows[t->nrows++];
	row->cells = xcalloc(t->def->ncolumns, sizeof(*row->cells));
	return row;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < t->nrows; i++)
		free(t->rows[i].cells);
	free(t->rows);
	free(t->others);
	free(t->own);
	free(t);
}

bool table_is_number(enum cell_type type) { return type <= CELL_TIMES; }
