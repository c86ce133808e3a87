/* SPDX-License-Identifier: MIT */
/* --diff --summary=json: each kind of difference is a table, as those of the summary are (docs/diff.md). */
#include <stdlib.h>
#include <string.h>

#include "analyze/diff.h"
#include "analyze/endings.h"
#include "analyze/table.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/macro.h"
#include "config.h"
#include "sink/diff_text.h"
#include "sink/diff_words.h"
#include "sink/ended.h"
#include "sink/table_json.h"

enum { COLUMNS_MAX = 8 };

/* Columns are read by their names alone. */
#define COLUMN(name_, type_) { .name = name_, .type = type_ }
#define REASONS COLUMN("stderr", CELL_LAST_LINES), COLUMN("missed", CELL_MISSED), COLUMN("signal", CELL_FATAL)

static const struct table_column ended[] = {
	COLUMN("command", CELL_COMMAND), COLUMN("first", CELL_ENDED), COLUMN("second", CELL_ENDED), REASONS,
}, ran[] = {
	COLUMN("run", CELL_COUNT), COLUMN("times", CELL_COUNT), COLUMN("command", CELL_COMMAND), REASONS,
}, missed[] = {
	COLUMN("run", CELL_COUNT), COLUMN("path", CELL_LOOKUP), COLUMN("error", CELL_ERROR),
}, opened[] = {
	COLUMN("run", CELL_COUNT), COLUMN("path", CELL_FILE),
}, moved[] = {
	COLUMN("path", CELL_FILE), COLUMN("first_read_bytes", CELL_BYTES), COLUMN("second_read_bytes", CELL_BYTES),
	COLUMN("first_written_bytes", CELL_BYTES), COLUMN("second_written_bytes", CELL_BYTES),
}, result[] = {
	COLUMN("path", CELL_LOOKUP), COLUMN("first_error", CELL_ERROR), COLUMN("second_error", CELL_ERROR),
}, peers[] = {
	COLUMN("run", CELL_COUNT), COLUMN("peer", CELL_CONN), COLUMN("error", CELL_ERROR),
	COLUMN("first_error", CELL_ERROR), COLUMN("second_error", CELL_ERROR),
}, slower[] = {
	COLUMN("call", CELL_CALL), COLUMN("first_calls", CELL_COUNT), COLUMN("second_calls", CELL_COUNT),
	COLUMN("first_total_ns", CELL_NS), COLUMN("second_total_ns", CELL_NS), COLUMN("first_histogram", CELL_HIST),
	COLUMN("second_histogram", CELL_HIST),
};

#define TABLE(name_, columns_) { .name = name_, .columns = columns_, .ncolumns = ARRAY_SIZE(columns_) }
/* Those without a name here are of words. */
static const struct table_def defs[_DIFFS] = {
	[DIFF_ENDED] = TABLE("ended", ended), [DIFF_RAN] = TABLE("ran", ran), [DIFF_RESULT] = TABLE("result", result),
	[DIFF_MISSED] = TABLE("missed", missed),
	[DIFF_READ] = TABLE("opened", opened), [DIFF_WRITTEN] = TABLE("written", opened),
	[DIFF_BYTES] = TABLE("bytes", moved), [DIFF_PEER] = TABLE("peers", peers), [DIFF_SLOWER] = TABLE("slower", slower),
};

static struct cell number(uint64_t n) { return (struct cell){ .set = true, .n = n }; }
static struct cell of_proc(const struct totals_proc *p) { return (struct cell){ .set = p, .proc = p }; }
static struct cell of_file(const struct totals_file *f) { return (struct cell){ .set = f, .file = f }; }
static struct cell error(int err) { return (struct cell){ .set = err, .n = (uint64_t)err }; }

/* The last three columns of processes. */
static void reasons(struct cell *c, const struct totals_ending *e)
{
	const struct cell cell = { .set = true, .ending = e };

	if (!e)
		return;
	if (e->nlines)
		c[0] = cell;
	if (e->nmissed || e->second.name.len)
		c[1] = cell;
	if (e->fatal.signo)
		c[2] = cell;
}

static void process(struct cell *c, const struct difference *d)
{
	if (d->kind == DIFF_ENDED) {
		c[0] = of_proc(d->proc[d->side]);
		c[1] = of_proc(d->proc[0]);
		c[2] = of_proc(d->proc[1]);
	} else {
		c[0] = number(d->side + 1);
		c[1] = number(d->n);
		c[2] = of_proc(d->proc[d->side]);
	}
	reasons(c + 3, d->ending);
}

