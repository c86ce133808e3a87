/* SPDX-License-Identifier: MIT */
/* docs/events.md from the table of fields: events-doc > docs/events.md; --check FILE compares. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "row/row.h"
#include "sink/html_columns.h"
#include "made.h"

static const char head[] = {
"# Events and what they are about, as rows\n"
"\n"
"Made from `src/row/fields.h` by `tools/events-doc.c`; do not edit. Every output that is data (`--json`, the report) has these tables and\n"
"fields. A field keeps its name and its type for ever; new tables and fields may come, so skip what you do not know.\n"
"The version of this schema is the field `version` of the table `trace`: %d.\n"
"\n"
"A row of what has an `id` comes when it is first seen, and again when something of it has changed: the last row of an id is true.\n"
"Rows that an event names stand before it, but for its second file.\n"
"\n"
"## In JSON (`--json FILE`; `-`: standard output)\n"
"\n"
"One object a line (NDJSON). The key `table` names the table; a field that a row does not have is absent. Rows of events are final;\n"
"the others have `final`: true when nothing of it will change any more. The text of the terminal goes to standard error, never there;\n"
"what the traced command itself writes to standard output does, so with `-` use `--read` or `-p`, or send the command's output elsewhere.\n"
"With `-e` or `--filter` there are only the events that were chosen; processes, threads, files and connections are all there.\n"
"\n"
"A number is whole and fits 63 bits and a sign: a field that would have a greater one, of a hostile program or a damaged recording, is\n"
"absent, and what may have all 64 bits is of type address. A string of any bytes is text as it is, but a backslash is two, and a byte that\n"
"is not UTF-8, or is NUL, is `\\xNN`; undoing both gives the bytes back ([values.md](values.md)). A field has one type for ever,\n"
"and fields of one name have the same in JSON in all tables.\n"
"\n"
"    jq -c 'select(.table == \"event\" and .kind == \"open\" and .outcome == \"failed\") | [.pid, .path, .error]' FILE\n"
"    duckdb -c \"SELECT kind, count(*), sum(bytes) FROM read_json('FILE', maximum_depth = 2, sample_size = -1) WHERE \\\"table\\\" = 'event' GROUP BY kind\"\n"
"\n"
"DuckDB takes the fields from the first 20,480 rows and refuses what has another one behind these; with `sample_size = -1` it looks at all rows first.\n"
};

static void print_kinds(FILE *out, row_kinds kinds)
{
	unsigned has = 0, n = 0, all = 0;

	for (unsigned k = 0; k < _EV_MAX; k++) {
		all++;
		has += kinds >> k & 1;
	}
	if (has == all) {
		fputs("all", out);
		return;
	}
	if (has > all / 2)
		fputs("all but ", out);
	for (unsigned k = 0; k < _EV_MAX; k++)
		if ((kinds >> k & 1) == (has <= all / 2))
			fprintf(out, "%s%s", n++ ? ", " : "", event_info(k)->name);
}

static void print_field(FILE *out, enum row_table t, const struct row_field *f)
{
	fprintf(out, "| `%s` | %s", f->name, row_type_name(f->type));
	if (f->type == ROW_ID)
		fprintf(out, " of %s", row_tables[f->table].name);
	else if (f->unit[0] && f->type != ROW_BYTES)
		fprintf(out, ", %s", f->unit);
	fprintf(out, " | %s |", f->help);
	if (t == TABLE_EVENT) {
		fputc(' ', out);
		print_kinds(out, f->kinds);
		fputs(" |", out);
	}
	fputc('\n', out);
}

static void print_types(FILE *out)
{
	fputs("\n| type | what it is | in JSON |\n|---|---|---|\n", out);
	for (unsigned t = 0; t < _ROW_TYPES; t++)
		fprintf(out, "| %s | %s | %s |\n", row_types[t].name, row_types[t].help, row_types[t].json);
}

/* Which column of the report has which fields (docs/report-format.md, section 4). */
static void print_report(FILE *out)
{
#define COLUMN(block, name, width, type, member, table, fields) { #block, name, TABLE_##table, fields },
	static const struct { const char *block, *name; enum row_table table; uint64_t fields; } columns[] = {
		HTML_COLUMNS(COLUMN)
	};

	fputs("\n## In the report\n\n"
	      "Columns of its blocks ([report-format.md](report-format.md), section 4) and the fields that they hold.\n"
	      "Lanes stand for threads and processes; `obj` and `arg` are words for people, made of the event itself;\n"
	      "`data` are the first bytes that it moved, `stack` the functions that it was made from.\n"
	      "\n| block | column | fields |\n|---|---|---|\n", out);
	for (unsigned i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		const struct row_table_info *t = &row_tables[columns[i].table];
		unsigned n = 0;

		fprintf(out, "| %c | `%s` |", columns[i].block[0] | 0x20, columns[i].name);
		for (unsigned f = 0; f < t->nfields; f++)
			if (columns[i].fields >> f & 1 || (t->fields[f].value && !strcmp(columns[i].name, "val")))
				fprintf(out, "%s %s.`%s`", n++ ? "," : "", t->name, t->fields[f].name);
		fputs(n ? " |\n" : " – |\n", out);
	}
}

static void print(FILE *out)
{
	fprintf(out, head, ROW_SCHEMA_VERSION);
	print_types(out);
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		fprintf(out, "\n## %s\n\n%s\n\n", row_tables[t].name, row_tables[t].help);
		fputs(t == TABLE_EVENT ? "| field | type | meaning | kinds |\n|---|---|---|---|\n" :
		      "| field | type | meaning |\n|---|---|---|\n", out);
		for (unsigned f = 0; f < row_tables[t].nfields; f++)
			print_field(out, t, &row_tables[t].fields[f]);
	}
	print_report(out);
}

int main(int argc, char **argv)
{
	return made_main(argc, argv, print, "is not what src/row/fields.h says: build/src/events-doc > docs/events.md");
}
