/* SPDX-License-Identifier: MIT */
/* The tables a person wants next: files, failed lookups, connections, processes, errors, calls; and what is not in them. */
#include <string.h>
#include <sys/wait.h>

#include "analyze/notes.h"
#include "abi/spec.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "record/record.h"
#include "sink/cell.h"
#include "sink/summary.h"

#define TREE_MAX 20

static void top_files(struct summary_sink *s)
{
	const struct totals *t = s->t;
	unsigned rows[ROWS_MAX], n = totals_top_files(t, s->opt->all, rows, ROWS_MAX);
	const struct totals_file *o = &t->files.others;
	struct buf name = { 0 };

	if (!n)
		return;
	summary_title(s, "Top files");
	buf_puts(&s->b, " (read, written)");
	summary_line(s);
	for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++) {
		const struct totals_file *f = t->files.v[rows[i]];

		buf_puts(&s->b, "   ");
		cell_bytes(&s->b, f->nread, 9);
		cell_bytes(&s->b, f->nwritten, 10);
		buf_puts(&s->b, "  ");
		buf_reset(&name);
		totals_file_name(&name, f);
		summary_rest_raw(s, name.s, name.len, 24);
		summary_line(s);
	}
	if (o->nreads || o->nwrites) {
		buf_puts(&s->b, "   ");
		cell_bytes(&s->b, o->nread, 9);
		cell_bytes(&s->b, o->nwritten, 10);
		buf_puts(&s->b, "  all other paths (more than are kept apart)");
		summary_line(s);
	}
	buf_done(&name);
	summary_more(s, ROWS_MAX, n);
}

static void failed_lookups(struct summary_sink *s)
{
	const struct totals *t = s->t;
	unsigned rows[ROWS_MAX], n = totals_top_lookups(t, s->opt->all, rows, ROWS_MAX);

	if (!n)
		return;
	summary_title(s, "Failed lookups");
	summary_line(s);
	for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++) {
		const struct totals_lookup *l = t->lookups.v[rows[i]];
		const char *name = errno_name(l->err);
		size_t from;

		buf_puts(&s->b, "   ");
		cell_count(&s->b, l->count, "×", 7);
		buf_puts(&s->b, "  ");
		from = s->b.len;
		buf_putc(&s->b, STYLE_ERROR);
		buf_puts(&s->b, name ? name : "?");
		buf_putc(&s->b, STYLE_OFF);
		cell_left(&s->b, from, 9);
		buf_puts(&s->b, "  ");
		summary_rest_raw(s, l->path.s, l->path.len, 23);
		summary_line(s);
	}
	if (t->lookups.others.count) {
		buf_puts(&s->b, "   and ");
		human_count(&s->b, t->lookups.others.count);
		buf_puts(&s->b, " of other paths (more than are kept apart)");
		summary_line(s);
	}
	summary_more(s, ROWS_MAX, n);
}

static void conn_row(struct summary_sink *s, const struct totals_conn *c)
{
	const struct totals *t = s->t;
	const struct totals_proc *p = totals_proc(t, c->proc);
	struct buf *b = &s->b;
	uint64_t end = c->end_ns ? c->end_ns : t->end_ns;
	size_t from;

	buf_puts(b, "   ");
	cell_bytes(b, c->sent, 9);
	cell_bytes(b, c->received, 10);
	cell_ns(b, end > c->start_ns ? end - c->start_ns : 0, 8);
	buf_puts(b, "  ");
	from = b->len;
	summary_conn(b, c);
	cell_left(b, from, 28);
	buf_puts(b, "  ");
	if (c->err) {
		buf_putc(b, STYLE_ERROR);
		buf_puts(b, errno_name(c->err) ? errno_name(c->err) : "failed");
		buf_putc(b, STYLE_OFF);
	} else {
		const bool connecting = c->state == CONN_CONNECTING;

		buf_puts(b, c->end_ns ? connecting ? "closed, outcome unknown" : "closed" : connecting ? "connecting" : "open at the end");
	}
	if (c->connect_ns && c->state != CONN_ACCEPTED) {
		buf_puts(b, c->err ? " after " : ", connected in ");
		human_ns(b, c->connect_ns);
	}
	if (p && t->nprocs > 1)
		buf_printf(b, " [%u]", p->pid);
	p = c->peer_proc != c->proc ? totals_proc(t, c->peer_proc) : NULL;
	if (p)
		buf_printf(b, " ↔ [%u]", p->pid);
	summary_line(s);
}

