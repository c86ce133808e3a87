#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "record/record.h"
#include "sink/cell.h"
#include "sink/line.h"
#include "sink/out.h"
#include "sink/sink.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#define RULE_COLUMNS 64
#define ROWS_MAX 10		/* of a table */
#define TREE_MAX 20

struct summary_sink {
	struct sink sink;
	struct out *out;
	const struct sink_options *opt;
	const struct totals *t;
	struct buf b;
	unsigned columns;
};

static void end_line(struct summary_sink *s)
{
	buf_putc(&s->b, '\n');
	out_write(s->out, s->b.s, s->b.len);
	buf_reset(&s->b);
}

static void rule(struct summary_sink *s)
{
	buf_putc(&s->b, STYLE_DIM);
	for (unsigned i = 0; i < RULE_COLUMNS; i++)
		buf_puts(&s->b, "━");
	buf_putc(&s->b, STYLE_OFF);
	end_line(s);
}

/* The rest of the line, from column `used` on. */
static void rest(struct summary_sink *s, const char *text, size_t len, size_t used)
{
	text_middle(&s->b, text, len, s->columns > used + 20 ? s->columns - used : 20);
}

static void rest_raw(struct summary_sink *s, const char *bytes, size_t len, size_t used)
{
	struct buf t = { 0 };

	text_safe(&t, bytes, len);
	rest(s, t.s ? t.s : "", t.len, used);
	buf_done(&t);
}

static void title(struct summary_sink *s, const char *text)
{
	buf_putc(&s->b, ' ');
	buf_putc(&s->b, STYLE_BOLD);
	buf_puts(&s->b, text);
	buf_putc(&s->b, STYLE_OFF);
}

static void more(struct summary_sink *s, uint64_t shown, uint64_t all)
{
	if (shown >= all)
		return;
	buf_puts(&s->b, "   … and ");
	human_count(&s->b, all - shown);
	buf_puts(&s->b, s->opt->report_path ? " more (all of it in the report)" : " more (--report keeps all of it)");
	end_line(s);
}

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
	static const char *const labels[] = { [MEMORY_HEAP] = "   Heap:     ", [MEMORY_MMAP] = "   Mmap:     ", [MEMORY_TOTAL] = "   Total:    " };
	struct buf *b = &s->b;

	buf_puts(b, " Memory:");
	end_line(s);
	for (unsigned i = 0; i < ARRAY_SIZE(labels); i++) {
		buf_puts(b, labels[i]);
		totals_memory(b, s->t, i);
		end_line(s);
	}
}

static void io_line(struct summary_sink *s, const char *label, uint64_t nbytes)
{
	size_t n = strlen(label);

	buf_puts(&s->b, "   ");
	buf_puts(&s->b, label);
	cell_bytes(&s->b, nbytes, 24 - n);
	end_line(s);
}

static const char *proto(const struct totals_conn *c)
{
	struct sock sock = { .family = c->family, .type = c->type, .protocol = c->protocol };

	return sock_proto_name(&sock);
}

static void address(struct buf *b, const struct addr *a)
{
	struct buf t = { 0 };

	addr_format(&t, a);
	text_safe(b, t.s ? t.s : "", t.len);
	buf_done(&t);
}

static void conn_words(struct buf *b, const struct totals_conn *c)
{
	buf_puts(b, proto(c));
	if (c->state == CONN_LISTENING) {
		buf_putc(b, ' ');
		if (c->has_local)
			address(b, &c->local);
		return;
	}
	buf_puts(b, c->state == CONN_ACCEPTED ? " ← " : c->unknown_start ? " ↔ " : " → ");
	if (c->has_peer)
		address(b, &c->peer);
	else
		buf_putc(b, '?');
	if (c->many_peers)
		buf_puts(b, " and others");
}

static bool is_network(const struct totals_conn *c) { return c->family != AF_UNIX && c->family != AF_NETLINK && c->family != AF_UNSPEC; }

struct endpoint { char *words; uint64_t count; int err; UT_hash_handle hh; };

