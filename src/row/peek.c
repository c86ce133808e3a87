/* SPDX-License-Identifier: MIT */
/* The row of one event, a field at a time. */
#include "analyze/totals.h"
#include "base/macro.h"
#include "row/internal.h"

struct row_peek {
	struct rows rows;
	struct row_ctx ctx;
	struct event copy;
};

struct row_peek *row_peek_new(const struct totals *totals)
{
	static const struct row_sink nothing = {0};
	struct row_peek *p = xcalloc(1, sizeof(*p));

	p->rows.sink = &nothing;
	p->rows.totals = totals;
	intern_init(&p->rows.type_ids, ROW_TYPES_MAX);
	return p;
}

void row_peek_free(struct row_peek *p)
{
	if (!p)
		return;
	intern_done(&p->rows.type_ids);
	free(p->rows.types);
	buf_done(&p->rows.called);
	free(p);
}

bool row_peek_event(struct row_peek *p, const struct event *ev)
{
	rows_clock(&p->rows, ev);
	if (!rows_has_row(ev->kind))
		return false;
	p->rows.mode = p->rows.totals->start_mode;
	p->ctx = (struct row_ctx){ .r = &p->rows, .ev = rows_subject(ev, &p->copy) };
	row_call_file(&p->rows, &p->ctx);
	p->ctx.err = row_error(p->ctx.ev);
	p->ctx.outcome = row_outcome(p->ctx.ev);
	p->ctx.type = rows_type(&p->rows, p->ctx.ev);
	return true;
}

bool row_peek_field(struct row_peek *p, unsigned field, struct cell *ret)
{
	const struct row_field *f = &row_tables[TABLE_EVENT].fields[field];

	return f->kinds >> p->ctx.ev->kind & 1 && f->get(&p->ctx, ret);
}

bool row_peek_type(struct row_peek *p, unsigned field, struct cell *ret)
{
	const struct row_field *f = &row_tables[TABLE_TYPE].fields[field];
	struct row_ctx c = {.r = &p->rows, .type = p->ctx.type, .id = p->ctx.type->id};

	return f->get(&c, ret);
}

const struct event *row_peek_made(const struct row_peek *p)
{
	return p->ctx.ev;
}
