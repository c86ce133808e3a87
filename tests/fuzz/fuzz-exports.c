/* SPDX-License-Identifier: MIT */
/*
 * Any record stream, as rows in NDJSON, CSV and TabSeparated: no crash, and whatever the traced program called things,
 * each line is one row with as many cells as its table has columns, in UTF-8, and no cell of CSV is a formula.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/totals.h"
#include "base/diag.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "base/text.h"
#include "event/event.h"
#include "feed.h"
#include "row/row.h"
#include "sink/sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = _ROW_TABLES + 4, EXPORTS = 3, TEXT_MAX = 4 << 20 };
static struct outfile files[EXPORTS][FILES];
static struct totals *totals;
static struct sink *sinks[EXPORTS];

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	totals_event(totals, ev);
	for (unsigned i = 0; i < EXPORTS; i++)
		sinks[i]->ops->event(sinks[i], ev);
}

/* An object: strings are closed, what is opened is closed, nothing follows. */
static void check_json(const char *s, size_t n, unsigned table)
{
	int depth = 0;
	bool string = false;

	(void)table;
	require(n > 2 && s[0] == '{' && s[n - 1] == '}');
	for (size_t i = 0; i < n; i++) {
		if (string && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			string = !string;
		else if (!string)
			depth += (s[i] == '{' || s[i] == '[') - (s[i] == '}' || s[i] == ']');
		require(depth > 0 || i == n - 1);
	}
	require(!string && !depth);
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

static void check(struct outfile *f, void line(const char *s, size_t n, unsigned table), unsigned table)
{
	static char text[TEXT_MAX];
	ssize_t n = pread(f->fd, text, sizeof(text), 0);
	const char *at = text, *end;

	require(n >= 0 && !f->err);
	for (ssize_t i = 0; i < n && n < TEXT_MAX;) {
		unsigned len = text_utf8_len(text + i, (size_t)(n - i));

		require(len && text[i]);
		i += len;
	}
	for (; at < text + n && (end = memchr(at, '\n', (size_t)(text + n - at))); at = end + 1)
		line(at, (size_t)(end - at), table);
	require(at == text + n || n == TEXT_MAX);
}

static void open_files(void)
{
	static char path[] = "/dev/shm/export";	/* temporary files lie beside it, in memory where there is that */

	for (unsigned e = 0; e < EXPORTS; e++)
		for (unsigned i = 0; i < FILES; i++) {
			int fd = files[e][i].path ? files[e][i].fd : memfd_create("export", 0);

			files[e][i] = (struct outfile){ .fd = fd, .begun = true, .path = path };
			require(fd >= 0 && !ftruncate(fd, 0) && !lseek(fd, 0, SEEK_SET));
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sink_options opt = { .verbose = size & 8 };
	struct diag diag;
	struct world *world;

	open_files();
	opt.totals = totals = totals_new();
	require(!sink_ndjson_new(&opt, files[0], &sinks[0], &diag) && !sink_csv_new(&opt, files[1], &sinks[1], &diag) &&
		!sink_clickhouse_new(&opt, files[2], &sinks[2], &diag));
	world = world_new(on_event, NULL);
	feed(world, data, size);
	for (unsigned i = 0; i < EXPORTS; i++) {
		sinks[i]->ops->finish(sinks[i], NULL);
		sinks[i]->ops->free(sinks[i]);
	}
	check(&files[0][0], check_json, 0);
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		check(&files[1][t], check_csv, t);
		check(&files[2][t], check_tsv, t);
	}
	world_free(world);
	totals_free(totals);
	return 0;
}
