/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of the summary: summary.c has the FINAL block and what comes after it, table_text.c one of its
 * tables, summary_tables.c which of them there are, summary_page.c what all of these need.
 */
#include "analyze/totals.h"
#include "base/buf.h"
#include "sink/out.h"
#include "sink/sink.h"

#define ROWS_MAX 10		/* of a table */
#define TREE_MAX 20
#define RULE_COLUMNS 64
#define SCREEN_TAKEN 2		/* lines of a screen: one before the summary, the shell's behind it */

struct table;

struct summary_sink {
	struct sink sink;
	struct out *out;
	const struct sink_options *opt;
	const struct totals *t;
	const struct sink_result *done;	/* the other outputs */
	struct buf b;			/* the line being built */
	unsigned columns;
	unsigned lines;			/* of a screen, written so far */
	bool counts_only;		/* lines are counted, not written */
	bool again;			/* what was written before is written again, for terminals alone */
	bool starred;			/* of the table at hand: a row's notes are a number with a star */
};

void summary_line(struct summary_sink *s);	/* the line is complete */
/* The rest of the line, from column `used` on: text that is safe to show. */
void summary_rest(struct summary_sink *s, const char *text, size_t len, size_t used);
void summary_rule(struct summary_sink *s);	/* a line across */
void summary_title(struct summary_sink *s, const char *text);
void summary_more(struct summary_sink *s, uint64_t shown, uint64_t all);	/* "… and 3 more", where there are */
void summary_json(struct summary_sink *s);	/* all of it, in place of the text */
void summary_table(struct summary_sink *s, const struct table *t);
void summary_answers(struct summary_sink *s);	/* tables that are answers */
/* Of answers that have left the terminal by now the first one, once more, behind all else. */
void summary_again(struct summary_sink *s);
/* The others; lines: shortened to so many, where that is possible; 0: in full. */
void summary_tables(struct summary_sink *s, unsigned lines);
