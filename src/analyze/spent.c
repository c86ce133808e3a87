/* SPDX-License-Identifier: MIT */
/* What threads wait for: each wait as a span of its thread and in a row for what it was for. */
#include "analyze/spent.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "analyze/child_ends.h"
#include "analyze/futex.h"
#include "analyze/peers.h"
#include "analyze/share.h"
#include "analyze/subject.h"
#include "analyze/totals_index.h"
#include "analyze/wait_rows.h"
#include "record/record.h"

enum {
	SPAN_LEAST_NS = 100000,
	SPANS_MAX = 1 << 19, /* of all threads; later waits are sums only */
};

const char *spent_name(enum spent s)
{
	static const char *const names[_SPENT] = {
		[SPENT_CPU] = "cpu",	   [SPENT_PEER] = "peer",	  [SPENT_CHILD] = "child",
		[SPENT_THREAD] = "thread", [SPENT_LOCK] = "lock",	  [SPENT_WAKE] = "wake", [SPENT_FILE] = "file",
		[SPENT_PIPE] = "pipe",	   [SPENT_TERMINAL] = "terminal", [SPENT_SLEEP] = "sleep",
		[SPENT_SIGNAL] = "signal", [SPENT_EVENT] = "event",	  [SPENT_STOPPED] = "stopped",
		[SPENT_MESSAGE] = "message", [SPENT_WATCH] = "watch",	  [SPENT_FAULT] = "fault",
		[SPENT_QUEUE] = "queue",   [SPENT_UNKNOWN] = "unknown",
	};

	return names[s];
}

struct thread_key {
	uint32_t proc, tid;
};
struct task_row {
	struct totals_task row;
	struct thread_key key;
	struct span open; /* the wait whose end was not seen; start 0: it is in none */
	uint64_t stopped_ns;
	UT_hash_handle hh, hh_tid;
};
struct spending {
	struct wait_peers *peers;
	struct wait_rows *rows;
	struct child_ends *ended;
	struct task_row *tasks, *last; /* by id */
	struct task_row *threads;      /* by process and tid: the newest that has it */
	unsigned nspans;
};

struct spending *spending_new(void)
{
	struct spending *s = xcalloc(1, sizeof(*s));

	s->peers = wait_peers_new();
	s->rows = wait_rows_new();
	s->ended = child_ends_new();
	return s;
}

const struct totals_task *spending_task(const struct totals *t, uint32_t id)
{
	struct task_row *r;

	HASH_FIND(hh, t->index->spending->tasks, &id, sizeof(id), r);
	return r ? &r->row : NULL;
}

uint64_t spending_pipe_ns(const struct totals *t, uint32_t file)
{
	return wait_rows_pipe_ns(t->index->spending->rows, file);
}

void spending_free(struct spending *s)
{
	struct task_row *r, *tmp;

	HASH_CLEAR(hh_tid, s->threads);
	HASH_ITER(hh, s->tasks, r, tmp)
	{
		free(r->row.spans);
		HASH_DEL(s->tasks, r);
	}
	wait_rows_free(s->rows);
	wait_peers_free(s->peers);
	child_ends_free(s->ended);
	free(s);
}

/* ---- threads ---- */

static void add_to_process(struct totals *t, const struct proc *proc, struct totals_task *task)
{
	struct totals_proc *p = totals_proc_of(t, proc);

	if (!p->first_task)
		p->first_task = task->seq + 1;
	else
		t->tasks.v[p->last_task - 1]->next = task->seq + 1;
	p->last_task = task->seq + 1;
}

static struct task_row *thread_by_tid(struct spending *s, struct thread_key key)
{
	struct task_row *r;

	HASH_FIND(hh_tid, s->threads, &key, sizeof(key), r);
	return r;
}

static struct task_row *task_of(struct spending *s, struct totals *t, const struct task *task)
{
	struct task_row *r = s->last, *old;

