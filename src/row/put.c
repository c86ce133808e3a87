/* SPDX-License-Identifier: MIT */
/* Rows from what is known: of the fields that the sink wants, those that this row has. */
#include <string.h>

#include "base/macro.h"
#include "row/internal.h"

static const uint64_t group_fields[_ROW_GROUPS] = {
	[ROW_OF_THREAD] = ROW_OF_THREAD_FIELDS, [ROW_OF_TYPE] = ROW_OF_TYPE_FIELDS,
};

/* What fills a group's slot: equal numbers, equal cells.  Never 0, which is a slot that was not filled yet. */
static uint64_t group_number(enum row_group g, const struct row_ctx *c)
{
	const struct task *t = c->ev->task;

	if (g == ROW_OF_TYPE)	/* a mark may have the name of a call */
		return ((uint64_t)c->type->id << 16 | (uint64_t)c->ev->kind << 1) + !c->ev->call + 1;
	return t ? (uint64_t)t->id << 32 | t->tid : UINT64_MAX;	/* the thread that execs takes its process's tid */
}

static void put_group(struct rows *r, struct row *row, enum row_group g, struct row_ctx *c)
{
	uint64_t number = group_number(g, c), left = group_fields[g] & r->wants[TABLE_EVENT];
	unsigned slot = (unsigned)(g == ROW_OF_TYPE ? number ^ number >> 16 : number >> 32) % ROW_SLOTS;
	struct row_kept *kept = &row->group[g];

	kept->slot = (uint8_t)slot;
	kept->fresh = r->slots[g][slot] != number;
	if (!kept->fresh)
		return;
	r->slots[g][slot] = number;
	kept->npresent = 0;
	for (; left; left &= left - 1) {
		unsigned f = (unsigned)__builtin_ctzll(left);

		if (row_tables[TABLE_EVENT].fields[f].kinds >> c->ev->kind & 1 &&
		    row_tables[TABLE_EVENT].fields[f].get(c, &r->cells[f]))
			r->group_present[g][kept->npresent++] = (uint8_t)f;
	}
}

static void fill(struct rows *r, enum row_table t, const struct row_plan *plan, struct row_ctx *c, bool final)
{
	struct row *row = &r->row;
	uint8_t *present = r->present;
	uint64_t has = 0;

	c->r = r;
	for (unsigned i = 0; i < plan->n; i++) {
		unsigned f = plan->fields[i];

		if (!plan->get[i]) {
			put_group(r, row, f - ROW_GROUP_AT, c);
			*present++ = (uint8_t)f;
		} else if (plan->get[i](c, &r->cells[f])) {
			*present++ = (uint8_t)f;
			has |= ROW_BIT(f);
		}
	}
	row->table = t;
	row->final = final;
	row->event = c->ev;
	row->has = has;
	row->npresent = (unsigned)(present - r->present);
	r->sink->ops->row(r->sink->ctx, row);
}

void row_put(struct rows *r, enum row_table t, struct row_ctx *c, bool final)
{
	if (r->plan[t].n)
		fill(r, t, &r->plan[t], c, final);
}

void row_put_event(struct rows *r, struct row_ctx *c)
{
	enum event_kind kind = c->ev->kind;

	if (r->event_plan[kind].n)
		fill(r, TABLE_EVENT, &r->event_plan[kind], c, true);
}

static void plan_add(struct row_plan *plan, enum row_table t, uint8_t f)
{
	plan->get[plan->n] = f < ROW_GROUP_AT ? row_tables[t].fields[f].get : NULL;
	plan->fields[plan->n++] = f;
}

/* A group stands where its first field would. */
static void plan_event(struct rows *r, enum event_kind kind, uint8_t f, uint64_t *planned)
{
	if (!(row_tables[TABLE_EVENT].fields[f].kinds >> kind & 1) || *planned >> f & 1)
		return;
	for (unsigned g = 0; g < _ROW_GROUPS && r->sink->keeps; g++)
		if (group_fields[g] >> f & 1) {
			*planned |= group_fields[g];
			f = (uint8_t)(ROW_GROUP_AT + g);
			break;
		}
	plan_add(&r->event_plan[kind], TABLE_EVENT, f);
}

/* Which fields each table's rows, and each kind of event's, can have and the sink wants. */
void row_plan(struct rows *r)
{
	r->row.cells = r->cells;
	r->row.present = r->present;
	for (unsigned g = 0; g < _ROW_GROUPS; g++)
		r->row.group[g].present = r->group_present[g];
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		r->wants[t] = r->sink->wants[t];
		for (unsigned f = 0; f < row_tables[t].nfields; f++)
			if (r->wants[t] & ROW_BIT(f))
				plan_add(&r->plan[t], (enum row_table)t, (uint8_t)f);
	}
	for (unsigned kind = 0; kind < _EV_MAX; kind++) {
		uint64_t planned = 0;

		for (unsigned i = 0; i < r->plan[TABLE_EVENT].n; i++)
			plan_event(r, kind, r->plan[TABLE_EVENT].fields[i], &planned);
	}
}
