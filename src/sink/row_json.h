/* SPDX-License-Identifier: MIT */
#pragma once
/* Cells that are lists, as JSON: in NDJSON, and in a column of text elsewhere. */
#include "row/row.h"
#include "sink/value_json.h"

void row_strings_json(struct json *j, const struct cell *c);	/* ["a","b"], in the form of json_escaped() */
void row_fds_json(struct json *j, const struct cell *c);	/* [{"fd":3,"file":7}] */
