/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "record/record.h"
#include "sink/cell.h"
#include "sink/line.h"
#include "sink/out.h"
#include "sink/sink.h"
#include "sink/summary.h"
#include "sink/words.h"

#define RULE_COLUMNS 64

void summary_line(struct summary_sink *s)
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
	summary_line(s);
}

void summary_rest(struct summary_sink *s, const char *text, size_t len, size_t used)
{
	text_middle(&s->b, text, len, s->columns > used + 20 ? s->columns - used : 20);
}

void summary_rest_raw(struct summary_sink *s, const char *bytes, size_t len, size_t used)
{
	struct buf t = { 0 };

	text_safe(&t, bytes, len);
	summary_rest(s, t.s ? t.s : "", t.len, used);
	buf_done(&t);
}

void summary_title(struct summary_sink *s, const char *text)
{
	buf_putc(&s->b, ' ');
	buf_putc(&s->b, STYLE_BOLD);
	buf_puts(&s->b, text);
	buf_putc(&s->b, STYLE_OFF);
}

void summary_more(struct summary_sink *s, uint64_t shown, uint64_t all)
{
	if (shown >= all)
		return;
	buf_puts(&s->b, "   … and ");
	human_count(&s->b, all - shown);
	if (s->done)
		buf_printf(&s->b, " more (all of it in %s)", s->done->what);
	else
		buf_puts(&s->b, " more (--report keeps all of it)");
	summary_line(s);
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
	summary_line(s);
	for (unsigned i = 0; i < ARRAY_SIZE(labels); i++) {
		buf_puts(b, labels[i]);
		totals_memory(b, s->t, i);
		summary_line(s);
	}
}

static void io_line(struct summary_sink *s, const char *label, uint64_t nbytes)
{
	size_t n = strlen(label);

	buf_puts(&s->b, "   ");
	buf_puts(&s->b, label);
	cell_bytes(&s->b, nbytes, 24 - n);
	summary_line(s);
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

void summary_conn(struct buf *b, const struct totals_conn *c)
{
	buf_puts(b, proto(c));
	if (c->state == CONN_LISTENING) {
		buf_putc(b, ' ');
		if (c->has_local)
			address(b, &c->local);
		return;
	}
	if (!c->has_peer && c->has_local && !c->rest) {	/* it did not ask who sends; or sends packets as they are */
		buf_puts(b, c->nsends && !c->nrecvs ? " on " : " ← ? on ");
		address(b, &c->local);
		return;
	}
	buf_puts(b, c->state == CONN_ACCEPTED ? " ← " : c->unknown_start ? " ↔ " : " → ");
	if (c->has_peer)
		address(b, &c->peer);
	else if (c->rest)
		buf_printf(b, "other peers (beyond the first %d)", SOCK_PEERS_MAX);
	else
		buf_putc(b, '?');
}

struct endpoint { char *words; uint64_t count; int err; UT_hash_handle hh; };

static void connections(struct summary_sink *s)
{
	struct endpoint *all = NULL, *e, *next;
	unsigned shown = 0, total;
	uint64_t local = s->opt->all ? 0 : totals_count_conns(s->t).hidden;
	struct buf t = { 0 };

	for (unsigned i = 0; i < s->t->conns.n; i++) {
		const struct totals_conn *c = s->t->conns.v[i];

		if (!totals_is_connection(c) || (c->noise != NOISE_NONE && !s->opt->all))
			continue;
		buf_reset(&t);
		summary_conn(&t, c);
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
		e->count++;
	}
	total = HASH_COUNT(all);
	buf_puts(&s->b, " Network connections:");
	if (!total && !local)
		buf_puts(&s->b, " none");
	summary_line(s);
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
		buf_puts(&s->b, " others (more than are kept apart)");
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
	summary_line(s);
}

static void final_block(struct summary_sink *s)
{
	const struct totals *t = s->t;
	struct buf dur = { 0 };

	rule(s);
	buf_puts(&s->b, " FINAL: ");
	buf_putc(&s->b, STYLE_BOLD);
	seconds(&dur, t->end_ns > t->start_ns ? t->end_ns - t->start_ns : 0);
	summary_rest(s, t->command.s ? t->command.s : "", t->command.len, 8 + 3 + dur.len);
	buf_putc(&s->b, STYLE_OFF);
	buf_puts(&s->b, " (");
	buf_add(&s->b, dur.s, dur.len);
	buf_putc(&s->b, ')');
	summary_line(s);
	buf_done(&dur);
	rule(s);
	memory(s);
	buf_puts(&s->b, " I/O:");
	summary_line(s);
	io_line(s, "Files read:", t->file_read);
	io_line(s, "Files written:", t->file_written);
	io_line(s, "Net sent:", t->net_sent);
	io_line(s, "Net received:", t->net_received);
	connections(s);
	outcome(s);
	rule(s);
}

static void summary_finish(struct sink *sink, const struct sink_result *done)
{
	struct summary_sink *s = CONTAINER_OF(sink, struct summary_sink, sink);

	s->done = done;
	final_block(s);
	summary_tables(s);
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
	.event = summary_event, .tick = summary_tick, .finish = summary_finish, .free = summary_free,
};

struct sink *sink_summary_new(struct out *out, const struct sink_options *opt)
{
	struct summary_sink *s = xcalloc(1, sizeof(*s));

	*s = (struct summary_sink){ .sink.ops = &summary_ops, .out = out, .opt = opt, .t = opt->totals };
	s->columns = MIN(MAX(out_columns(out), RULE_COLUMNS), 200u);
	return &s->sink;
}
