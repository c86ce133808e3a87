/* SPDX-License-Identifier: MIT */
/* --json: rows as NDJSON, all derived from the fields (row/fields.h): a key a field, written by its type (docs/events.md). */
#include <string.h>

#include "base/diag.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "model/model.h"
#include "row/row.h"
#include "sink/sink.h"
#include "sink/value_json.h"
#include "sink/words.h"

enum { FULL = 64 << 10 };

struct ndjson {
	struct sink sink;
	struct row_sink takes;
	struct rows *from;
	struct outfile *file;
	struct buf out, name;
	uint64_t nevents;
	struct json_made keys[_ROW_TABLES][ROW_FIELDS_MAX];	/* ,"name": */
	struct json_made heads[_ROW_TABLES];			/* {"table":"name" */
};

static void strings(struct json *j, const struct cell *c)
{
	json_open(j, '[');
	for (unsigned i = 0; i < c->n; i++)
		json_escaped(j, c->list[i].s ? c->list[i].s : "", c->list[i].len);
	json_close(j, ']');
}

static void descriptors(struct json *j, const struct cell *c)
{
	json_open(j, '[');
	for (unsigned i = 0; i < c->n; i++) {
		json_open(j, '{');
		json_key(j, "fd"), json_i64(j, c->fds[i].fd);
		json_key(j, "file"), json_u64(j, c->fds[i].file);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void value(struct ndjson *n, struct json *j, const struct row *row, enum row_type type, const struct cell *c)
{
	j->comma = false;
	switch (type) {
	case ROW_SIGNED: case ROW_FD: c->i < 0 ? json_i64(j, c->i) : json_put_u64(j->b, c->u); return;
	case ROW_BOOL: json_bool(j, c->u); return;
	case ROW_STRING: json_escaped(j, c->s, c->n); return;
	case ROW_STRINGS: strings(j, c); return;
	case ROW_FDS: descriptors(j, c); return;
	case ROW_ADDRESS: json_hex(j, c->u); return;
	case ROW_ARGS: args_json(j, row->event); return;
	case ROW_NAME: file_name(&n->name, c->file); break;
	case ROW_PEER: addr_format(&n->name, c->addr); break;
	case ROW_WORD: json_put_word(j->b, c->s, c->n); return;
	default: json_put_u64(j->b, MIN(c->u, (uint64_t)INT64_MAX)); return;
	}
	json_escaped(j, n->name.s ? n->name.s : "", n->name.len);
	buf_reset(&n->name);
}

static void flush(struct ndjson *n)
{
	if (n->out.len)
		outfile_write(n->file, n->out.s, n->out.len);
	buf_reset(&n->out);
}

static void begin(void *ctx, const struct row_table_info tables[_ROW_TABLES])
{
	struct ndjson *n = ctx;

	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		n->heads[t] = json_make("{\"table\":\"%s\"", tables[t].name);
		for (unsigned f = 0; f < tables[t].nfields; f++)
			n->keys[t][f] = json_make(",\"%s\":", tables[t].fields[f].name);
	}
}

static void take_row(void *ctx, const struct row *row)
{
	struct ndjson *n = ctx;
	const struct row_field *fields = row_tables[row->table].fields;
	struct json j = { .b = &n->out };

	json_put_made(&n->out, &n->heads[row->table]);
	for (unsigned i = 0; i < row->npresent; i++) {
		unsigned f = row->present[i];

		json_put_made(&n->out, &n->keys[row->table][f]);
		value(n, &j, row, fields[f].type, &row->cells[f]);
	}
	if (row->table != TABLE_EVENT)
		buf_puts(&n->out, row->final ? ",\"final\":true" : ",\"final\":false");
	buf_add(&n->out, "}\n", 2);
	n->nevents += row->table == TABLE_EVENT;
	if (n->out.len > FULL)
		flush(n);
}

static void ndjson_event(struct sink *s, const struct event *ev) { rows_event(CONTAINER_OF(s, struct ndjson, sink)->from, ev); }

/* Whoever reads along has it within a tick. */
static void ndjson_tick(struct sink *s, uint64_t now_ns UNUSED) { flush(CONTAINER_OF(s, struct ndjson, sink)); }

static void ndjson_finish(struct sink *s, const struct sink_result *done UNUSED)
{
	struct ndjson *n = CONTAINER_OF(s, struct ndjson, sink);
	int rc = rows_end(n->from);

	flush(n);
	if (rc < 0 && !n->file->err)
		n->file->err = rc;
	s->kept = s->total = n->nevents;
}

static void ndjson_free(struct sink *s)
{
	struct ndjson *n = CONTAINER_OF(s, struct ndjson, sink);

	rows_free(n->from);
	buf_done(&n->out), buf_done(&n->name);
	free(n);
}

int sink_ndjson_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag)
{
	static const struct sink_ops ops = { .event = ndjson_event, .tick = ndjson_tick, .finish = ndjson_finish, .free = ndjson_free };
	static const struct row_sink_ops takes = { .begin = begin, .row = take_row };
	struct ndjson *n = xcalloc(1, sizeof(*n));
	int rc;

	n->sink.ops = &ops;
	n->file = file;
	n->takes = (struct row_sink){ .ops = &takes, .ctx = n };
	memset(n->takes.wants, 0xff, sizeof(n->takes.wants));
	if (!opt->verbose)	/* they are most of the text, and of the time */
		n->takes.wants[TABLE_EVENT] &= ~(1ull << ROW_EVENT_ARGS);
	rc = rows_new(&n->takes, opt->totals, file->path, &n->from);
	*ret_sink = rc == 0 ? &n->sink : NULL;
	if (rc < 0)
		ndjson_free(&n->sink);
	return rc == 0 ? 0 : diag_set(diag, 125, -rc, "cannot make a temporary file for --json: %s; is /tmp writable?", strerror(-rc));
}