static void conn_table(struct summary_sink *s)
{
	const struct totals *t = s->t;
	unsigned rows[ROWS_MAX], n = totals_top_conns(t, s->opt->all, rows, ROWS_MAX), listening = 0;

	if (n) {
		summary_title(s, "Connections");
		buf_puts(&s->b, " (sent, received, time)");
		summary_line(s);
		for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++)
			conn_row(s, t->conns.v[rows[i]]);
		if (t->conns.nothers) {
			buf_puts(&s->b, "   ");
			cell_bytes(&s->b, t->conns.others.sent, 9);
			cell_bytes(&s->b, t->conns.others.received, 10);
			buf_puts(&s->b, "            all other connections (more than are kept apart)");
			summary_line(s);
		}
		summary_more(s, ROWS_MAX, n);
	}
	for (unsigned i = 0; i < t->conns.n; i++) {
		const struct totals_conn *c = t->conns.v[i];

		if (c->state != CONN_LISTENING)
			continue;
		if (!listening++) {
			summary_title(s, "Listening");
			summary_line(s);
		}
		if (listening > ROWS_MAX)
			continue;
		buf_puts(&s->b, "   ");
		summary_conn(&s->b, c);
		buf_puts(&s->b, ", ");
		human_counted(&s->b, c->accepted, "connection accepted", "connections accepted");
		summary_line(s);
	}
	summary_more(s, ROWS_MAX, listening);
}

struct tree { struct summary_sink *s; unsigned shown; char prefix[3 * TREE_MAX * 4]; };

static void tree_row(struct tree *tree, const struct totals_proc *p, size_t indent, bool last, bool root)
{
	struct summary_sink *s = tree->s;
	const struct totals *t = s->t;
	struct buf *b = &s->b;
	uint64_t end = p->end_ns ? p->end_ns : t->end_ns;
	uint64_t start = p->attached ? p->start_ns : MAX(p->start_ns, t->start_ns);	/* /proc knows it to 10 ms */
	struct buf tail = { 0 };
	const char *space = memchr(p->cmd, ' ', p->cmd_len), *slash = memrchr(p->cmd, '/', space ? (size_t)(space - p->cmd) : p->cmd_len);
	size_t from, dir = slash && p->cmd[0] == '/' ? (size_t)(slash + 1 - p->cmd) : 0;	/* the program's folder says little */
	bool bad = p->status > 0;

	buf_puts(b, "   ");
	from = b->len;
	buf_u64(b, p->pid);
	cell_right(b, from, 7);
	cell_ns(b, end > start ? end - start : 0, 9);
	buf_puts(b, "  ");
	if (bad)
		buf_putc(b, STYLE_ERROR);
	from = b->len;
	if (p->end_ns && p->status >= 0 && WIFSIGNALED(p->status))
		buf_puts(b, signal_name(WTERMSIG(p->status)));
	else if (p->end_ns && p->status >= 0)
		buf_printf(b, "exit %d", WEXITSTATUS(p->status));
	else
		buf_puts(b, p->end_ns ? "ended" : "runs on");
	cell_left(b, from, 8);
	if (bad)
		buf_putc(b, STYLE_OFF);
	buf_puts(b, "  ");
	from = b->len;
	buf_add(b, tree->prefix, indent);
	if (!root)
		buf_puts(b, last ? "└─ " : "├─ ");
	if (p->nthreads > 1)
		buf_printf(&tail, " (%u threads)", p->nthreads);
	summary_rest(s, p->cmd + dir, p->cmd_len - dir, 31 + cell_width(b, from) + tail.len);
	buf_add(b, tail.s ? tail.s : "", tail.len);
	buf_done(&tail);
	summary_line(s);
	tree->shown++;
}