	if (r && r->row.id == task->id)
		return r;
	HASH_FIND(hh, s->tasks, &task->id, sizeof(task->id), r);
	if (!r) {
		if (totals_full(t, t->tasks.n))
			return NULL;
		r = arena_alloc(&t->index->arena, sizeof(*r));
		r->row = (struct totals_task){.id = task->id,
					      .tid = task->tid,
					      .proc = task->proc->id,
					      .start_ns = MAX(task->start_ns, t->start_ns)};
		HASH_ADD(hh, s->tasks, row.id, sizeof(r->row.id), r);
		r->key = (struct thread_key){task->proc->id, task->tid};
		old = thread_by_tid(s, r->key);
		if (old)
			HASH_DELETE(hh_tid, s->threads, old);
		HASH_ADD(hh_tid, s->threads, key, sizeof(r->key), r);
		r->row.seq = t->tasks.n;
		add_to_process(t, task->proc, &r->row);
		TABLE_ADD(t->tasks, &r->row);
	}
	return s->last = r;
}

static void add_span(struct spending *s, struct totals_task *task, const struct span *span)
{
	uint64_t ns = span->end_ns - span->start_ns;

	if (ns < SPAN_LEAST_NS || s->nspans >= SPANS_MAX) {
		task->small[span->what] += ns;
		if (span->what == SPENT_PEER && span->wait)
			wait_peers_small(&task->small_peer, span->wait, ns);
		if (span->what == SPENT_FAULT && span->wait)
			wait_peers_small(&task->small_fault, span->wait, ns);
		return;
	}
	if (task->nspans == task->room) {
		task->room = task->room ? 2 * task->room : 8;
		task->spans = xrealloc(task->spans, task->room * sizeof(*task->spans));
	}
	if (span->wait && span->wait->turns) {
		struct totals_wait *w = span->wait;

		w->span_task = task;
		w->span_at = task->nspans;
	}
	task->spans[task->nspans++] = *span;
	task->all_ns += ns;
	s->nspans++;
}

/* The thread waited from start to end; never before what it did last ended. */
static void waited(struct spending *s, struct totals *t, struct totals_task *task, const struct span *span)
{
	uint64_t from = task->nspans ? task->spans[task->nspans - 1].end_ns : task->start_ns;
	uint64_t start = MAX(span->start_ns, from), end = span->end_ns;
	struct totals_wait *wait = span->wait;
	struct span kept;

	/* (of a fault it is known that it slept) */
	if (end <= start || (end - start < WAIT_LEAST_NS && span->what != SPENT_FAULT))
		return;
	if (wait)
		wait_peers_join(s->peers, t, wait);
	kept = *span;
	kept.start_ns = start;
	add_span(s, task, &kept);
	if (!wait)
		return;
	wait->several |= wait->proc != task->proc;
	wait_peers_count(wait, start, end - start, task->tid);
	if (wait->pipe_ns)
		*wait->pipe_ns = sum_of(*wait->pipe_ns, end - start);
	if (wait->conn)
		wait->conn->waited_ns = sum_of(wait->conn->waited_ns, end - start);
}

/* The thread whose end a futex waits for, by its id; 0: it is no pthread_join. */
static uint32_t joined_task(struct spending *s, const struct event *ev)
{
	uint32_t tid = ev->kind == EV_FUTEX ? futex_joins(ev->call) : 0;
	const struct task_row *r;

	r = tid ? thread_by_tid(s, (struct thread_key){ev->task->proc->id, tid}) : NULL;
	return r && r->row.id != ev->task->id ? r->row.id : 0;
}

/* ---- futexes ---- */

static enum spent judge(struct totals_wait *w)
{
	w->held = turns_lock(w->turns);
	return w->what = w->held ? SPENT_LOCK : SPENT_WAKE;
}

/* Who was woken may be out of its wait before the call that woke it has ended. */
static void woke_now(struct totals_wait *w, const struct event *ev)
{
	uint64_t ns = ev->call->enter_ns;
	struct span *last = w->span_task ? &w->span_task->spans[w->span_at] : NULL;

	w->woke_task = ev->task->id;
	w->woke_ns = ns;
	if (last && !last->other && last->start_ns <= ns && ns <= last->end_ns)
		last->other = ev->task->id;
}

