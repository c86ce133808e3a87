/* SPDX-License-Identifier: MIT */
/* What threads wait for: each wait as a span of its thread and in a row for what it was for. */
#include "analyze/spent.h"

#include <linux/sched.h>
#include <string.h>
#include <sys/socket.h>

#include "analyze/futex.h"
#include "analyze/share.h"
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
		[SPENT_THREAD] = "thread", [SPENT_LOCK] = "lock",	  [SPENT_FILE] = "file",
		[SPENT_PIPE] = "pipe",	   [SPENT_TERMINAL] = "terminal", [SPENT_SLEEP] = "sleep",
		[SPENT_SIGNAL] = "signal", [SPENT_EVENT] = "event",	  [SPENT_STOPPED] = "stopped",
		[SPENT_QUEUE] = "queue",   [SPENT_UNKNOWN] = "unknown",
	};

	return names[s];
}

/* What makes waits be for the same: on is what kind of number obj is. */
enum wait_on { ON_ID, ON_PATH };
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

struct spending {
	struct wait_row *waits;
	struct task_row *tasks, *last; /* by id */
	struct task_row *threads;      /* by process and tid: the newest that has it */
	unsigned nspans;
};

struct spending *spending_new(void)
{
	return xcalloc(1, sizeof(struct spending));
}

