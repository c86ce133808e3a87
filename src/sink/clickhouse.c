/* SPDX-License-Identifier: MIT */
/*
 * --clickhouse: a file for each table as TabSeparated, what makes the tables (on one server, or on each of many), and
 * what loads them (docs/fleet.md).  Plain types only: Debian has ClickHouse 18.16, which knows no DateTime64, Bool or
 * CODEC; newer ones take the same.
 *
 * A run is known by its host and the wall clock at its start, which the loader puts before each row.  `at` is the wall
 * clock of a row in nanoseconds, by which events are ordered.
 */
#include <string.h>

#include "base/buf.h"
#include "base/outfile.h"
#include "base/text.h"
#include "sink/parts.h"
#include "sink/sink.h"

/* Behind those of the tables, in this order. */
enum { SCHEMA = _ROW_TABLES, FLEET, LOADER };
const char *const sink_clickhouse_files[] = {
	ROW_TABLES(PARTS_NAME_TSV) "schema.sql", "fleet.sql", "load.sh", NULL
};

/* ---- cells ---- */

/* The form of TabSeparated: backslashes are escapes, tabs and newlines end cells. */
static void text(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0, run; i < n; i++) {
		for (run = i; i < n && !strchr("\\\t\n\r", s[i]);)
			i++;
		buf_add(b, s + run, i - run);
		if (i == n)
			return;
		buf_putc(b, '\\');
		buf_putc(b, s[i] == '\t' ? 't' : s[i] == '\n' ? 'n' : s[i] == '\r' ? 'r' : '\\');
	}
}

static void bytes(struct buf *b, const char *s, size_t n)
{
	struct buf escaped = { 0 };

	if (text_is_escaped(s, n)) {
		text(b, s, n);
		return;
	}
	text_escaped(&escaped, s, n);
	text(b, escaped.s, escaped.len);
	buf_done(&escaped);
}

/* ---- tables ---- */

static const char *column_type(enum row_type t)
{
	switch (t) {
	case ROW_BOOL: return "UInt8";
	case ROW_WORD: case ROW_STRING: case ROW_NAME: case ROW_PEER: case ROW_ADDRESS: return "String";
	case ROW_STRINGS: case ROW_FDS: case ROW_STACK: case ROW_ARGS: return "String";	/* JSON */
	default: return "Int64";
	}
}

/* Of what every row has: the rest may be absent. */
static bool is_always(const struct row_field *f) { return !strcmp(f->name, "id") || !strcmp(f->name, "time"); }

static bool has_field(const struct row_table_info *t, const char *name)
{
	for (unsigned f = 0; f < t->nfields; f++)
		if (!strcmp(t->fields[f].name, name))
			return true;
	return false;
}

static void create_table(struct buf *b, enum row_table table, const char *suffix)
{
	const struct row_table_info *t = &row_tables[table];

	buf_printf(b, "CREATE TABLE IF NOT EXISTS compendium.%s%s (host String, run UInt64, ", t->name, suffix);
	for (unsigned f = 0; f < t->nfields; f++)
		buf_printf(b, is_always(&t->fields[f]) ? "`%s` %s, " : "`%s` Nullable(%s), ", t->fields[f].name,
			   column_type((enum row_type)t->fields[f].type));
	/* 1 second: whole ones are all that DateTime of 18.16 has */
	buf_printf(b, "at UInt64 DEFAULT %s, day Date DEFAULT toDate(toDateTime(intDiv(at, 1000000000)), 'UTC')) "
		   "ENGINE = MergeTree PARTITION BY day ORDER BY (host, %s);\n",
		   has_field(t, "time") ? "run + toUInt64(time)" : "run",
		   table == TABLE_TRACE ? "run" : has_field(t, "time") ? "at" : "run, id");
}

static void put(struct outfile *to, struct buf *b)
{
	outfile_write(to, b->s, b->len);
	buf_reset(b);
}

