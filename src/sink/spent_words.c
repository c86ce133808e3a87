/* SPDX-License-Identifier: MIT */
#include "sink/spent_words.h"

#include <string.h>

#include "analyze/spent.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "sink/conn_words.h"
#include "sink/totals_words.h"
#include "sink/words.h"

enum { COMMAND_COLUMNS = 36, FIRST_COLUMNS = 20, BRIEF_COLUMNS = 26, LINE_COLUMNS = 120 };

/* A part; and what is waited for where no more is known. */
static const struct {
	const char *part, *thing;
} words[_SPENT] = {
	[SPENT_CPU] = {"on CPU", "on CPU"},
	[SPENT_PEER] = {"waiting for a peer", "a socket"},
	[SPENT_CHILD] = {"waiting for a child", "a child"},
	[SPENT_THREAD] = {"waiting for a thread to end", "a thread to end"},
	[SPENT_LOCK] = {"waiting for a lock", "a lock"},
	[SPENT_WAKE] = {"waiting to be woken", "to be woken"},
	[SPENT_FILE] = {"in files and directories", "a file"},
	[SPENT_PIPE] = {"waiting for a pipe", "a pipe"},
	[SPENT_TERMINAL] = {"waiting for the terminal", "the terminal"},
	[SPENT_SLEEP] = {"asleep by its own choice", "a sleep"},
	[SPENT_SIGNAL] = {"waiting for a signal", "a signal"},
	[SPENT_EVENT] = {"waiting for an event (eventfd, io_uring, epoll)", "an event"},
	[SPENT_MESSAGE] = {"waiting for a message queue", "a message queue"},
	[SPENT_WATCH] = {"waiting for a change of files (inotify)", "a change of files"},
	[SPENT_FAULT] = {"in page faults", "memory"},
	[SPENT_STOPPED] = {"stopped by a signal", "SIGCONT"},
	[SPENT_QUEUE] = {"ready, but no CPU was free", "a free CPU"},
	[SPENT_UNKNOWN] = {"not explained (ptrace's stops; page faults: --faults)", "not explained"},
};

static const char *part_words(const struct budget_part *part)
{
	if (part->what == SPENT_UNKNOWN && part->no_stops)
		return "not explained (page faults: --faults)";
	return words[part->what].part;
}

const char *spent_part(enum spent s) { return words[s].part; }
const char *spent_thing(enum spent s) { return words[s].thing; }

/* Where there is not room for all, who woke a futex's waiters is left out first, and a pipe's number; then its kind. */
enum detail { ADDRESS, WAITERS, KIND, ALL };

static void threads(struct buf *b, const struct totals_wait *w, enum detail detail)
{
	if (detail == ADDRESS)
		return;
	if (w->nwaiters > 1)
		buf_printf(b, ", %s%u threads", w->nwaiters == ARRAY_SIZE(w->waiters) ? "at least " : "", w->nwaiters);
	if (detail < ALL)
		return;
	if (w->nwakers)
		buf_printf(b, ", woken by %u", w->wakers[0]);
	if (w->nwakers > 1)
		buf_puts(b, " and others");
}

static bool is_futex(const struct totals_wait *w)
{
	return (w->addr || (w->shared && !w->semaphores)) && (w->what == SPENT_LOCK || w->what == SPENT_WAKE);
}

/* One that processes share by its place in the file, which each of them has mapped elsewhere. */
void spent_futex_words(struct buf *b, const struct totals_wait *w)
{
	buf_puts(b, "futex ");
	if (w->shared && w->name.len) {
		text_safe(b, w->name.s, w->name.len);
		buf_putc(b, '+');
	}
	buf_printf(b, "0x%llx", (unsigned long long)w->addr);
	if (w->shared && !w->name.len)
		buf_puts(b, " of shared memory");
}

static void wait_words(struct buf *b, const struct totals_wait *w, enum detail detail)
{
	const struct totals_wait *sum = w->whole ? w->whole : w;

	if (w->what == SPENT_PEER && w->conn && w->conn->listener && sum->nconns > 1) {
		table_clients_words(b, w->conn->listener);
	} else if (w->what == SPENT_PEER && w->conn) {
		table_conn_words(b, w->conn);
	} else if (w->what == SPENT_CHILD && w->target_proc) {
		totals_proc_command_within(b, w->target_proc, COMMAND_COLUMNS);
	} else if (w->target_pid) {
		pidfd_name(b, w->target_pid);
	} else if (is_futex(w)) {
		spent_futex_words(b, w);
		buf_puts(b, w->what == SPENT_WAKE && detail >= KIND ? " (no lock)" : "");
		threads(b, w, detail);
	} else if (w->semaphores) {
		buf_printf(b, "semaphore set %u", w->semid);
		threads(b, w, detail);
	} else if (w->name.len) {
		bool all = detail == ALL || w->what != SPENT_PIPE || !w->peer_pid;

		if (all)
			path_format(b, w->name.s, w->name.len);
		if (w->peer_pid)
			buf_printf(b, "%s%u", all ? " of " : "", w->peer_pid);
		if (w->peer && w->peer->comm.len) {
			buf_puts(b, " (");
			text_safe(b, w->peer->comm.s, w->peer->comm.len);
			buf_putc(b, ')');
		}
		if (w->what == SPENT_LOCK)
			buf_puts(b, " (locked)");
		if (w->what == SPENT_FAULT)
			buf_puts(b, " (mapped)");
	} else {
		buf_puts(b, words[w->what].thing);
	}
}

