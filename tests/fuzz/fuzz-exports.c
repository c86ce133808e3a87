/* SPDX-License-Identifier: MIT */
/*
 * Any record stream, as rows in NDJSON, CSV and TabSeparated: no crash, and whatever the traced program called things,
 * each line is one row with as many cells as its table has columns, in UTF-8, and no cell of CSV is a formula.
 */
#include <string.h>

#include "base/text.h"
#include "exports.h"
#include "row/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = _ROW_TABLES + 4, EXPORTS = 3 };
static struct outfile files[EXPORTS][FILES];

static void check_json(const char *s, size_t n, unsigned table)
{
	(void)table;
	require_object(s, n);
}

static void check_csv(const char *s, size_t n, unsigned table)
{
	unsigned cells = 1;
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"') {
			quoted = !quoted;
			require(!quoted || i + 1 == n || !strchr("=+-@", s[i + 1]) || (i && s[i - 1] == '"'));
		}
		cells += s[i] == ',' && !quoted;
		require((unsigned char)s[i] >= 0x20);
	}
	require(!quoted && cells == row_tables[table].nfields);
}

static void check_tsv(const char *s, size_t n, unsigned table)
{
	unsigned cells = 1;

	for (size_t i = 0; i < n; i++) {
		cells += s[i] == '\t';
		if (s[i] == '\\')
			require(i + 1 < n && strchr("N\\tnr", s[++i]));
	}
	require(cells == row_tables[table].nfields);
}

static void check(const struct outfile *f, void line(const char *s, size_t n, unsigned table), unsigned table)
{
	static char text[TEXT_MAX];
	size_t n = read_file(f, text);
	const char *at = text, *end;

	for (size_t i = 0; i < n && n < TEXT_MAX;) {
		unsigned len = text_utf8_len(text + i, n - i);

		require(len && text[i]);
		i += len;
	}
	for (; at < text + n && (end = memchr(at, '\n', (size_t)(text + n - at))); at = end + 1)
		line(at, (size_t)(end - at), table);
	require(at == text + n || n == TEXT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sink *sinks[EXPORTS];
	struct run run = { totals_new(), sinks, EXPORTS };
	struct sink_options opt = { .verbose = size & 8, .totals = run.totals };
	struct diag diag;

	for (unsigned e = 0; e < EXPORTS; e++)
		for (unsigned i = 0; i < FILES; i++)
			empty_file(&files[e][i]);
	require(!sink_ndjson_new(&opt, files[0], &sinks[0], &diag) && !sink_csv_new(&opt, files[1], &sinks[1], &diag) &&
		!sink_clickhouse_new(&opt, files[2], &sinks[2], &diag));
	run_stream(&run, data, size);
	check(&files[0][0], check_json, 0);
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		check(&files[1][t], check_csv, t);
		check(&files[2][t], check_tsv, t);
	}
	return 0;
}
