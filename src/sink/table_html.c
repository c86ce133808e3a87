/* SPDX-License-Identifier: MIT */
#include "sink/table_html.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/kernel.h"
#include "base/human.h"
#include "base/macro.h"
#include "sink/html_escape.h"
#include "sink/out.h"
#include "sink/table_words.h"

enum { ROWS = 20, TREE_ROWS = 200, WORDS_MAX = 800, DEPTH_MAX = 40 };

/* Which columns are shown: those of the text, and others that have something in a row. */
static unsigned used_columns(const struct table *t, bool *used)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->def->ncolumns; i++) {
		used[i] = (t->def->columns[i].place == IN_COLUMN && t->def->form != FORM_SENTENCES) ||
			  (t->others && t->others[i].set);
		for (unsigned k = 0; k < t->nrows && !used[i]; k++)
			used[i] = t->rows[k].cells[i].set;
		used[i] = used[i] && t->def->columns[i].place != ONLY_IN_DATA && t->def->columns[i].place != BELOW;
		n += used[i];
	}
	return n;
}

/* In capitals where it begins: "read" is the terminal's "(read, written)". */
static void head(struct buf *b, const struct table_column *c)
{
	buf_puts(b, table_is_number(c->type) ? "<th class=\"num\">" : "<th>");
	buf_putc(b, (char)toupper((unsigned char)c->title[0]));
	html_escape(b, c->title + 1, strlen(c->title + 1));
	buf_puts(b, "</th>");
}

/* Style marks become elements. */
static void words(struct buf *b, const char *s, size_t n)
{
	size_t cut = html_cut(s, n, WORDS_MAX), from = 0;
	bool open = false;

	for (size_t i = 0; i <= cut; i++) {
		if (i < cut && s[i] != STYLE_ERROR && s[i] != STYLE_DIM && s[i] != STYLE_OFF && s[i] != '\n')
			continue;
		html_escape(b, s + from, i - from);
		from = i + 1;
		if (i < cut && s[i] == '\n') {
			buf_puts(b, "<br>");
			continue;
		}
		if (open)
			buf_puts(b, "</span>");
		open = i < cut && s[i] == STYLE_ERROR;	/* what is calm is written as any other word */
		if (open)
			buf_puts(b, "<span class=\"bad\">");
	}
	buf_puts(b, cut < n ? "…" : "");
}

static void cell(struct buf *b, const struct table *t, const struct table_column *c, const struct cell *v,
		 const struct table_row *row)
{
	bool bad = row && row->bad && c->type == CELL_ENDED,
	     tree = row && t->def->form == FORM_TREE && c->place == IN_REST;
	struct buf w = { 0 };

	buf_puts(b, table_is_number(c->type) ? "<td class=\"num\">" :
		    c->place == IN_REST	     ? "<td class=\"path\">" :
		    bad			     ? "<td class=\"bad\">" :
					       "<td>");
	if (tree)
		buf_printf(b, "<span class=\"ind\" style=\"--d:%u\">", MIN(row->depth, (uint16_t)DEPTH_MAX));
	if (v->set)
		table_cell_words(&w, c->type, v, false);
	else if (table_is_quantile(c))
		buf_puts(&w, "–");
	words(b, w.s ? w.s : "", w.len);
	buf_puts(b, tree ? "</span></td>" : "</td>");
	buf_done(&w);
}

/* As in text: what is long stands below, from the column of names on. */
static void lines_below(struct buf *b, const struct table *t, const bool *used, unsigned columns,
			const struct table_row *r)
{
	unsigned before = 0;
	struct buf w = { 0 };

	for (unsigned i = 0; i < t->def->ncolumns && t->def->columns[i].place != IN_REST; i++)
		before += used[i];
	for (unsigned i = 0; i < t->def->ncolumns; i++) {
		if (t->def->columns[i].place != BELOW || !r->cells[i].set)
			continue;
		buf_reset(&w);
		table_cell_words(&w, t->def->columns[i].type, &r->cells[i], false);
		buf_printf(b, "<tr class=\"below\"><td colspan=\"%u\"></td><td class=\"lines\" colspan=\"%u\">", before,
			   columns - before);
		words(b, w.s ? w.s : "", w.len);
		buf_puts(b, "</td></tr>\n");
	}
	buf_done(&w);
}

static void row(struct buf *b, const struct table *t, const bool *used, unsigned columns, const struct table_row *r)
{
	buf_puts(b, "<tr>");
	for (unsigned i = 0; i < t->def->ncolumns; i++)
		if (used[i])
			cell(b, t, &t->def->columns[i], &r->cells[i], r);
	buf_puts(b, "</tr>\n");
	lines_below(b, t, used, columns, r);
}

/* What had no row of its own: its numbers, and words in the first column that has none. */
static void others(struct buf *b, const struct table *t, const bool *used)
{
	bool named = false;

	buf_puts(b, "<tr class=\"more\">");
	for (unsigned i = 0; i < t->def->ncolumns; i++) {
		const struct table_column *c = &t->def->columns[i];

		if (!used[i])
			continue;
		if (named || table_is_number(c->type)) {
			cell(b, t, c, &t->others[i], NULL);
			continue;
		}
		buf_puts(b, "<td>");
		table_others_words(b, t);
		buf_puts(b, "</td>");
		named = true;
	}
	buf_puts(b, "</tr>\n");
}

static void foot(struct buf *b, unsigned columns, const char *text)
{
	buf_printf(b, "<tr class=\"more\"><td colspan=\"%u\">%s</td></tr>\n", columns, text);
}

static void id(struct buf *b, const struct table_def *def)
{
	if (def->form == FORM_TREE) {
		buf_puts(b, "tree");
		return;
	}
	for (const char *p = def->name; *p; p++)
		buf_putc(b, *p == '_' ? '-' : *p);
}

static void table_html(struct buf *b, const struct table *t)
{
	bool *used = xcalloc(t->def->ncolumns, sizeof(*used));
	unsigned columns = used_columns(t, used);
	struct buf more = { 0 };

	buf_printf(b, "<section class=\"card wide%s\" id=\"card-", t->def->answers ? " answer" : "");
	id(b, t->def);
	buf_printf(b, "\"><h2>%s</h2>\n<table><thead><tr>", t->def->title);
	for (unsigned i = 0; i < t->def->ncolumns; i++)
		if (used[i])
			head(b, &t->def->columns[i]);
	buf_puts(b, "</tr></thead><tbody>\n");
	for (unsigned i = 0; i < t->nrows; i++)
		row(b, t, used, columns, &t->rows[i]);
	if (t->others)
		others(b, t, used);
	if (t->nall > t->nrows) {
		buf_puts(&more, "… and ");
		human_count(&more, t->nall - t->nrows);
		buf_puts(&more, " more");
		foot(b, columns, more.s);
	}
	buf_puts(b, "</tbody></table></section>\n");
	buf_done(&more);
	free(used);
}

static void add_table(struct buf *b, const struct table_def *def, const struct totals *totals, bool noise)
{
	struct table *t = table_new(def, totals, noise, def->form == FORM_TREE ? TREE_ROWS : ROWS);

	if (t)
		table_html(b, t);
	table_free(t);
}

void tables_html(struct buf *b, const struct totals *totals, bool answers, bool noise)
{
	for (unsigned i = 0; i < table_nlist; i++)
		if (table_list[i]->form != FORM_TITLES && (table_list[i]->answers != 0) == answers)
			add_table(b, table_list[i], totals, noise);
	for (unsigned i = 0; !answers && i < _KERNEL_TABLES; i++)
		add_table(b, &kernel_tables[i], totals, noise);
}
