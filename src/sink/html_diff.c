/* SPDX-License-Identifier: MIT */
/* What is different from another run (--diff): the first card of the static page, and META's for the other one. */
#include <stdlib.h>
#include <string.h>

#include "analyze/diff.h"
#include "analyze/totals.h"
#include "base/human.h"
#include "base/text.h"
#include "sink/diff_text.h"
#include "sink/diff_words.h"
#include "sink/ended.h"
#include "sink/html.h"
#include "sink/html_escape.h"

enum { ROWS = 200, WORDS_MAX = 2000 };

void html_diff_meta(const struct html *h, struct json *j)
{
	const struct totals *t = h->opt->totals;

	if (!t->before)
		return;
	json_key(j, "diff");
	diff_json_rows(j, (const struct totals *const[2]){ t->before, t }, h->opt->names, h->opt->all);
}

static void cell(struct buf *b, const char *class, struct buf *words)
{
	buf_printf(b, "<td%s>", class);
	diff_strip(words);
	for (size_t at = 0, n; at < words->len && at < WORDS_MAX; at += n + 1) {
		const char *end = memchr(words->s + at, '\n', words->len - at);

		n = end ? (size_t)(end - words->s) - at : words->len - at;
		if (at)
			buf_puts(b, "<br>");
		html_escape(b, words->s + at, html_cut(words->s + at, n, WORDS_MAX));
	}
	buf_puts(b, "</td>");
	buf_reset(words);
}

static void row(struct buf *b, const struct difference *d)
{
	struct buf w = { 0 };

	buf_printf(b, "<tr><td>%s</td>", diff_is_of_one(d) ? d->side ? "second" : "first" : "both");
	diff_what(&w, d, true);
	cell(b, " class=\"path\"", &w);
	for (unsigned side = 0; side < 2; side++) {
		diff_value(&w, d, side, true);
		cell(b, "", &w);
	}
	buf_puts(b, "</tr>\n");
	diff_why(&w, d);
	if (w.len) {	/* below: beside paths a column of it would have no room */
		buf_puts(b, "<tr class=\"below\"><td></td>");
		cell(b, " class=\"lines\" colspan=\"3\"", &w);
		buf_puts(b, "</tr>\n");
	}
	buf_done(&w);
}

static void run(struct buf *b, const char *which, const char *name, const struct totals *t)
{
	struct buf w = { 0 };

	buf_printf(b, "<p>%s: ", which);
	text_safe(&w, name, strlen(name));
	buf_puts(&w, ", ");
	ended_of_run(&w, t, false);
	buf_puts(&w, ", ");
	human_ns(&w, t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0);
	html_escape(b, w.s, w.len);
	buf_puts(b, "</p>\n");
	buf_done(&w);
}

/* Above all rows: where to look first. */
static void first_difference(struct buf *b, const struct totals *const runs[2], const struct difference *v, unsigned n)
{
	struct diff_first first;
	struct buf w = { 0 };

	if (!diff_find_first(runs, v, n, &first))
		return;
	diff_first_words(&w, &first);
	diff_strip(&w);
	buf_puts(b, "<p class=\"first-difference\"><b>First difference:</b> ");
	html_escape(b, w.s, html_cut(w.s, w.len, WORDS_MAX));
	buf_puts(b, "</p>\n");
	buf_done(&w);
}

void html_diff_card(const struct html *h, struct buf *b)
{
	const struct totals *t = h->opt->totals;
	struct difference *v;
	uint64_t nhidden;
	unsigned n;

	if (!t->before)
		return;
	n = diff_of((const struct totals *const[2]){ t->before, t }, h->opt->all, &v, &nhidden);
	buf_puts(b, "<section class=\"card wide answer\" id=\"card-differences\"><h2>Differences</h2>\n");
	first_difference(b, (const struct totals *const[2]){ t->before, t }, v, n);
	run(b, "First", h->opt->names[0], t->before);
	run(b, "Second, this page", h->opt->names[1], t);
	if (n)
		buf_puts(b, "<table><tr><th>Run</th><th>What</th><th>First</th><th>Second</th></tr>\n");
	for (unsigned i = 0; i < n && i < ROWS; i++)
		row(b, &v[i]);
	if (n)
		buf_puts(b, "</table>\n");
	buf_puts(b, "<p>");
	if (n > ROWS)
		buf_printf(b, "and %u more. ", n - ROWS);
	buf_puts(b, n ? "" : "No difference. ");
	if (!diff_has_times((const struct totals *const[2]){ t->before, t }))
		buf_printf(b, "Durations are not compared: the first was made with %s, the second with %s. ",
			   diff_backend(t->before), diff_backend(t));
	if (nhidden)
		human_counted(b, nhidden, "difference is", "differences are");
	buf_puts(b, nhidden ? " hidden as noise (-a shows them)." : "");
	buf_puts(b, "</p></section>\n");
	free(v);
}
