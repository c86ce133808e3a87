/* SPDX-License-Identifier: MIT */
/* The list of result tables: their columns, and what fills them. */
#include <stdlib.h>

#include "abi/calm.h"
#include "abi/spec.h"
#include "analyze/cells.h"
#include "analyze/table.h"
#include "analyze/tables_more.h"
#include "analyze/totals.h"
#include "base/macro.h"
#include "record/record.h"

/* ---- files ---- */

enum { FILES_READ, FILES_WRITTEN, FILES_OPENS, FILES_NAME, _FILES };
static const struct table_column file_columns[_FILES] = {
	[FILES_READ] = { "read", NULL, "read_bytes", CELL_BYTES, IN_COLUMN, 9, 0 },
	[FILES_WRITTEN] = { "written", NULL, "written_bytes", CELL_BYTES, IN_COLUMN, 10, 0 },
	[FILES_OPENS] = { "opens", NULL, "opens", CELL_COUNT, NOT_IN_LINE, 0, 0 },
	[FILES_NAME] = { "file", NULL, "path", CELL_FILE, IN_REST, 0, 2 },
};

static void set_file(struct cell *cells, const struct totals_file *f)
{
	cells[FILES_READ] = number(f->nread);
	cells[FILES_WRITTEN] = number(f->nwritten);
	cells[FILES_OPENS] = number(f->opens);
}

static void fill_files(struct table *t, const struct totals *totals, bool noise)
{
	unsigned *rows = xcalloc(t->room, sizeof(*rows));
	struct table_row *row;

	t->nall = totals_top_files(totals, noise, rows, t->room);
	for (unsigned i = 0; i < t->nall && (row = table_add(t)); i++) {
		set_file(row->cells, totals->files.v[rows[i]]);
		row->cells[FILES_NAME] = (struct cell){ .set = true, .file = totals->files.v[rows[i]] };
	}
	if (totals->files.others.nreads || totals->files.others.nwrites)
		set_file(t->others = xcalloc(_FILES, sizeof(struct cell)), &totals->files.others);
	free(rows);
}

/* ---- failed lookups ---- */

enum { LOOKUPS_COUNT, LOOKUPS_ERROR, LOOKUPS_PATH, _LOOKUPS };
static const struct table_column lookup_columns[_LOOKUPS] = {
	[LOOKUPS_COUNT] = { "times", NULL, "count", CELL_TIMES, IN_COLUMN, 7, 0 },
	[LOOKUPS_ERROR] = { "error", NULL, "error", CELL_ERROR, IN_COLUMN, 9, 2 },
	[LOOKUPS_PATH] = { "path", NULL, "path", CELL_LOOKUP, IN_REST, 0, 2 },
};

static void fill_lookups(struct table *t, const struct totals *totals, bool noise)
{
	unsigned *rows = xcalloc(t->room, sizeof(*rows));
	struct table_row *row;

	t->nall = totals_top_lookups(totals, noise, rows, t->room);
	for (unsigned i = 0; i < t->nall && (row = table_add(t)); i++) {
		const struct totals_lookup *l = totals->lookups.v[rows[i]];

		row->cells[LOOKUPS_COUNT] = number(l->count);
		row->cells[LOOKUPS_ERROR] = number((uint64_t)l->err);
		row->cells[LOOKUPS_PATH] = (struct cell){ .set = true, .lookup = l };
	}
	if (totals->lookups.others.count) {
		t->others = xcalloc(_LOOKUPS, sizeof(struct cell));
		t->others[LOOKUPS_COUNT] = number(totals->lookups.others.count);
	}
	free(rows);
}

/* ---- calls ---- */

enum { ERRORS_COUNT, ERRORS_CALL, ERRORS_ERROR, ERRORS_TEXT, _ERRORS };
static const struct table_column error_columns[_ERRORS] = {
	[ERRORS_COUNT] = { "times", NULL, "count", CELL_TIMES, IN_COLUMN, 7, 0 },
	[ERRORS_CALL] = { "call", NULL, "call", CELL_CALL, IN_COLUMN, 18, 2 },
	[ERRORS_ERROR] = { "error", NULL, "error", CELL_ERROR, IN_COLUMN, 0, 1 },
	[ERRORS_TEXT] = { "meaning", NULL, "meaning", CELL_ERROR_TEXT, IN_COLUMN, 0, 2 },
};

