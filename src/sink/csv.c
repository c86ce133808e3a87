/* SPDX-License-Identifier: MIT */
/*
 * --csv: a file for each table (RFC 4180), a row a line.  The program's bytes are in the form of docs/events.md: a
 * backslash is two, a byte that is not UTF-8 is \xNN; so are, here, control characters, which keeps a row on one line,
 * and a first byte that would make a formula of the cell in a spreadsheet (=, +, -, @).  Undoing both gives the bytes
 * back.  An address is &0x7ffd1000: DuckDB takes 0x7ffd1000 for a number even in quotes, until one does not fit.
 *
 * duckdb.sql declares the columns: a reader that guesses takes a column that is empty in the first rows for text.
 */
#include <string.h>

#include "base/buf.h"
#include "base/outfile.h"
#include "base/text.h"
#include "sink/parts.h"
#include "sink/sink.h"

const char *const sink_csv_files[] = { ROW_TABLES(PARTS_NAME_CSV) "duckdb.sql", NULL };

static void escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char x[] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

	if (c == '\\')
		buf_add(b, "\\\\", 2);
	else if (c == '"')
		buf_add(b, "\"\"", 2);
	else
		buf_add(b, x, sizeof(x));
}

static bool is_plain(char c) { return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\'; }

static void bytes(struct buf *b, const char *s, size_t n)
{
	size_t i = 0;

	buf_putc(b, '"');
	if (n && strchr("=+-@", s[0]) && s[0])
		escape(b, (unsigned char)s[i++]);
	while (i < n) {
		size_t run = i;
		unsigned len;

		while (run < n && is_plain(s[run]))
			run++;
		buf_add(b, s + i, run - i);
		i = run;
		if (i == n)
			break;
		len = (unsigned char)s[i] >= 0x80 ? text_utf8_len(s + i, n - i) : 0;
		if (len)
			buf_add(b, s + i, len);
		else
			escape(b, (unsigned char)s[i]);
		i += len ? len : 1;
	}
	buf_putc(b, '"');
}

static void text(struct buf *b, const char *s, size_t n)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, s[i]);
	}
	buf_putc(b, '"');
}

static const char *sql_type(enum row_type t)
{
	switch (t) {
	case ROW_BOOL: return "BOOLEAN";
	case ROW_STRINGS: case ROW_FDS: case ROW_STACK: case ROW_ARGS: return "JSON";
	case ROW_WORD: case ROW_STRING: case ROW_NAME: case ROW_PEER: case ROW_ADDRESS: return "VARCHAR";
	default: return "BIGINT";
	}
}

static void declare(struct outfile *files)
{
	struct buf b = { 0 };

	buf_puts(&b, "-- In this directory: duckdb -init duckdb.sql\n");
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		const struct row_table_info *table = &row_tables[t];

		buf_printf(&b, "CREATE VIEW \"%s\" AS SELECT * FROM read_csv('%s.csv', ", table->name, table->name);
		buf_puts(&b, "header = true, quote = '\"', escape = '\"', columns = {");
		for (unsigned f = 0; f < table->nfields; f++)
			buf_printf(&b, "%s'%s': '%s'", f ? ", " : "", table->fields[f].name,
				   sql_type(table->fields[f].type));
		buf_puts(&b, "});\n");
	}
	outfile_write(&files[_ROW_TABLES], b.s, b.len);
	buf_done(&b);
}

int sink_csv_new(const struct sink_options *opt, struct outfile *files, struct sink **ret_sink, struct diag *diag)
{
	static const struct parts_dialect csv = {
		.option = "--csv", .separator = ',', .null = "", .yes = "true", .no = "false", .hex = "&0x", .header = true,
		.bytes = bytes, .text = text, .declare = declare,
	};

	return sink_parts_new(&csv, opt, files, ret_sink, diag);
}
