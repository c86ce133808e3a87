/* SPDX-License-Identifier: MIT */
/* Result tables as lines of text. */
#include <string.h>

#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/cell.h"
#include "sink/out.h"
#include "sink/spent_words.h"
#include "sink/summary.h"
#include "sink/table_words.h"
#include "sink/totals_words.h"

#define INDENT 3

enum { NAME_COLUMNS = 16 };	/* of the last column, a call's name; few are longer */

/* what is left of the rows of a depth: len bytes of bars */
struct tree { struct buf bars; size_t len[UINT8_MAX]; };

static void spaces(struct buf *b, unsigned n)
{
	while (n--)
		buf_putc(b, ' ');
}

/* "(read, written)": the columns have no heads of their own. */
static void heads(struct buf *b, const struct table_def *def)
{
	unsigned n = 0;

	for (unsigned i = 0; i < def->nheads; i++)
		if (def->columns[i].place == IN_COLUMN) {
			buf_puts(b, n++ ? ", " : " (");
			buf_puts(b, def->columns[i].title);
		}
	buf_puts(b, n ? ")" : "");
}

static void tree_counts(struct buf *b, const struct table *t)
{
	buf_puts(b, " (");
	human_count(b, t->nall);
	if (t->nfailed && t->nall > 1) {
		buf_puts(b, ", ");
		human_count(b, t->nfailed);
		buf_puts(b, " failed");
	}
	buf_putc(b, ')');
}

static void title(struct summary_sink *s, const struct table *t)
{
	struct buf *b = &s->b;

	buf_putc(b, ' ');
	buf_putc(b, STYLE_BOLD);
	buf_puts(b, t->def->title);
	buf_putc(b, STYLE_OFF);
	heads(b, t->def);
	if (t->def->form == FORM_TREE)
		tree_counts(b, t);
	if (s->again)
		buf_puts(b, " (as above)");
	if (t->remark == REMARK_COUNTED)
		buf_puts(b, " (counted above, shown with -a)");
	summary_line(s);
}

/* ---- rows in columns ---- */

static void note(struct buf *b, const struct table_column *c, const struct cell *v)
{
	if (!v->set)
		return;
	if (c->type == CELL_PID || c->type == CELL_PEER_PID) {
		buf_printf(b, c->type == CELL_PID ? " [%llu]" : " ↔ [%llu]", (unsigned long long)v->n);
		return;
	}
	if (c->type == CELL_SENDER) {
		buf_printf(b, " (%s %llu)", c->title, (unsigned long long)v->n);
		return;
	}
	buf_puts(b, c->type == CELL_HOST ? " (on " : " (");
	table_cell_words(b, c->type, v, true);
	if (c->type == CELL_HOST) {
		buf_putc(b, ')');
		return;
	}
	buf_putc(b, ' ');
	buf_puts(b, c->title);
	buf_putc(b, ')');
}

static void branch(struct buf *b, struct tree *tree, const struct table_row *row)
{
	unsigned depth = MIN(row->depth, (uint16_t)(ARRAY_SIZE(tree->len) - 2));
	const char *below = row->last ? "   " : "│  ";

	buf_add(b, tree->bars.s ? tree->bars.s : "", tree->len[depth]);
	if (depth)
		buf_puts(b, row->last ? "└─ " : "├─ ");
	tree->bars.len = tree->len[depth];
	if (depth)
		buf_puts(&tree->bars, below);
	tree->len[depth + 1] = tree->bars.len;
}

/* As much of it as a line of `room` columns takes, whole words; 0: not even the first. */
static size_t fitting(const char *text, size_t len, size_t room)
{
	size_t n = len;

	while (n) {
		const char *blank;
		size_t marks = 0;

		for (size_t i = 0; i < n; i++)
			marks += (unsigned char)text[i] < 0x20;
		if (text_width(text, n) - marks <= room)
			break;
		blank = memrchr(text, ' ', n - 1);
		n = blank ? (size_t)(blank - text) : 0;
	}
	return n;
}

