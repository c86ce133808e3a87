/* SPDX-License-Identifier: MIT */
#include "sink/joined.h"

#include <string.h>

#include "analyze/totals.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"
#include "event/event.h"
#include "sink/line.h"
#include "sink/lines.h"
#include "sink/out.h"
#include "sink/sink.h"

/*
 * Equal lines of one task become one while the calls follow each other within 100 ms, for at most a second.  When a
 * line appears, and where, is decided by the times of events alone, never by when the capture delivered them: that is
 * why a replayed recording gives the same text.  A line may wait until something ends later than its deadline; tick()
 * promises the same thing without an event.
 */
#define MERGE_GAP_NS 100000000u
#define MERGE_MAX_NS 1000000000u

/* The waiting ones by the end of their first call, and of their last. */
enum order { BY_FIRST, BY_LAST, _ORDERS };

struct pending {
	uint32_t task;
	bool waiting;
	struct io_run run;
	struct pending *prev[_ORDERS], *next[_ORDERS];	/* the waiting ones */
	UT_hash_handle hh;
};

struct joined {
	struct out *out;
	const struct sink_options *opt;
	struct buf line, words;		/* words: of the event at hand, until it is known whether its line joins */
	struct pending *tasks, *last;	/* by task id; the one used last */
	struct pending *first_waiting[_ORDERS], *last_waiting[_ORDERS];
};

struct joined *joined_new(struct out *out, const struct sink_options *opt)
{
	struct joined *j = xcalloc(1, sizeof(*j));

	*j = (struct joined){ .out = out, .opt = opt };
	return j;
}

static uint64_t since_start(const struct joined *j, uint64_t ts_ns)
{
	uint64_t start_ns = j->opt->totals->start_ns;

	return ts_ns > start_ns ? ts_ns - start_ns : 0;
}

static uint64_t deadline_of(const struct io_run *r)
{
	return MIN(r->last_ns + MERGE_GAP_NS, r->first_ns + MERGE_MAX_NS);
}

static void unlink_waiting(struct joined *j, struct pending *p, enum order o)
{
	*(p->prev[o] ? &p->prev[o]->next[o] : &j->first_waiting[o]) = p->next[o];
	*(p->next[o] ? &p->next[o]->prev[o] : &j->last_waiting[o]) = p->prev[o];
}

static uint64_t order_ns(const struct pending *p, enum order o)
{
	return o == BY_FIRST ? p->run.first_ns : p->run.last_ns;
}

/* Events come nearly in order of their ends: the place is at the end, or close to it. */
static void link_waiting(struct joined *j, struct pending *p, enum order o)
{
	struct pending *after = j->last_waiting[o];

	while (after && order_ns(after, o) > order_ns(p, o))
		after = after->prev[o];
	p->prev[o] = after;
	p->next[o] = after ? after->next[o] : j->first_waiting[o];
	*(after ? &after->next[o] : &j->first_waiting[o]) = p;
	*(p->next[o] ? &p->next[o]->prev[o] : &j->last_waiting[o]) = p;
}

/* What comes after the last call of a waiting line waits for it. */
static void hold(struct joined *j)
{
	const struct pending *p = j->first_waiting[BY_LAST];

	lines_hold(out_lines(j->out), LINES_TEXT, p ? since_start(j, p->run.last_ns) : UINT64_MAX);
}

static void flush_one(struct joined *j, struct pending *p)
{
	if (!p->waiting)
		return;
	unlink_waiting(j, p, BY_FIRST);
	unlink_waiting(j, p, BY_LAST);
	p->waiting = false;
	if (j->opt->call_numbers && p->run.nr >= 0)
		buf_printf(&j->line, "[%4d] ", p->run.nr);
	(p->run.words ? words_run_format : io_run_format)(&j->line, &p->run);
	if (j->opt->call_times && p->run.nr >= 0)
		line_spent(&j->line, p->run.spent_ns);
	lines_add(out_lines(j->out), since_start(j, p->run.last_ns), &p->run.who, j->line.s, j->line.len);
	buf_reset(&j->line);
	hold(j);
}

/*
 * Everything that no event ending at now_ns or later can join, earliest deadline first: the order in which ticks, if
 * there were any, have done it.
 */
void joined_flush_due(struct joined *j, uint64_t now_ns)
{
	while (j->first_waiting[BY_FIRST]) {
		struct pending *due = j->first_waiting[BY_LAST], *oldest = j->first_waiting[BY_FIRST];

		if (deadline_of(&oldest->run) < deadline_of(&due->run))
			due = oldest;
		if (deadline_of(&due->run) >= now_ns)
			return;
		flush_one(j, due);
	}
}

