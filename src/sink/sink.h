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
struct sink;
struct totals;

/* What the command line asks of sinks; owned by the session, outlives them. */
struct sink_options {
	bool verbose;			/* every call, one line each */
	bool all;			/* no noise filter */
	bool show_comm;			/* each line names its thread */
	bool color;			/* of the terminal stream */
	bool live;			/* false: only the summary */
	uint64_t max_report_events;
	uint64_t sched_shown_ns;	/* shorter waits for a CPU are counted, but have no line */
	const char *report_path;
	uint64_t report_kept, report_total;	/* events; set when the report is written, before the text sinks finish */
	bool report_incomplete;		/* likewise; why is said elsewhere */
	const struct totals *totals;	/* fed by the session, each event before the sinks see it (analyze/totals.h) */
};

struct sink_ops {
	const char *name, *help;
	void (*event)(struct sink *s, const struct event *ev);
	/* Called now and then with the capture's clock: nothing with an end time before now_ns will follow. */
	void (*tick)(struct sink *s, uint64_t now_ns);
	/* Write what is left; called once, before free.  -errno when output was lost. */
	int (*finish)(struct sink *s, struct diag *diag);
	void (*free)(struct sink *s);
};
struct sink { const struct sink_ops *ops; };

/*
 * Where text goes: the terminal stream (coloured or not) and -o's file (never coloured).  Lines hold style marks
 * (sink/out.h) that are turned into SGR sequences or dropped.  A failed write is remembered, said once, and does not
 * stop the trace.
 */
struct out;

struct sink *sink_text_new(struct out *out, const struct sink_options *opt);	/* live lines, and -v */
/* Waits for a CPU, block I/O, page faults: lines as they come, and what follows the summary. */
struct sink *sink_kernel_new(struct out *out, const struct sink_options *opt);
struct sink *sink_summary_new(struct out *out, const struct sink_options *opt);	/* the FINAL block and tables */
/* The report's file is created here, so that an unwritable one is found before the command runs. */
int sink_html_new(const struct sink_options *opt, struct sink **ret_sink, struct diag *diag);
/* Events the report keeps, and all there were: they differ with max_report_events. */
uint64_t sink_html_kept(const struct sink *s, uint64_t *ret_total);
