/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Cells that are lists, or arguments, as JSON: in NDJSON, and in a column of text elsewhere.
 *
 *	STRINGS	["a","b"], in the form of json_escaped()
 *	FDS	[{"fd":3,"file":7}]
 *	STACK	[{"function":"main","into":16,"file":"/usr/bin/x","offset":4192}]
 *	ARGS	sink/value_json.h
 */
#include "row/row.h"

struct json;

/* type: one of these. */
void row_json(struct json *j, const struct row *row, enum row_type type, const struct cell *c);