static void bytes(struct cell *c, const struct difference *d)
{
	c[0] = of_file(d->file[0]);
	for (unsigned side = 0; side < 2; side++) {
		c[1 + side] = number(d->file[side]->nread);
		c[3 + side] = number(d->file[side]->nwritten);
	}
}

static void calls(struct cell *c, const struct difference *d)
{
	c[0] = (struct cell){ .set = true, .call = d->call[0] };
	for (unsigned side = 0; side < 2; side++) {
		c[1 + side] = number(d->call[side]->dur.n);
		c[3 + side] = number(d->call[side]->dur.sum);
		c[5 + side] = (struct cell){ .set = true, .hist = &d->call[side]->dur };
	}
}

/* Opened in one; what failed in the other has its error. */
static void results(struct cell *c, const struct difference *d)
{
	c[0] = (struct cell){ .set = true, .lookup = d->lookup[0] ? d->lookup[0] : d->lookup[1] };
	for (unsigned side = 0; side < 2; side++)
		if (d->lookup[side])
			c[1 + side] = error(d->lookup[side]->err);
}

/* No run: of both, with another outcome. */
static void peer(struct cell *c, const struct difference *d)
{
	if (!d->conn[0] || !d->conn[1])
		c[0] = number(d->side + 1);
	c[1] = (struct cell){ .set = true, .conn = d->conn[d->side] };
	c[2] = error(d->conn[d->side]->err);
	for (unsigned side = 0; side < 2; side++)
		if (d->conn[side])
			c[3 + side] = error(d->conn[side]->err);
}

static void cells(struct cell *c, const struct difference *d)
{
	switch (d->kind) {
	case DIFF_ENDED: case DIFF_RAN: process(c, d); return;
	case DIFF_BYTES: bytes(c, d); return;
	case DIFF_SLOWER: calls(c, d); return;
	case DIFF_RESULT: results(c, d); return;
	case DIFF_PEER: peer(c, d); return;
	default: break;
	}
	c[0] = number(d->side + 1);
	if (d->kind == DIFF_MISSED) {
		c[1] = (struct cell){ .set = true, .lookup = d->lookup[d->side] };
		c[2] = error(d->lookup[d->side]->err);
	} else {
		c[1] = of_file(d->file[d->side]);
	}
}

static void string(struct json *j, struct buf *b)
{
	diff_strip(b);
	if (b->len)
		json_str(j, b->s, b->len);
	else
		json_null(j);
	buf_reset(b);
}

/* What it is, both values, and why, as text has them, but whole. */
static void words(struct json *j, const struct difference *d)
{
	struct buf b = { 0 };

	diff_what(&b, d, false);
	json_key(j, "what"), string(j, &b);
	for (unsigned side = 0; side < 2; side++) {
		diff_value(&b, d, side, false);
		json_key(j, side ? "second" : "first"), string(j, &b);
	}
	buf_done(&b);
}

/* kind: the heading in text, as data; run: the one that it is in, null: both. */
static void row(struct json *j, const struct difference *d)
{
	struct buf why = { 0 };

	json_open(j, '{');
	json_key(j, "kind"), json_cstr(j, diff_name(d->kind));
	json_key(j, "run");
	if (diff_is_of_one(d))
		json_u64(j, d->side + 1);
	else
		json_null(j);
	words(j, d);
	json_key(j, "times");
	if (d->n)
		json_u64(j, d->n);
	else
		json_null(j);
	diff_why(&why, d);
	json_key(j, "why"), string(j, &why);
	json_close(j, '}');
	buf_done(&why);
}