static void fill_errors(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	unsigned *rows = xcalloc(t->room, sizeof(*rows));
	struct table_row *row;

	t->nall = totals_top_errors(totals, rows, t->room);
	for (unsigned i = 0; i < t->nall && (row = table_add(t)); i++) {
		const struct totals_error *e = totals->errors.v[rows[i]];

		row->cells[ERRORS_COUNT] = number(e->count);
		row->cells[ERRORS_CALL] = (struct cell){ .set = true, .call = e->call };
		row->cells[ERRORS_ERROR] = row->cells[ERRORS_TEXT] = number((uint64_t)e->err);
		row->cells[ERRORS_ERROR].calm = errno_is_answer(e->err, e->call->spec->name);
	}
	free(rows);
}

enum {
	CALLS_COUNT,
	CALLS_ERRORS,
	CALLS_TOTAL,
	CALLS_MIN,
	CALLS_AVG,
	CALLS_P50,
	CALLS_P95,
	CALLS_P99,
	CALLS_MAX,
	CALLS_CALL,
	CALLS_RUNNING,
	_CALLS
};
static const struct table_column call_columns[_CALLS] = {
	[CALLS_COUNT] = { "calls", NULL, "count", CELL_COUNT, IN_COLUMN, 9, 0 },
	[CALLS_ERRORS] = { "errors", NULL, "errors", CELL_COUNT, NOT_IN_LINE, 0, 0 },
	[CALLS_TOTAL] = { "total", NULL, "total_ns", CELL_NS, IN_COLUMN, 9, 0 },
	[CALLS_MIN] = { "shortest", NULL, "min_ns", CELL_NS, ONLY_IN_DATA, 0, 0 },
	[CALLS_AVG] = { "average", NULL, "avg_ns", CELL_NS, NOT_IN_LINE, 0, 0 },
	[CALLS_P50] = { "median", NULL, "p50_ns", CELL_NS, IN_COLUMN, 9, 0 },
	[CALLS_P95] = { "95th percentile", NULL, "p95_ns", CELL_NS, NOT_IN_LINE, 0, 0 },
	[CALLS_P99] = { "99th percentile", NULL, "p99_ns", CELL_NS, IN_COLUMN, 9, 0 },
	[CALLS_MAX] = { "longest", NULL, "max_ns", CELL_NS, IN_COLUMN, 9, 0 },
	[CALLS_CALL] = { "call", NULL, "call", CELL_CALL, IN_COLUMN, 0, 2 },
	[CALLS_RUNNING] = { "still under way", NULL, "running", CELL_COUNT, IN_NOTE, 0, 0 },
};

static void fill_call(struct cell *cells, const struct totals_call *c)
{
	cells[CALLS_COUNT] = number(c->count);
	cells[CALLS_ERRORS] = number(c->errors);
	cells[CALLS_TOTAL] = number(c->dur.sum);
	cells[CALLS_MIN] = number(c->dur.min);
	cells[CALLS_AVG] = number(c->dur.sum / c->dur.n);
	cells[CALLS_P50] = quantile(&c->dur, 0.5);
	cells[CALLS_P95] = quantile(&c->dur, 0.95);
	cells[CALLS_P99] = quantile(&c->dur, 0.99);
	cells[CALLS_MAX] = number(c->dur.max);
	cells[CALLS_CALL] = (struct cell){ .set = true, .call = c };
	cells[CALLS_RUNNING] = number_if(c->running);
}

static void fill_calls(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	unsigned *rows = xcalloc(t->room, sizeof(*rows));
	struct table_row *row;

	t->nall = totals_top_calls(totals, rows, t->room);
	for (unsigned i = 0; i < t->nall && (row = table_add(t)); i++)
		fill_call(row->cells, totals->calls.v[rows[i]]);
	free(rows);
}

/* ---- what else moved bytes, and what was hidden ---- */