const struct totals_task *spending_task(const struct totals *t, uint32_t id)
{
	struct task_row *r;

	HASH_FIND(hh, t->index->spending->tasks, &id, sizeof(id), r);
	return r ? &r->row : NULL;
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

static void add_waiter(uint32_t *v, unsigned *n, unsigned max, uint32_t tid)
{
	for (unsigned i = 0; i < *n; i++)
		if (v[i] == tid)
			return;
	if (*n < max)
		v[(*n)++] = tid;
}

/* The thread waited from start to end; never before what it did last ended. */
static void waited(struct spending *s, struct totals_task *task, uint64_t start, uint64_t end, enum spent what,
		   struct totals_wait *wait)
{
	uint64_t from = task->nspans ? task->spans[task->nspans - 1].end_ns : task->start_ns;

	start = MAX(start, from);
	if (end < start || end - start < WAIT_LEAST_NS)
		return;
	add_span(s, task, &(struct span){start, end, wait, what});
	if (!wait)
		return;
	wait->n++;
	wait->ns = sum_of(wait->ns, end - start);
	if (wait->conn)
		wait->conn->waited_ns = sum_of(wait->conn->waited_ns, end - start);
	add_waiter(wait->waiters, &wait->nwaiters, ARRAY_SIZE(wait->waiters), task->tid);
	if (end - start > wait->longest_ns) {
		wait->longest_ns = end - start;
		wait->longest_at_ns = start;
	}
}

/* ---- for what ---- */

/* What a call waits for, as far as it is known. */
struct subject {
	enum spent what;
	const struct file *file;
	uint32_t target, obj;
	uint64_t addr;
	const char *path;
	uint32_t path_len;
};

static bool by_file(const struct file *f, struct subject *ret)
{
	static const uint8_t what[_FILE_KIND_MAX] = {
		[FILE_UNKNOWN] = SPENT_EVENT,  [FILE_REG] = SPENT_FILE,	     [FILE_DIR] = SPENT_FILE,
		[FILE_TTY] = SPENT_TERMINAL,   [FILE_DEV] = SPENT_FILE,	     [FILE_PIPE] = SPENT_PIPE,
		[FILE_SOCKET] = SPENT_PEER,    [FILE_MEMFD] = SPENT_FILE,    [FILE_EVENTFD] = SPENT_EVENT,
		[FILE_EPOLL] = SPENT_EVENT,    [FILE_TIMERFD] = SPENT_SLEEP, [FILE_SIGNALFD] = SPENT_SIGNAL,
		[FILE_INOTIFY] = SPENT_FILE,   [FILE_FANOTIFY] = SPENT_FILE, [FILE_PIDFD] = SPENT_CHILD,
		[FILE_IO_URING] = SPENT_EVENT, [FILE_ANON] = SPENT_EVENT,
	};

	if (!f)
		return false;
	*ret = (struct subject){.what = what[f->kind], .file = f, .obj = f->id};
	return true;
}

static bool is_join(struct spending *s, const struct event *ev, struct subject *ret)
{
	uint32_t tid = futex_joins(ev->call);
	const struct task_row *r;

	if (!tid)
		return false;
	r = thread_by_tid(s, (struct thread_key){ev->task->proc->id, tid});
	if (!r || r->row.id == ev->task->id)
		return false;
	*ret = (struct subject){.what = SPENT_THREAD, .target = r->row.id, .obj = r->row.id};
	return true;
}

static bool of_poll(const struct event *ev, struct subject *ret)
{
	if (ev->nwaited)
		return by_file(ev->waited[0].file, ret);
	*ret = (struct subject){.what = ev->call->ret ? SPENT_EVENT : SPENT_SLEEP};
	if (ev->file && ev->file->kind == FILE_EPOLL)
		ret->what = SPENT_EVENT;
	return true;
}

static bool of_file(const struct event *ev, struct subject *ret)
{
	if (ev->file)
		return by_file(ev->file, ret);
	*ret = (struct subject){.what = SPENT_FILE, .path = ev->path, .path_len = ev->path_len};
	return true;
}

/* Calls that the model has no kind of event for. */
static bool of_other(const struct event *ev, struct subject *ret)
{
	const struct syscall_spec *spec = ev->call->spec;

	switch (spec->effect) {
	case FX_LOCK:
		by_file(ev->file, ret);
		ret->what = SPENT_LOCK;
		return true;
	case FX_IO_URING:
		*ret = (struct subject){.what = SPENT_EVENT};
		return true;
	case FX_DIR:
	case FX_FSTAT:
		return by_file(ev->file, ret);
	case FX_CLONE:
	case FX_EXEC:
	case FX_EXIT:
		return false;
	default:
		break;
	}
	if (!(spec->groups & GRP_WAIT))
		return false;
	*ret = (struct subject){.what = spec->groups & GRP_SIGNAL ? SPENT_SIGNAL
					: spec->groups & GRP_IPC  ? SPENT_LOCK
								  : SPENT_EVENT};
	return true;
}

static bool subject_of(struct spending *s, const struct event *ev, struct subject *ret)
{
	switch (ev->kind) {
	case EV_FUTEX:
		if (is_join(s, ev, ret))
			return true;
		*ret = (struct subject){.what = SPENT_LOCK, .addr = ev->call->args[0].word};
		return true;
	case EV_SLEEP:
		*ret = (struct subject){.what = ev->call->spec->groups & GRP_TIME ? SPENT_SLEEP : SPENT_SIGNAL};
		return true;
	case EV_WAIT:
		*ret = (struct subject){.what = SPENT_CHILD, .target = ev->target_proc, .obj = ev->target_proc};
		return true;
	case EV_POLL:
		return of_poll(ev, ret);
	case EV_FORK:
		if (!ev->child || !ev->call || !ev->child->proc)
			return false;
		/* vfork returns when the child execs or ends */
		*ret = (struct subject){.what = SPENT_CHILD, .target = ev->child->proc->id, .obj = ev->child->proc->id};
		return ev->call->exit_ns > ev->call->enter_ns && ev->flags & CLONE_VFORK;
	case EV_CALL:
		return of_other(ev, ret);
	default:
		break;
	}
	switch ((enum category)event_info(ev->kind)->category) {
	case CAT_FILE:
	case CAT_NETWORK:
		return of_file(ev, ret);
	default:
		return false;
	}
}

/* ---- rows ---- */

static void describe(struct totals *t, const struct subject *sub, struct totals_wait *w)
{
	const struct file *f = sub->file;

	if (f && f->sock)
		w->conn = totals_conn_known(t, f->sock->now.id);
	if (f && f->kind == FILE_PIPE)
		w->peer_pid = f->peer_pid;
	if (f && f->name.len)
		w->name = totals_keep(t, f->name.s, f->name.len);
	else if (sub->path)
		w->name = totals_keep(t, sub->path, sub->path_len);
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

static struct totals_wait *row_of(struct spending *s, struct totals *t, const struct event *ev,
				  const struct subject *sub)
{
	struct wait_key key;
	struct wait_row *r;

	memset(&key, 0, sizeof(key)); /* hashed as bytes */
	key.proc = ev->task->proc->id;
	key.what = (uint16_t)sub->what;
	key.obj = sub->obj;
	if (!key.obj && sub->path) {
		key.on = ON_PATH;
		key.obj = path_hash(sub->path, sub->path_len);
	}
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
	r->row = (struct totals_wait){.what = sub->what, .proc = key.proc, .target = sub->target, .addr = sub->addr};
	describe(t, sub, &r->row);
	HASH_ADD(hh, s->waits, key, sizeof(key), r);
	TABLE_ADD(t->waits, &r->row);
	return &r->row;
}

/* Who wakes those that wait: only where every call is traced. */
static void woke(struct spending *s, struct totals *t, const struct event *ev)
{
	struct subject sub = {.what = SPENT_LOCK, .addr = ev->call->args[0].word};
	struct totals_wait *w = ev->call->ret > 0 ? row_of(s, t, ev, &sub) : NULL;

	if (w)
		add_waiter(w->wakers, &w->nwakers, ARRAY_SIZE(w->wakers), ev->task->tid);
}

/* ---- events ---- */

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
	if (!r || !subject_of(s, ev, &sub))
		return;
	w = row_of(s, t, ev, &sub);
	if (w && ev->kind == EV_FUTEX && futex_locks(c))
		w->held = true;
	if (c->unfinished && !c->running) { /* it ended in it */
		r->open_ns = c->enter_ns;
		r->open_what = sub.what;
		r->open_wait = w;
		return;
	}
	waited(s, &r->row, c->enter_ns - MIN(ev->before_ns, c->enter_ns), end, sub.what, w);
}

static void stopped(struct spending *s, struct totals *t, const struct event *ev)
{
	struct task_row *r = task_of(s, t, ev->task);

	if (!r)
		return;
	if (ev->kind == EV_STOP && !r->stopped_ns)
		r->stopped_ns = ev->ts_ns;
	if (ev->kind == EV_CONT && r->stopped_ns) {
		waited(s, &r->row, r->stopped_ns, ev->ts_ns, SPENT_STOPPED, NULL);
		r->stopped_ns = 0;
	}
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
		waited(s, &r->row, r->stopped_ns, ts_ns, SPENT_STOPPED, NULL);
	else if (r->open_ns)
		waited(s, &r->row, r->open_ns, ts_ns, r->open_what, r->open_wait);
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
	case EV_WAITING:
		return;
	default:
		break;
	}
	if (ev->call)
		call_event(s, t, ev);
}
