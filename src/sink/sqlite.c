/* SPDX-License-Identifier: MIT */
/*
 * --sqlite: a table for each of row/fields.h, by its name, and views for people (sqlite_views.c).  A row that
 * changes replaces the one before it.
 *
 * What was committed is readable at any time, also while it is written and after kill -9: the journal is a
 * write-ahead log, in which readers never make the writer wait, and each commit writes into `trace` how far it goes.
 * At the end the log goes into the database, which is then one ordinary file.  Nothing waits for the disk: what a
 * crash of the whole machine leaves is not what this is for.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/library.h"
#include "base/macro.h"
#include "base/outfile.h"
#include "base/text.h"
#include "model/model.h"
#include "sink/row_json.h"
#include "sink/row_output.h"
#include "sink/sqlite_views.h"
#include "sink/words.h"

/* A reader may lock for a moment, when it is the first after a crash. */
enum { COMMIT_ROWS = 10000, BUSY_MS = 1000 };
#define COMMIT_NS 500000000u	/* at most so old is what a reader sees of a program that goes on */
#define CACHE_KIB "16384"

#define SQLITE_FUNCTIONS(ROW) \
	ROW(sqlite3_bind_int64) ROW(sqlite3_bind_text) ROW(sqlite3_busy_timeout) ROW(sqlite3_clear_bindings) \
	ROW(sqlite3_close) ROW(sqlite3_errcode) ROW(sqlite3_errmsg) ROW(sqlite3_exec) ROW(sqlite3_finalize) \
	ROW(sqlite3_open_v2) ROW(sqlite3_prepare_v3) ROW(sqlite3_reset) ROW(sqlite3_step) \
	ROW(sqlite3_system_errno)
LIBRARY(sqlite, LIBRARY_SQLITE3, SQLITE_FUNCTIONS);

struct sqlite {
	struct row_output base;
	sqlite3 *db;
	sqlite3_stmt *insert[_ROW_TABLES], *progress;
	struct buf text;
	unsigned pending;		/* rows since the last commit */
	uint64_t committed_ns, end_ns;	/* end_ns: of the trace so far */
	bool started;
};

static const char *column_type(enum row_type t)
{
	switch (t) {
	case ROW_WORD: case ROW_STRING: case ROW_NAME: case ROW_PEER: case ROW_ADDRESS: return "TEXT";
	case ROW_STRINGS: case ROW_FDS: case ROW_STACK: case ROW_ARGS: return "TEXT";	/* JSON */
	default: return "INTEGER";
	}
}

/* ---- failing ---- */

static int error_of(sqlite3 *db)
{
	int code = sqlite3_errcode(db) & 0xff, err = sqlite3_system_errno(db);

	switch (code) {
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_BUSY: case SQLITE_LOCKED: return -EBUSY;	/* another program writes to it */
	default: return err ? -err : -EIO;
	}
}

/* What was committed stays; the rest of the run goes on without this output. */
static void fail(struct sqlite *s)
{
	if (!s->base.file->err)
		s->base.file->err = error_of(s->db);
}

static bool is_alive(const struct sqlite *s) { return s->db && !s->base.file->err; }