/* A sentence, in as many lines as it takes, below each other; the last one is left open. */
static void sentence_from(struct summary_sink *s, const char *text, size_t len, size_t column)
{
	size_t room = s->columns > column + NAME_COLUMNS ? s->columns - column : NAME_COLUMNS, n;

	while ((n = fitting(text, len, room)) && n < len) {
		buf_add(&s->b, text, n);
		summary_line(s);
		spaces(&s->b, (unsigned)column);
		text += n + 1;
		len -= n + 1;
	}
	text_middle(&s->b, text, len, room);
}

/* The rest of the line, but for the notes behind it, which are in full. */
static void rest(struct summary_sink *s, const struct table *t, const struct table_row *row, unsigned column,
		 struct tree *tree, size_t used)
{
	struct buf words = { 0 }, notes = { 0 };
	size_t from = s->b.len;

	for (unsigned i = column + 1; i < t->def->ncolumns; i++)
		if (t->def->columns[i].place == IN_NOTE)
			note(&notes, &t->def->columns[i], &row->cells[i]);
	if (t->def->form == FORM_TREE)
		branch(&s->b, tree, row);
	used += cell_width(&s->b, from) + (notes.s ? cell_width(&notes, 0) : 0);
	if (t->def->columns[column].type == CELL_COMMAND && row->cells[column].proc->argv.n) {
		totals_proc_command_within(&s->b, row->cells[column].proc,
					   s->columns > used + 20 ? s->columns - used : 20);
	} else if (t->def->columns[column].type == CELL_SPENT) {
		spent_words_within(&s->b, row->cells[column].part, s->columns > used ? s->columns - used : 0);
	} else {
		if (t->def->columns[column].type == CELL_WAITED_FOR)
			spent_wait_words_within(&words, row->cells[column].wait,
						s->columns > used ? s->columns - used : 0);
		else
			table_cell_words(&words, t->def->columns[column].type, &row->cells[column], true);
		if (t->def->columns[column].type == CELL_FINDING)
			sentence_from(s, words.s ? words.s : "", words.len, used);
		else
			summary_rest(s, words.s ? words.s : "", words.len, used);
	}
	buf_add(&s->b, notes.s ? notes.s : "", notes.len);
	buf_done(&words);
	buf_done(&notes);
}

static void in_column(struct buf *b, const struct table_column *c, const struct cell *v, const char *unset, bool bad)
{
	size_t from;

	spaces(b, c->gap);
	from = b->len;
	if (bad)
		buf_putc(b, STYLE_ERROR);
	if (v->set)
		table_cell_words(b, c->type, v, true);
	else
		buf_puts(b, unset);
	if (table_is_number(c->type))
		cell_right(b, from, c->width);
	else
		cell_left(b, from, c->width);
	if (bad)
		buf_putc(b, STYLE_OFF);
}

/* ---- columns that a narrow terminal has no room for ---- */

static bool is_left_out(const struct summary_sink *s, const struct table *t, unsigned column, unsigned spared)
{
	const struct table_column *c = &t->def->columns[column];

	return t->absent >> column & 1 || (c->spare && c->spare <= spared && (int)column != s->opt->sort);
}

static unsigned width_of(const struct summary_sink *s, const struct table *t, unsigned spared)
{
	unsigned width = INDENT + NAME_COLUMNS;

	for (unsigned i = 0; i < t->def->ncolumns; i++)
		if (t->def->columns[i].place == IN_COLUMN && !is_left_out(s, t, i, spared))
			width += t->def->columns[i].gap + t->def->columns[i].width;
	return width;
}

