/* SPDX-License-Identifier: MIT */
#pragma once
/* The last lines that a living process wrote to its standard error; of those before them the one that says why. */
#include "analyze/endings.h"

struct last_lines {		/* zero-initialise to start */
	char *lines[ENDING_LINES]; uint32_t lens[ENDING_LINES];
	unsigned at;		/* a ring; lines ever begun */
	bool open;		/* the last line goes on */
	char *why; uint32_t why_len;	/* the last of those before them that says what went wrong; NULL: none does */
	unsigned says;		/* how well */
};

void last_lines_add(struct last_lines *v, const char *s, size_t n);	/* n bytes that were written */
void last_lines_break(struct last_lines *v);	/* what follows is another line */
/* Returns how many; oldest first, as they are, for as long as t lives. */
unsigned last_lines_keep(const struct last_lines *v, struct totals *t, struct bytes ret_lines[ENDING_LINES]);
void last_lines_done(struct last_lines *v);	/* none any more */
/* But for numbers: a log's times, an attempt's. */
bool last_lines_alike(struct bytes a, struct bytes b);
