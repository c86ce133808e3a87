/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "abi/spec.h"
#include "analyze/clients.h"
#include "analyze/counting.h"
#include "analyze/table.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/cell.h"
#include "sink/conn_words.h"
#include "sink/diff_text.h"
#include "sink/ended.h"
#include "sink/out.h"
#include "sink/summary.h"
#include "sink/table_words.h"
#include "sink/totals_words.h"

/* ---- the FINAL block ---- */

static void seconds(struct buf *b, uint64_t ns)
{
	if (ns < 60000000000)
		buf_printf(b, "%.2fs", (double)ns / 1e9);
	else
		human_ns(b, ns);
}

static void memory(struct summary_sink *s)
{
	static const char *const labels[] = {
		[MEMORY_HEAP] = "   Heap:     ", [MEMORY_MMAP] = "   Mmap:     ", [MEMORY_TOTAL] = "   Total:    "
	};
	struct buf *b = &s->b;

	buf_puts(b, " Memory:");
	summary_line(s);
	if (s->t->rss_peak) {
		buf_puts(b, "   Resident: ");
		totals_resident(b, s->t);
		summary_line(s);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(labels); i++) {
		buf_puts(b, labels[i]);
		totals_memory(b, s->t, i);
		summary_line(s);
	}
}

/* Only some events count: what has none is left out, so that no 0 stands where nothing was captured. */
static bool is_narrowed(const struct summary_sink *s)
{
	return s->t->nrows || s->t->chosen.len || s->t->filter.len;
}

/* A filter says what counts: memory is a sum of calls on memory, if any of these was chosen. */
static bool counts_memory(const struct summary_sink *s)
{
	for (unsigned i = 0; s->opt->filter && i < s->t->calls.n; i++)
		if (spec_meaning(s->t->calls.v[i]->spec).category == CAT_MEMORY)
			return true;
	return !s->opt->filter;
}

static void io_line(struct summary_sink *s, const char *label, uint64_t nbytes)
{
	size_t n = strlen(label);

	if (!nbytes && is_narrowed(s))
		return;
	buf_puts(&s->b, "   ");
	buf_puts(&s->b, label);
	cell_bytes(&s->b, nbytes, 24 - n);
	summary_line(s);
}

struct endpoint { char *words; uint64_t count; int err; UT_hash_handle hh; };

static void connections(struct summary_sink *s)
{
	struct endpoint *all = NULL, *e, *next;
	unsigned shown = 0, total;
	uint64_t local = s->opt->all ? 0 : totals_count_conns(s->t).hidden;
	struct client_sums *clients = client_sums_new(s->t, s->opt->all);
	struct buf t = { 0 };

	for (unsigned i = 0; i < s->t->conns.n; i++) {
		const struct totals_conn *c = s->t->conns.v[i], *many = client_sums_many(clients, i);

		if (!totals_is_connection(c) || (c->noise != NOISE_NONE && !s->opt->all))
			continue;
		if (many)
			c = many;
		buf_reset(&t);
		table_conn_words(&t, c);
		if (c->err) {
			buf_puts(&t, " (");
			buf_puts(&t, errno_text(c->err));
			buf_putc(&t, ')');
		} else if (c->state == CONN_CONNECTING) {
			buf_puts(&t, c->end_ns ? " (outcome unknown)" : " (in progress)");
		}
		HASH_FIND(hh, all, t.s, t.len, e);
		if (!e) {
			e = xcalloc(1, sizeof(*e));
			e->words = xmemdup0(t.s, t.len);
			e->err = c->err;
			HASH_ADD_KEYPTR(hh, all, e->words, t.len, e);
		}
		e->count += !many;
	}
	client_sums_free(clients);
	total = HASH_COUNT(all);
	if (total || local || !is_narrowed(s)) {
		buf_puts(&s->b, " Network connections:");
		buf_puts(&s->b, total || local ? "" : " none");
		summary_line(s);
	}
	HASH_ITER(hh, all, e, next) {
		if (shown++ < ROWS_MAX) {
			buf_puts(&s->b, "   ");
			if (e->err)
				buf_putc(&s->b, STYLE_ERROR);
			summary_rest(s, e->words, strlen(e->words), 12);
			if (e->err)
				buf_putc(&s->b, STYLE_OFF);
			if (e->count > 1)
				buf_printf(&s->b, " ×%llu", (unsigned long long)e->count);
			summary_line(s);
		}
		HASH_DEL(all, e);
		free(e->words);
		free(e);
	}
	summary_more(s, ROWS_MAX, total);
	if (s->t->conns.nothers) {
		buf_puts(&s->b, "   and ");
		human_count(&s->b, s->t->conns.nothers);
		buf_puts(&s->b, " others (table limit reached)");
		summary_line(s);
	}
	if (local) {
		buf_puts(&s->b, "   ");
		human_count(&s->b, local);
		buf_puts(&s->b, " on localhost (-a shows which)");
		summary_line(s);
	}
	buf_done(&t);
}

