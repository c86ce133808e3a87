/* SPDX-License-Identifier: MIT */
#include "sink/parts.h"

#include <uthash.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "model/model.h"
#include "sink/row_json.h"
#include "sink/row_output.h"
#include "sink/words.h"

/* A row that will change: its line as it is now. */
struct held { uint64_t key; struct buf line; UT_hash_handle hh; };

struct parts {
	struct row_output base;
	const struct parts_dialect *as;
	struct outfile *files;
	struct buf out[_ROW_TABLES], line, cell;
	struct held *held;
	bool started;
};

static void flush_table(struct parts *p, unsigned table)
{
	struct buf *b = &p->out[table];

	if (b->len)
		outfile_write(&p->files[table], b->s, b->len);
	buf_reset(b);
}

/* ---- cells ---- */

static void json_cell(struct parts *p, const struct row *row, enum row_type type, const struct cell *c)
{
	struct json j = { .b = &p->cell };

	row_json(&j, row, type, c);
	p->as->text(&p->line, p->cell.s, p->cell.len);
}

static void signed_cell(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_putc(b, '-');
	buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void named_cell(struct parts *p, enum row_type type, const struct cell *c)
{
	if (type == ROW_NAME)
		file_name(&p->cell, c->file);
	else
		addr_format(&p->cell, c->addr);
	p->as->bytes(&p->line, p->cell.s ? p->cell.s : "", p->cell.len);
}

static void put_cell(struct parts *p, const struct row *row, enum row_type type, const struct cell *c)
{
	struct buf *b = &p->line;

	switch (type) {
	case ROW_SIGNED: case ROW_FD: signed_cell(b, c->i); return;
	case ROW_BOOL: buf_puts(b, c->u ? p->as->yes : p->as->no); return;
	case ROW_WORD: buf_add(b, c->s, c->n); return;
	case ROW_STRING: p->as->bytes(b, c->s, c->n); return;
	case ROW_ADDRESS: buf_puts(b, p->as->hex), buf_hex(b, c->u); return;
	case ROW_STRINGS: case ROW_FDS: case ROW_STACK: case ROW_ARGS: json_cell(p, row, type, c); break;
	case ROW_NAME: case ROW_PEER: named_cell(p, type, c); break;
	default: buf_u64(b, c->u); return;
	}
	buf_reset(&p->cell);
}

/* ---- rows ---- */

static void put_line(struct parts *p, unsigned table, const struct buf *line)
{
	buf_add(&p->out[table], line->s, line->len);
	if (p->out[table].len > ROW_OUTPUT_FULL)
		flush_table(p, table);
}

/* What was held of it, or NULL; the trace's own row has no id, and is one. */
static struct held *find_held(struct parts *p, const struct row *row, uint64_t *ret_key)
{
	struct held *h;

	*ret_key = (uint64_t)row->table << 32 | (row->table == TABLE_TRACE ? 0 : row->cells[0].u);
	HASH_FIND(hh, p->held, ret_key, sizeof(*ret_key), h);
	return h;
}

static void let_go(struct parts *p, struct held *h)
{
	HASH_DEL(p->held, h);
	buf_done(&h->line);
	free(h);
}

static void hold(struct parts *p, const struct row *row)
{
	uint64_t key;
	struct held *h = find_held(p, row, &key);

	if (!h) {
		h = xcalloc(1, sizeof(*h));
		h->key = key;
		HASH_ADD(hh, p->held, key, sizeof(h->key), h);
	}
	buf_reset(&h->line);
	buf_add(&h->line, p->line.s, p->line.len);
}

static bool may_change(const struct row *row)
{
	switch (row->table) {
	case TABLE_EVENT: case TABLE_COUNTER: case TABLE_TYPE: case TABLE_EXEC: return false;
	default: return true;
	}
}

/* With the first row, not when it is made: a run that does not begin leaves older files as they were. */
static void start(struct parts *p)
{
	p->started = true;
	p->as->declare(p->files);
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		outfile_begin(&p->files[t]);
		for (unsigned f = 0; f < row_tables[t].nfields && p->as->header; f++) {
			buf_puts(&p->out[t], row_tables[t].fields[f].name);
			buf_putc(&p->out[t], f + 1 < row_tables[t].nfields ? p->as->separator : '\n');
		}
	}
}

static void take_row(void *ctx, const struct row *row)
{
	struct parts *p = ctx;
	const struct row_table_info *t = &row_tables[row->table];
	struct held *h;
	uint64_t key;

	if (!p->started)
		start(p);
	buf_reset(&p->line);
	for (unsigned f = 0; f < t->nfields; f++) {
		if (f)
			buf_putc(&p->line, p->as->separator);
		if (row_has(row, f))
			put_cell(p, row, t->fields[f].type, &row->cells[f]);
		else
			buf_puts(&p->line, p->as->null);
	}
	buf_putc(&p->line, '\n');
	p->base.nevents += row->table == TABLE_EVENT;
	if (!row->final) {
		hold(p, row);
		return;
	}
	if (may_change(row) && (h = find_held(p, row, &key)))
		let_go(p, h);
	put_line(p, row->table, &p->line);
}

/* What was alive when the trace ended, in the order in which it was first seen. */
static void end(void *ctx)
{
	struct parts *p = ctx;
	struct held *h, *next;

	HASH_ITER(hh, p->held, h, next) {
		put_line(p, (unsigned)(h->key >> 32), &h->line);
		let_go(p, h);
	}
}

/* ---- the sink ---- */

static void flush(struct row_output *o)
{
	for (unsigned t = 0; t < _ROW_TABLES; t++)
		flush_table(CONTAINER_OF(o, struct parts, base), t);
}

static void free_parts(struct row_output *o)
{
	struct parts *p = CONTAINER_OF(o, struct parts, base);
	struct held *h, *next;

	HASH_ITER(hh, p->held, h, next)
		let_go(p, h);
	for (unsigned t = 0; t < _ROW_TABLES; t++)
		buf_done(&p->out[t]);
	buf_done(&p->line), buf_done(&p->cell);
}

int sink_parts_new(const struct parts_dialect *dialect, const struct sink_options *opt, struct outfile *files,
		   struct sink **ret_sink, struct diag *diag)
{
	static const struct row_sink_ops takes = { .row = take_row, .end = end };
	struct parts *p = xcalloc(1, sizeof(*p));

	p->base.flush = flush;
	p->base.free = free_parts;
	p->as = dialect;
	p->files = files;
	row_output_want_all(&p->base, opt);
	return row_output_start(&p->base, &takes, opt, files, dialect->option, ret_sink, diag);
}
