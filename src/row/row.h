/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The trace as rows of a few tables: what every output that is data stands on.  One list (fields.h) says each field of
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
struct stack;
struct totals;

/*
 * What a field is: name, where its cell has it, what is in it, how JSON has it.  Numbers are from -2^63 to 2^63 - 1, so
 * that every reader takes them: a field that would have another one is absent, and what can have all 64 bits is an
 * ADDRESS.
 */
#define ROW_TYPES(X) \
	X(TIME, "time", "u", "Nanoseconds since the trace began (`trace.wall_ns`).", "a whole number") \
	X(DURATION, "duration", "u", "Nanoseconds.", "a whole number") \
	X(BYTES, "bytes", "u", "A number of bytes.", "a whole number") \
	X(COUNT, "count", "u", "A number, 0 or more.", "a whole number") \
	X(SIGNED, "signed", "i", "A number, in the unit of the field.", "a whole number") \
	X(PID, "pid", "u", "A pid or tid, as the tracer sees it.", "a whole number") \
	X(FD, "descriptor", "i", "A file descriptor.", "a whole number") \
	X(BOOL, "bool", "u", "Yes or no.", "true or false") \
	X(WORD, "word", "s", "One of a few names of compendium's own: no bytes of the program.", "a string") \
	X(STRING, "string", "s", "Bytes of the program.", "a string of any bytes") \
	X(NAME, "name", "file", "What an open file is called; each output words those that have no name.", \
	  "a string of any bytes") \
	X(PEER, "address of a socket", "addr", "As the program gave it, or the kernel did.", \
	  "a string of any bytes: `1.2.3.4:80`, `[::1]:80`, `/run/x.sock`, `@abstract`") \
	X(STRINGS, "list of strings", "list", "The first ones, when there were very many.", "an array of strings of any bytes") \
	X(FDS, "list of descriptors", "fds", "Descriptors and the rows of their files: the first ones, when there were many.", \
	  "an array, `[{\"fd\":3,\"file\":7}]`") \
	X(STACK, "list of frames", "stack", "Functions: where each goes on, in the file and behind its begin; empty, 0: not known.", \
	  "an array, `[{\"function\":\"main\",\"into\":16,\"file\":\"/usr/bin/x\",\"offset\":4192}]`") \
	X(ADDRESS, "address", "u", "In the program's memory: 64 bits.", "a string, `\"0x7ffd1000\"`") \
	X(FLAGS, "flags", "u", "A set of 32 bits, as Linux has them.", "a whole number") \
	X(ID, "id", "u", "The number of a row of the table that the field names; 0 never is one.", "a whole number") \
	X(ARGS, "arguments", "row->event", \
	  "With `-v` only, since they are most of the text and of the time. One name may have different forms in " \
	  "different calls, so let a typed reader take it as JSON (DuckDB: `read_json('FILE', maximum_depth = 2)`).", \
	  "an object, see [values.md](values.md)")
#define ROW_TYPE_ENUM(id, ...) ROW_##id,
enum row_type { ROW_TYPES(ROW_TYPE_ENUM) _ROW_TYPES };
struct row_type_info { const char *name, *cell, *help, *json; };
extern const struct row_type_info row_types[_ROW_TYPES];
static inline const char *row_type_name(enum row_type t) { return row_types[t].name; }	/* "time", "string", … */

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
		const struct stack *stack;
	};
	uint32_t n;		/* STRING, WORD: bytes; STRINGS, FDS: entries */
	/* STRINGS, FDS: how many there were; WORD: its number */
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

#define ROW_PIDFD_NAME "pidfd:%u"	/* what a pidfd is called: by the process that it stands for */
#define ROW_OUTSIDE " (outside its root)"	/* behind a name: name_is_outside() */

struct row_ctx;
typedef bool row_getter(const struct row_ctx *c, struct cell *ret);
struct row_field {
	const char *name, *unit, *help;
	uint8_t type;			/* enum row_type */
	uint8_t table;			/* of an ID: enum row_table */
	bool value;			/* of an event: goes into the report's column `val` */
	row_kinds kinds;		/* of an event: those that may fill it */
	row_getter *get;		/* false: this row has none */
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
	 * EVENT, EXEC (NULL: inherited): what it was made from, for dialects of arguments; with the descriptor of
	 * calls the model does nothing with
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

/*
 * The errno of an event, 0: none or not known, negative of some completions; and whether an
 * outcome with it is a failure to a reader: not EAGAIN, nor on its way.
 */
enum { ROW_ERRNO_INTERNAL = 240 };	/* no program sees these: ERESTARTSYS and the like */
int row_error(const struct event *ev);
bool row_is_failure(enum row_outcome outcome, int err);

/*
 * An event's row, a field at a time, without a sink: for what looks at few fields.  Each event is given once, in order;
 * false: it has no row.  What the other calls return lives until the next event.
 */
struct row_peek;
struct row_peek *row_peek_new(const struct totals *totals);
bool row_peek_event(struct row_peek *p, const struct event *ev);
bool row_peek_field(struct row_peek *p, unsigned field, struct cell *ret);	/* ROW_EVENT_…; false: it has none */
bool row_peek_type(struct row_peek *p, unsigned field, struct cell *ret);	/* ROW_TYPE_…, of its type */
const struct event *row_peek_made(const struct row_peek *p);			/* as struct row has it */
void row_peek_free(struct row_peek *p);

struct rows;
/*
 * totals: fed with each event before it comes here.  path: temporary files lie next to it, or in $TMPDIR.  -errno: they
 * cannot be made.  sink is borrowed.
 */
int rows_new(const struct row_sink *sink, const struct totals *totals, const char *path, struct rows **ret_rows);
void rows_event(struct rows *r, const struct event *ev);
int rows_end(struct rows *r);	/* last rows, then the sink's end(); -errno when a temporary file failed */
void rows_free(struct rows *r);
