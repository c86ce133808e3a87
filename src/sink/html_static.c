/* SPDX-License-Identifier: MIT */
/* What a report says without its script: title and summary in plain HTML (docs/report-format.md, section 6). */
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "abi/spec.h"
#include "analyze/totals.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/html.h"
#include "sink/totals_words.h"
#include "sink/words.h"

enum { TOP_ROWS = 20, TREE_ROWS = 200, TITLE_BYTES = 400 };

static void escape_char(struct buf *b, const char *s, unsigned len)
{
	unsigned char c = (unsigned char)*s;
	uint32_t cp;

	switch (c) {
	case '&': buf_puts(b, "&amp;"); return;
	case '<': buf_puts(b, "&lt;"); return;
	case '>': buf_puts(b, "&gt;"); return;
	case '"': buf_puts(b, "&quot;"); return;
	case '\'': buf_puts(b, "&#39;"); return;
	case '\n': buf_puts(b, "\\n"); return;
	case '\t': buf_puts(b, "\\t"); return;
	default: break;
	}
	if (len <= 1) {
		buf_printf(b, "\\x%02x", c);
		return;
	}
	cp = c & (0xffu >> (len + 1));
	for (unsigned i = 1; i < len; i++)
		cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
	buf_printf(b, "\\u{%x}", cp);
}

void html_escape(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned len = text_utf8_len(s + i, n - i);

		if (len && !(len == 1 && strchr("&<>\"'", s[i])) && text_printable(s + i, len))
			buf_add(b, s + i, len);
		else
			escape_char(b, s + i, len);
		i += len ? len : 1;
	}
}

