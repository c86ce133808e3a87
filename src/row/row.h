/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The trace as rows of a few tables: what every output that is data stands on.  One list (field.def) says each field of
 * each table: name, type, unit, what it means, which kinds of event fill it.  Columns, keys and documentation derive
 * from it.
 *
 * Strings are bytes as the program gave them: neither safe nor pretty.  A sink makes them so, in its own form.
 */
#include <stdbool.h>
#include <stdint.h>

#include "row/fields.h"

struct addr;
struct bytes;
struct event;
struct file;
struct sink;
struct totals;

enum row_type {
	ROW_TIME,	/* u: ns since the trace began */
	ROW_DURATION,	/* u: ns */
	ROW_BYTES,	/* u */
	ROW_COUNT,	/* u */
	ROW_SIGNED,	/* i: in the field's unit */
	ROW_PID,	/* u */
	ROW_FD,		/* i */
	ROW_BOOL,	/* u */
	/* s: one of a few names that compendium has for it ("open", "ENOENT"): no bytes of the program */
	ROW_WORD,
	ROW_STRING,	/* s: bytes of the program */
	ROW_NAME,	/* file: what it is called; a sink words those that have no name */
	ROW_PEER,	/* addr: an address of a socket, likewise */
	ROW_STRINGS,	/* list */
	ROW_FDS,	/* fds: descriptors and the rows of their files */
	ROW_ADDRESS,	/* u: in the program's memory */
	ROW_FLAGS,	/* u: a set of bits */
	ROW_ID,		/* u: number of a row of the table that the field's unit names; 0 never is */
	ROW_ARGS,	/* the row's event: its call's arguments, which each sink writes in its own dialect */
	_ROW_TYPES,
};
const char *row_type_name(enum row_type t);	/* "time", "string", … */

struct row_fd { int fd; uint32_t file; };
struct cell {
	union {
		uint64_t u;
		int64_t i;
		const char *s;
		const struct bytes *list;
		const struct row_fd *fds;
		const struct file *file;
		const struct addr *addr;
	};
	uint32_t n;		/* STRING, WORD: bytes; STRINGS, FDS: entries */
	/* STRINGS, FDS: how many there were, n of them are kept; WORD: its number, where it is one of an enum */
	uint64_t all;
};

#define ROW_TABLES(X) /* name, how it reads in documentation */ \
	X(TRACE, "trace", "The run: one row at its start, and the last one at its end.") \
	X(PROCESS, "process", "A process (thread group), when first seen and when it ended.") \
	X(THREAD, "thread", "A thread, when first seen, when its name changes and when it ended.") \
	X(EXEC, "exec", "A program that a process began to run.") \
	X(FILE, "file", "An open file description: what descriptors refer to, shared after dup and fork.") \
	X(CONNECTION, "connection", "What a socket had with one peer, or the two ends of a pipe.") \
	X(COUNTER, "counter", "A number that changes over the life of a process; thinned out, but no peak is lost.") \
	X(TYPE, "type", "A call or mark that occurs, and what it means.") \
	X(EVENT, "event", "What happened: a call, or what no call made (a signal, an exit, a page fault).")
#define ROW_TABLE_ENUM(id, name, help) TABLE_##id,
enum row_table { ROW_TABLES(ROW_TABLE_ENUM) _ROW_TABLES };

/* Numbers of fields: ROW_EVENT_TIME, ROW_FILE_NAME, …; ROW_EVENT_FIELDS: how many there are. */
#define ROW_FIELD_NUMBER(table, id, ...) ROW_##table##_##id,
enum { TRACE_FIELDS(ROW_FIELD_NUMBER) ROW_TRACE_FIELDS };
enum { PROCESS_FIELDS(ROW_FIELD_NUMBER) ROW_PROCESS_FIELDS };
enum { THREAD_FIELDS(ROW_FIELD_NUMBER) ROW_THREAD_FIELDS };
enum { EXEC_FIELDS(ROW_FIELD_NUMBER) ROW_EXEC_FIELDS };
enum { FILE_FIELDS(ROW_FIELD_NUMBER) ROW_FILE_FIELDS };
enum { CONNECTION_FIELDS(ROW_FIELD_NUMBER) ROW_CONNECTION_FIELDS };
enum { COUNTER_FIELDS(ROW_FIELD_NUMBER) ROW_COUNTER_FIELDS };
enum { TYPE_FIELDS(ROW_FIELD_NUMBER) ROW_TYPE_FIELDS };
enum { EVENT_FIELDS(ROW_FIELD_NUMBER) ROW_EVENT_FIELDS };
enum { ROW_FIELDS_MAX = 64 };

