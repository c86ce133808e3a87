/* SPDX-License-Identifier: MIT */
#include "sink/diff_text.h"

#include <stdlib.h>
#include <string.h>

#include "abi/spec.h"
#include "analyze/diff.h"
#include "analyze/endings.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/conn_words.h"
#include "sink/ended.h"
#include "sink/ending_words.h"
#include "sink/totals_words.h"

enum { ROWS = 20, COMMAND_COLUMNS = 60 }; /* of each kind */

static const char *const titles[_DIFFS] = {
	[DIFF_ENDED] = "Ended in another way (first → second)",
	[DIFF_RAN] = "Ran in one only",
	[DIFF_MISSED] = "Looked for in vain in one only",
	[DIFF_READ] = "Opened in one only",
	[DIFF_WRITTEN] = "Written in one only",
	[DIFF_BYTES] = "Another number of bytes (read, written; first → second)",
	[DIFF_PEER] = "Peers of one only",
	[DIFF_SLOWER] = "Calls that take another time (calls, total; first → second)",
};

static const char *which(const struct difference *d)
{
	return d->side ? "second" : "first ";
}

/* Below a row: why the process failed. */
static void reasons(struct buf *b, const struct totals_ending *e)
{
	struct buf lines = {0};

	if (e->nmissed || e->second.name.len)
		ending_missed(&lines, e);
	if (e->fatal.signo) {
		buf_puts(&lines, lines.len ? "\n" : "");
		ending_fatal(&lines, e);
	}
	if (e->nlines) {
		buf_puts(&lines, lines.len ? "\n" : "");
		ending_said(&lines, e);
	}
	for (const char *at = lines.s ? lines.s : "", *end; *at; at = *end ? end + 1 : end) {
		end = strchrnul(at, '\n');
		buf_puts(b, "        ");
		buf_add(b, at, (size_t)(end - at));
		buf_putc(b, '\n');
	}
	buf_done(&lines);
}

static void process(struct buf *b, const struct difference *d)
{
	if (d->kind == DIFF_ENDED) {
		buf_puts(b, "   ");
		ended_of_proc(b, d->proc[0]);
		buf_puts(b, " → ");
		ended_of_proc(b, d->proc[1]);
	} else {
		buf_printf(b, "   %s", which(d));
		if (d->n > 1)
			buf_printf(b, " %llu×", (unsigned long long)d->n);
	}
	buf_puts(b, "  ");
	totals_proc_command_within(b, d->proc[d->side], COMMAND_COLUMNS);
	buf_putc(b, '\n');
	if (d->ending && !d->ending->cause)
		reasons(b, d->ending);
}

static void file(struct buf *b, const struct difference *d)
{
	const struct totals_file *a = d->file[0], *z = d->file[1], *one = a ? a : z;

	if (a && z) {
		buf_puts(b, "   ");
		human_bytes(b, a->nread);
		buf_puts(b, " → ");
		human_bytes(b, z->nread);
		buf_puts(b, ", ");
		human_bytes(b, a->nwritten);
		buf_puts(b, " → ");
		human_bytes(b, z->nwritten);
	} else {
		buf_printf(b, "   %s", which(d));
	}
	buf_puts(b, "  ");
	text_safe(b, one->path.s, one->path.len);
	buf_putc(b, '\n');
}

static void call(struct buf *b, const struct difference *d)
{
	buf_printf(b, "   %-18s", d->call[0]->spec->name ? d->call[0]->spec->name : "?");
	for (unsigned side = 0; side < 2; side++) {
		buf_puts(b, side ? " → " : " ");
		human_count(b, d->call[side]->dur.n);
		buf_puts(b, " ");
		human_ns(b, d->call[side]->dur.sum);
	}
	buf_puts(b, ", median ");
	human_ns(b, hist_quantile(&d->call[0]->dur, 0.5));
	buf_puts(b, " → ");
	human_ns(b, hist_quantile(&d->call[1]->dur, 0.5));
	buf_putc(b, '\n');
}

static void lookup(struct buf *b, const struct difference *d)
{
	struct buf name = {0};

	buf_printf(b, "   %s  %-9s ", which(d),
		   errno_name(d->lookup[d->side]->err) ? errno_name(d->lookup[d->side]->err) : "?");
	totals_lookup_name(&name, d->lookup[d->side]);
	text_safe(b, name.s, name.len);
	buf_putc(b, '\n');
	buf_done(&name);
}

static void row(struct buf *b, const struct difference *d)
{
	switch (d->kind) {
	case DIFF_ENDED:
	case DIFF_RAN:
		process(b, d);
		break;
	case DIFF_MISSED:
		lookup(b, d);
		break;
	case DIFF_READ:
	case DIFF_WRITTEN:
	case DIFF_BYTES:
		file(b, d);
		break;
	case DIFF_PEER:
		buf_printf(b, "   %s  ", which(d));
		table_conn_words(b, d->conn[d->side]);
		if (d->conn[d->side]->err)
			buf_printf(b, " %s", errno_name(d->conn[d->side]->err));
		buf_putc(b, '\n');
		break;
	case DIFF_SLOWER:
		call(b, d);
		break;
	default:
		break;
	}
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

/* Style marks are for terminals. */
static void strip(struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->s[i] >= 0x20 || b->s[i] == '\n')
			b->s[n++] = b->s[i];
	b->len = n;
	if (b->s)
		b->s[n] = '\0';
}

bool diff_text(struct buf *b, const struct totals *const runs[2], const char *const names[2], bool noise)
{
	struct difference *v;
	uint64_t nhidden;
	unsigned n = diff_of(runs, noise, &v, &nhidden);

	run_line(b, runs[0], "first ", names[0]);
	run_line(b, runs[1], "second", names[1]);
	for (unsigned i = 0; i < n;) {
		enum diff_kind kind = v[i].kind;
		unsigned shown = 0, from = i;

		buf_printf(b, " %s\n", titles[kind]);
		for (; i < n && v[i].kind == kind; i++)
			if (shown++ < ROWS)
				row(b, &v[i]);
		if (i - from > ROWS) {
			buf_puts(b, "   … and ");
			human_count(b, i - from - ROWS);
			buf_puts(b, " more\n");
		}
	}
	if (nhidden) {
		buf_puts(b, " Hidden as noise: ");
		human_counted(b, nhidden, "difference", "differences");
		buf_puts(b, " (-a shows them)\n");
	}
	if (!n)
		buf_puts(b, " no difference\n");
	strip(b);
	free(v);
	return n;
}