static void declare_tables(struct outfile *files, struct buf *b)
{
	buf_puts(b, "-- One server: clickhouse-client --multiquery < schema.sql\n"
		    "CREATE DATABASE IF NOT EXISTS compendium;\n");
	for (unsigned t = 0; t < _ROW_TABLES; t++)
		create_table(b, (enum row_table)t, "");
	put(&files[SCHEMA], b);
	buf_puts(b, "-- Each server of the cluster: clickhouse-client --host SERVER --multiquery < fleet.sql\n"
		    "CREATE DATABASE IF NOT EXISTS compendium;\n");
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		create_table(b, (enum row_table)t, "_shard");
		buf_printf(b, "CREATE TABLE IF NOT EXISTS compendium.%s AS compendium.%s_shard ENGINE = "
			   "Distributed(compendium, compendium, %s_shard, cityHash64(host));\n", row_tables[t].name,
			   row_tables[t].name, row_tables[t].name);
	}
	put(&files[FLEET], b);
}

/* ---- the loader ---- */

static const char loader_head[] =
"#!/bin/sh\n"
"# Loads the run in this directory into the tables of schema.sql or fleet.sql:\n"
"#   sh load.sh [HOST [OPTION OF CLICKHOUSE-CLIENT...]]     HOST: where it ran; without it, as it was recorded\n"
"# The row of `trace` goes last: a run that has it is complete, and is not loaded again.\n"
"set -eu\n"
"cd \"$(dirname \"$0\")\"\n"
"case ${1-} in\n"
"'' | -*) host=$(cut -f %u trace.tsv | head -n 1) ;;\n"
"*) host=$1; shift ;;\n"
"esac\n"
"case $host in\n"
"'' | *[!A-Za-z0-9._:-]*) echo \"load.sh: \\\"$host\\\" is no host's name; give one: sh load.sh HOST\" >&2; exit 1 ;;\n"
"esac\n"
"tab=$(printf '\\t')\n"
"run=$(cut -f %u trace.tsv | head -n 1)\n"
"case $run in '' | *[!0-9]*) echo 'load.sh: trace.tsv has no run; was it cut short?' >&2; exit 1 ;; esac\n"
"ask() { clickhouse-client --insert_distributed_sync 1 \"$@\"; }\n"
"# Nothing of it may be there, or its rows would count twice\n"
"for table in trace process; do\n"
"\tthere=$(ask \"$@\" --query \"SELECT count() FROM compendium.$table WHERE host = '$host' AND run = $run\")\n"
"\t[ \"$there\" = 0 ] || { echo \"load.sh: run $run of $host is there already (table $table)\" >&2; exit 1; }\n"
"done\n"
"load() {\n"
"\ttable=$1 columns=$2\n"
"\tshift 2\n"
"\t[ -s \"$table.tsv\" ] || return 0\n"
"\tsed \"s/^/$host$tab$run$tab/\" \"$table.tsv\" |\n"
"\t\task \"$@\" --query \"INSERT INTO compendium.$table (host, run, $columns) FORMAT TabSeparated\"\n"
"}\n";

static void load_table(struct buf *b, const struct row_table_info *t)
{
	buf_printf(b, "load %s '", t->name);
	for (unsigned f = 0; f < t->nfields; f++)
		buf_printf(b, f ? ", `%s`" : "`%s`", t->fields[f].name);
	buf_puts(b, "' \"$@\"\n");
}

static void declare(struct outfile *files)
{
	struct buf b = { 0 };

	declare_tables(files, &b);
	buf_printf(&b, loader_head, ROW_TRACE_HOSTNAME + 1, ROW_TRACE_WALL + 1);
	for (unsigned t = 0; t < _ROW_TABLES; t++)
		if (t != TABLE_TRACE)
			load_table(&b, &row_tables[t]);
	load_table(&b, &row_tables[TABLE_TRACE]);
	put(&files[LOADER], &b);
	buf_done(&b);
}

int sink_clickhouse_new(const struct sink_options *opt, struct outfile *files, struct sink **ret_sink,
			struct diag *diag)
{
	static const struct parts_dialect tsv = {
		.option = "--clickhouse", .separator = '\t', .null = "\\N", .yes = "1", .no = "0", .hex = "0x", .header = false,
		.bytes = bytes, .text = text, .declare = declare,
	};

	return sink_parts_new(&tsv, opt, files, ret_sink, diag);
}