static void outcome(struct summary_sink *s)
{
	int status = ended_run_status(s->t);
	struct buf *b = &s->b;

	buf_putc(b, ' ');
	if (ended_badly(status))
		buf_putc(b, STYLE_ERROR);
	ended_of_run(b, s->t, true);
	if (ended_badly(status))
		buf_putc(b, STYLE_OFF);
	summary_line(s);
}

/* How many events were chosen, and what of them is not shown. */
static void chosen_counts(struct summary_sink *s)
{
	const struct totals *t = s->t;
	uint64_t noise = s->opt->all || s->opt->verbose || t->noise_meant ? 0 : t->nchosen_noise;

	buf_putc(&s->b, ' ');
	human_count(&s->b, t->nchosen);
	buf_puts(&s->b, " of ");
	human_counted(&s->b, t->nrows, "captured event", "captured events");
	buf_puts(&s->b, s->opt->filter ? " match" : " chosen");
	buf_puts(&s->b, "; the rest is not counted below");
	if (noise) {
		buf_puts(&s->b, ". As noise ");
		human_count(&s->b, noise);
		buf_puts(&s->b, " have no line (-a shows them)");
	}
	summary_line(s);
	if (t->nexcluded) {
		buf_putc(&s->b, ' ');
		human_counted(&s->b, t->nexcluded, "more call was", "more calls were");
		buf_puts(&s->b, " excluded in the kernel");
		summary_line(s);
	}
}

static void chosen(struct summary_sink *s)
{
	struct buf note = { 0 };

	for (unsigned i = 0; totals_choice_format(&note, s->t, s->opt->filter, i); i++) {
		if (!note.len)
			continue;
		buf_putc(&s->b, ' ');
		buf_add(&s->b, note.s, note.len);
		summary_line(s);
		buf_reset(&note);
	}
	buf_done(&note);
	if (s->t->nrows || s->t->nexcluded)
		chosen_counts(s);
}

/* Of --diff: what a run that was asked so is about comes first. */
static void differences(struct summary_sink *s)
{
	struct buf b = { 0 };

	if (!s->t->before)
		return;
	diff_text(&b, (const struct totals *const[2]){ s->t->before, s->t }, s->opt->names, s->opt->all);
	summary_title(s, "What is different");
	summary_line(s);
	for (const char *at = b.s, *end; at && *at; at = end + 1) {
		end = strchr(at, '\n');
		buf_puts(&s->b, "  ");
		buf_add(&s->b, at, (size_t)(end - at));
		summary_line(s);
	}
	buf_done(&b);
}

