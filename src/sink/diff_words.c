/* SPDX-License-Identifier: MIT */
#include "sink/diff_words.h"

#include "abi/spec.h"
#include "analyze/endings.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/text.h"
#include "sink/conn_words.h"
#include "sink/ended.h"
#include "sink/ending_words.h"
#include "sink/totals_words.h"

static const struct { const char *name, *title; } kinds[_DIFFS] = {
	[DIFF_ENDED] = { "ended", "Ended in another way, or ran in one only and failed (first → second)" },
	[DIFF_RAN] = { "ran", "Ran in one only" },
	[DIFF_RESULT] = { "result", "Opened in one, not in the other (first → second)" },
	[DIFF_MISSED] = { "missed", "Looked for in vain in one only" },
	[DIFF_READ] = { "opened", "Opened in one only" },
	[DIFF_WRITTEN] = { "written", "Written in one only" },
	[DIFF_BYTES] = { "bytes", "Another number of bytes (first → second)" },
	[DIFF_PEER] = { "peers", "Peers (first → second)" },
	[DIFF_SLOWER] = { "slower", "Calls that take another time (first → second)" },
};

const char *diff_name(enum diff_kind kind) { return kinds[kind].name; }
const char *diff_title(enum diff_kind heading) { return kinds[heading].title; }

static void path(struct buf *b, const struct difference *d)
{
	const struct totals_file *f = d->file[0] ? d->file[0] : d->file[1];
	struct buf name = { 0 };

	if (f)
		buf_add(&name, f->path.s, f->path.len);
	else
		totals_lookup_name(&name, d->lookup[0] ? d->lookup[0] : d->lookup[1]);
	text_safe(b, name.s ? name.s : "", name.len);
	buf_done(&name);
}

void diff_what(struct buf *b, const struct difference *d, size_t columns)
{
	if (d->kind == DIFF_ENDED || d->kind == DIFF_RAN) {
		if (columns)
			totals_proc_command_within(b, d->proc[d->side], columns);
		else
			totals_proc_command(b, d->proc[d->side]);
	} else if (d->kind == DIFF_PEER) {
		table_conn_words(b, d->conn[d->side]);
	} else if (d->kind == DIFF_SLOWER) {
		buf_puts(b, d->call[0]->spec->name ? d->call[0]->spec->name : "?");
	} else {
		path(b, d);
	}
}

static void error(struct buf *b, int err) { buf_puts(b, errno_name(err) ? errno_name(err) : "failed"); }

static void process(struct buf *b, const struct difference *d, unsigned side)
{
	if (!d->proc[side]) {
		buf_puts(b, "did not run");
		return;
	}
	ended_of_proc(b, d->proc[side]);
	if (d->n > 1)
		buf_printf(b, " (%llu×)", (unsigned long long)d->n);
}

static void file(struct buf *b, const struct difference *d, const struct totals_file *f)
{
	if (d->kind != DIFF_BYTES) {
		buf_puts(b, f->nwrites ? "written" : "opened");
		return;
	}
	human_bytes(b, f->nread);
	buf_puts(b, " read, ");
	human_bytes(b, f->nwritten);
	buf_puts(b, " written");
}

static void peer(struct buf *b, const struct totals_conn *c)
{
	if (c->err)
		error(b, c->err);
	else
		buf_puts(b, c->state == CONN_CONNECTING ? "not answered" : "connected");
}

static void call(struct buf *b, const struct hist *h)
{
	human_counted(b, h->n, "call", "calls");
	buf_puts(b, " ");
	human_ns(b, h->sum);
	buf_puts(b, ", median ");
	human_ns(b, hist_quantile(h, 0.5));
	buf_puts(b, ", longest ");
	human_ns(b, h->max);
}

void diff_value(struct buf *b, const struct difference *d, unsigned side)
{
	if (d->kind == DIFF_ENDED || d->kind == DIFF_RAN)
		process(b, d, side);
	else if (d->file[side])
		file(b, d, d->file[side]);
	else if (d->lookup[side])
		error(b, d->lookup[side]->err);
	else if (d->conn[side])
		peer(b, d->conn[side]);
	else if (d->call[side])
		call(b, &d->call[side]->dur);
}

/* Those that failed for a child have none of their own. */
void diff_why(struct buf *b, const struct difference *d)
{
	const struct totals_ending *e = d->ending;

	if (!e || e->cause)
		return;
	if (e->nmissed || e->second.name.len)
		ending_missed(b, e);
	if (e->fatal.signo) {
		buf_puts(b, b->len ? "\n" : "");
		ending_fatal(b, e);
	}
	if (e->nlines) {
		buf_puts(b, b->len ? "\n" : "");
		ending_said(b, e);
	}
}
