/* SPDX-License-Identifier: MIT */
#pragma once
/* The inside of the summary: summary.c has the FINAL block, summary_tables.c what comes after it. */
#include "analyze/totals.h"
#include "base/buf.h"
#include "sink/out.h"
#include "sink/sink.h"

#define ROWS_MAX 10		/* of a table */

struct summary_sink {
	struct sink sink;
	struct out *out;
	const struct sink_options *opt;
	const struct totals *t;
	const struct sink_result *done;	/* the other outputs */
	struct buf b;			/* the line being built */
	unsigned columns;
};

void summary_line(struct summary_sink *s);	/* the line is complete */
/* The rest of the line, from column `used` on: text that is safe to show; any bytes. */
void summary_rest(struct summary_sink *s, const char *text, size_t len, size_t used);
void summary_rest_raw(struct summary_sink *s, const char *bytes, size_t len, size_t used);
void summary_title(struct summary_sink *s, const char *text);
void summary_more(struct summary_sink *s, uint64_t shown, uint64_t all);	/* "… and 3 more", where there are */
void summary_conn(struct buf *b, const struct totals_conn *c);	/* "tcp4 → 1.2.3.4:443" */
void summary_tables(struct summary_sink *s);
