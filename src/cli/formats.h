/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The formats that a trace is exported to, a row each: its option, `--export NAME[:FILE]`, the list of
 * `--export help`, how it is opened and what writes it (cli/outputs.c), and docs/exports.md are made of it.
 *
 *	X(ID, name of the option and of --export, FILE or DIR, what --export takes without :FILE,
 *	  opened by (FOLDER(names): its files, in the directory), sink, WANTS_*,
 *	  what it is in messages, what to know when its end is missing or NULL,
 *	  sentence for --help=all and the man page, for --export help)
 */
#include <stdio.h>

#include "cli/options.h"

#define EXPORT_FORMATS(X)	\
	X(JSON, "json", "FILE", "trace.ndjson",	\
	  open_file_or_stdout, sink_ndjson_new, WANTS_CALLS, "the JSON", "the lines before it are complete",	\
	  "write events, processes, files and connections to FILE as NDJSON, one object a line (-: standard "	\
	  "output, with what the command itself writes there); with -v also the arguments of calls",	\
	  "NDJSON, an object a line: jq, DuckDB, anything")	\
	X(CSV, "csv", "DIR", "trace-csv",	\
	  FOLDER(sink_csv_files), sink_csv_new, WANTS_CALLS, "the CSV", "each line in its files is whole",	\
	  "write the same as CSV to the directory DIR, a file for each table, with what declares them",	\
	  "CSV, a file for each table: DuckDB, spreadsheets")	\
	X(SQLITE, "sqlite", "FILE", "trace.sqlite",	\
	  outfile_open, sink_sqlite_new, WANTS_CALLS, "the SQLite database", "what was committed before can be read", \
	  "write the same to FILE as an SQLite database, with views such as failed_opens and process_tree",	\
	  "SQLite, with views to ask: sqlite3, anything")	\
	X(CLICKHOUSE, "clickhouse", "DIR", "trace-clickhouse",	\
	  FOLDER(sink_clickhouse_files), sink_clickhouse_new, WANTS_CALLS, "what is for ClickHouse", "each line in its files is whole", \
	  "write the same for ClickHouse to the directory DIR, with what makes the tables and what loads them",	\
	  "tables and a loader for ClickHouse, for many hosts")	\
	X(PERFETTO, "perfetto", "FILE", "trace.pftrace",	\
	  open_file_or_stdout, sink_perfetto_new, WANTS_CALLS, "the Perfetto trace",	\
	  "what was written before can still be read",	\
	  "write a timeline to FILE for ui.perfetto.dev: processes, threads, calls, memory, open descriptors, "	\
	  "bytes, and what started and woke what; with -v also the arguments of calls",	\
	  "Perfetto's timeline: ui.perfetto.dev, SQL")	\
	X(CHROME_TRACE, "chrome-trace", "FILE", "trace.json",	\
	  open_file_or_stdout, sink_chrome_trace_new, WANTS_CALLS, "the Chrome trace",	\
	  "the lines before it are complete",	\
	  "write the timeline to FILE as JSON for speedscope, Firefox Profiler and chrome://tracing; with -v "	\
	  "also the arguments of calls",	\
	  "the timeline as JSON: speedscope, Firefox Profiler")	\
	X(FOLDED, "folded", "FILE", "trace.folded",	\
	  open_file_or_stdout, sink_folded_new, WANTS_CALLS, "the folded stacks",	\
	  "the lines before it are complete",	\
	  "write nanoseconds by process, thread and call to FILE, as folded stacks for flame graphs",	\
	  "folded stacks: speedscope, flamegraph.pl")	\
	X(STRACE, "strace", "FILE", "trace.strace",	\
	  open_file_or_stdout, sink_strace_file_new,	\
	  WANTS_CALLS | WANTS_PAYLOAD | WANTS_LINKS, "strace's text",	\
	  "the lines before it are complete",	\
	  "write every call to FILE as strace -f -y -ttt -T does (--format strace), beside all else",	\
	  "the text of strace -f -y -ttt -T: what reads that")

/* "json|csv" */
#define EXPORT_NAME(id, name, ...) "|" name
static inline const char *export_names(void) { return &(EXPORT_FORMATS(EXPORT_NAME))[1]; }

struct export_format {
	enum output_kind kind;
	const char *name, *arg, *file;	/* arg: FILE or DIR; file: where --export NAME writes */
	const char *brief;
};
extern const struct export_format export_formats[];
extern const unsigned export_nformats;
void formats_list(FILE *f);	/* for --export help */
void formats_doc(FILE *f);	/* a table of Markdown */