static void connections(struct summary_sink *s)
{
	struct endpoint *all = NULL, *e, *next;
	unsigned shown = 0, total, local = 0;
	struct buf t = { 0 };

	for (unsigned i = 0; i < s->t->conns.n; i++) {
		const struct totals_conn *c = s->t->conns.v[i];

		if (!is_network(c) || !c->has_peer || c->state == CONN_LISTENING)
			continue;
		/* Connecting a datagram socket sends nothing: getaddrinfo(3) does it to sort addresses. */
		if (c->type != SOCK_STREAM && !c->nsends && !c->nrecvs)
			continue;
		if (c->noise != NOISE_NONE && !s->opt->all) {
			local++;
			continue;
		}
		buf_reset(&t);
		conn_words(&t, c);
		if (c->err) {
			buf_puts(&t, " (");
			buf_puts(&t, errno_text(c->err));
			buf_putc(&t, ')');
		}
		HASH_FIND(hh, all, t.s, t.len, e);
		if (!e) {
			e = xcalloc(1, sizeof(*e));
			e->words = xmemdup0(t.s, t.len);
			e->err = c->err;
			HASH_ADD_KEYPTR(hh, all, e->words, t.len, e);
		}
		e->count++;
	}
	total = HASH_COUNT(all);
	buf_puts(&s->b, " Network connections:");
	if (!total && !local)
		buf_puts(&s->b, " none");
	end_line(s);
	HASH_ITER(hh, all, e, next) {
		if (shown++ < ROWS_MAX) {
			buf_puts(&s->b, "   ");
			if (e->err)
				buf_putc(&s->b, STYLE_ERROR);
			rest(s, e->words, strlen(e->words), 12);
			if (e->err)
				buf_putc(&s->b, STYLE_OFF);
			if (e->count > 1)
				buf_printf(&s->b, " ×%llu", (unsigned long long)e->count);
			end_line(s);
		}
		HASH_DEL(all, e);
		free(e->words);
		free(e);
	}
	more(s, ROWS_MAX, total);
	if (local) {
		buf_puts(&s->b, "   ");
		human_count(&s->b, local);
		buf_puts(&s->b, " on localhost (-a shows which)");
		end_line(s);
	}
	buf_done(&t);
}

static void outcome(struct summary_sink *s)
{
	const struct totals *t = s->t;
	const struct totals_proc *p = totals_proc(t, t->main_proc);
	struct buf *b = &s->b;
	int status = t->status;
	bool bad;

	if (status < 0 && t->nprocs == 1 && p && p->end_ns)	/* -p, and it ended by itself */
		status = p->status;
	bad = status > 0;
	buf_putc(b, ' ');
	if (bad)
		buf_putc(b, STYLE_ERROR);
	if (!t->ended)
		buf_puts(b, "Exit: unknown, the recording is cut off here");
	else if (status >= 0 && WIFSIGNALED(status))
		buf_printf(b, "Killed by %s%s", signal_name(WTERMSIG(status)), WCOREDUMP(status) ? " (core dumped)" : "");
	else if (status >= 0)
		buf_printf(b, "Exit: %d", WEXITSTATUS(status));
	else if (!t->nalive)
		buf_puts(b, "All traced processes have ended");
	else
		buf_printf(b, "Detached: %u process%s on", t->nalive, t->nalive == 1 ? " runs" : "es run");
	if (bad)
		buf_putc(b, STYLE_OFF);
	if (t->interrupted && status >= 0)
		buf_puts(b, " (interrupted)");
	end_line(s);
}