/* No deeper than TREE_MAX: every level has shown a row. */
static void tree_walk(struct tree *tree, const struct totals_proc *p, size_t indent, bool last, bool root)
{
	const struct totals *t = tree->s->t;

	if (tree->shown >= TREE_MAX)
		return;
	tree_row(tree, p, indent, last, root);
	if (!root) {
		const char *bar = last ? "   " : "│  ";
		size_t n = strlen(bar);

		memcpy(tree->prefix + indent, bar, n);
		indent += n;
	}
	for (uint32_t row = p->first_child; row; row = t->procs.v[row - 1]->next_sibling)
		tree_walk(tree, t->procs.v[row - 1], indent, !t->procs.v[row - 1]->next_sibling, false);
}

static void process_tree(struct summary_sink *s)
{
	const struct totals *t = s->t;
	struct tree tree = { .s = s };
	unsigned failed = 0;

	if (!t->procs.n)
		return;
	for (unsigned i = 0; i < t->procs.n; i++)
		failed += t->procs.v[i]->status > 0;
	summary_title(s, "Processes");
	buf_printf(&s->b, " (");
	human_count(&s->b, t->nprocs);
	if (failed && t->nprocs > 1) {
		buf_puts(&s->b, ", ");
		human_count(&s->b, failed);
		buf_puts(&s->b, " failed");
	}
	buf_putc(&s->b, ')');
	summary_line(s);
	for (unsigned i = 0; i < t->procs.n && tree.shown < TREE_MAX; i++)
		if (!totals_proc(t, t->procs.v[i]->parent))
			tree_walk(&tree, t->procs.v[i], 0, true, true);
	summary_more(s, tree.shown, t->nprocs);
}

static void call_name(struct buf *b, const struct totals_call *c)
{
	if (c->arch != ARCH_X86_64)
		buf_puts(b, c->arch == ARCH_I386 ? "[i386] " : "[x32] ");
	if (c->spec->name)
		buf_puts(b, c->spec->name);
	else
		buf_printf(b, "syscall_%u", c->nr);
}

static void error_table(struct summary_sink *s)
{
	const struct totals *t = s->t;
	unsigned rows[ROWS_MAX], n = totals_top_errors(t, rows, ROWS_MAX);
	struct buf *b = &s->b;

	if (!n)
		return;
	summary_title(s, "Errors by call");
	summary_line(s);
	for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++) {
		const struct totals_error *e = t->errors.v[rows[i]];
		size_t from;

		buf_puts(b, "   ");
		cell_count(b, e->count, "×", 7);
		buf_puts(b, "  ");
		from = b->len;
		call_name(b, e->call);
		cell_left(b, from, 18);
		buf_putc(b, ' ');
		buf_putc(b, STYLE_ERROR);
		buf_puts(b, errno_name(e->err) ? errno_name(e->err) : "?");
		buf_putc(b, STYLE_OFF);
		buf_puts(b, "  ");
		buf_puts(b, errno_text(e->err));
		summary_line(s);
	}
	summary_more(s, ROWS_MAX, n);
}

static void cell_quantile(struct buf *b, const struct hist *h, double q, unsigned width)
{
	size_t from = b->len;

	if (hist_has_quantile(h, q)) {
		cell_ns(b, hist_quantile(h, q), width);
		return;
	}
	buf_puts(b, "–");
	cell_right(b, from, width);
}

static void call_table(struct summary_sink *s)
{
	const struct totals *t = s->t;
	bool all = t->start_mode & START_ALL_CALLS;
	unsigned rows[ROWS_MAX], n = totals_top_calls(t, rows, ROWS_MAX);
	struct buf *b = &s->b;

	if (!n)
		return;
	/* those that went on when they were attached to are known */
	summary_title(s, all ? "Time in calls" : (t->start_mode & START_ATTACH) ? "Time in calls, new waits not timed" : "Time in calls, waits not timed");
	buf_puts(b, " (calls, total, median, 99th percentile, longest)");
	summary_line(s);
	for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++) {
		const struct totals_call *c = t->calls.v[rows[i]];

		buf_puts(b, "   ");
		cell_count(b, c->count, "", 9);
		cell_ns(b, c->dur.sum, 9);
		cell_quantile(b, &c->dur, 0.5, 9);
		cell_quantile(b, &c->dur, 0.99, 9);
		cell_ns(b, c->dur.max, 9);
		buf_puts(b, "  ");
		call_name(b, c);
		if (c->running) {
			buf_puts(b, " (");
			human_count(b, c->running);
			buf_puts(b, " still under way)");
		}
		summary_line(s);
	}
	summary_more(s, ROWS_MAX, n);
	if (!all) {
		buf_puts(b, "   sleep, poll, wait, futex and the like ");
		buf_puts(b, (t->start_mode & START_ATTACH) ? "that begin later are timed with" : "are timed with");
		buf_puts(b, " -v, --report and --record");
		summary_line(s);
	}
}

