/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Rows as text, a file for each table: what --csv and --clickhouse share.  A dialect says how a cell is written; the
 * files' other words (what declares the tables) are the caller's.
 *
 * A row that will change is held back until it has changed for the last time, so that an id has one row.  What is held
 * is what is alive: memory does not grow with the trace.
 */
#include <stdbool.h>
#include <stddef.h>

#include "row/row.h"

struct buf;
struct diag;
struct outfile;
struct sink;
struct sink_options;

/* Names of the files of tables, in the order of enum row_table: "trace.csv", … */
#define PARTS_NAME_CSV(id, name, help) name ".csv",
#define PARTS_NAME_TSV(id, name, help) name ".tsv",

struct parts_dialect {
	const char *option;			/* "--csv" */
	char separator;
	const char *null;			/* a cell that a row does not have */
	const char *yes, *no;			/* of a bool */
	const char *hex;			/* before the digits of an address */
	bool header;				/* names of the columns, first */
	/* The program's bytes; text that is JSON, or another of ours, with nothing below 0x20. */
	void (*bytes)(struct buf *b, const char *s, size_t n);
	void (*text)(struct buf *b, const char *s, size_t n);
	/* Writes the files behind those of the tables; called once, before the first row. */
	void (*declare)(struct outfile *files);
};

/* files: _ROW_TABLES of them, then those of declare(); borrowed.  -errno with diag. */
int sink_parts_new(const struct parts_dialect *dialect, const struct sink_options *opt, struct outfile *files,
		   struct sink **ret_sink, struct diag *diag);