static void final_block(struct summary_sink *s)
{
	const struct totals *t = s->t;
	struct buf dur = { 0 };

	rule(s);
	buf_puts(&s->b, " FINAL: ");
	buf_putc(&s->b, STYLE_BOLD);
	seconds(&dur, t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0);
	rest(s, t->command.s ? t->command.s : "", t->command.len, 8 + 3 + dur.len);
	buf_putc(&s->b, STYLE_OFF);
	buf_puts(&s->b, " (");
	buf_add(&s->b, dur.s, dur.len);
	buf_putc(&s->b, ')');
	end_line(s);
	buf_done(&dur);
	rule(s);
	memory(s);
	buf_puts(&s->b, " I/O:");
	end_line(s);
	io_line(s, "Files read:", t->file_read);
	io_line(s, "Files written:", t->file_written);
	io_line(s, "Net sent:", t->net_sent);
	io_line(s, "Net received:", t->net_received);
	connections(s);
	outcome(s);
	rule(s);
}

/* ---- the tables ---- */

static void top_files(struct summary_sink *s)
{
	const struct totals *t = s->t;
	unsigned rows[ROWS_MAX], n = totals_top_files(t, s->opt->all, rows, ROWS_MAX);
	const struct totals_file *o = &t->files.others;
	struct buf name = { 0 };

	if (!n)
		return;
	title(s, "Top files");
	buf_puts(&s->b, " (read, written)");
	end_line(s);
	for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++) {
		const struct totals_file *f = t->files.v[rows[i]];

		buf_puts(&s->b, "   ");
		cell_bytes(&s->b, f->nread, 9);
		cell_bytes(&s->b, f->nwritten, 10);
		buf_puts(&s->b, "  ");
		buf_reset(&name);
		totals_file_name(&name, f);
		rest_raw(s, name.s, name.len, 24);
		end_line(s);
	}
	if (o->nreads || o->nwrites) {
		buf_puts(&s->b, "   ");
		cell_bytes(&s->b, o->nread, 9);
		cell_bytes(&s->b, o->nwritten, 10);
		buf_puts(&s->b, "  all other paths (more than are kept apart)");
		end_line(s);
	}
	buf_done(&name);
	more(s, ROWS_MAX, n);
}

static void failed_lookups(struct summary_sink *s)
{
	const struct totals *t = s->t;
	unsigned rows[ROWS_MAX], n = totals_top_lookups(t, s->opt->all, rows, ROWS_MAX);

	if (!n)
		return;
	title(s, "Failed lookups");
	end_line(s);
	for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++) {
		const struct totals_lookup *l = t->lookups.v[rows[i]];
		const char *name = errno_name(l->err);
		size_t from;

		buf_puts(&s->b, "   ");
		from = s->b.len;
		human_count(&s->b, l->count);
		buf_puts(&s->b, "×");
		cell_right(&s->b, from, 7);
		buf_puts(&s->b, "  ");
		from = s->b.len;
		buf_putc(&s->b, STYLE_ERROR);
		buf_puts(&s->b, name ? name : "?");
		buf_putc(&s->b, STYLE_OFF);
		cell_left(&s->b, from, 9);
		buf_puts(&s->b, "  ");
		rest_raw(s, l->path.s, l->path.len, 22);
		end_line(s);
	}
	if (t->lookups.others.count) {
		buf_puts(&s->b, "   and ");
		human_count(&s->b, t->lookups.others.count);
		buf_puts(&s->b, " of other paths (more than are kept apart)");
		end_line(s);
	}
	more(s, ROWS_MAX, n);
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
	conn_words(b, c);
	cell_left(b, from, 28);
	buf_puts(b, "  ");
	if (c->err) {
		buf_putc(b, STYLE_ERROR);
		buf_puts(b, errno_name(c->err) ? errno_name(c->err) : "failed");
		buf_putc(b, STYLE_OFF);
	} else {
		buf_puts(b, c->end_ns ? "closed" : c->state == CONN_CONNECTING ? "connecting" : "open at the end");
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
	end_line(s);
}