static void run(struct sqlite *s, const char *sql)
{
	if (is_alive(s) && sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail(s);
}

static void step(struct sqlite *s, sqlite3_stmt *stmt)
{
	if (sqlite3_step(stmt) != SQLITE_DONE)
		fail(s);
	sqlite3_reset(stmt);
}

/* ---- tables ---- */

static sqlite3_stmt *prepare(struct sqlite *s, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (is_alive(s) && sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
		fail(s);
	return stmt;
}

static bool has_id(const struct row_table_info *t) { return !strcmp(t->fields[0].name, "id"); }

static void create_table(struct sqlite *s, const struct row_table_info *t)
{
	struct buf b = { 0 };

	buf_printf(&b, "CREATE TABLE \"%s\" (", t->name);
	for (unsigned f = 0; f < t->nfields; f++)
		buf_printf(&b, "%s\"%s\" %s%s", f ? ", " : "", t->fields[f].name, column_type(t->fields[f].type),
			   !f && has_id(t) ? " PRIMARY KEY" : "");
	buf_puts(&b, ")");
	run(s, b.s);
	buf_done(&b);
}

/* The trace has one row, by its number. */
static sqlite3_stmt *prepare_insert(struct sqlite *s, enum row_table table)
{
	const struct row_table_info *t = &row_tables[table];
	struct buf b = { 0 };
	sqlite3_stmt *stmt;

	buf_printf(&b, "INSERT %sINTO \"%s\" (", has_id(t) || table == TABLE_TRACE ? "OR REPLACE " : "", t->name);
	for (unsigned f = 0; f < t->nfields; f++)
		buf_printf(&b, "%s\"%s\"", f ? ", " : "", t->fields[f].name);
	buf_puts(&b, table == TABLE_TRACE ? ", rowid) VALUES (" : ") VALUES (");
	for (unsigned f = 0; f < t->nfields; f++)
		buf_puts(&b, f ? ", ?" : "?");
	buf_puts(&b, table == TABLE_TRACE ? ", 1)" : ")");
	stmt = prepare(s, b.s);
	buf_done(&b);
	return stmt;
}

/* How far a commit goes: until the last row of trace comes, it is one that was cut there. */
static sqlite3_stmt *prepare_progress(struct sqlite *s)
{
	const struct row_table_info *t = &row_tables[TABLE_TRACE];
	struct buf b = { 0 };
	sqlite3_stmt *stmt;

	buf_printf(&b, "UPDATE \"%s\" SET \"%s\" = 'cut', \"%s\" = ?, \"%s\" = ?", t->name,
		   t->fields[ROW_TRACE_ENDED].name, t->fields[ROW_TRACE_DURATION].name,
		   t->fields[ROW_TRACE_EVENTS].name);
	stmt = prepare(s, b.s);
	buf_done(&b);
	return stmt;
}

/*
 * By the file that is open already, whatever its name leads to now, and before the command runs, which may remove it.
 * SQLite reads nothing of it until the first statement, and refuses long names (MAX_PATHNAME of its os_unix.c).
 */
static bool open_descriptor(struct sqlite *s, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
}

static int open_database(struct sqlite *s, const struct outfile *file, struct diag *diag)
{
	if (open_descriptor(s, file->fd))
		return 0;
	return diag_set(diag, 125, EIO, "cannot open the SQLite database %s: %s%s; choose another --sqlite FILE",
			file->path, sqlite3_errmsg(s->db),
			strlen(file->path) > 400 ? " (the whole path may have 512 bytes)" : "");
}

enum { TRIES = 8 };

/*
 * Where there can be no log (a network file system has no shared memory) it is the old journal, which rolls back.
 * SQLite refuses to begin in a file that was removed, and does not mind later: until it has begun, the file is put
 * back.
 */
static void begin_log(struct sqlite *s)
{
	for (unsigned i = 0; i < TRIES; i++) {
		sqlite3_busy_timeout(s->db, BUSY_MS);
		sqlite3_exec(s->db, "PRAGMA synchronous = OFF; PRAGMA cache_size = -" CACHE_KIB "; "
				    "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if (outfile_restore(s->base.file) != 1)
			return;
		sqlite3_close(s->db);
		if (!open_descriptor(s, s->base.file->fd)) {
			fail(s);
			return;
		}
	}
}

static void lay_tables(struct sqlite *s)
{
	run(s, "BEGIN");
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		create_table(s, &row_tables[t]);
		s->insert[t] = prepare_insert(s, (enum row_table)t);
	}
	run(s, sqlite_views);
	run(s, "COMMIT; BEGIN");
	s->progress = prepare_progress(s);
}

static void drop_statements(struct sqlite *s)
{
	for (unsigned t = 0; t < _ROW_TABLES; t++) {
		sqlite3_finalize(s->insert[t]);
		s->insert[t] = NULL;
	}
	sqlite3_finalize(s->progress);
	s->progress = NULL;
}

/*
 * With the first row: a run that does not begin leaves an older file as it was.  A file that is removed while the
 * tables are made can be refused at any statement: then all of it is made once more, in the file that was put back.
 */
static void start(struct sqlite *s)
{
	s->started = true;
	outfile_begin(s->base.file);
	for (unsigned i = 0; i < TRIES; i++) {
		begin_log(s);
		lay_tables(s);
		if (is_alive(s) || outfile_restore(s->base.file) != 1)
			break;
		drop_statements(s);
		sqlite3_close(s->db);
		s->base.file->err = 0;
		if (ftruncate(s->base.file->fd, 0) < 0 || !open_descriptor(s, s->base.file->fd)) {
			fail(s);
			break;
		}
	}
	s->committed_ns = clock_ns();
}

/* Up to here it can be read. */
static void commit(struct sqlite *s)
{
	if (!is_alive(s) || !s->pending)
		return;
	sqlite3_bind_int64(s->progress, 1, (int64_t)s->end_ns);
	sqlite3_bind_int64(s->progress, 2, (int64_t)s->base.nevents);
	step(s, s->progress);
	run(s, "COMMIT; BEGIN");
	s->pending = 0;
	s->committed_ns = clock_ns();
}

/* ---- rows ---- */

static void bind_made(struct sqlite *s, sqlite3_stmt *stmt, int at)
{
	sqlite3_bind_text(stmt, at, s->text.s ? s->text.s : "", (int)s->text.len, SQLITE_TRANSIENT);
	buf_reset(&s->text);
}

static void bind_bytes(struct sqlite *s, sqlite3_stmt *stmt, int at, const char *bytes, size_t n)
{
	if (text_is_escaped(bytes, n)) {	/* stays where it is until the row is in */
		sqlite3_bind_text(stmt, at, bytes, (int)n, SQLITE_STATIC);
		return;
	}
	text_escaped(&s->text, bytes, n);
	bind_made(s, stmt, at);
}

static void bind_json(struct sqlite *s, sqlite3_stmt *stmt, int at, const struct row *row, enum row_type type,
		      const struct cell *c)
{
	struct json j = { .b = &s->text };

	row_json(&j, row, type, c);
	bind_made(s, stmt, at);
}

static void bind_name(struct sqlite *s, sqlite3_stmt *stmt, int at, enum row_type type, const struct cell *c)
{
	struct buf name = { 0 };

	if (type == ROW_NAME)
		file_name(&name, c->file);
	else
		addr_format(&name, c->addr);
	text_escaped(&s->text, name.s ? name.s : "", name.len);
	bind_made(s, stmt, at);
	buf_done(&name);
}

static void bind(struct sqlite *s, sqlite3_stmt *stmt, int at, const struct row *row, enum row_type type,
		 const struct cell *c)
{
	switch (type) {
	case ROW_SIGNED: case ROW_FD: sqlite3_bind_int64(stmt, at, c->i); break;
	case ROW_WORD: sqlite3_bind_text(stmt, at, c->s, (int)c->n, SQLITE_STATIC); break;
	case ROW_STRING: bind_bytes(s, stmt, at, c->s, c->n); break;
	case ROW_STRINGS: case ROW_FDS: case ROW_STACK: case ROW_ARGS: bind_json(s, stmt, at, row, type, c); break;
	case ROW_NAME: case ROW_PEER: bind_name(s, stmt, at, type, c); break;
	case ROW_ADDRESS:
		buf_puts(&s->text, "0x"), buf_hex(&s->text, c->u);
		bind_made(s, stmt, at);
		break;
	default: sqlite3_bind_int64(stmt, at, (int64_t)c->u); break;
	}
}

static void take_row(void *ctx, const struct row *row)
{
	struct sqlite *s = ctx;
	const struct row_field *fields = row_tables[row->table].fields;
	sqlite3_stmt *stmt;

	if (!s->started)
		start(s);
	if (!is_alive(s))
		return;
	stmt = s->insert[row->table];
	sqlite3_clear_bindings(stmt);
	for (unsigned i = 0; i < row->npresent; i++) {
		unsigned f = row->present[i];

		bind(s, stmt, (int)f + 1, row, fields[f].type, &row->cells[f]);
	}
	step(s, stmt);
	if (row->table == TABLE_EVENT) {
		s->base.nevents++;
		s->end_ns = MAX(s->end_ns, row_u(row, ROW_EVENT_TIME) + row_u(row, ROW_EVENT_DURATION));
	}
	if (++s->pending >= COMMIT_ROWS)
		commit(s);
}

static void flush(struct row_output *o)
{
	struct sqlite *s = CONTAINER_OF(o, struct sqlite, base);

	if (s->started && clock_ns() - s->committed_ns > COMMIT_NS)
		commit(s);
}

/* ---- the end ---- */

static void close_database(struct sqlite *s)
{
	drop_statements(s);
	if (sqlite3_close(s->db) != SQLITE_OK)
		fail(s);
	s->db = NULL;
}

/* All rows are in, that of the trace as it ended. */
static void end(void *ctx)
{
	struct sqlite *s = ctx;

	run(s, sqlite_indexes);
	run(s, "COMMIT");
	/* one file, that can be read where nothing can be written; a program that reads it just now keeps the log */
	if (is_alive(s))
		sqlite3_exec(s->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	close_database(s);
}

static void free_sqlite(struct row_output *o)
{
	struct sqlite *s = CONTAINER_OF(o, struct sqlite, base);

	if (s->db)
		close_database(s);
	buf_done(&s->text);
}

int sink_sqlite_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag)
{
	static const struct row_sink_ops takes = { .row = take_row, .end = end };
	struct sqlite *s;
	struct stat st;

	*ret_sink = NULL;
	if (fstat(file->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return diag_set(diag, 125, EINVAL,
				"--sqlite takes the name of a regular file, not %s: a database is no stream",
				file->path);
	if (!library_load(&sqlite))
		return diag_set(diag, 125, ENOENT, "--sqlite needs SQLite, which cannot be loaded: %s", sqlite.why);
	s = xcalloc(1, sizeof(*s));
	if (open_database(s, file, diag) < 0) {
		sqlite3_close(s->db);
		free(s);
		return -EIO;
	}
	s->base.flush = flush;
	s->base.free = free_sqlite;
	row_output_want_all(&s->base, opt);
	return row_output_start(&s->base, &takes, opt, file, "--sqlite", ret_sink, diag);
}