enum { IO_WHAT, IO_READ, IO_WRITTEN, IO_RECEIVED, IO_SENT, _IO };
static const struct table_column io_columns[_IO] = {
	[IO_WHAT] = { "what", NULL, "kind", CELL_IO, IN_COLUMN, 0, 0 },
	[IO_READ] = { "read", NULL, "read_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[IO_WRITTEN] = { "written", NULL, "written_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[IO_RECEIVED] = { "received", NULL, "received_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[IO_SENT] = { "sent", NULL, "sent_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
};

static void fill_io(struct table *t, const struct totals *totals, bool noise UNUSED)
{
	static const struct { enum table_io kind; unsigned in, out; } rows[] = {
		{ IO_OTHER, IO_READ, IO_WRITTEN }, { IO_LOCAL_SOCKETS, IO_RECEIVED, IO_SENT },
	};
	const uint64_t in[] = { totals->other_read, totals->local_received },
		       out[] = { totals->other_written, totals->local_sent };
	struct table_row *row;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if ((!in[i] && !out[i]) || !(row = table_add(t)))
			continue;
		row->cells[IO_WHAT] = number(rows[i].kind);
		row->cells[rows[i].in] = number(in[i]);
		row->cells[rows[i].out] = number(out[i]);
		t->nall++;
	}
}

enum {
	HIDDEN_CLASS,
	HIDDEN_EVENTS,
	HIDDEN_OPENS,
	HIDDEN_LOOKUPS,
	HIDDEN_CONNS,
	HIDDEN_READ,
	HIDDEN_WRITTEN,
	HIDDEN_SENT,
	HIDDEN_RECEIVED,
	_HIDDEN
};
static const struct table_column hidden_columns[_HIDDEN] = {
	[HIDDEN_CLASS] = { "what", NULL, "class", CELL_NOISE, IN_COLUMN, 0, 0 },
	[HIDDEN_EVENTS] = { "events", "event", "events", CELL_COUNT, IN_COLUMN, 0, 0 },
	[HIDDEN_OPENS] = { "opens", "open", "opens", CELL_COUNT, IN_COLUMN, 0, 0 },
	[HIDDEN_LOOKUPS] = { "lookups", "lookup", "lookups", CELL_COUNT, IN_COLUMN, 0, 0 },
	[HIDDEN_CONNS] = { "connections", "connection", "connections", CELL_COUNT, IN_COLUMN, 0, 0 },
	[HIDDEN_READ] = { "read", NULL, "read_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[HIDDEN_WRITTEN] = { "written", NULL, "written_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[HIDDEN_SENT] = { "sent", NULL, "sent_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
	[HIDDEN_RECEIVED] = { "received", NULL, "received_bytes", CELL_BYTES, IN_COLUMN, 0, 0 },
};

static void fill_hidden(struct table *t, const struct totals *totals, bool noise)
{
	struct table_row *row;

	for (unsigned i = NOISE_NONE + 1; i < _NOISE_MAX && !noise; i++) {
		const struct totals_hidden *h = &totals->hidden[i];

		if (!h->events || !(row = table_add(t)))
			continue;
		row->cells[HIDDEN_CLASS] = number(i);
		row->cells[HIDDEN_EVENTS] = number(h->events);
		row->cells[HIDDEN_OPENS] = number_if(h->opens);
		row->cells[HIDDEN_LOOKUPS] = number_if(h->lookups);
		row->cells[HIDDEN_CONNS] = number_if(i == NOISE_LOCALHOST ? totals_count_conns(totals).hidden : 0);
		row->cells[HIDDEN_READ] = number_if(h->nread);
		row->cells[HIDDEN_WRITTEN] = number_if(h->nwritten);
		row->cells[HIDDEN_SENT] = number_if(h->sent);
		row->cells[HIDDEN_RECEIVED] = number_if(h->received);
		t->nall++;
	}
	t->remark = REMARK_COUNTED;
}

#define COLUMNS(c) .columns = (c), .ncolumns = ARRAY_SIZE(c)
static const struct table_def table_top_files = {
	.title = "Top files", .name = "top_files", COLUMNS(file_columns), .fill = fill_files, .nheads = 2,
};
static const struct table_def table_failed_lookups = {
	.title = "Failed lookups", .name = "failed_lookups", COLUMNS(lookup_columns), .fill = fill_lookups,
};
const struct table_def table_errors = {
	.title = "Errors by call", .name = "errors", COLUMNS(error_columns), .fill = fill_errors,
};
static const struct table_def table_calls = {
	.title = "Time in calls", .name = "calls", COLUMNS(call_columns), .fill = fill_calls, .nheads = 9, .spare = 2,
};
static const struct table_def table_other_io = {
	.title = "Other input and output", .name = "other_io", COLUMNS(io_columns), .fill = fill_io, .form = FORM_TITLES,
	.spare = 3,
};
static const struct table_def table_hidden = {
	.title = "Hidden as noise", .name = "hidden", COLUMNS(hidden_columns), .fill = fill_hidden, .form = FORM_SENTENCES,
	.spare = 1,
};

const struct table_def *const table_list[] = {
	&table_failures,
	&table_time,
	&table_findings,
	&table_critical_path,
	&table_top_files,
	&table_failed_lookups,
	&table_connections,
	&table_listening,
	&table_waits,
	&table_process_time,
	&table_thread_time,
	&table_processes,
	&table_errors,
	&table_calls,
	&table_other_io,
	&table_hidden,
};
const unsigned table_nlist = ARRAY_SIZE(table_list);