/* What wakes no thread is of no futex that is waited for, most often. */
static void woke(struct spending *s, struct totals *t, const struct event *ev)
{
	const struct call *c = ev->call;
	struct subject sub = subject_of_futex(ev);
	struct totals_wait *w = c->ret > 0 ? wait_row(s->rows, t, ev, &sub) : wait_row_known(s->rows, ev, &sub);

	if (!w || c->err || c->unfinished)
		return;
	if (c->ret > 0) {
		tids_add(w->wakers, &w->nwakers, ARRAY_SIZE(w->wakers), ev->task->tid);
		woke_now(w, ev);
	}
	if (w->turns && futex_wakes_one(c)) {
		turns_woke(w->turns, ev->task->id, c->enter_ns);
		judge(w);
	}
}

/* A condition of glibc has two futexes, one behind the other, of which it uses one after the other; both with 0. */
static void find_condition(struct spending *s, const struct event *ev, const struct subject *sub,
			   struct totals_wait *w)
{
	struct subject beside = *sub;
	struct totals_wait *other;

	beside.addr ^= 4;
	other = wait_row_known(s->rows, ev, &beside);
	if (other && other->turns && other->turns->any && !other->turns->val) {
		w->turns->condition = other->turns->condition = true;
		judge(other);
	}
}

/* However short: who was woken may have a lock for long. */
static enum spent of_futex(struct spending *s, const struct event *ev, const struct subject *sub,
			   struct totals_wait *w)
{
	const struct call *c = ev->call;
	enum futex_sign sign = futex_sign(c);
	uint32_t val = (uint32_t)futex_use(c).val;

	if (!w || !w->turns)
		return sign == FUTEX_IS_LOCK || sign == FUTEX_MAY_LOCK ? SPENT_LOCK : SPENT_WAKE;
	if (!val && !w->turns->condition)
		find_condition(s, ev, sub, w);
	turns_waited(w->turns, sign, val, c->enter_ns, c->running ? ev->ts_ns + ev->dur_ns : c->exit_ns);
	if (futex_was_woken(c))
		turns_woken(w->turns, ev->task->id, c->exit_ns);
	return judge(w);
}

static void short_wait(struct spending *s, const struct event *ev)
{
	struct subject sub = subject_of_futex(ev);
	struct totals_wait *w = wait_row_known(s->rows, ev, &sub);

	if (w)
		of_futex(s, ev, &sub, w);
}

/* ---- events ---- */

/* Who last wrote into a pipe that was read from, or read from it. */
static uint32_t other_end(const struct totals *t, const struct subject *sub, struct totals_wait *w)
{
	const struct file *f = sub->what == SPENT_PIPE ? sub->file : NULL;

	if (w && f && f->peer_pid && f->peer_pid != w->peer_pid) {
		w->peer_pid = f->peer_pid;
		w->peer = totals_proc(t, f->peer_proc);
	}
	return f ? f->peer_proc : 0;
}

static uint32_t woken_by(const struct totals_wait *w, const struct call *c)
{
	return w && w->woke_task && w->woke_ns >= c->enter_ns && w->woke_ns <= c->exit_ns ? w->woke_task : 0;
}

static void call_event(struct spending *s, struct totals *t, const struct event *ev)
{
	const struct call *c = ev->call;
	uint64_t end = c->running ? ev->ts_ns + ev->dur_ns : c->exit_ns;
	struct subject sub = {0};
	struct task_row *r;
	struct span span;

	if (futex_wakes(ev)) {
		woke(s, t, ev);
		return;
	}
	if (!c->unfinished && (c->exit_ns < c->enter_ns || c->exit_ns - c->enter_ns < WAIT_LEAST_NS)) {
		if (ev->kind == EV_FUTEX && c->exit_ns >= c->enter_ns)
			short_wait(s, ev);
		return;
	}
	r = task_of(s, t, ev->task);
	if (!r || !subject_of(ev, joined_task(s, ev), &sub))
		return;
	child_ends_wait(s->ended, t, ev, &sub);
	span = (struct span){.start_ns = c->enter_ns, .end_ns = end, .wait = wait_row(s->rows, t, ev, &sub)};
	if (ev->kind == EV_FUTEX && sub.what == SPENT_LOCK)
		sub.what = of_futex(s, ev, &sub, span.wait);
	span.what = sub.what;
	span.endless = ev->kind == EV_FUTEX && futex_is_endless(c);
	if (c->unfinished && !c->running) { /* it ended in it */
		r->open = span;
		return;
	}
	span.start_ns -= MIN(ev->before_ns, c->enter_ns);
	span.woken = ev->kind == EV_FUTEX && futex_was_woken(c);
	span.other = ev->kind == EV_FUTEX ? woken_by(span.wait, c) : other_end(t, &sub, span.wait);
	waited(s, t, &r->row, &span);
}