/* How many steps of struct table_column.spare are taken. */
static unsigned spared_of(const struct summary_sink *s, const struct table *t)
{
	enum { STEPS = 5 };
	unsigned spared = 0;

	if (t->def->form == FORM_HEADED && s->opt->fit)
		while (spared < STEPS && width_of(s, t, spared) > s->opt->fit)
			spared++;
	return spared;
}

/* What the terminal has no room for goes on below, further to the right; there is a blank before it as well. */
static void next_line(struct summary_sink *s)
{
	while (s->b.len && s->b.s[s->b.len - 1] == ' ')
		s->b.len--;
	summary_line(s);
	spaces(&s->b, 3 * INDENT - 1);
}

/* What stands behind the line; where a terminal has no room for it, a number that a line below the table explains. */
static void notes_behind(struct summary_sink *s, const struct table *t, const struct table_row *row)
{
	struct buf notes = { 0 };
	uint64_t n = 0;

	for (unsigned i = 0; i < t->def->ncolumns; i++)
		if (t->def->columns[i].place == IN_NOTE && row->cells[i].set) {
			note(&notes, &t->def->columns[i], &row->cells[i]);
			n += row->cells[i].n;
		}
	if (notes.len && s->opt->fit && cell_width(&s->b, 0) + cell_width(&notes, 0) > s->opt->fit) {
		if (t->def->form == FORM_HEADED) {
			buf_reset(&notes);
			buf_printf(&notes, " *%llu", (unsigned long long)n);
			s->starred = true;
		} else {
			next_line(s);
		}
	}
	buf_add(&s->b, notes.s ? notes.s : "", notes.len);
	buf_done(&notes);
}

/* Of the last column, whose words are of any length. */
static bool has_room(const struct summary_sink *s, const struct table_column *c, const struct cell *v)
{
	struct buf words = { 0 };
	size_t width;

	if (!s->opt->fit || c->width || !v->set)
		return true;
	table_cell_words(&words, c->type, v, true);
	width = c->gap + cell_width(&words, 0);
	buf_done(&words);
	return cell_width(&s->b, 0) + width <= s->opt->fit;
}

static void row_line(struct summary_sink *s, const struct table *t, const struct table_row *row, struct tree *tree)
{
	size_t used = INDENT;
	bool notes_too = true;
	unsigned spared = spared_of(s, t);

	spaces(&s->b, INDENT);
	for (unsigned i = 0; i < t->def->ncolumns; i++) {
		const struct table_column *c = &t->def->columns[i];

		if (is_left_out(s, t, i, spared))
			continue;
		if (c->place == IN_COLUMN) {
			if (t->def->form != FORM_HEADED && !has_room(s, c, &row->cells[i]))
				next_line(s);
			in_column(&s->b, c, &row->cells[i], "–", row->bad && c->type == CELL_ENDED);
			used += c->gap + c->width;
		} else if (c->place == IN_REST) {
			spaces(&s->b, c->gap);
			rest(s, t, row, i, tree, used + c->gap);
			notes_too = false;
		}
	}
	if (notes_too)
		notes_behind(s, t, row);
	summary_line(s);
}

/* In lines that end between words, from the second on a little further to the right. */
static void wrapped(struct summary_sink *s, const char *text, size_t len)
{
	for (unsigned indent = 2 * INDENT; len; indent = 3 * INDENT) {
		size_t n = fitting(text, len, s->columns - indent);
		const char *blank = memchr(text, ' ', len);

		spaces(&s->b, indent);
		if (n)
			buf_add(&s->b, text, n);
		else
			summary_rest(s, text, n = blank ? (size_t)(blank - text) : len, indent);
		summary_line(s);
		n += n < len;	/* the blank */
		text += n;
		len -= n;
	}
}