static void final_block(struct summary_sink *s)
{
	const struct totals *t = s->t;
	struct buf dur = { 0 }, command = { 0 };

	summary_rule(s);
	buf_puts(&s->b, " FINAL: ");
	buf_putc(&s->b, STYLE_BOLD);
	seconds(&dur, t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0);
	totals_command(&command, t);
	summary_rest(s, command.s ? command.s : "", command.len, 8 + 3 + dur.len);
	buf_done(&command);
	buf_putc(&s->b, STYLE_OFF);
	buf_puts(&s->b, " (");
	buf_add(&s->b, dur.s, dur.len);
	buf_putc(&s->b, ')');
	summary_line(s);
	buf_done(&dur);
	summary_rule(s);
	chosen(s);
	outcome(s);
	differences(s);
	summary_answers(s);
	if (totals_knows_memory(t) && counts_memory(s))
		memory(s);
	if (!is_narrowed(s) || t->file_read || t->file_written || t->net_sent || t->net_received) {
		buf_puts(&s->b, " I/O:");
		summary_line(s);
	}
	io_line(s, "Files read:", t->file_read);
	io_line(s, "Files written:", t->file_written);
	io_line(s, "Net sent:", t->net_sent);
	io_line(s, "Net received:", t->net_received);
	connections(s);
	summary_rule(s);
}

/* ---- what is not in the tables ---- */

/* What the numbers above are without. */
static void warn_of(struct summary_sink *s, const char *what, uint64_t n, const char *one, const char *many,
		    const char *so)
{
	buf_putc(&s->b, ' ');
	buf_putc(&s->b, STYLE_ERROR);
	buf_puts(&s->b, what);
	human_counted(&s->b, n, one, many);
	buf_puts(&s->b, so);
	buf_putc(&s->b, STYLE_OFF);
	summary_line(s);
}

static void result(struct summary_sink *s, const struct sink_result *r)
{
	summary_title(s, r->title);
	buf_puts(&s->b, ": ");
	if (r->missing) {
		buf_puts(&s->b, "not written (see below)");
		summary_line(s);
		return;
	}
	text_safe(&s->b, r->path, strlen(r->path));
	buf_puts(&s->b, ", ");
	if (r->kept < r->total) {
		human_count(&s->b, r->kept);
		buf_puts(&s->b, " of ");
	}
	human_counted(&s->b, r->total, "event", "events");
	if (r->incomplete)
		buf_puts(&s->b, " (incomplete, see below)");
	else if (r->kept < r->total)
		buf_printf(&s->b, " (cut; %s)", r->more);
	summary_line(s);
}

static void remarks(struct summary_sink *s)
{
	const struct totals *t = s->t;

	if (t->nprobes) {
		summary_title(s, "Probes of other tracers");
		buf_puts(&s->b, ": ");
		human_counted(&s->b, t->nprobes, "hit", "hits");
		buf_puts(&s->b, " (uprobe, uretprobe; not system calls of the program)");
		summary_line(s);
	}
	for (unsigned i = 0; i < t->nnotes; i++) {
		summary_title(s, "Note");
		buf_puts(&s->b, ": ");
		totals_note_format(&s->b, &t->notes[i]);
		summary_line(s);
	}
	if (t->nrings)
		warn_of(s, "Not captured: I/O through ", t->nrings, "io_uring", "io_urings",
			" (its requests are not system calls); the totals above exclude it");
	if (t->nlost_events)
		warn_of(s, "Lost: ", t->nlost, "record", "records", "; the totals above exclude them");
	for (const struct sink_result *r = s->done; r; r = r->next)
		result(s, r);
}

/* What a screen has room for below what was written; 0: it need not fit one. */
static unsigned lines_left(const struct summary_sink *s)
{
	unsigned used = SCREEN_TAKEN + s->lines + s->t->nnotes + !!s->t->nprobes + !!s->t->nrings +
			!!s->t->nlost_events;

	for (const struct sink_result *r = s->done; r; r = r->next)
		used++;
	return !s->opt->screen ? 0 : used < s->opt->screen ? s->opt->screen - used : 1;
}

static void sum_line(struct summary_sink *s, const struct table *t)
{
	uint64_t sums[2] = { 0 };	/* calls, errors */

	for (unsigned i = 0; i < t->nrows; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(sums); k++)
			sums[k] += t->rows[i].cells[k].n;
	for (unsigned k = 0; t->others && k < ARRAY_SIZE(sums); k++)
		sums[k] += t->others[k].n;
	buf_puts(&s->b, "   ");
	cell_count(&s->b, sums[0], "", 9);
	buf_putc(&s->b, ' ');
	cell_count(&s->b, sums[1], "", 7);
	buf_puts(&s->b, " in all");
	summary_line(s);
}

