/* SPDX-License-Identifier: MIT */
/* Rows from what is known: of the fields that the sink wants, those that this row has. */
#include "row/internal.h"

static void fill(struct rows *r, enum row_table t, const uint8_t *plan, unsigned nplan, struct row_ctx *c, bool final)
{
	const struct row_field *fields = row_tables[t].fields;
	struct row row = { .table = t, .final = final, .cells = r->cells, .present = r->present, .event = c->ev };

	c->r = r;
	for (unsigned i = 0; i < nplan; i++)
		if (fields[plan[i]].get(c, &r->cells[plan[i]])) {
			r->present[row.npresent++] = plan[i];
			row.has |= 1ull << plan[i];
		}
	r->sink->ops->row(r->sink->ctx, &row);
}

void row_put(struct rows *r, enum row_table t, struct row_ctx *c, bool final)
{
	if (r->nplan[t])
		fill(r, t, r->plan[t], r->nplan[t], c, final);
}

void row_put_event(struct rows *r, struct row_ctx *c)
{
	enum event_kind kind = c->ev->kind;

	if (r->nevent_plan[kind])
		fill(r, TABLE_EVENT, r->event_plan[kind], r->nevent_plan[kind], c, true);
}

/* Which fields each table's rows, and each kind of event's, can have and the sink wants. */
void row_plan(struct rows *r)
{
	for (unsigned t = 0; t < _ROW_TABLES; t++)
		for (unsigned f = 0; f < row_tables[t].nfields; f++)
			if (r->sink->wants[t] & 1ull << f)
				r->plan[t][r->nplan[t]++] = (uint8_t)f;
	for (unsigned kind = 0; kind < _EV_MAX; kind++)
		for (unsigned i = 0; i < r->nplan[TABLE_EVENT]; i++) {
			uint8_t f = r->plan[TABLE_EVENT][i];

			if (row_tables[TABLE_EVENT].fields[f].kinds >> kind & 1)
				r->event_plan[kind][r->nevent_plan[kind]++] = f;
		}
}
