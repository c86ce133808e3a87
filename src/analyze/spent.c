/* SPDX-License-Identifier: MIT */
/* What threads wait for: each wait as a span of its thread and in a row for what it was for. */
#include "analyze/spent.h"

#include <string.h>
#include <sys/socket.h>

#include "analyze/child_ends.h"
#include "analyze/futex.h"
#include "analyze/peers.h"
#include "analyze/share.h"
#include "analyze/subject.h"
#include "analyze/totals_index.h"
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

/* What makes waits be for the same: on is what kind of number obj is. */
enum wait_on { ON_ID, ON_PATH, ON_SEMAPHORES };
struct wait_key {
	uint32_t proc;
	uint16_t what, on;
	uint64_t obj, addr;
};
struct wait_row {
	struct totals_wait row;
	struct wait_key key;
	UT_hash_handle hh;
};
struct thread_key {
	uint32_t proc, tid;
};
struct task_row {
	struct totals_task row;
	struct thread_key key;
	uint64_t open_ns; /* in a wait whose end was not seen since, 0: in none */
	enum spent open_what;
	struct totals_wait *open_wait;
	uint64_t stopped_ns;
	UT_hash_handle hh, hh_tid;
};
/* An end of a pipe. */
struct pipe_row {
	uint32_t file;
	uint64_t ns;
	UT_hash_handle hh;
};

struct spending {
	struct wait_peers *peers;
	struct wait_row *waits;
	struct pipe_row *pipes; /* by file */
	struct child_ends *ended;
	struct task_row *tasks, *last; /* by id */
	struct task_row *threads;      /* by process and tid: the newest that has it */
	unsigned nspans;
};

struct spending *spending_new(void)
{
	struct spending *s = xcalloc(1, sizeof(*s));

	s->peers = wait_peers_new();
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
	struct pipe_row *r;

	HASH_FIND(hh, t->index->spending->pipes, &file, sizeof(file), r);
	return r ? r->ns : 0;
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
	HASH_CLEAR(hh, s->waits);
	HASH_CLEAR(hh, s->pipes);
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

