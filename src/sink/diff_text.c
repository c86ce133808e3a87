/* SPDX-License-Identifier: MIT */
#include "sink/diff_text.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/diff.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/diff_words.h"
#include "sink/ended.h"

enum { ROWS = 20 }; /* of each heading */

static void put_value(struct buf *b, const struct difference *d, unsigned side)
{
	size_t from = b->len;

	diff_value(b, d, side, true);
	if (b->len == from)
		buf_puts(b, "–");
}

static void values(struct buf *b, const struct difference *d)
{
	/* what failed stands among what ended in another way, and of a peer its outcome counts: with both values */
	if (diff_is_of_one(d) && diff_heading(d) == d->kind && d->kind != DIFF_PEER) {
		buf_puts(b, d->side ? "second" : "first ");
		if (d->n > 1)
			buf_printf(b, " %llu×", (unsigned long long)d->n);
		if (d->kind == DIFF_MISSED) {
			buf_puts(b, "  ");
			put_value(b, d, d->side);
		}
		return;
	}
	put_value(b, d, 0);
	buf_puts(b, " → ");
	put_value(b, d, 1);
}

/* Its values are; what it is about comes first then. */
static bool is_long(const struct difference *d) {
	return d->kind == DIFF_SLOWER || d->kind == DIFF_PHASE || d->kind == DIFF_STARTED || d->kind == DIFF_ARGS ||
	       d->kind == DIFF_ENV;
}

static void row(struct buf *b, const struct difference *d)
{
	struct buf why = { 0 };

	buf_puts(b, "   ");
	if (!is_long(d))
		values(b, d);
	else
		diff_what(b, d, true);
	buf_puts(b, "  ");
	if (is_long(d))
		values(b, d);
	else
		diff_what(b, d, true);
	buf_putc(b, '\n');
	diff_why(&why, d);
	for (const char *at = why.s ? why.s : "", *end; *at; at = *end ? end + 1 : end) {
		end = strchrnul(at, '\n');
		buf_puts(b, "        ");
		buf_add(b, at, (size_t)(end - at));
		buf_putc(b, '\n');
	}
	buf_done(&why);
}

static void run_line(struct buf *b, const struct totals *t, const char *what, const char *name)
{
	buf_printf(b, " %s  ", what);
	text_safe(b, name, strlen(name));
	buf_puts(b, ": ");
	ended_of_run(b, t, false);
	buf_puts(b, ", ");
	human_ns(b, t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0);
	buf_puts(b, ", ");
	human_counted(b, t->nprocs, "process", "processes");
	buf_putc(b, '\n');
}

static void not_recorded(struct buf *b, unsigned not, unsigned side)
{
	unsigned n = 0;

	for (unsigned i = 0; diff_not_name(1u << i); i++)
		if (not >> i & 1)
			buf_printf(b, "%s%s", n++ ? ", " : side ? " Not in the second, so not compared: "
								 : " Not in the first, so not compared: ",
				   diff_not_name(1u << i));
	if (n)
		buf_putc(b, '\n');
}

static void first_line(struct buf *b, const struct totals *const runs[2], const struct difference *v, unsigned n)
{
	struct diff_first first;

	if (!diff_find_first(runs, v, n, &first))
		return;
	buf_puts(b, " First difference: ");
	diff_first_words(b, &first);
	buf_putc(b, '\n');
}

bool diff_text(struct buf *b, const struct totals *const runs[2], const char *const names[2], bool noise)
{
	struct difference *v;
	uint64_t nhidden;
	unsigned n = diff_of(runs, noise, &v, &nhidden);

	run_line(b, runs[0], "first ", names[0]);
	run_line(b, runs[1], "second", names[1]);
	first_line(b, runs, v, n);
	for (unsigned i = 0; i < n;) {
		enum diff_kind heading = diff_heading(&v[i]);
		unsigned shown = 0, from = i;

		buf_printf(b, " %s\n", diff_title(heading));
		for (; i < n && diff_heading(&v[i]) == heading; i++)
			if (shown++ < ROWS)
				row(b, &v[i]);
		if (i - from > ROWS) {
			buf_puts(b, "   … and ");
			human_count(b, i - from - ROWS);
			buf_puts(b, " more\n");
		}
	}
	for (unsigned side = 0; side < 2; side++)
		not_recorded(b, diff_not_recorded(runs[side]), side);
	if (!diff_has_times(runs))
		buf_printf(b, " Durations are not compared: the first was made with %s, the second with %s\n",
			   diff_backend(runs[0]), diff_backend(runs[1]));
	if (nhidden) {
		buf_puts(b, " Hidden as noise: ");
		human_counted(b, nhidden, "difference", "differences");
		buf_puts(b, " (-a shows them)\n");
	}
	if (!n)
		buf_puts(b, " no difference\n");
	diff_strip(b);
	free(v);
	return n;
}