/* What else is known of the same: of calls which errors these are. */
static void details(struct summary_sink *s)
{
	struct table *t = table_new(counting_detail(s->opt->counts), s->t, true, ROWS_MAX);

	if (t && t->nrows)
		summary_table(s, t);
	table_free(t);
}

/* Of a single call that has a record it is not known what of its time was spent on a CPU. */
static void cpu_line(struct summary_sink *s)
{
	buf_puts(&s->b, " Wall time");
	if (s->t->nprocs > s->t->nalive) {
		buf_puts(&s->b, ". CPU of what ended: ");
		human_ns(&s->b, s->t->utime_ns);
		buf_puts(&s->b, " user, ");
		human_ns(&s->b, s->t->stime_ns);
		buf_puts(&s->b, " system");
	}
	summary_line(s);
}

/* How the column came about, or why it is missing. */
static void cpu_note(struct summary_sink *s, bool absent)
{
	uint64_t returned = 0, stops_ns = 0, ncpu = 0;
	bool missed = false;

	for (unsigned i = 0; i < s->t->calls.n; i++) {
		const struct totals_call *c = s->t->calls.v[i];

		returned += c->count - c->never - c->running;
		stops_ns += c->stops_ns;
		ncpu += c->ncpu;
		missed |= counting_cpu_missed(c);
	}
	if (!returned)
		return;
	if (stops_ns) {
		buf_puts(&s->b, " On CPU: less ");
		human_ns(&s->b, stops_ns / ncpu);
		buf_puts(&s->b, " a call for its stops; – below half");
		buf_puts(&s->b, missed ? " or without a stop" : "");
	} else if (ncpu || !absent) {
		return;
	} else {
		buf_puts(&s->b, " On CPU: not known; live, -c and -C measure it");
	}
	summary_line(s);
}

/* -c: one table, all of it, and what it leaves open. */
static void counts(struct summary_sink *s)
{
	static const char *const none[] = {
		[GROUP_NONE] = " No system call was made", [GROUP_PROCESS] = " No system call was made",
		[GROUP_FILE] = " No system call was about a file", [GROUP_PEER] = " No system call was about a peer",
		[GROUP_ERRNO] = " No system call failed",
	};
	struct table *t = table_new(s->opt->counts, s->t, true, TOTALS_ROWS);

	if (!t) {
		buf_puts(&s->b, none[counting_group(s->opt->counts)]);
		buf_puts(&s->b, s->opt->filter || s->opt->named ? " of those that were chosen" : "");
		summary_line(s);
	} else {
		counting_sort(t, s->opt->sort, table_cell_words);
		summary_table(s, t);
		sum_line(s, t);
		details(s);
		cpu_line(s);
		cpu_note(s, t->absent);
	}
	table_free(t);
	if (s->opt->filter)
		chosen(s);
	remarks(s);
}

static void summary_finish(struct sink *sink, const struct sink_result *done)
{
	struct summary_sink *s = CONTAINER_OF(sink, struct summary_sink, sink);

	s->done = done;
	if (s->opt->summary_json) {
		summary_json(s);
		return;
	}
	if (s->opt->counts) {
		counts(s);
		return;
	}
	final_block(s);
	summary_tables(s, lines_left(s));
	remarks(s);
	summary_again(s);
}

static void summary_free(struct sink *sink)
{
	struct summary_sink *s = CONTAINER_OF(sink, struct summary_sink, sink);

	buf_done(&s->b);
	free(s);
}

static const struct sink_ops summary_ops = { .finish = summary_finish, .free = summary_free };

struct sink *sink_summary_new(struct out *out, const struct sink_options *opt)
{
	struct summary_sink *s = xcalloc(1, sizeof(*s));

	*s = (struct summary_sink){ .sink.ops = &summary_ops, .out = out, .opt = opt, .t = opt->totals };
	s->columns = MIN(MAX(out_columns(out), RULE_COLUMNS), 200u);
	return &s->sink;
}