__extension__ typedef unsigned __int128 row_kinds;	/* a bit an enum event_kind */

struct row_ctx;
struct row_field {
	const char *name, *unit, *help;
	uint8_t type;			/* enum row_type */
	uint8_t table;			/* of an ID: enum row_table */
	bool value;			/* of an event: goes into the report's column `val` */
	row_kinds kinds;		/* of an event: those that may fill it */
	bool (*get)(const struct row_ctx *c, struct cell *ret);	/* false: this row has none */
};
struct row_table_info { const char *name, *help; const struct row_field *fields; unsigned nfields; };
extern const struct row_table_info row_tables[_ROW_TABLES];
#define ROW_SCHEMA_VERSION 1	/* a field keeps its name and type for ever; new ones may come */

/*
 * Fields of an event that are the same in all events of one thread, and in all of one kind and type.  For a sink that
 * keeps what it made of them (row_sink.keeps), each group is one entry in `present`, ROW_GROUP_AT + enum row_group, and
 * stands for its fields: they are given when the group's slot is to be filled, and from then on the slot stands for
 * them.
 */
enum row_group { ROW_OF_THREAD, ROW_OF_TYPE, _ROW_GROUPS };
enum { ROW_SLOTS = 128, ROW_GROUP_AT = ROW_FIELDS_MAX };
#define ROW_BIT(field) (1ull << (field))
#define ROW_OF_THREAD_FIELDS \
	(ROW_BIT(ROW_EVENT_THREAD) | ROW_BIT(ROW_EVENT_PROCESS) | ROW_BIT(ROW_EVENT_PID) | ROW_BIT(ROW_EVENT_TID))
#define ROW_OF_TYPE_FIELDS \
	(ROW_BIT(ROW_EVENT_KIND) | ROW_BIT(ROW_EVENT_CALL) | ROW_BIT(ROW_EVENT_TYPE) | ROW_BIT(ROW_EVENT_OP) | \
	 ROW_BIT(ROW_EVENT_CATEGORY))
struct row_kept {
	uint8_t slot;
	bool fresh;			/* the cells of `present` are of this row: the slot is to be filled anew */
	uint8_t npresent;
	const uint8_t *present;
};

/*
 * One row.  Cells lie at their field's number; present: the numbers of those that this row has, in order, and the
 * groups of a sink that keeps them.
 */
struct row {
	enum row_table table;
	bool final;			/* of what has an id: it will not change any more */
	const struct cell *cells;
	const uint8_t *present;
	unsigned npresent;
	uint64_t has;			/* the same, a bit a field; without those of a group that the sink has */
	struct row_kept group[_ROW_GROUPS];	/* of a sink that keeps them */
	/*
	 * EVENT: what it was made from, for dialects of arguments; with the descriptor of calls the model does nothing
	 * with
	 */
	const struct event *event;
};
static inline bool row_has(const struct row *row, unsigned field) { return row->has >> field & 1; }
static inline uint64_t row_u(const struct row *row, unsigned field)
{
	return row_has(row, field) ? row->cells[field].u : 0;
}
static inline uint64_t row_number(const struct row *row, unsigned field)
{
	return row_has(row, field) ? row->cells[field].all : 0;
}

/*
 * A sink of rows.  A row of what has an id (process, file, connection) comes when it is first seen and again when it
 * has changed: the last one is true.  Rows an event names come before it, but for its second file.
 */
struct row_sink_ops {
	void (*begin)(void *ctx, const struct row_table_info tables[_ROW_TABLES]);	/* or NULL */
	void (*row)(void *ctx, const struct row *row);
	void (*end)(void *ctx);		/* all rows have come; or NULL */
};
struct row_sink {
	const struct row_sink_ops *ops;
	void *ctx;
	uint64_t wants[_ROW_TABLES]; /* a bit a field; 0: none of that table */
	bool keeps;		/* what it makes of a group (struct row_kept) */
};

/* How an event came out; ANSWER: an error that was the answer. */
enum row_outcome { ROW_OK, ROW_FAILED_CALL, ROW_ANSWER, ROW_UNFINISHED, ROW_UNKNOWN /* its result was not captured */ };
enum row_outcome row_outcome(const struct event *ev);

struct rows;
/*
 * totals: fed with each event before it comes here.  path: temporary files lie next to it, or in $TMPDIR.  -errno: they
 * cannot be made.  sink is borrowed.
 */
int rows_new(const struct row_sink *sink, const struct totals *totals, const char *path, struct rows **ret_rows);
void rows_event(struct rows *r, const struct event *ev);
int rows_end(struct rows *r);	/* last rows, then the sink's end(); -errno when a temporary file failed */
void rows_free(struct rows *r);