static struct pending *pending_find(struct joined *j, uint32_t task)
{
	struct pending *p;

	if (j->last && j->last->task == task)
		return j->last;
	HASH_FIND(hh, j->tasks, &task, sizeof(task), p);
	if (p)
		j->last = p;
	return p;
}

static void pending_drop(struct joined *j, struct pending *p)
{
	HASH_DEL(j->tasks, p);
	if (j->last == p)
		j->last = NULL;
	buf_done(&p->run.name);
	free(p);
}

/* With -n a line is of one call. */
static bool is_same_call(const struct joined *j, const struct pending *p, const struct event *ev)
{
	return !j->opt->call_numbers || p->run.nr == (ev->call ? (int)ev->call->nr : -1);
}

static struct pending *pending_get(struct joined *j, const struct task *task)
{
	struct pending *p = pending_find(j, task->id);

	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->task = task->id;
		HASH_ADD(hh, j->tasks, task, sizeof(p->task), p);
		j->last = p;
	}
	return p;
}

/* One more of the line that waits, which has begun if none did. */
static void add_one(struct joined *j, struct pending *p, const struct event *ev)
{
	if (!p->waiting) {
		p->run.who = line_who(j->opt, ev->task);
		p->waiting = true;
		link_waiting(j, p, BY_FIRST);
	} else {
		unlink_waiting(j, p, BY_LAST);
	}
	p->run.count++;
	p->run.nbytes += ev->nbytes;
	p->run.spent_ns += ev->before_ns + ev->dur_ns;
	p->run.last_ns = ev->ts_ns + ev->dur_ns;
	link_waiting(j, p, BY_LAST);
	hold(j);
}

/* Where lines name the thread, one that renamed itself between two calls has two. */
static bool is_same_name(const struct joined *j, const struct pending *p, const struct event *ev)
{
	const struct line_who *was = &p->run.who;
	struct line_who is;

	if (!was->named)
		return true;
	is = line_who(j->opt, ev->task);
	return is.len == was->len && !memcmp(is.comm, was->comm, is.len);
}

static bool joins(const struct joined *j, const struct pending *p, const struct event *ev)
{
	return ev->ts_ns + ev->dur_ns <= deadline_of(&p->run) && is_same_call(j, p, ev) &&
	       is_same_name(j, p, ev);
}

static void add_io(struct joined *j, const struct event *ev)
{
	struct pending *p = pending_get(j, ev->task);

	if (p->waiting && !(io_run_same(&p->run, ev) && joins(j, p, ev)))
		flush_one(j, p);
	if (!p->waiting)
		io_run_start(&p->run, ev);
	add_one(j, p, ev);
}

bool joined_may(const struct event *ev)
{
	switch (ev->kind) {
	case EV_EXEC: case EV_FORK: case EV_THREAD: case EV_EXIT: case EV_THREAD_EXIT: case EV_ATTACH: case EV_DETACH:
	case EV_WAITING: case EV_LOST:
		return false;
	default:
		return ev->task && (ev->err || ev->kind == EV_BRK || event_info(ev->kind)->category != CAT_MEMORY);
	}
}

static void add_words(struct joined *j, const struct event *ev)
{
	struct pending *p = pending_get(j, ev->task);

	line_event(&j->words, ev);
	if (p->waiting && !(words_run_same(&p->run, ev, &j->words) && joins(j, p, ev)))
		flush_one(j, p);
	if (!p->waiting)
		words_run_start(&p->run, ev, &j->words);
	add_one(j, p, ev);
	buf_reset(&j->words);
}

void joined_take(struct joined *j, const struct event *ev)
{
	(io_run_is_io(ev) ? add_io : add_words)(j, ev);
}

void joined_flush_task(struct joined *j, const struct task *task)
{
	struct pending *p = task ? pending_find(j, task->id) : NULL;

	if (p)
		flush_one(j, p);
}

void joined_end_task(struct joined *j, const struct task *task)
{
	struct pending *p = pending_find(j, task->id);

	if (!p)
		return;
	flush_one(j, p);
	pending_drop(j, p);
}

void joined_free(struct joined *j)
{
	struct pending *p, *next;

	HASH_ITER(hh, j->tasks, p, next)
		pending_drop(j, p);
	buf_done(&j->line);
	buf_done(&j->words);
	free(j);
}
