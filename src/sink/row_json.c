/* SPDX-License-Identifier: MIT */
#include "sink/row_json.h"

#include "base/json.h"
#include "model/model.h"

void row_strings_json(struct json *j, const struct cell *c)
{
	json_open(j, '[');
	for (unsigned i = 0; i < c->n; i++)
		json_escaped(j, c->list[i].s ? c->list[i].s : "", c->list[i].len);
	json_close(j, ']');
}

void row_fds_json(struct json *j, const struct cell *c)
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
