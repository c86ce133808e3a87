/* SPDX-License-Identifier: MIT */
#include "cli/blocked.h"

#include <stdlib.h>
#include <string.h>

#include "abi/spec.h"
#include "analyze/totals.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/human.h"
#include "base/macro.h"
#include "capture/proc/proc.h"
#include "capture/waiting.h"
#include "cli/outputs.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "record/build.h"
#include "sink/line.h"

enum {
	PROCESSES_MAX = 256, THREADS_MAX = 1024,	/* that one look asks about */
	EVENTS_A_CLOCK = 1024,
};
static const uint64_t WAIT_NS = 2000000000, SILENT_NS = 200000000, PROGRESS_NS = 200000000;
static const uint64_t LOOK_NS = 400000000, SEEK_NS = 1000000000;	/* between looks, with --progress, without */
/* A wait that is first seen so soon after an event is taken to have begun with it. */
static const uint64_t CLOSE_NS = 1500000000;

/* How much a wait says: those for other traced processes least, those of idle threads and servers little. */
enum weight { FOR_CHILDREN, IDLE, WORKING, _WEIGHTS };

struct found { struct waiting w; enum weight weight; uint64_t since_ns; };

/*
 * A thread at the last look.  How long it has waited is known from looks alone: the scheduler's time (waiting_since())
 * has another zero on each CPU, which would have to be visited at each look.
 */
struct seen { pid_t tid; uint32_t nr; uint64_t switches, since_ns, looked_ns; UT_hash_handle hh; };

struct blocked {
	const struct totals *totals;
	struct world *world;
	struct outputs *outputs;
	bool lines, progress;
	struct found found;		/* of the last look; pid 0: nothing */
	struct seen *seen;
	uint64_t looked_ns, progress_ns, nevents;
	/* the wait that had the last line, and how long it has to be for the next */
	struct { pid_t tid; uint64_t since_ns, next_ns; } shown;
	struct buf rec, text;
	struct arena arena;
};

struct blocked *blocked_new(const struct totals *totals, struct world *world, struct outputs *outputs, bool lines,
			    bool progress)
{
	struct blocked *b = xcalloc(1, sizeof(*b));

	*b = (struct blocked){ .totals = totals, .world = world, .outputs = outputs, .lines = lines,
			       .progress = progress };
	return b;
}

/* ---- the look ---- */

static enum weight weigh(const struct waiting *w)
{
	static const char *const children[] = {
		"wait4", "waitid", "waitpid", "rt_sigsuspend", "rt_sigtimedwait", "pause",
	};
	static const char *const idle[] = { "futex", "epoll_", "poll", "ppoll", "select", "pselect6" };
	const char *name = syscall_spec(w->arch, w->nr)->name;

	for (unsigned i = 0; name && i < ARRAY_SIZE(children); i++)
		if (!strcmp(name, children[i]))
			return FOR_CHILDREN;
	for (unsigned i = 0; name && i < ARRAY_SIZE(idle); i++)
		if (!strncmp(name, idle[i], strlen(idle[i])))
			return IDLE;
	return WORKING;
}

/* Since when it has not run, as far as looks tell: from the last event on, when that is close, or the first look. */
static uint64_t since(struct blocked *b, const struct waiting *w, uint64_t now_ns)
{
	uint64_t switches = waiting_switches(w->pid, w->tid);
	struct seen *s;

	HASH_FIND(hh, b->seen, &w->tid, sizeof(w->tid), s);
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->tid = w->tid;
		HASH_ADD(hh, b->seen, tid, sizeof(s->tid), s);
	}
	if (!s->since_ns || s->nr != w->nr || s->switches != switches) {
		s->nr = w->nr;
		s->switches = switches;
		s->since_ns = now_ns;
		if (b->totals->end_ns < now_ns && now_ns - b->totals->end_ns < CLOSE_NS)
			s->since_ns = b->totals->end_ns;
	}
	s->looked_ns = now_ns;
	return s->since_ns;
}

static void forget(struct blocked *b, uint64_t before_ns)
{
	struct seen *s, *next;

	HASH_ITER(hh, b->seen, s, next)
		if (s->looked_ns < before_ns) {
			HASH_DEL(b->seen, s);
			free(s);
		}
}

struct look { struct blocked *b; uint64_t now_ns; pid_t pid; unsigned nthreads; };

static void look_at(void *ctx, pid_t tid)
{
	struct look *l = ctx;
	struct found *best = &l->b->found, f;

	if (l->nthreads++ >= THREADS_MAX || !world_task(l->b->world, (uint32_t)tid) ||
	    !waiting_look(l->pid, tid, false, &f.w) || f.w.how != WAITING_CALL || f.w.stopped)
		return;
	f.weight = weigh(&f.w);
	f.since_ns = since(l->b, &f.w, l->now_ns);
	if (!best->w.pid || f.weight > best->weight || (f.weight == best->weight && f.since_ns < best->since_ns))
		*best = f;
}

