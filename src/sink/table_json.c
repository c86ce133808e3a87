/* SPDX-License-Identifier: MIT */
#include "sink/table_json.h"

#include "analyze/hist.h"
#include "analyze/totals.h"
#include "base/json.h"
#include "sink/out.h"
#include "sink/table_words.h"
#include "sink/words.h"

/* The words that a person reads, without style marks. */
static void words(struct json *j, enum cell_type type, const struct cell *v)
{
	struct buf b = { 0 };
	size_t n = 0;

	table_cell_words(&b, type, v, false);
	for (size_t i = 0; i < b.len; i++)
		if (b.s[i] != STYLE_ERROR && b.s[i] != STYLE_DIM && b.s[i] != STYLE_OFF)
			b.s[n++] = b.s[i];
	json_str(j, b.s ? b.s : "", n);
	buf_done(&b);
}

/* [[512,3],…]: at least so much, below the next, and how many; those without any are left out. */
static void buckets(struct json *j, const struct hist *h)
{
	json_open(j, '[');
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		if (!h->buckets[i])
			continue;
		json_open(j, '[');
		json_u64_or_str(j, hist_bucket_low(i));
		json_u64(j, h->buckets[i]);
		json_close(j, ']');
	}
	json_close(j, ']');
}

static void path(struct json *j, const struct bytes *of)
{
	struct buf b = { 0 };

	path_name(&b, of->s, of->len);
	json_escaped(j, b.s ? b.s : "", b.len);
	buf_done(&b);
}

static void value(struct json *j, enum cell_type type, const struct cell *v)
{
	if (!v->set || (type == CELL_LOOKUP && v->lookup->unreadable))
		json_null(j);
	else if (table_is_number(type))
		json_u64_or_str(j, v->n);
	else if (type == CELL_LOOKUP)
		path(j, &v->lookup->path);
	else if (type == CELL_FILE)
		path(j, &v->file->path);
	else if (type == CELL_HIST)
		buckets(j, v->hist);
	else
		words(j, type, v);
}

static void cells(struct json *j, const struct table *t, const struct cell *v)
{
	for (unsigned i = 0; i < t->def->ncolumns; i++) {
		json_key(j, t->def->columns[i].name);
		value(j, t->def->columns[i].type, &v[i]);
	}
}

void table_json(struct json *j, const struct table *t)
{
	json_open(j, '{');
	json_key(j, "rows_total");
	json_u64_or_str(j, t->nall);
	json_key(j, "rows");
	json_open(j, '[');
	for (unsigned i = 0; i < t->nrows; i++) {
		json_open(j, '{');
		cells(j, t, t->rows[i].cells);
		if (t->def->form == FORM_TREE) {
			json_key(j, "depth");
			json_u64(j, t->rows[i].depth);
		}
		json_close(j, '}');
	}
	json_close(j, ']');
	if (t->others) {
		json_key(j, "others");
		json_open(j, '{');
		cells(j, t, t->others);
		json_close(j, '}');
	}
	json_close(j, '}');
}