	/* (of a fault it is known that it slept) */
	if (end <= start || (end - start < WAIT_LEAST_NS && span->what != SPENT_FAULT))
		return;
	if (wait)
		wait_peers_join(s->peers, t, wait);
	add_span(s, task, &(struct span){start, end, wait, span->what, span->other});
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

/* ---- rows ---- */

/* It is made with a row of what was waited for, and so bounded as these are. */
static uint64_t *pipe_ns(struct spending *s, struct totals *t, uint32_t file)
{
	struct pipe_row *r;

	HASH_FIND(hh, s->pipes, &file, sizeof(file), r);
	if (!r) {
		r = arena_alloc(&t->index->arena, sizeof(*r));
		*r = (struct pipe_row){.file = file};
		HASH_ADD(hh, s->pipes, file, sizeof(file), r);
	}
	return &r->ns;
}

static void describe(struct spending *s, struct totals *t, const struct subject *sub, struct totals_wait *w)
{
	const struct file *f = sub->file;

	if (f && f->sock)
		w->conn = totals_conn_known(t, f->sock->now.id);
	if (f && f->kind == FILE_PIPE) {
		w->pipe_ns = pipe_ns(s, t, f->id);
	}
	if (f && f->name.len)
		w->name = totals_keep(t, f->name.s, f->name.len);
	else if (sub->path)
		w->name = totals_keep(t, sub->path, sub->path_len);
	if (f && f->kind == FILE_PIDFD)
		w->target_pid = f->target_pid;
	if (sub->what == SPENT_CHILD && sub->target)
		w->target_proc = totals_proc(t, sub->target);
}

static uint64_t path_hash(const char *s, uint32_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (uint32_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3; /* FNV-1a */
	return h;
}

/* However often it is opened, it is one thing to wait for: a long run has no row for each time. */
static bool has_path(const struct file *f)
{
	return f && f->kind != FILE_PIPE && f->kind != FILE_SOCKET && f->name.len && f->name.s[0] == '/';
}

static struct totals_wait *row_of(struct spending *s, struct totals *t, const struct event *ev,
				  const struct subject *sub)
{
	struct wait_key key;
	struct wait_row *r;

	memset(&key, 0, sizeof(key)); /* hashed as bytes */
	key.proc = ev->task->proc->id;
	key.what = (uint16_t)sub->what;
	key.obj = sub->obj;
	if (has_path(sub->file)) {
		key.on = ON_PATH;
		key.obj = path_hash(sub->file->name.s, sub->file->name.len);
	} else if (!key.obj && sub->path) {
		key.on = ON_PATH;
		key.obj = path_hash(sub->path, sub->path_len);
	}
	if (sub->semaphores)
		key.on = ON_SEMAPHORES;
	if (sub->shared) /* of whatever process */
		key.proc = 0;
	key.addr = sub->addr;
	if (sub->file && sub->file->sock && sub->file->sock->now.id) /* one that is connected anew has another peer */
		key.addr = sub->file->sock->now.id;
	HASH_FIND(hh, s->waits, &key, sizeof(key), r);
	if (r)
		return &r->row;
	if (totals_full(t, t->waits.n))
		return NULL;
	r = arena_alloc(&t->index->arena, sizeof(*r));
	r->key = key;
	r->row = (struct totals_wait){.what = sub->what,
				      .proc = ev->task->proc->id,
				      .target = sub->target,
				      .addr = sub->addr,
				      .shared = sub->shared,
				      .semaphores = sub->semaphores,
				      .held = sub->semaphores,
				      .semid = sub->semaphores ? sub->obj : 0};
	describe(s, t, sub, &r->row);
	HASH_ADD(hh, s->waits, key, sizeof(key), r);
	TABLE_ADD(t->waits, &r->row);
	return &r->row;
}

/* Who wakes those that wait: only where every call is traced. */
static void woke(struct spending *s, struct totals *t, const struct event *ev)
{
	struct subject sub = subject_of_futex(ev);
	struct totals_wait *w = ev->call->ret > 0 ? row_of(s, t, ev, &sub) : NULL;

	if (w)
		tids_add(w->wakers, &w->nwakers, ARRAY_SIZE(w->wakers), ev->task->tid);
}

/* One that was ever waited for as a lock is one: others wait for it in other ways, too. */
static enum spent of_futex(struct totals_wait *w, bool locks)
{
	if (w) {
		w->held |= locks;
		w->what = w->held ? SPENT_LOCK : SPENT_WAKE;
	}
	return locks || (w && w->held) ? SPENT_LOCK : SPENT_WAKE;
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

static void call_event(struct spending *s, struct totals *t, const struct event *ev)
{
	const struct call *c = ev->call;
	uint64_t end = c->running ? ev->ts_ns + ev->dur_ns : c->exit_ns;
	struct subject sub = {0};
	struct totals_wait *w;
	struct task_row *r;

	if (futex_wakes(ev)) {
		woke(s, t, ev);
		return;
	}
	if (!c->unfinished && (c->exit_ns < c->enter_ns || c->exit_ns - c->enter_ns < WAIT_LEAST_NS))
		return;
	r = task_of(s, t, ev->task);
	if (!r || !subject_of(ev, joined_task(s, ev), &sub))
		return;
	child_ends_wait(s->ended, ev, &sub);
	w = row_of(s, t, ev, &sub);
	if (ev->kind == EV_FUTEX && sub.what == SPENT_LOCK)
		sub.what = of_futex(w, futex_locks(c));
	if (c->unfinished && !c->running) { /* it ended in it */
		r->open_ns = c->enter_ns;
		r->open_what = sub.what;
		r->open_wait = w;
		return;
	}
	waited(s, t, &r->row,
	       &(struct span){c->enter_ns - MIN(ev->before_ns, c->enter_ns), end, w, sub.what, other_end(t, &sub, w)});
}

static void stopped(struct spending *s, struct totals *t, const struct event *ev)
{
	struct task_row *r = task_of(s, t, ev->task);

	if (!r)
		return;
	if (ev->kind == EV_STOP && !r->stopped_ns)
		r->stopped_ns = ev->ts_ns;
	if (ev->kind == EV_CONT && r->stopped_ns) {
		waited(s, t, &r->row, &(struct span){r->stopped_ns, ev->ts_ns, NULL, SPENT_STOPPED, 0});
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
		       &(struct span){ev->ts_ns, ev->ts_ns + ev->dur_ns, row_of(s, t, ev, &sub), SPENT_FAULT, 0});
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
		waited(s, t, &r->row, &(struct span){r->stopped_ns, ts_ns, NULL, SPENT_STOPPED, 0});
	else if (r->open_ns)
		waited(s, t, &r->row, &(struct span){r->open_ns, ts_ns, r->open_wait, r->open_what, 0});
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