/* Lines of their own below a row. */
static void lines_below(struct summary_sink *s, const struct table *t, const struct table_row *row)
{
	struct buf words = { 0 };

	for (unsigned i = 0; i < t->def->ncolumns; i++) {
		if (t->def->columns[i].place != BELOW || !row->cells[i].set)
			continue;
		buf_reset(&words);
		table_cell_words(&words, t->def->columns[i].type, &row->cells[i], true);
		for (const char *at = words.s ? words.s : "", *end; *at; at = *end ? end + 1 : end) {
			end = strchrnul(at, '\n');
			wrapped(s, at, (size_t)(end - at));
		}
	}
	buf_done(&words);
}

/* What had no row of its own: its numbers, and words in place of a name. */
static void others_line(struct summary_sink *s, const struct table *t)
{
	unsigned i = 0;

	spaces(&s->b, INDENT);
	for (; i < t->def->ncolumns &&
	       (t->def->columns[i].place != IN_COLUMN || table_is_number(t->def->columns[i].type));
	     i++)
		if (t->def->columns[i].place == IN_COLUMN)
			in_column(&s->b, &t->def->columns[i], &t->others[i], "", false);
	buf_puts(&s->b, "  ");
	table_others_words(&s->b, t);
	summary_line(s);
}

/* ---- rows as sentences ---- */

static void sentence(struct summary_sink *s, const struct table *t, const struct table_row *row)
{
	const struct table_column *c = t->def->columns;
	struct buf *b = &s->b;
	bool titled = t->def->form == FORM_TITLES, comma = c[0].type == CELL_CONN;	/* (an address has colons) */
	unsigned n = 0;

	spaces(b, titled ? 1 : INDENT);
	if (titled)
		buf_putc(b, STYLE_BOLD);
	table_cell_words(b, c[0].type, &row->cells[0], true);
	if (titled)
		buf_putc(b, STYLE_OFF);
	for (unsigned i = 1; i < t->def->ncolumns; i++) {
		if (!row->cells[i].set)
			continue;
		buf_puts(b, n++ || comma ? ", " : ": ");
		table_cell_words(b, c[i].type, &row->cells[i], true);
		buf_putc(b, ' ');
		buf_puts(b, c[i].one && row->cells[i].n == 1 ? c[i].one : c[i].title);
	}
	summary_line(s);
}

/* Columns have heads of their own. */
static void head_line(struct summary_sink *s, const struct table *t)
{
	unsigned spared = spared_of(s, t);

	spaces(&s->b, INDENT);
	for (unsigned i = 0; i < t->def->ncolumns; i++) {
		const struct table_column *c = &t->def->columns[i];
		size_t from;

		if ((c->place != IN_COLUMN && c->place != IN_REST) || is_left_out(s, t, i, spared))
			continue;
		spaces(&s->b, c->gap);
		from = s->b.len;
		buf_putc(&s->b, STYLE_BOLD);
		buf_puts(&s->b, c->title);
		buf_putc(&s->b, STYLE_OFF);
		if (table_is_number(c->type))
			cell_right(&s->b, from, c->width);
		else
			cell_left(&s->b, from, c->width);
	}
	summary_line(s);
}

static void row_lines(struct summary_sink *s, const struct table *t, const struct table_row *row, struct tree *tree)
{
	row_line(s, t, row, tree);
	lines_below(s, t, row);
}

void summary_table(struct summary_sink *s, const struct table *t)
{
	bool sentences = t->def->form == FORM_SENTENCES || t->def->form == FORM_TITLES;
	struct tree tree = { 0 };

	if (t->def->form == FORM_HEADED)
		head_line(s, t);
	else if (t->def->form != FORM_TITLES)
		title(s, t);
	for (unsigned i = 0; i < t->nrows; i++)
		if (sentences)
			sentence(s, t, &t->rows[i]);
		else
			row_lines(s, t, &t->rows[i], &tree);
	if (t->others)
		others_line(s, t);
	if (s->starred) {
		buf_puts(&s->b, "   *N: so many never returned, or were still under way");
		summary_line(s);
		s->starred = false;
	}
	summary_more(s, t->nrows, t->nall);
	buf_done(&tree.bars);
}