static void cut(struct buf *b, const char *s, size_t n, size_t max)
{
	size_t end = n;

	if (n > max)
		for (end = max; end && ((unsigned char)s[end] & 0xc0) == 0x80;)
			end--;
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

static void add_status(struct buf *b, int status)
{
	if (WIFSIGNALED(status))
		buf_printf(b, "killed by %s%s", signal_name(WTERMSIG(status)), WCOREDUMP(status) ? " (core dumped)" : "");
	else
		buf_printf(b, "exit %d", WEXITSTATUS(status));
}

static void write_outcome(struct html *h, struct buf *b, const struct totals *t)
{
	bool bad = t->status > 0;

	buf_printf(b, "<p class=\"outcome %s\">", !t->ended || t->status < 0 ? "open" : bad ? "bad" : "ok");
	if (!t->ended)
		buf_puts(b, "the end of the recording is missing");
	else if (t->status >= 0)
		add_status(b, t->status);
	else
		buf_puts(b, h->nended < h->ntasks ? "still running when tracing ended" : "ended");
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

static void write_head(struct html *h, struct buf *b, const struct totals *t)
{
	buf_puts(b, "<header class=\"run\">\n<h1>");
	add_command(b, t, 4 * TITLE_BYTES);
	buf_puts(b, "</h1>\n");
	write_outcome(h, b, t);
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
		bytes_row(b, "Pipes and terminals read", t->other_read);
		bytes_row(b, "Pipes and terminals written", t->other_written);
	}
	card_end(b);

	const struct totals_conn_counts conns = totals_count_conns(t);

	if (conns.made || conns.failed || conns.datagrams || t->net_sent || t->net_received || t->local_sent || t->local_received) {
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

/* ---- tables ---- */

static void table(struct buf *b, const char *id, const char *title, const char *head)
{
	buf_printf(b, "<section class=\"card wide\" id=\"card-%s\"><h2>%s</h2>\n<table>%s<tbody>\n", id, title, head);
}

static void table_end(struct buf *b, uint64_t left, unsigned columns)
{
	if (left) {
		buf_printf(b, "<tr class=\"more\"><td colspan=\"%u\">… and ", columns);
		human_count(b, left);
		buf_puts(b, " more</td></tr>\n");
	}
	buf_puts(b, "</tbody></table></section>\n");
}

static void path_cell(struct buf *b, const char *s, size_t n)
{
	buf_puts(b, "<td class=\"path\">");
	cut(b, s ? s : "", n, 2 * TITLE_BYTES);
	buf_puts(b, "</td>");
}

static void bytes_cell(struct buf *b, uint64_t v)
{
	buf_puts(b, "<td class=\"num\">");
	human_bytes(b, v);
	buf_puts(b, "</td>");
}

static void count_cell(struct buf *b, uint64_t v)
{
	buf_puts(b, "<td class=\"num\">");
	human_count(b, v);
	buf_puts(b, "</td>");
}

static void write_files(struct buf *b, const struct totals *t)
{
	unsigned rows[TOP_ROWS], all = totals_top_files(t, true, rows, TOP_ROWS), n = MIN(all, (unsigned)TOP_ROWS);

	struct buf name = { 0 };

	if (!n)
		return;
	table(b, "top-files", "Top files", "<thead><tr><th>File</th><th class=\"num\">Read</th><th class=\"num\">Written</th>"
	      "<th class=\"num\">Opens</th></tr></thead>");
	for (unsigned i = 0; i < n; i++) {
		const struct totals_file *f = t->files.v[rows[i]];

		buf_puts(b, "<tr>");
		buf_reset(&name);
		totals_file_name(&name, f);
		path_cell(b, name.s, name.len);
		bytes_cell(b, f->nread);
		bytes_cell(b, f->nwritten);
		count_cell(b, f->opens);
		buf_puts(b, "</tr>\n");
	}
	table_end(b, all - n, 4);
	buf_done(&name);
}

static void write_lookups(struct buf *b, const struct totals *t)
{
	unsigned rows[TOP_ROWS], all = totals_top_lookups(t, true, rows, TOP_ROWS), n = MIN(all, (unsigned)TOP_ROWS);

	if (!n)
		return;
	table(b, "failed", "Failed lookups", "<thead><tr><th>Path</th><th>Error</th><th class=\"num\">Times</th></tr></thead>");
	for (unsigned i = 0; i < n; i++) {
		const struct totals_lookup *l = t->lookups.v[rows[i]];
		const char *name = errno_name(l->err);

		buf_puts(b, "<tr>");
		path_cell(b, l->path.s, l->path.len);
		buf_printf(b, "<td>%s</td>", name ? name : "?");
		count_cell(b, l->count);
		buf_puts(b, "</tr>\n");
	}
	table_end(b, all - n, 3);
}

static void write_conns(struct buf *b, const struct totals *t)
{
	static const char *const states[] = { [CONN_NONE] = "", [CONN_CONNECTING] = "connecting", [CONN_CONNECTED] = "connected",
					      [CONN_FAILED] = "failed", [CONN_LISTENING] = "listening", [CONN_ACCEPTED] = "accepted" };
	unsigned rows[TOP_ROWS], all = totals_top_conns(t, true, rows, TOP_ROWS), n = MIN(all, (unsigned)TOP_ROWS);
	struct buf name = { 0 };

	if (!n)
		return;
	table(b, "connections", "Connections", "<thead><tr><th>Peer</th><th>State</th><th class=\"num\">Sent</th>"
	      "<th class=\"num\">Received</th></tr></thead>");
	for (unsigned i = 0; i < n; i++) {
		const struct totals_conn *c = t->conns.v[rows[i]];
		const struct sock s = { .family = c->family, .type = c->type, .protocol = c->protocol };
		const char *error = c->state == CONN_FAILED ? errno_name(c->err) : NULL;

		buf_reset(&name);
		buf_printf(&name, "%s ", sock_proto_name(&s));
		if (c->has_peer) {
			buf_puts(&name, c->state == CONN_ACCEPTED ? "← " : "→ ");
			addr_format(&name, &c->peer);
		} else if (c->rest) {
			buf_printf(&name, "→ other peers (beyond the first %d)", SOCK_PEERS_MAX);
		} else if (c->has_local) {
			addr_format(&name, &c->local);
		}
		buf_puts(b, "<tr>");
		path_cell(b, name.s, name.len);
		buf_printf(b, "<td>%s</td>", error ? error : c->state < ARRAY_SIZE(states) ? states[c->state] : "");
		bytes_cell(b, c->sent);
		bytes_cell(b, c->received);
		buf_puts(b, "</tr>\n");
	}
	table_end(b, all - n, 4);
	buf_done(&name);
}

static void tree_row(struct buf *b, const struct totals *t, const struct totals_proc *p, unsigned depth)
{
	struct buf cmd = { 0 };

	buf_printf(b, "<tr><td class=\"path\"><span class=\"ind\" style=\"--d:%u\">", MIN(depth, 40u));
	totals_proc_command(&cmd, p);
	cut(b, cmd.s, cmd.len, TITLE_BYTES);
	buf_done(&cmd);
	buf_printf(b, "</span></td><td class=\"num\">%u</td><td>", p->pid);
	if (p->status >= 0)
		add_status(b, p->status);
	else
		buf_puts(b, p->detached || !p->end_ns ? "running" : "");
	buf_puts(b, "</td><td class=\"num\">");
	human_ns(b, (p->end_ns ? p->end_ns : t->end_ns) - MAX(p->start_ns, t->start_ns));
	buf_puts(b, "</td></tr>\n");
}

static void write_subtree(struct buf *b, const struct totals *t, uint32_t row, unsigned depth, unsigned *left)
{
	for (; row && *left; row = t->procs.v[row - 1]->next_sibling) {
		--*left;
		tree_row(b, t, t->procs.v[row - 1], depth);
		write_subtree(b, t, t->procs.v[row - 1]->first_child, depth + 1, left);
	}
}

static void write_tree(struct buf *b, const struct totals *t)
{
	unsigned left = TREE_ROWS;

	if (!t->procs.n)
		return;
	table(b, "tree", "Processes", "<thead><tr><th>Command</th><th class=\"num\">PID</th><th>Ended</th><th class=\"num\">Duration</th></tr></thead>");
	for (unsigned i = 0; i < t->procs.n && left; i++) {
		const struct totals_proc *p = t->procs.v[i];

		if (p->parent && totals_proc(t, p->parent))
			continue;	/* comes below its parent */
		left--;
		tree_row(b, t, p, 0);
		write_subtree(b, t, p->first_child, 1, &left);
	}
	table_end(b, t->procs.n - (TREE_ROWS - left) + t->procs.nothers, 4);
}

void html_static_write(struct html *h, struct html_out *out)
{
	const struct totals *t = h->opt->totals;
	struct buf b = { 0 };

	write_head(h, &b, t);
	write_cards(&b, t);
	write_conns(&b, t);
	write_files(&b, t);
	write_lookups(&b, t);
	write_tree(&b, t);
	html_out_add(out, b.s, b.len);
	buf_done(&b);
}
