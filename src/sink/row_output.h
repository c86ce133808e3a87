/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What all outputs of rows have: a file, bytes on their way to it, and the rows (row/row.h).  An output is a struct
 * that begins with this one, a struct row_sink_ops and a constructor; sink/ndjson.c is one.
 */
#include "base/buf.h"
#include "row/row.h"
#include "sink/sink.h"

/* Shorter writes take longer: waking the thread that writes, and pages that the kernel makes one by one. */
enum { ROW_OUTPUT_FULL = 256 << 10 };
struct row_output {
	struct sink sink;
	struct row_sink takes;
	struct rows *from;
	struct outfile *file;
	struct behind *behind;	/* writes to it while the next rows are made; NULL: row_output_flush() does */
	struct buf out;		/* goes to the file when it is long, with each tick, and at the end */
	uint64_t nevents;	/* counted by the output: rows of events that are in it */
	/* writes what is on its way, of one that has more than a file; NULL: out goes to file */
	void (*flush)(struct row_output *o);
	void (*free)(struct row_output *o);	/* what it has besides; NULL: nothing */
};

/*
 * o: from the heap, zeros but for what the output has of its own.  It takes rows by ops, which are given o, and is
 * freed with the sink, or here when this fails: -errno with diag, no temporary file for `option` ("--json").  All
 * fields of all tables are wanted; set o->takes.wants and .keeps before for fewer.
 */
int row_output_start(struct row_output *o, const struct row_sink_ops *ops, const struct sink_options *opt,
		     struct outfile *file, const char *option, struct sink **ret_sink, struct diag *diag);
/* Everything; the arguments of calls with -v only. */
void row_output_want_all(struct row_output *o, const struct sink_options *opt);
void row_output_flush(struct row_output *o);
void row_output_settle(struct row_output *o);	/* flushes, and waits until file->err says how that went */
static inline void row_output_flush_long(struct row_output *o)	/* for the end of a row */
{
	if (o->out.len > ROW_OUTPUT_FULL)
		row_output_flush(o);
}
