/* SPDX-License-Identifier: MIT */
/* --json: rows as NDJSON, all derived from the fields (row/fields.h): a key a field, written by its type. */
#include "base/json.h"
#include "base/macro.h"
#include "model/model.h"
#include "sink/row_json.h"
#include "sink/row_output.h"
#include "sink/words.h"

struct ndjson {
	struct row_output base;
	struct buf name;
	struct column { struct json_made key; uint32_t type; } columns[_ROW_TABLES][ROW_FIELDS_MAX];	/* ,"name": */
	struct json_made heads[_ROW_TABLES];			/* {"table":"name" */
	struct json_made ends[3];				/* not final, final, and of events, which all are */
	struct buf kept[_ROW_GROUPS][ROW_SLOTS];		/* of events of one thread, one type: all their cells */
};

/* What has a form of its own in each sink. */
static void made_string(struct ndjson *n, struct buf *b, enum row_type type, const struct cell *c)
{
	buf_reset(&n->name);
	if (type == ROW_NAME)
		file_name(&n->name, c->file);
	else
		addr_format(&n->name, c->addr);
	json_put_escaped(b, n->name.s ? n->name.s : "", n->name.len);
}

#define JSON(buf) ((struct json){ .b = (buf) })

/* What may be long, or is rare: with room in b as it needs it. */
static void long_value(struct ndjson *n, struct buf *b, const struct row *row, enum row_type type, const struct cell *c)
{
	switch (type) {
	case ROW_SIGNED: case ROW_FD: json_i64(&JSON(b), c->i); break;
	case ROW_BOOL: json_bool(&JSON(b), c->u); break;
	case ROW_WORD: case ROW_STRING: json_put_escaped(b, c->s, c->n); break;
	case ROW_ADDRESS: json_hex(&JSON(b), c->u); break;
	case ROW_NAME: case ROW_PEER: made_string(n, b, type, c); break;
	default: row_json(&JSON(b), row, type, c); break;
	}
}

/* Where the next byte goes; room for every key and short value of a row, so that none has to ask. */
static inline char *room(struct buf *b)
{
	buf_grow(b, (ROW_FIELDS_MAX + 2) * JSON_CELL_MAX);
	return b->s + b->len;
}

/* Inlined: it runs a dozen times for every event. */
static inline __attribute__((always_inline)) char *cell(struct ndjson *n, struct buf *b, char *to,
							const struct row *row, unsigned f)
{
	const struct column *column = &n->columns[row->table][f];
	const struct cell *c = &row->cells[f];

	to = json_put_made(to, &column->key);
	switch ((enum row_type)column->type) {
	case ROW_SIGNED: case ROW_FD:
		if (c->i >= 0)
			return json_put_u64(to, c->u);
		break;
	case ROW_WORD:
		if (c->n <= JSON_WORD_MAX)
			return json_put_word(to, c->s, c->n);
		break;
	case ROW_BOOL: case ROW_STRING: case ROW_ADDRESS: case ROW_NAME: case ROW_PEER:
	case ROW_STRINGS: case ROW_FDS: case ROW_STACK: case ROW_ARGS: break;
	default: return json_put_u64(to, c->u);
	}
	b->len = (size_t)(to - b->s);
	long_value(n, b, row, column->type, c);
	return room(b);
}

static char *group(struct ndjson *n, struct buf *b, char *to, const struct row *row, enum row_group g)
{
	const struct row_kept *made = &row->group[g];
	struct buf *kept = &n->kept[g][made->slot];
	size_t begin = b->len = (size_t)(to - b->s);

	if (!made->fresh) {
		buf_add(b, kept->s, kept->len);
		return room(b);
	}
	for (unsigned i = 0; i < made->npresent; i++)
		to = cell(n, b, to, row, made->present[i]);
	buf_reset(kept);
	buf_add(kept, b->s + begin, (size_t)(to - b->s) - begin);
	return to;
}

static void begin(void *ctx, const struct row_table_info tables[_ROW_TABLES])
{
	struct ndjson *n = ctx;

	n->ends[0] = json_make(",\"final\":%s}\n", "false");
	n->ends[1] = json_make(",\"final\":%s}\n", "true");
	n->ends[2] = json_make("}%s", "\n");
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		n->heads[t] = json_make("{\"table\":\"%s\"", tables[t].name);
		for (unsigned f = 0; f < tables[t].nfields; f++)
			n->columns[t][f] = (struct column){ json_make(",\"%s\":", tables[t].fields[f].name),
							    tables[t].fields[f].type };
	}
}

static void take_row(void *ctx, const struct row *row)
{
	struct ndjson *n = ctx;
	struct buf *b = &n->base.out;
	char *to;

	to = json_put_made(room(b), &n->heads[row->table]);
	for (unsigned i = 0; i < row->npresent; i++)
		if (row->present[i] < ROW_GROUP_AT)
			to = cell(n, b, to, row, row->present[i]);
		else
			to = group(n, b, to, row, row->present[i] - ROW_GROUP_AT);
	to = json_put_made(to, &n->ends[row->table == TABLE_EVENT ? 2 : row->final]);
	b->len = (size_t)(to - b->s);
	n->base.nevents += row->table == TABLE_EVENT;
	row_output_flush_long(&n->base);
}

static void free_made(struct row_output *o)
{
	struct ndjson *n = CONTAINER_OF(o, struct ndjson, base);

	buf_done(&n->name);
	for (unsigned g = 0; g < _ROW_GROUPS; g++)
		for (unsigned i = 0; i < ROW_SLOTS; i++)
			buf_done(&n->kept[g][i]);
}

int sink_ndjson_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag)
{
	static const struct row_sink_ops takes = { .begin = begin, .row = take_row };
	struct ndjson *n = xcalloc(1, sizeof(*n));

	n->base.free = free_made;
	n->base.takes.keeps = true;
	row_output_want_all(&n->base, opt);
	return row_output_start(&n->base, &takes, opt, file, "--json", ret_sink, diag);
}