void spent_wait_words(struct buf *b, const struct totals_wait *w) { wait_words(b, w, ALL); }

void spent_wait_words_within(struct buf *b, const struct totals_wait *w, size_t columns)
{
	for (unsigned detail = ALL + 1; detail-- > 0 && (!b->len || text_width(b->s, b->len) > columns);) {
		buf_reset(b);
		wait_words(b, w, (enum detail)detail);
	}
}

/* Where it stands alone a pipe without its number is still one. */
static void brief_wait(struct buf *b, const struct totals_wait *w, size_t columns)
{
	spent_wait_words_within(b, w, columns);
	if (w->what != SPENT_PIPE || !w->peer_pid || !w->name.len || b->s[0] < '0' || b->s[0] > '9')
		return;
	buf_reset(b);
	buf_puts(b, "pipe of ");
	wait_words(b, w, ADDRESS);
}

/* Its time stands behind it, but where it is next to all of it; and how many connections it is, where there is room. */
static void named(struct buf *b, const struct budget_part *part, unsigned i, size_t columns)
{
	struct buf name = {0}, time = {0}, conns = {0};

	if (part->named[i].ns * 20 < part->ns * 19) {
		buf_putc(&time, ' ');
		human_ns(&time, part->named[i].ns);
	}
	columns -= MIN(columns, time.len);
	if (part->named[i].proc)
		totals_proc_command_within(&name, part->named[i].proc, columns);
	else
		spent_wait_words_within(&name, part->named[i].wait, columns);
	if (part->named[i].nconns > 1)
		buf_printf(&conns, " (%u connections)", part->named[i].nconns);
	if (text_width(name.s ? name.s : "", name.len) + conns.len > columns)
		buf_reset(&conns);
	text_middle(b, name.s ? name.s : "", name.len, columns);
	buf_add(b, conns.s ? conns.s : "", conns.len);
	buf_add(b, time.s ? time.s : "", time.len);
	buf_done(&conns);
	buf_done(&name);
	buf_done(&time);
}

static bool has_name(const struct budget_part *part, unsigned i)
{
	const struct totals_wait *w = part->named[i].wait;

	return part->named[i].proc ||
	       (w && (w->conn || w->target_proc || w->target_pid || w->name.len || w->addr || w->shared));
}

static void briefly(struct buf *b, const struct budget_part *part, unsigned columns)
{
	struct buf one = {0};

	if (!has_name(part, 0))
		buf_puts(&one, words[part->what].thing);
	else if (part->named[0].proc)
		totals_proc_command_within(&one, part->named[0].proc, columns);
	else
		brief_wait(&one, part->named[0].wait, columns);
	text_middle(b, one.s, one.len, columns);
	buf_done(&one);
}

void spent_mostly(struct buf *b, const struct budget_part *part)
{
	struct buf more = {0};

	if (part->nthings > 1 && has_name(part, 0))
		buf_printf(&more, " +%u", part->nthings - 1);
	briefly(b, part, BRIEF_COLUMNS - (unsigned)more.len);
	buf_add(b, more.s ? more.s : "", more.len);
	buf_done(&more);
}

static size_t part_len(const struct budget_part *part, size_t columns)
{
	const char *s = part_words(part), *more = strstr(s, " (");
	size_t len = strlen(s);

	return more && has_name(part, 0) && len + 2 + FIRST_COLUMNS > columns ? (size_t)(more - s) : len;
}

void spent_words_within(struct buf *b, const struct budget_part *part, size_t columns)
{
	size_t from = b->len;
	unsigned n = 0;

	/* what explains the words gives way to the name */
	buf_add(b, part_words(part), part_len(part, columns));
	for (unsigned i = 0; i < SPENT_NAMED; i++) {
		size_t used = text_width(b->s + from, b->len - from) + 2;
		size_t left = columns > used ? columns - used : 0;
		struct buf one = {0};

		/* what is next to nothing of it is left out, and what there is no room for; never the first */
		if (has_name(part, i) && part->named[i].ns * 20 >= part->ns)
			named(&one, part, i, n ? COMMAND_COLUMNS : MAX(left, (size_t)FIRST_COLUMNS));
		if (one.len && (!n || text_width(one.s, one.len) <= left)) {
			buf_puts(b, n++ ? ", " : ": ");
			buf_add(b, one.s, one.len);
		}
		buf_done(&one);
	}
}

void spent_words(struct buf *b, const struct budget_part *part, bool whole)
{
	if (whole)
		spent_words_within(b, part, LINE_COLUMNS);
	else
		briefly(b, part, BRIEF_COLUMNS);
}