static void other_io(struct summary_sink *s)
{
	const struct totals *t = s->t;
	static const char *const names[2] = { "Pipes, terminals, devices", "Local sockets" };
	const uint64_t in[2] = { t->other_read, t->local_received }, out[2] = { t->other_written, t->local_sent };

	for (unsigned i = 0; i < 2; i++) {
		if (!in[i] && !out[i])
			continue;
		summary_title(s, names[i]);
		buf_puts(&s->b, ": ");
		human_bytes(&s->b, in[i]);
		buf_puts(&s->b, i ? " received, " : " read, ");
		human_bytes(&s->b, out[i]);
		buf_puts(&s->b, i ? " sent" : " written");
		summary_line(s);
	}
}

static void add_bytes(struct buf *b, uint64_t n, const char *what)
{
	if (!n)
		return;
	buf_puts(b, ", ");
	human_bytes(b, n);
	buf_putc(b, ' ');
	buf_puts(b, what);
}

static void add_count(struct buf *b, uint64_t n, const char *one, const char *many)
{
	if (!n)
		return;
	buf_puts(b, ", ");
	human_counted(b, n, one, many);
}

static void hidden(struct summary_sink *s)
{
	const struct totals *t = s->t;
	struct buf *b = &s->b;
	bool any = false;

	for (unsigned i = NOISE_NONE + 1; i < _NOISE_MAX && !s->opt->all; i++) {
		const struct totals_hidden *h = &t->hidden[i];

		if (!h->events)
			continue;
		if (!any) {
			summary_title(s, "Hidden as noise");
			buf_puts(b, " (counted above, shown with -a)");
			summary_line(s);
			any = true;
		}
		buf_puts(b, "   ");
		buf_puts(b, noise_class_text(i));
		buf_puts(b, ": ");
		human_counted(b, h->events, "event", "events");
		add_count(b, h->opens, "open", "opens");
		add_count(b, h->lookups, "lookup", "lookups");
		if (i == NOISE_LOCALHOST)
			add_count(b, totals_count_conns(t).hidden, "connection", "connections");
		add_bytes(b, h->nread, "read");
		add_bytes(b, h->nwritten, "written");
		add_bytes(b, h->sent, "sent");
		add_bytes(b, h->received, "received");
		summary_line(s);
	}
}

/* What the numbers above are without. */
static void warn_of(struct summary_sink *s, const char *what, uint64_t n, const char *one, const char *many, const char *so)
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

void summary_tables(struct summary_sink *s)
{
	const struct totals *t = s->t;

	top_files(s);
	failed_lookups(s);
	conn_table(s);
	process_tree(s);
	error_table(s);
	call_table(s);
	other_io(s);
	hidden(s);
	if (t->nprobes) {
		summary_title(s, "Probes of other tracers");
		buf_puts(&s->b, ": ");
		human_counted(&s->b, t->nprobes, "hit", "hits");
		buf_puts(&s->b, " (uprobe, uretprobe; no calls of the program)");
		summary_line(s);
	}
	for (unsigned i = 0; i < t->nnotes; i++) {
		summary_title(s, "Note");
		buf_puts(&s->b, ": ");
		totals_note_format(&s->b, &t->notes[i]);
		summary_line(s);
	}
	if (t->nrings)
		warn_of(s, "Not seen: what went through ", t->nrings, "io_uring", "io_urings",
			" (its requests are no system calls); the numbers above are without it");
	if (t->nlost_events)
		warn_of(s, "Lost: ", t->nlost, "record", "records", " could not be captured; the numbers above are that much too low");
	for (const struct sink_result *r = s->done; r; r = r->next)
		result(s, r);
}
