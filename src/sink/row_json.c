/* SPDX-License-Identifier: MIT */
#include "sink/row_json.h"

#include "base/json.h"
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

void row_json(struct json *j, const struct row *row, enum row_type type, const struct cell *c)
{
	if (type == ROW_STRINGS)
		strings(j, c);
	else if (type == ROW_FDS)
		descriptors(j, c);
	else
		args_json(j, row->event);
}
