/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A sink turns events into something a person or a program reads.  Sinks keep
 * ids and copies, never pointers into the model.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct diag;
struct event;
struct out;
struct outfile;
struct record;
struct sink;
struct table_def;
struct totals;

/* Of a recording of a long run.  0: without that limit. */
struct recording_options {
	uint64_t rotate_bytes, rotate_ns;	/* then the next file begins */
	uint64_t keep;				/* files besides the one that is written; 0: all */
	uint64_t last_bytes, last_ns;		/* only the newest part is kept, and written when asked for */
};

/* What the command line asks of sinks; owned by the session, outlives them. */
struct sink_options {
	bool verbose;			/* every call, one line each */
	bool all;			/* no noise filter */
	bool show_comm;			/* each line names its thread */
	bool color;			/* of the terminal stream */
	bool live;			/* false: only the summary */
	bool reads;			/* what is shown was recorded before, and nothing waits for us */
	bool as_strace;			/* lines of strace, and nothing else */
	const struct table_def *counts;	/* -c: this table in place of the summary; NULL: the summary */
	bool summary_json;		/* the summary is an object of JSON */
	int sort;			/* the column it is sorted by; -1: as usual */
	unsigned clock; bool relative;	/* -t, -tt, -ttt; -r: enum lines_clock */
	bool call_times, call_numbers;	/* -T, -n */
	unsigned value_flags;		/* VALUE_* for calls in lines (sink/value.h) */
	unsigned fit;			/* columns of the terminal that it has to fit; 0: there is none */
	unsigned height;		/* lines of the terminal that shows the summary; 0: there is none */
	unsigned screen;		/* lines that the summary has to fit, as far as it can; 0: any number */
	const struct callset *named;	/* these calls have lines whatever they do; NULL: none */
	const char *filter;		/* what was chosen, as written (sink/chooser.h); NULL: everything */
	uint64_t max_report_events;
	uint64_t sched_shown_ns;	/* shorter waits for a CPU are counted, but have no line */
	const struct recording_options *recording;	/* NULL: one file, of all */
	bool lent;			/* records stay where they are until settle; false: only during the call */
	struct world *world; /* a recording that begins in the midst writes how things stand: world_snapshot() */
	const char *names[2];		/* of totals.before and of this run */
	const struct totals *totals;	/* fed by the session, each event before the sinks see it (analyze/totals.h) */
};

/* What came of an output, for those that finish after it: the summary names it. */
struct sink_result {
	const char *title, *what;	/* "Report", "the report" */
	const char *path;
	const char *more;		/* how more events would have been kept */
	uint64_t kept, total;		/* events in it; all there were */
	bool incomplete, missing;	/* some of it, or all, could not be written; a message says why */
	struct sink_result *next;
};

struct sink_ops {
	/* Either may be NULL: what the model made, and the record it was made from. */
	void (*event)(struct sink *s, const struct event *ev);
	void (*record)(struct sink *s, const struct record *r);
	void (*settle)(struct sink *s);	/* of a sink that keeps pointers to records that are lent; or NULL */
	/* Called now and then with the capture's clock: nothing with an end time before now_ns will follow. */
	void (*tick)(struct sink *s, uint64_t now_ns);
	/*
	 * Write what is left; called once, before free.  done: what finished before.  What fails is the outfile's to
	 * remember.
	 */
	void (*finish)(struct sink *s, const struct sink_result *done);
	void (*free)(struct sink *s);
};
struct sink {
	const struct sink_ops *ops;
	uint64_t kept, total;	/* for its result, set by finish */
	bool unused;		/* likewise: its file is not needed, and is as it was before the run */
};

/*
 * A sink with a file borrows it (base/outfile.h): it is opened before the command runs, and finished and closed after
 * the sink, by cli/outputs.c.  A failed write is remembered there and reported once; the trace goes on.
 */
struct sink *sink_text_new(struct out *out, const struct sink_options *opt);	/* live lines, and -v */
struct sink *sink_strace_new(struct out *out, const struct sink_options *opt);	/* --format strace */
int sink_strace_file_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink,
			 struct diag *diag);	/* --strace */
/* Waits for a CPU, block I/O, page faults: lines as they come, and what follows the summary. */
struct sink *sink_kernel_new(struct out *out, const struct sink_options *opt);
struct sink *sink_summary_new(struct out *out, const struct sink_options *opt);	/* the FINAL block and tables */
/* The records themselves, for --read. */
int sink_recording_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag);
/* -errno with diag: no room for its temporary files. */
int sink_html_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag);
/* --json; likewise */
int sink_ndjson_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag);
/* --csv: files named below, in that order; likewise */
extern const char *const sink_csv_files[];
int sink_csv_new(const struct sink_options *opt, struct outfile *files, struct sink **ret_sink, struct diag *diag);
int sink_perfetto_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag);
int sink_chrome_trace_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink,
			  struct diag *diag);
int sink_folded_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag);
/* --sqlite; likewise, and where the file is not a regular one */
int sink_sqlite_new(const struct sink_options *opt, struct outfile *file, struct sink **ret_sink, struct diag *diag);
/* --clickhouse: files named below; likewise */
extern const char *const sink_clickhouse_files[];
int sink_clickhouse_new(const struct sink_options *opt, struct outfile *files, struct sink **ret_sink,
			struct diag *diag);