/* Of a kind that has values of no other type. */
static void words_table(struct json *j, enum diff_kind kind, const struct difference *v, unsigned n)
{
	unsigned nrows = 0;

	for (unsigned i = 0; i < n; i++)
		nrows += v[i].kind == kind;
	json_open(j, '{');
	json_key(j, "rows_total"), json_u64(j, nrows);
	json_key(j, "rows"), json_open(j, '[');
	for (unsigned i = 0; i < n; i++) {
		if (v[i].kind != kind)
			continue;
		json_open(j, '{');
		words(j, &v[i]);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

/* Kinds may be mixed: a program that ran in one only and failed stands among those that ended in another way. */
static void table(struct json *j, const struct table_def *def, const struct difference *v, unsigned n)
{
	enum diff_kind kind = (enum diff_kind)(def - defs);
	struct table t = { .def = def, .rows = xcalloc(n ? n : 1, sizeof(*t.rows)) };
	struct cell *room = xcalloc(n ? n : 1, COLUMNS_MAX * sizeof(*room));

	for (unsigned i = 0; i < n && def->name; i++) {
		if (v[i].kind != kind)
			continue;
		t.rows[t.nrows].cells = room + (size_t)t.nrows * COLUMNS_MAX;
		cells(t.rows[t.nrows++].cells, &v[i]);
	}
	t.nall = t.nrows;
	json_key(j, def->name ? def->name : diff_name(kind));
	if (def->name)
		table_json(j, &t);
	else
		words_table(j, kind, v, n);
	free(room);
	free(t.rows);
}

static void run(struct json *j, const struct totals *t, const char *name)
{
	struct buf words = { 0 };

	ended_of_run(&words, t, false);
	json_open(j, '{');
	json_key(j, "recording"), json_escaped(j, name, strlen(name));
	json_key(j, "not_recorded"), json_open(j, '[');
	for (unsigned i = 0; diff_not_name(1u << i); i++)
		if (diff_not_recorded(t) >> i & 1)
			json_cstr(j, diff_not_name(1u << i));
	json_close(j, ']');
	json_key(j, "backend");
	if (diff_backend(t))
		json_cstr(j, diff_backend(t));
	else
		json_null(j);
	json_key(j, "ended"), json_str(j, words.s, words.len);
	json_key(j, "duration_ns"), json_u64_or_str(j, t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0);
	json_key(j, "processes"), json_u64(j, t->nprocs);
	json_close(j, '}');
	buf_done(&words);
}

/* row: the number of its row, from 0. */
static void first_difference(struct json *j, const struct totals *const runs[2], const struct difference *v, unsigned n)
{
	struct diff_first first;
	struct buf b = { 0 };

	json_key(j, "first_difference");
	if (!diff_find_first(runs, v, n, &first)) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	json_key(j, "row"), json_u64(j, (uint64_t)(first.d - v));
	json_key(j, "after_ns"), json_u64_or_str(j, first.ns);
	diff_program(&b, first.proc);
	json_key(j, "process"), string(j, &b);
	diff_first_words(&b, &first);
	json_key(j, "words"), string(j, &b);
	json_close(j, '}');
	buf_done(&b);
}

/* Both runs and all rows; what is open stays open, and *ret_v is to be freed. */
static unsigned head(struct json *j, const struct totals *const runs[2], const char *const names[2], bool noise,
		     struct difference **ret_v)
{
	uint64_t nhidden;
	unsigned n = diff_of(runs, noise, ret_v, &nhidden);

	json_open(j, '{');
	json_key(j, "version"), json_u64(j, 1);
	json_key(j, "tool"), json_cstr(j, "compendium " COMPENDIUM_VERSION);
	json_key(j, "runs"), json_open(j, '[');
	for (unsigned side = 0; side < 2; side++)
		run(j, runs[side], names[side]);
	json_close(j, ']');
	json_key(j, "durations_compared"), json_bool(j, diff_has_times(runs));
	json_key(j, "differences"), json_u64(j, n);
	json_key(j, "hidden"), json_u64_or_str(j, nhidden);
	first_difference(j, runs, *ret_v, n);
	json_key(j, "rows"), json_open(j, '[');
	for (unsigned i = 0; i < n; i++)
		row(j, &(*ret_v)[i]);
	json_close(j, ']');
	return n;
}

void diff_json_rows(struct json *j, const struct totals *const runs[2], const char *const names[2], bool noise)
{
	struct difference *v;

	head(j, runs, names, noise, &v);
	json_close(j, '}');
	free(v);
}

bool diff_json_object(struct json *j, const struct totals *const runs[2], const char *const names[2], bool noise)
{
	struct difference *v;
	unsigned n = head(j, runs, names, noise, &v);

	json_key(j, "tables"), json_open(j, '{');
	for (unsigned kind = 0; kind < _DIFFS; kind++)
		table(j, &defs[kind], v, n);
	json_close(j, '}');
	json_close(j, '}');
	free(v);
	return n;
}

bool diff_json(struct buf *b, const struct totals *const runs[2], const char *const names[2], bool noise)
{
	struct json j = { .b = b };
	bool any = diff_json_object(&j, runs, names, noise);

	buf_putc(b, '\n');
	return any;
}

/* Lines: both runs, then each difference, in the order of their weight. */
bool diff_ndjson(struct buf *b, const struct totals *const runs[2], const char *const names[2], bool noise)
{
	struct difference *v;
	uint64_t nhidden;
	unsigned n = diff_of(runs, noise, &v, &nhidden);

	for (unsigned side = 0; side < 2; side++) {
		struct json j = { .b = b };

		run(&j, runs[side], names[side]);
		buf_putc(b, '\n');
	}
	for (unsigned i = 0; i < n; i++) {
		struct json j = { .b = b };

		row(&j, &v[i]);
		buf_putc(b, '\n');
	}
	free(v);
	return n;
}
