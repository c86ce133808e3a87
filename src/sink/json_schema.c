/* SPDX-License-Identifier: MIT */
#include "sink/json_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "event/event.h"
#include "row/row.h"

static void pair(struct json *j, const char *key, const char *value) { json_key(j, key), json_cstr(j, value); }

/* "type": …, and what more is known of the values. */
static void type_of(struct json *j, enum row_type type)
{
	static const char fd[] = "{\"type\":\"object\",\"properties\":{\"fd\":{\"type\":\"integer\"},"
				 "\"file\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"fd\",\"file\"]}";
	static const char string[] = "{\"type\":\"string\"}";
	static const char frame[] = "{\"type\":\"object\",\"properties\":{\"function\":{\"type\":\"string\"},"
				    "\"into\":{\"type\":\"integer\"},\"file\":{\"type\":\"string\"},"
				    "\"offset\":{\"type\":\"integer\"}},\"required\":"
				    "[\"function\",\"into\",\"file\",\"offset\"]}";
	const char *item = type == ROW_FDS ? fd : type == ROW_STACK ? frame : string;

	switch (type) {
	case ROW_SIGNED: case ROW_FD:
		pair(j, "type", "integer");
		break;
	case ROW_BOOL:
		pair(j, "type", "boolean");
		break;
	case ROW_WORD: case ROW_STRING: case ROW_NAME: case ROW_PEER:
		pair(j, "type", "string");
		break;
	case ROW_ADDRESS:
		pair(j, "type", "string");
		pair(j, "pattern", "^0x[0-9a-f]+$");
		break;
	case ROW_STRINGS: case ROW_FDS: case ROW_STACK:
		pair(j, "type", "array");
		json_key(j, "items");
		json_raw(j, item, strlen(item));
		break;
	case ROW_ARGS:
		pair(j, "type", "object");
		break;
	default:
		pair(j, "type", "integer");
		json_key(j, "minimum"), json_u64(j, type == ROW_ID);
		break;
	}
}

static void kinds_of_events(struct json *j)
{
	json_key(j, "enum");
	json_open(j, '[');
	for (unsigned k = 0; k < _EV_MAX; k++)
		json_cstr(j, event_info((enum event_kind)k)->name);
	json_close(j, ']');
}

static void field(struct json *j, enum row_table table, unsigned f)
{
	const struct row_field *field = &row_tables[table].fields[f];

	json_key(j, field->name);
	json_open(j, '{');
	type_of(j, (enum row_type)field->type);
	if (table == TABLE_EVENT && f == ROW_EVENT_KIND)
		kinds_of_events(j);
	pair(j, "description", field->help);
	json_close(j, '}');
}

static void table(struct json *j, enum row_table t)
{
	const struct row_table_info *table = &row_tables[t];
	bool has_id = !strcmp(table->fields[0].name, "id");

	json_key(j, table->name);
	json_open(j, '{');
	pair(j, "type", "object");
	pair(j, "description", table->help);
	json_key(j, "properties");
	json_open(j, '{');
	json_key(j, "table");
	json_open(j, '{');
	pair(j, "const", table->name);
	json_close(j, '}');
	for (unsigned f = 0; f < table->nfields; f++)
		field(j, t, f);
	if (t != TABLE_EVENT) {
		json_key(j, "final");
		json_raw(j, "{\"type\":\"boolean\"}", strlen("{\"type\":\"boolean\"}"));
	}
	json_close(j, '}');
	json_key(j, "required");
	json_open(j, '[');
	json_cstr(j, "table");
	if (has_id)
		json_cstr(j, "id");
	if (t != TABLE_EVENT)
		json_cstr(j, "final");
	json_close(j, ']');
	json_close(j, '}');
	buf_putc(j->b, '\n');
}

void json_schema(struct buf *b)
{
	struct json j = { .b = b };
	char name[64];

	json_open(&j, '{');
	pair(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	snprintf(name, sizeof(name), "A line of compendium --json, version %d", ROW_SCHEMA_VERSION);
	pair(&j, "title", name);
	pair(&j, "description", "New tables and fields may come; those that are here keep their names and types.");
	json_key(&j, "oneOf");
	json_open(&j, '[');
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		json_open(&j, '{');
		snprintf(name, sizeof(name), "#/$defs/%s", row_tables[t].name);
		pair(&j, "$ref", name);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	buf_putc(b, '\n');
	json_key(&j, "$defs");
	json_open(&j, '{');
	for (unsigned t = 0; t < _ROW_TABLES; t++)
		table(&j, (enum row_table)t);
	json_close(&j, '}');
	json_close(&j, '}');
	buf_putc(b, '\n');
}