static void conn_table(struct summary_sink *s)
{
	const struct totals *t = s->t;
	unsigned rows[ROWS_MAX], n = totals_top_conns(t, s->opt->all, rows, ROWS_MAX), listening = 0;

	if (n) {
		title(s, "Connections");
		buf_puts(&s->b, " (sent, received, time)");
		end_line(s);
		for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++)
			conn_row(s, t->conns.v[rows[i]]);
		if (t->conns.nothers) {
			buf_puts(&s->b, "   ");
			cell_bytes(&s->b, t->conns.others.sent, 9);
			cell_bytes(&s->b, t->conns.others.received, 10);
			buf_puts(&s->b, "            all other connections (more than are kept apart)");
			end_line(s);
		}
		more(s, ROWS_MAX, n);
	}
	for (unsigned i = 0; i < t->conns.n; i++) {
		const struct totals_conn *c = t->conns.v[i];

		if (c->state != CONN_LISTENING)
			continue;
		if (!listening++) {
			title(s, "Listening");
			end_line(s);
		}
		if (listening > ROWS_MAX)
			continue;
		buf_puts(&s->b, "   ");
		conn_words(&s->b, c);
		buf_puts(&s->b, ", ");
		human_counted(&s->b, c->accepted, "connection accepted", "connections accepted");
		end_line(s);
	}
	more(s, ROWS_MAX, listening);
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
	rest(s, p->cmd + dir, p->cmd_len - dir, 31 + cell_width(b, from) + tail.len);
	buf_add(b, tail.s ? tail.s : "", tail.len);
	buf_done(&tail);
	end_line(s);
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
	title(s, "Processes");
	buf_printf(&s->b, " (");
	human_count(&s->b, t->nprocs);
	if (failed && t->nprocs > 1) {
		buf_puts(&s->b, ", ");
		human_count(&s->b, failed);
		buf_puts(&s->b, " failed");
	}
	buf_putc(&s->b, ')');
	end_line(s);
	for (unsigned i = 0; i < t->procs.n && tree.shown < TREE_MAX; i++)
		if (!totals_proc(t, t->procs.v[i]->parent))
			tree_walk(&tree, t->procs.v[i], 0, true, true);
	more(s, tree.shown, t->nprocs);
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
	title(s, "Errors by call");
	end_line(s);
	for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++) {
		const struct totals_error *e = t->errors.v[rows[i]];
		size_t from;

		buf_puts(b, "   ");
		from = b->len;
		human_count(b, e->count);
		buf_puts(b, "×");
		cell_right(b, from, 7);
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
		end_line(s);
	}
	more(s, ROWS_MAX, n);
}

static void call_table(struct summary_sink *s)
{
	const struct totals *t = s->t;
	unsigned rows[ROWS_MAX], n = totals_top_calls(t, rows, ROWS_MAX);
	struct buf *b = &s->b;

	if (!n)
		return;
	title(s, "Time in calls");
	buf_puts(b, " (calls, total, median, 99th percentile, longest)");
	end_line(s);
	for (unsigned i = 0; i < MIN(n, ROWS_MAX); i++) {
		const struct totals_call *c = t->calls.v[rows[i]];
		size_t from;

		buf_puts(b, "   ");
		from = b->len;
		human_count(b, c->count);
		cell_right(b, from, 9);
		cell_ns(b, c->dur.sum, 9);
		cell_ns(b, hist_quantile(&c->dur, 0.5), 9);
		cell_ns(b, hist_quantile(&c->dur, 0.99), 9);
		cell_ns(b, c->dur.max, 9);
		buf_puts(b, "  ");
		call_name(b, c);
		end_line(s);
	}
	more(s, ROWS_MAX, n);
}