static struct span stop_of(const struct task_row *r, uint64_t end_ns)
{
	return (struct span){.start_ns = r->stopped_ns, .end_ns = end_ns, .what = SPENT_STOPPED};
}

static void stopped(struct spending *s, struct totals *t, const struct event *ev)
{
	struct task_row *r = task_of(s, t, ev->task);
	struct span span;

	if (!r)
		return;
	if (ev->kind == EV_STOP && !r->stopped_ns)
		r->stopped_ns = ev->ts_ns;
	if (ev->kind == EV_CONT && r->stopped_ns) {
		span = stop_of(r, ev->ts_ns);
		waited(s, t, &r->row, &span);
		r->stopped_ns = 0;
	}
}

/* One that the thread slept in. */
static void faulted(struct spending *s, struct totals *t, const struct event *ev)
{
	struct task_row *r = task_of(s, t, ev->task);
	struct subject sub = subject_of_fault(ev);

	if (r)
		waited(s, t, &r->row,
		       &(struct span){.start_ns = ev->ts_ns,
				      .end_ns = ev->ts_ns + ev->dur_ns,
				      .wait = wait_row(s->rows, t, ev, &sub),
				      .what = SPENT_FAULT});
}

/* Older recordings have the process's times alone, those of children that it waited for among them. */
static void of_process(const struct totals *t, const struct task *task, struct totals_task *row)
{
	const struct totals_proc *p = totals_proc(t, task->proc->id);

	if (row->has_usage || !p || p->first_child || task->proc->nthreads_ever != 1)
		return;
	row->run_ns = task->proc->utime_ns + task->proc->stime_ns;
	row->has_usage = row->run_ns != 0;
}

static void ended(struct spending *s, struct totals *t, const struct task *task, uint64_t ts_ns)
{
	struct task_row *r = task_of(s, t, task);

	if (!r || r->row.end_ns)
		return;
	if (r->stopped_ns)
		r->open = stop_of(r, ts_ns);
	r->open.end_ns = ts_ns;
	if (r->open.start_ns)
		waited(s, t, &r->row, &r->open);
	r->row.end_ns = MAX(task->end_ns ? task->end_ns : ts_ns, r->row.start_ns);
	r->row.has_usage = task->has_usage;
	r->row.run_ns = task->run_ns;
	r->row.delay_ns = task->delay_ns;
	of_process(t, task, &r->row);
}

void spending_event(struct spending *s, struct totals *t, const struct event *ev)
{
	switch (ev->kind) {
	case EV_STOP:
	case EV_CONT:
		stopped(s, t, ev);
		return;
	case EV_EXIT:
		child_ends_add(s->ended, t, ev);
		ended(s, t, ev->task, ev->ts_ns);
		return;
	case EV_THREAD_EXIT:
	case EV_DETACH:
		ended(s, t, ev->task, ev->ts_ns);
		return;
	case EV_FORK:
	case EV_THREAD:
		if (ev->child && ev->child->proc)
			task_of(s, t, ev->child);
		break;
	case EV_ATTACH:
		task_of(s, t, ev->task);
		return;
	case EV_FAULT:
		faulted(s, t, ev);
		return;
	case EV_WAITING:
		return;
	default:
		break;
	}
	if (ev->call)
		call_event(s, t, ev);
}
