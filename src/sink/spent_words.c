/* SPDX-License-Identifier: MIT */
#include "sink/spent_words.h"

#include "analyze/spent.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/table_words.h"
#include "sink/totals_words.h"

enum { COMMAND_COLUMNS = 40, BRIEF_COLUMNS = 26 };

/* A part; and what is waited for where no more is known. */
static const struct { const char *part, *thing; } words[_SPENT] = {
	[SPENT_CPU] = { "on CPU", "the CPU" },
	[SPENT_PEER] = { "waiting for a peer", "a socket" },
	[SPENT_CHILD] = { "waiting for a child", "a child" },
	[SPENT_THREAD] = { "waiting for a thread to end", "a thread to end" },
	[SPENT_LOCK] = { "waiting for a lock", "a lock" },
	[SPENT_FILE] = { "in files and directories", "a file" },
	[SPENT_PIPE] = { "waiting for a pipe", "a pipe" },
	[SPENT_TERMINAL] = { "waiting for the terminal", "the terminal" },
	[SPENT_SLEEP] = { "asleep by its own choice", "a sleep" },
	[SPENT_SIGNAL] = { "waiting for a signal", "a signal" },
	[SPENT_EVENT] = { "waiting for an event (eventfd, io_uring, epoll)", "an event" },
	[SPENT_STOPPED] = { "stopped by a signal", "SIGCONT" },
	[SPENT_QUEUE] = { "ready, but no CPU was free", "a free CPU" },
	[SPENT_UNKNOWN] = { "not explained (the tracer's stops, page faults)", "what is not known" },
};

static void threads(struct buf *b, const struct totals_wait *w)
{
	if (w->nwaiters > 1)
		buf_printf(b, ", %s%u threads", w->nwaiters == ARRAY_SIZE(w->waiters) ? "at least " : "", w->nwaiters);
	if (w->nwakers)
		buf_printf(b, ", woken by %u", w->wakers[0]);
	if (w->nwakers > 1)
		buf_puts(b, " and others");
}

void spent_wait_words(struct buf *b, const struct totals_wait *w)
{
	if (w->what == SPENT_PEER && w->conn) {
		table_conn_words(b, w->conn);
	} else if (w->what == SPENT_LOCK && w->addr) {
		buf_printf(b, "a lock (futex 0x%llx)", (unsigned long long)w->addr);
		threads(b, w);
	} else if (w->name.len) {
		text_safe(b, w->name.s, w->name.len);
		if (w->peer_pid)
			buf_printf(b, " of %u", w->peer_pid);
		if (w->what == SPENT_LOCK)
			buf_puts(b, " (locked)");
	} else {
		buf_puts(b, words[w->what].thing);
	}
}

static void named(struct buf *b, const struct budget_part *part, unsigned i)
{
	if (part->named[i].proc)
		totals_proc_command_within(b, part->named[i].proc, COMMAND_COLUMNS);
	else
		spent_wait_words(b, part->named[i].wait);
}

static bool has_name(const struct budget_part *part, unsigned i)
{
	const struct totals_wait *w = part->named[i].wait;

	return part->named[i].proc || (w && (w->conn || w->name.len || (w->what == SPENT_LOCK && w->addr)));
}

void spent_words(struct buf *b, const struct budget_part *part, bool whole)
{
	unsigned n = 0;

	if (!whole) {
		struct buf one = { 0 };

		if (has_name(part, 0))
			named(&one, part, 0);
		else
			buf_puts(&one, words[part->what].thing);
		text_middle(b, one.s, one.len, BRIEF_COLUMNS);
		buf_done(&one);
		return;
	}
	buf_puts(b, words[part->what].part);
	for (unsigned i = 0; i < SPENT_NAMED; i++) {
		/* what is next to nothing of it is left out */
		if (!has_name(part, i) || part->named[i].ns * 20 < part->ns)
			continue;
		buf_puts(b, n++ ? ", " : ": ");
		named(b, part, i);
		if (part->named[i].ns * 20 < part->ns * 19) {
			buf_putc(b, ' ');
			human_ns(b, part->named[i].ns);
		}
	}
}
