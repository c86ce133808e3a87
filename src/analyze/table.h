/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Typed result tables, made once of the totals and printed by the terminal's summary, by the page's and as JSON.  What
 * is in a table is a row of the list in tables.c and a function that fills it; how a value looks is the printers'
 * business (sink/table_words.h).  Cells refer to the totals and are valid as long as these are.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/model.h"

struct budget_part;
struct finding;
struct hist;
struct totals;
struct totals_call;
struct totals_conn;
struct totals_ending;
struct totals_file;
struct totals_group;
struct totals_lookup;
struct totals_proc;
struct totals_wait;

enum cell_type {
	CELL_BYTES, CELL_COUNT, CELL_NS, CELL_PID, CELL_PEER_PID, CELL_SENDER,	/* .n */
	CELL_SHARE,			/* .n: of 10,000 */
	CELL_ALIKE,			/* .n: how many more there are, "and 2 more like it" */
	CELL_TIMES,			/* .n: how often, "12×" */
	CELL_ERROR,			/* .n: an errno */
	CELL_ERROR_TEXT,		/* .n: the same, as a sentence */
	CELL_LOOKUP,			/* .lookup: its path */
	CELL_COMMAND,			/* .proc */
	CELL_HOST,			/* .host */
	CELL_FILE,			/* .file: its name, and the one it had first */
	CELL_CALL,			/* .call: its name */
	CELL_CONN, CELL_CONN_STATE,	/* .conn: both ends; how it ended */
	CELL_PEER,			/* .group: its peer, or that it is the clients of an address */
	CELL_ENDED,			/* .proc: how it ended */
	CELL_NOISE,			/* .n: enum noise_class */
	CELL_IO,			/* .n: enum table_io */
	CELL_FINDING,			/* .finding: a sentence */
	CELL_FINDING_NAME,		/* .n: enum finding_rule, its name */
	CELL_SPENT,			/* .part: in words, and what most of it went to */
	CELL_SPENT_BRIEFLY,		/* .part: what most of it went to */
	CELL_SPENT_MOSTLY,		/* .part: the same, and how many more things, "x +3" */
	CELL_SPENT_THING,		/* .n: enum spent, in a few words what for */
	CELL_SPENT_NAME,		/* .n: enum spent, its name */
	CELL_WAITED_FOR,		/* .wait */
	/* .ending, lines: what it wrote to its standard error, missed, how a signal ended it, who failed for it */
	CELL_LAST_LINES, CELL_MISSED, CELL_FATAL, CELL_CHAIN,
	/* .n: why a CPU was waited for, SCHED_*; BLOCK_*; enum mem_place; one more than these: all, or of no program */
	CELL_WAIT, CELL_BLOCK_OP, CELL_PLACE,
	CELL_HIST,			/* .hist */
};

enum table_io { IO_OTHER, IO_LOCAL_SOCKETS };	/* pipes, terminals, devices; sockets within the machine */

struct cell {
	bool set;			/* else there is no value: a percentile of too few */
	bool calm;			/* CELL_ERROR: it is what the call was asked (errno_is_answer()) */
	union {
		uint64_t n;
		const struct totals_call *call;
		const struct budget_part *part;
		const struct finding *finding;
		const struct totals_conn *conn;
		const struct totals_ending *ending;
		const struct totals_file *file;
		const struct totals_group *group;
		const struct hist *hist;
		const struct bytes *host;
		const struct totals_lookup *lookup;
		const struct totals_proc *proc;
		const struct totals_wait *wait;
	};
};

/* Where a column stands in a line of text.  On the page and in JSON each has a column of its own. */
enum column_place {
	IN_COLUMN,			/* width, after a gap */
	IN_REST,			/* left-aligned, with what is left of the line, after a gap */
	BELOW,				/* lines of their own, below the row's */
	IN_NOTE,			/* behind the last one, in brackets, when it is not 0: "(3 threads)" */
	NOT_IN_LINE,			/* only where there is room: the page, JSON */
	ONLY_IN_DATA,			/* JSON: what another column says in words */
};

struct table_column {
	const char *title;		/* "read"; of a note and of a sentence what follows the value: "threads" */
	const char *one;		/* the same of a single one: "thread" */
	const char *name;		/* in JSON, with the unit: "read_bytes" */
	enum cell_type type;
	enum column_place place;
	uint8_t width, gap;		/* columns of text */
	uint8_t spare;			/* of those with heads: left out of a narrow terminal, 1 first; 0: never */
};

/* What a reader has to know of a table's numbers; the printers have the words. */
enum table_remark { REMARK_NONE, REMARK_COUNTED };
enum table_form {
	FORM_TABLE,
	FORM_HEADED,			/* a table whose columns have heads instead of a title */
	FORM_TREE,			/* rows have a depth */
	FORM_SENTENCES,			/* in text each row is one: the first cell, then those that are set */
	FORM_TITLES,			/* the same, and the first cell of each is its title */
};

struct table_row { struct cell *cells; uint16_t depth; bool last; /* of its parent's */ bool bad; };

struct table {
	const struct table_def *def;
	struct table_row *rows;
	unsigned nrows, room;
	uint64_t nall;			/* rows there are, shown or not */
	uint64_t nfailed;		/* of a tree: how many of them ended badly */
	struct cell *others;		/* a row for what had none of its own, or NULL */
	unsigned limit;			/* how many have one, where that is not TOTALS_ROWS; else 0 */
	enum table_remark remark;
	uint32_t absent;		/* columns that have no value in any row: text leaves them out; a bit each */
	void *own;			/* what cells refer to that is not in the totals; freed with the table */
};

struct table_def {
	const char *title, *name;	/* "Top files", "top_files" */
	const struct table_column *columns;
	unsigned ncolumns;
	void (*fill)(struct table *t, const struct totals *totals, bool noise);
	enum table_form form;
	unsigned nheads;		/* text: how many columns the title names, "(read, written)" */
	/* an answer, not a sum: text has it first, and this many rows of it */
	unsigned answers;
	bool again;			/* text: its first row is last of all where the begin has left the terminal */
	uint8_t spare;			/* text: left out of one that has to fit a screen, 1 first; 0: never */
};

/*
 * The table of a row of the list, with the most important rows first, room of them at most.  noise: also what the noise
 * filter hides.  NULL when there is nothing in it.
 */
struct table *table_new(const struct table_def *def, const struct totals *totals, bool noise, unsigned room);
void table_free(struct table *t);
/* Numbers: they stand at the right of their column, and sort from the largest. */
bool table_is_number(enum cell_type type);
/* For those that fill: one more row, its cells not set; NULL when there is no room. */
struct table_row *table_add(struct table *t);

extern const struct table_def *const table_list[];		/* in the order in which they are shown */
extern const unsigned table_nlist;