/* When what was found has its next line, if it still waits. */
static uint64_t due_ns(const struct blocked *b)
{
	const struct found *f = &b->found;
	bool same = f->w.tid == b->shown.tid && f->since_ns == b->shown.since_ns;

	return f->w.pid ? f->since_ns + (same ? b->shown.next_ns : WAIT_NS) : UINT64_MAX;
}

static void look(struct blocked *b, uint64_t now_ns)
{
	struct look l = { .b = b, .now_ns = now_ns };
	const struct totals *t = b->totals;
	unsigned n = 0;

	if (now_ns < b->looked_ns + (b->progress ? LOOK_NS : SEEK_NS))
		return;
	b->looked_ns = now_ns;
	b->found.w.pid = 0;
	for (unsigned i = t->procs.n; i-- > 0 && n < PROCESSES_MAX;) {
		const struct totals_proc *p = t->procs.v[i];

		if (p->end_ns || p->detached)
			continue;
		n++;
		l.pid = (pid_t)p->pid;
		proc_each_thread(l.pid, look_at, &l);
	}
	forget(b, now_ns);
}

/* ---- the words ---- */

static void finish(void *rec) { record_finish(rec); }

/* "waiting 2.0s in openat /tmp/fifo" of what was found; NULL: its thread is gone. */
static const struct task *describe(struct blocked *b, uint64_t now_ns)
{
	const struct waiting *w = &b->found.w;
	const struct task *task = world_task(b->world, (uint32_t)w->tid);
	struct item item;

	waiting_put(&b->rec, w, 0, finish, &b->rec);
	if (!task || decode_record((const struct record *)b->rec.s, b->rec.len, &b->arena, &item) < 0)
		task = NULL;
	else
		line_blocked(&b->text, &(struct event){ .kind = EV_WAITING, .task = task, .call = &item.call,
			.item = &item, .fd = -1, .fd2 = -1, .before_ns = now_ns - b->found.since_ns });
	arena_reset(&b->arena);
	return task;
}

/* Once per doubling.  What an attached thread waited in when tracing began has a line already. */
static bool is_due(struct blocked *b, uint64_t now_ns)
{
	const struct found *f = &b->found;
	uint64_t age = now_ns - f->since_ns;

	if (now_ns < due_ns(b) ||
	    (b->totals->start_mode & START_ATTACH && f->since_ns < b->totals->start_ns + CLOSE_NS))
		return false;
	b->shown.tid = f->w.tid;
	b->shown.since_ns = f->since_ns;
	for (b->shown.next_ns = WAIT_NS; b->shown.next_ns <= age;)
		b->shown.next_ns *= 2;
	return true;
}

static void show_progress(struct blocked *b, uint64_t now_ns)
{
	const struct totals *t = b->totals;

	if (now_ns < b->progress_ns + PROGRESS_NS || !t->start_ns)
		return;
	b->progress_ns = now_ns;
	look(b, now_ns);
	human_seconds(&b->text, now_ns - t->start_ns);
	buf_puts(&b->text, "  ");
	human_counted(&b->text, t->nevents, "event", "events");
	buf_puts(&b->text, "  ");
	human_counted(&b->text, t->nalive, "process", "processes");
	if (b->found.w.pid && now_ns > b->found.since_ns + LOOK_NS) {
		buf_puts(&b->text, "  ");
		if (describe(b, now_ns))
			buf_printf(&b->text, " [%d]", b->found.w.tid);
	}
	outputs_progress(b->outputs, b->text.s, b->text.len);
	buf_reset(&b->text);
}

void blocked_event(struct blocked *b)
{
	if (b->progress && ++b->nevents % EVENTS_A_CLOCK == 0)
		show_progress(b, clock_ns());
}

void blocked_tick(struct blocked *b, uint64_t now_ns)
{
	const struct task *task;

	if (b->lines && b->totals->start_ns && now_ns > outputs_last_line(b->outputs) + SILENT_NS) {
		bool silent = now_ns > outputs_last_line(b->outputs) + WAIT_NS;

		if (silent && now_ns >= due_ns(b))
			b->looked_ns = 0;	/* whether it still waits */
		look(b, now_ns);
		if (silent && is_due(b, now_ns) && (task = describe(b, now_ns)))
			outputs_note(b->outputs, now_ns, task, b->text.s, b->text.len);
		buf_reset(&b->text);
	}
	if (b->progress)
		show_progress(b, now_ns);
}

void blocked_free(struct blocked *b)
{
	if (!b)
		return;
	forget(b, UINT64_MAX);
	buf_done(&b->rec);
	buf_done(&b->text);
	arena_done(&b->arena);
	free(b);
}
