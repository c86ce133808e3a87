/* SPDX-License-Identifier: MIT */
#include "sink/row_json.h"

#include "base/json.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/value_json.h"

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

static void frames(struct json *j, const struct stack *s)
{
	json_open(j, '[');
	for (unsigned i = 0; i < s->n; i++) {
		const struct frame *f = &s->frames[i];

		json_open(j, '{');
		json_key(j, "function"), json_escaped(j, f->symbol ? f->symbol : "", f->symbol_len);
		json_key(j, "into"), json_i64(j, f->symbol ? (int64_t)f->into : 0);
		json_key(j, "file"), json_escaped(j, f->file ? f->file : "", f->file_len);
		json_key(j, "offset"), json_i64(j, f->file ? (int64_t)f->offset : 0);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void row_json(struct json *j, const struct row *row, enum row_type type, const struct cell *c)
{
	if (type == ROW_STRINGS)
		strings(j, c);
	else if (type == ROW_FDS)
		descriptors(j, c);
	else if (type == ROW_STACK)
		frames(j, c->stack);
	else
		args_json(j, row->event);
}
