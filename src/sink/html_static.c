/* SPDX-License-Identifier: MIT */
/* What a report says without its script: title and summary in plain HTML (docs/report-format.md, section 6). */
#include <string.h>
#include <time.h>

#include "analyze/totals.h"
#include "base/human.h"
#include "base/macro.h"
#include "sink/ended.h"
#include "sink/html.h"
#include "sink/html_escape.h"
#include "sink/table_html.h"
#include "sink/totals_words.h"
#include "sink/words.h"

enum { TITLE_BYTES = 400 };

static void cut(struct buf *b, const char *s, size_t n, size_t max)
{
	size_t end = html_cut(s, n, max);

	html_escape(b, s, end);
	if (end < n)
		buf_puts(b, "…");
}

static void add_command(struct buf *b, const struct totals *t, size_t max)
{
	struct buf command = { 0 };

	totals_command(&command, t);
	cut(b, command.s ? command.s : "", command.len, max);
	buf_done(&command);
}

void html_title_write(struct html *h, struct html_out *out)
{
	const struct totals *t = h->opt->totals;
	struct buf b = { 0 };

	add_command(&b, t, TITLE_BYTES);
	html_out_add(out, b.s ? b.s : "", b.len);
	buf_done(&b);
}

static void write_outcome(struct buf *b, const struct totals *t)
{
	int status = ended_run_status(t);

	buf_printf(b, "<p class=\"outcome %s\">",
		   !t->ended || status < 0 ? "open" :
		   ended_badly(status)	   ? "bad" :
					     "ok");
	ended_of_run(b, t, false);
	buf_puts(b, "</p>\n");
}

static void write_date(struct buf *b, uint64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / 1000000000);
	struct tm tm;
	char text[64];

	if (wall_ns && gmtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		buf_printf(b, "<li>%s</li>", text);
}

static void put_note(struct buf *b, struct buf *note)
{
	if (!note->len)
		return;
	buf_puts(b, "<p class=\"note\">");
	html_escape(b, note->s, note->len);
	buf_puts(b, "</p>\n");
	buf_reset(note);
}

static void write_head(struct html *h, struct buf *b, const struct totals *t)
{
	buf_puts(b, "<header class=\"run\">\n<h1>");
	add_command(b, t, 4 * TITLE_BYTES);
	buf_puts(b, "</h1>\n");
	write_outcome(b, t);
	buf_puts(b, "<ul class=\"facts\"><li>");
	human_ns(b, t->end_ns - t->start_ns);
	buf_puts(b, "</li><li>");
	human_counted(b, t->nprocs, "process", "processes");
	buf_puts(b, "</li><li>");
	human_counted(b, h->total, "event", "events");
	buf_puts(b, "</li>");
	write_date(b, t->wall_ns);
	buf_puts(b, "</ul>\n");
	if (h->kept != h->total) {
		buf_puts(b, "<p class=\"note\">This report keeps ");
		human_count(b, h->kept);
		buf_puts(b, " of ");
		human_counted(b, h->total, "event", "events");
		buf_puts(b, "; the sums below are of all of them.</p>\n");
	}
	struct buf note = { 0 };

	for (unsigned i = 0; totals_choice_format(&note, t, h->opt->filter, i); i++)
		put_note(b, &note);
	for (unsigned i = 0; i < t->nnotes; i++) {
		totals_note_format(&note, &t->notes[i]);
		put_note(b, &note);
	}
	buf_done(&note);
	if (h->lost) {
		buf_puts(b, "<p class=\"note\">Lost while tracing: ");
		human_counted(b, h->lost, "event", "events");
		buf_puts(b, h->lost_note.len ? ": " : ".");
		html_escape(b, h->lost_note.s ? h->lost_note.s : "", h->lost_note.len);
		buf_puts(b, "</p>\n");
	}
	buf_puts(b, "</header>\n");
}

/* ---- cards ---- */

static void card(struct buf *b, const char *id, const char *title)
{
	buf_printf(b, "<section class=\"card\" id=\"card-%s\"><h2>%s</h2>\n<dl>", id, title);
}

static void card_end(struct buf *b) { buf_puts(b, "</dl></section>\n"); }

static void bytes_row(struct buf *b, const char *name, uint64_t nbytes)
{
	buf_printf(b, "<dt>%s</dt><dd>", name);
	human_bytes(b, nbytes);
	buf_puts(b, "</dd>");
}

static void count_row(struct buf *b, const char *name, uint64_t n)
{
	buf_printf(b, "<dt>%s</dt><dd>", name);
	human_count(b, n);
	buf_puts(b, "</dd>");
}

static void write_cards(struct buf *b, const struct totals *t)
{
	static const char *const sums[] = { [MEMORY_HEAP] = "Heap", [MEMORY_MMAP] = "Mmap", [MEMORY_TOTAL] = "Total" };

	card(b, "memory", "Memory");
	if (t->rss_peak) {
		buf_puts(b, "<dt>Resident</dt><dd>");
		totals_resident(b, t);
		buf_puts(b, "</dd>");
	}
	for (unsigned i = 0; i < ARRAY_SIZE(sums); i++) {
		buf_printf(b, "<dt>%s</dt><dd>", sums[i]);
		totals_memory(b, t, i);
		buf_puts(b, "</dd>");
	}
	card_end(b);

	card(b, "io", "Input and output");
	bytes_row(b, "Files read", t->file_read);
	bytes_row(b, "Files written", t->file_written);
	if (t->other_read || t->other_written) {
		bytes_row(b, "Pipes, terminals, devices read", t->other_read);
		bytes_row(b, "Pipes, terminals, devices written", t->other_written);
	}
	card_end(b);

	const struct totals_conn_counts conns = totals_count_conns(t);

	if (conns.made || conns.failed || conns.datagrams || t->net_sent || t->net_received || t->local_sent ||
	    t->local_received) {
		card(b, "network", "Network");
		bytes_row(b, "Sent", t->net_sent);
		bytes_row(b, "Received", t->net_received);
		if (t->local_sent || t->local_received) {
			bytes_row(b, "Local sockets sent", t->local_sent);
			bytes_row(b, "Local sockets received", t->local_received);
		}
		count_row(b, "Connections", conns.made);
		if (conns.hidden)
			count_row(b, "On localhost", conns.hidden);
		if (conns.failed)
			count_row(b, "Failed", conns.failed);
		if (conns.datagrams)
			count_row(b, "Datagram peers", conns.datagrams);
		card_end(b);
	}

	card(b, "files", "Files");
	count_row(b, "Opened", t->opens);
	count_row(b, "Failed to open", t->failed_opens);
	card_end(b);

	card(b, "process", "Processes");
	count_row(b, "Processes", t->nprocs);
	count_row(b, "Threads", t->ntasks > t->nprocs ? t->ntasks - t->nprocs : 0);
	if (t->nsignals)
		count_row(b, "Signals", t->nsignals);
	count_row(b, "System calls", t->ncalls);
	card_end(b);
}

void html_static_write(struct html *h, struct html_out *out)
{
	const struct totals *t = h->opt->totals;
	struct buf b = { 0 };

	write_head(h, &b, t);
	html_diff_card(h, &b);
	tables_html(&b, t, true, h->opt->all);
	write_cards(&b, t);
	tables_html(&b, t, false, h->opt->all);
	html_out_add(out, b.s, b.len);
	buf_done(&b);
}