static void other_io(struct summary_sink *s)
{
	const struct totals *t = s->t;
	static const char *const names[2] = { "Pipes, terminals, devices", "Local sockets" };
	const uint64_t in[2] = { t->other_read, t->local_received }, out[2] = { t->other_written, t->local_sent };

	for (unsigned i = 0; i < 2; i++) {
		if (!in[i] && !out[i])
			continue;
		title(s, names[i]);
		buf_puts(&s->b, ": ");
		human_bytes(&s->b, in[i]);
		buf_puts(&s->b, i ? " received, " : " read, ");
		human_bytes(&s->b, out[i]);
		buf_puts(&s->b, i ? " sent" : " written");
		end_line(s);
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
			title(s, "Hidden as noise");
			buf_puts(b, " (counted above, shown with -a)");
			end_line(s);
			any = true;
		}
		buf_puts(b, "   ");
		buf_puts(b, noise_class_text(i));
		buf_puts(b, ": ");
		human_counted(b, h->events, "event", "events");
		if (h->opens) {
			buf_puts(b, ", ");
			human_counted(b, h->opens, "open", "opens");
		}
		if (h->lookups) {
			buf_puts(b, ", ");
			human_counted(b, h->lookups, "lookup", "lookups");
		}
		if (h->conns) {
			buf_puts(b, ", ");
			human_counted(b, h->conns, "connection", "connections");
		}
		add_bytes(b, h->nread, "read");
		add_bytes(b, h->nwritten, "written");
		add_bytes(b, h->sent, "sent");
		add_bytes(b, h->received, "received");
		end_line(s);
	}
}

static void unseen(struct summary_sink *s)
{
	if (!s->t->nrings)
		return;
	buf_putc(&s->b, ' ');
	buf_putc(&s->b, STYLE_ERROR);
	buf_puts(&s->b, "Not seen: what went through ");
	human_counted(&s->b, s->t->nrings, "io_uring", "io_urings");
	buf_puts(&s->b, " (its requests are no system calls); the numbers above are without it");
	buf_putc(&s->b, STYLE_OFF);
	end_line(s);
}

static void losses(struct summary_sink *s)
{
	if (!s->t->nlost_events)
		return;
	buf_putc(&s->b, ' ');
	buf_putc(&s->b, STYLE_ERROR);
	buf_puts(&s->b, "Lost: ");
	human_counted(&s->b, s->t->nlost, "record", "records");
	buf_puts(&s->b, " could not be captured; the numbers above are that much too low");
	buf_putc(&s->b, STYLE_OFF);
	end_line(s);
}

static void report(struct summary_sink *s)
{
	const struct sink_options *o = s->opt;

	if (!o->report_path)
		return;
	title(s, "Report: ");
	text_safe(&s->b, o->report_path, strlen(o->report_path));
	buf_puts(&s->b, ", ");
	if (o->report_kept < o->report_total) {
		human_count(&s->b, o->report_kept);
		buf_puts(&s->b, " of ");
	}
	human_counted(&s->b, o->report_total, "event", "events");
	if (o->report_incomplete)
		buf_puts(&s->b, " (incomplete, see below)");
	else if (o->report_kept < o->report_total)
		buf_puts(&s->b, " (cut; --max-report-events N keeps more)");
	end_line(s);
}

static int summary_finish(struct sink *sink, struct diag *diag UNUSED)
{
	struct summary_sink *s = CONTAINER_OF(sink, struct summary_sink, sink);

	final_block(s);
	top_files(s);
	failed_lookups(s);
	conn_table(s);
	process_tree(s);
	error_table(s);
	call_table(s);
	other_io(s);
	hidden(s);
	unseen(s);
	losses(s);
	report(s);
	return 0;
}

static void summary_event(struct sink *sink UNUSED, const struct event *ev UNUSED) { }
static void summary_tick(struct sink *sink UNUSED, uint64_t now_ns UNUSED) { }

static void summary_free(struct sink *sink)
{
	struct summary_sink *s = CONTAINER_OF(sink, struct summary_sink, sink);

	buf_done(&s->b);
	free(s);
}

static const struct sink_ops summary_ops = {
	.name = "summary", .help = "totals and tables when tracing has ended",
	.event = summary_event, .tick = summary_tick, .finish = summary_finish, .free = summary_free,
};

struct sink *sink_summary_new(struct out *out, const struct sink_options *opt)
{
	struct summary_sink *s = xcalloc(1, sizeof(*s));

	*s = (struct summary_sink){ .sink.ops = &summary_ops, .out = out, .opt = opt, .t = opt->totals };
	s->columns = MIN(MAX(out_columns(out), RULE_COLUMNS), 200u);
	return &s->sink;
}
