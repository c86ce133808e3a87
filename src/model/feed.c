/* SPDX-License-Identifier: MIT */
/* One item in, a handful of events out. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "model/effect.h"
#include "model/emit.h"
#include "model/exec.h"
#include "model/exit.h"
#include "model/fact.h"
#include "model/fdtab.h"
#include "model/file.h"
#include "model/fork.h"
#include "model/mm.h"
#include "model/namespace.h"
#include "model/path.h"
#include "model/restore.h"
#include "model/signal.h"
#include "model/stack.h"
#include "model/strings.h"
#include "model/task.h"

/* The first call of a thread that was found in one is that call, or it was not recorded. */
static void join_found(struct tnode *t, struct event *ev)
{
	const struct call *c = ev->call;

	ev->found = t->found.arch == c->arch && t->found.nr == c->nr;
	if (ev->found && t->found.since_ns && t->found.since_ns < c->enter_ns)
		ev->before_ns = c->enter_ns - t->found.since_ns;
	t->found.set = ev->found && c->restarted;
}

/* Closes and opens were not captured, and its number belongs to something else by now (-e of calls that take sockets).
 */
static void forget_reused(struct fx *x)
{
	const struct file *f =
		x->ev->err == ENOTSOCK || x->ev->err == EBADF ? task_file(x->t, (int)x->c->args[0].word) : NULL;

	if (f && f->kind == FILE_SOCKET && x->c->spec->args[0].type == ARG_FD && x->c->spec->groups & GRP_NET)
		fdtab_drop(x->w, x->t->fds, (int)x->c->args[0].word);
}

static void feed_call(struct world *w, const struct item *item)
{
	const struct call *c = &item->call;
	struct call cut;
	uint64_t before_ns = 0;
	const struct record *h = item->head;
	struct tnode *t = task_find(w, h->tid);

	/* An exec by a thread that is not the leader: its record may still carry the number it had. */
	if (!t && c->spec->effect == FX_EXEC && !c->err)
		t = task_find(w, h->pid);
	if (!t || t->dead)
		t = task_get(w, h->pid, h->tid, h->ts_ns);
	if (c->enter_ns < w->start_ns && w->mode & START_SNAPSHOT) {	/* it was in it when the recording begins */
		cut = *c;
		before_ns = w->start_ns - c->enter_ns;
		cut.enter_ns = w->start_ns;
		c = &cut;
	}

	const struct effect_row *row = effect_row(c->spec->effect);
	struct event ev = event_at(c->enter_ns, t, row->kind);
	struct fx x = { .w = w, .tn = t, .t = &t->t, .p = pnode_of(t->t.proc), .c = c, .ev = &ev };

	set_current(w, &x.p->p);
	ev.call = c;
	ev.dur_ns = MAX(c->exit_ns, c->until_ns) > c->enter_ns ? MAX(c->exit_ns, c->until_ns) - c->enter_ns : 0;
	ev.before_ns = before_ns;
	t->edge_ns = MAX(c->enter_ns, c->exit_ns);
	ev.stack = stack_take(w, t, item->call.enter_ns);
	if (t->found.set)
		join_found(t, &ev);
	x.has_ret = !c->no_exit && !c->unfinished;
	ev.err = x.has_ret ? c->err : 0;
	x.ok = x.has_ret ? !c->err && !c->restarted : c->no_exit && !c->unfinished;
	forget_reused(&x);
	if (c->facts)
		fx_facts_before(&x);
	if (row->apply)
		row->apply(&x);
	if (c->facts)
		fx_facts(&x);
	world_emit(w, &ev);
	if (w->dying)
		file_reap(w, c->exit_ns ? c->exit_ns : c->enter_ns, t);
}

static const struct part *part(const struct item *item, enum chunk_part kind)
{
	return parts_find(item->parts, item->nparts, -1, kind, 0);
}

static void feed_waiting(struct world *w, const struct item *item)
{
	const struct record_waiting *r = item->waiting;
	struct tnode *t = task_find(w, r->h.tid);

	if (!t || t->dead)
		return;

	struct event ev = event_at(r->h.ts_ns, t, EV_WAITING);
	const struct effect_row *row = effect_row(item->call.spec->effect);
	struct fx x = { .w = w, .tn = t, .t = &t->t, .p = pnode_of(t->t.proc), .c = &item->call, .ev = &ev };
	const struct part *who = part(item, r->how == WAITING_CALL ? PART_HOLDER : PART_WCHAN);

	if (r->how == WAITING_CALL) {
		ev.call = x.c;
		if (row->apply)
			row->apply(&x);
		ev.kind = EV_WAITING;
		ev.flags = 0;
		t->found.set = true;
		t->found.arch = x.c->arch;
		t->found.nr = x.c->nr;
		t->found.since_ns = r->since_ns;
	}
	if (r->how == WAITING_UNREADABLE)
		ev.flags = EXEC_UNREADABLE;
	ev.before_ns = r->since_ns && r->since_ns < r->h.ts_ns ? r->h.ts_ns - r->since_ns : 0;
	if (who) {
		ev.text = who->bytes;
		ev.text_len = who->len;
	}
	world_emit(w, &ev);
}

static void feed_start(struct world *w, const struct item *item)
{
	const struct record_start *r = item->start;
	struct event ev = event_at(r->h.ts_ns, NULL, EV_START);

	w->start_ns = r->h.ts_ns;
	w->mode = r->mode;
	if (r->page_size >= 4096 && r->page_size <= 1u << 20 && !(r->page_size & (r->page_size - 1)))
		w->page_size = r->page_size;
	ev.flags = r->mode;
	world_emit(w, &ev);
}

static void feed_task(struct world *w, const struct item *item)
{
	const struct record_task *r = item->task;
	struct tnode *t = task_find(w, r->h.tid);
	bool new = !t;

	if (!t)
		t = task_adopt(w, r->h.pid, r->h.tid, r->start_ns ? r->start_ns : r->h.ts_ns);
	else if (t->dead)
		t = task_get(w, r->h.pid, r->h.tid, r->h.ts_ns);

	struct proc *p = t->t.proc;
	const struct part *s;

	set_current(w, p);
	t->t.ns_tid = r->ns_tid;
	if (!t->t.is_thread && r->ns_tid == 1 && r->h.tid != 1)
		namespace_begin(pnode_of(p));
	if ((s = part(item, PART_ROOT)))
		bytes_set(&t->t.fs->root, s->bytes, s->len);
	if ((s = part(item, PART_CWD))) {
		bytes_inside(&t->t.fs->cwd, &t->t.fs->root, s->bytes, s->len);
		if (!p->cwd0.s)
			bytes_inside(&p->cwd0, &t->t.fs->root, s->bytes, s->len);
	}
	if ((s = part(item, PART_COMM)))
		comm_set(t, s->bytes, s->len);
	if (!t->t.is_thread || !p->exe.s) {
		struct pnode *parent = proc_find(w, r->ppid);

		if ((s = part(item, PART_EXE)))
			bytes_inside(&p->exe, &t->t.fs->root, s->bytes, s->len);
		if (part(item, PART_ARGV))
			proc_strings(p, strings_new(item->parts, item->nparts, PART_ARGV));
		if (r->brk)
			p->mm->brk_start = p->mm->brk = r->brk;	/* where it begins; the map tells where it is now */
		if (new && r->ppid && !p->parent && parent != pnode_of(p))
			proc_set_parent(pnode_of(p), parent, r->ppid);
	}
	if (!new)
		return;
	p->nexecs = MAX(p->nexecs, r->nexecs);
	if (w->mode & START_COMMAND && !(w->mode & START_SNAPSHOT)) { /* the command's own first process: we made it */
		p->attached = false;
		return;
	}

	struct event ev = event_at(r->h.ts_ns, t, EV_ATTACH);

	world_emit(w, &ev);
}

/* Snapshots speak of the process; its leader may have ended. */
static struct tnode *some_task(struct world *w, const struct record *h)
{
	struct pnode *p = proc_find(w, h->pid);

	for (struct tnode *t = p ? p->threads : NULL; t; t = t->next)
		if (!t->dead)
			return t;
	return task_get(w, h->pid, h->tid, h->ts_ns);
}

static void feed_fd(struct world *w, const struct item *item)
{
	const struct record_fd *r = item->fd;
	struct tnode *t = some_task(w, &r->h);
	const struct part *sock = part(item, PART_SOCK), *more = part(item, PART_FACT), *file = part(item, PART_FILE);
	struct record_fact fact = {
		.fd = r->fd, .mode = r->mode, .open_flags = r->open_flags, .pos = r->pos, .dev = r->dev, .ino = r->ino
	};
	struct file *f;

	if (more) {
		fact.rdev = ((const struct record_fact *)(const void *)more->bytes)->rdev;
		fact.pid = ((const struct record_fact *)(const void *)more->bytes)->pid;
	}
	set_current(w, t->t.proc);
	if (file)
		f = file_restore(w, (const void *)file->bytes, r->fd, part(item, PART_PATH),
				 sock ? (const void *)sock->bytes : NULL, &t->t.fs->root);
	else
		f = fact_file(w, &(struct fact){&fact, part(item, PART_PATH), sock ? (const void *)sock->bytes : NULL},
			      &t->t.fs->root);
	fdtab_set(w, t->t.fds, r->fd, f, r->h.flags & FD_CLOEXEC_SET, 0);
	file_reap(w, r->h.ts_ns, t);
}

static void feed_map(struct world *w, const struct item *item)
{
	const struct record_map *r = item->map;
	const struct tnode *t = some_task(w, &r->h);
	struct proc *p = t->t.proc;
	struct event ev = event_at(r->h.ts_ns, t, EV_MEMORY_SNAPSHOT);
	const struct part *name = part(item, PART_PATH);
	const char *path = name ? name->bytes : NULL;
	uint32_t path_len = name ? name->len : 0;
	struct mm *mm = p->mm;

	path_inside(&t->t.fs->root, &path, &path_len);

	if (r->h.flags & MAP_FIRST) {
		mm_clear(w, mm);
		mm->incomplete = false;
	}
	if (r->kind == MAP_KIND_HEAP && (!mm->brk_start || r->end >= mm->brk)) {
		if (!mm->brk_start)
			mm->brk_start = r->start;
		mm->brk = r->end;	/* to the page */
		ev.delta = (int64_t)(mm->brk - mm->brk_start - mm->heap);
		mm->heap = mm->brk - mm->brk_start;
	}
	if (r->end <= r->start)
		return;
	/* What a running program had mapped itself: all but what exec gives. */
	bool own = w->mode & START_SNAPSHOT ? r->h.flags & MAP_COUNTED :
		   p->attached && !p->nexecs && r->kind == MAP_KIND_PLAIN &&
			   !(path_len && p->exe.len == path_len && memcmp(p->exe.s, path, path_len) == 0);

	uint64_t mapped = mm->mapped;

	mm_snapshot(w, mm,
		    &(struct mm_map){ .start = r->start,
				      .len = r->end - r->start,
				      .offset = r->offset,
				      .prot = r->prot,
				      .flags = r->flags & (MAP_SHARED | MAP_PRIVATE),
				      .kind = (uint8_t)MIN(r->kind, (unsigned)MAP_KIND_SPECIAL),
				      .counted = own,
				      .path = path,
				      .path_len = path_len,
				      .dev = r->dev,
				      .ino = r->ino });
	ev.nbytes = mm->mapped > mapped ? mm->mapped - mapped : 0;
	if (p->attached && (!p->nexecs || w->mode & START_SNAPSHOT) && (ev.nbytes || ev.delta))
		world_emit(w, &ev);
}

static void feed_stop(struct world *w, const struct item *item)
{
	const struct record_stop *r = item->stop;
	struct tnode *t = task_get(w, r->h.pid, r->h.tid, r->h.ts_ns);
	struct event ev = event_at(r->h.ts_ns, t, r->h.flags & RECORD_STOP_CONT ? EV_CONT : EV_STOP);

	ev.signo = r->signo;
	if (!(r->h.flags & RECORD_STOP_GROUP)) {
		world_emit(w, &ev);
		return;
	}
	for (t = pnode_of(t->t.proc)->threads; t; t = t->next) {
		if (t->dead || t->stopped == (ev.kind == EV_STOP))
			continue;
		t->stopped = !t->stopped;
		ev.task = &t->t;
		world_emit(w, &ev);
	}
}

static void feed_lost(struct world *w, const struct item *item)
{
	const struct record_lost *r = item->lost;
	const struct part *why = part(item, PART_TEXT);
	struct event ev = event_at(r->h.ts_ns, r->h.tid ? task_find(w, r->h.tid) : NULL, EV_LOST);

	ev.count = r->count;
	if (why) {
		ev.text = why->bytes;
		ev.text_len = why->len;
	}
	world_emit(w, &ev);
}

/*
 * A thread sleeps in a page fault, or in what it did before: a call, a stop of the tracer's, its beginning.  What began
 * before the end of one of these is no sleep of the fault.
 */
static void slept(const struct item *item, struct event *ev)
{
	const struct record_fault_wait *r = item->kind == RECORD_FAULT_WAIT ? item->fault_wait : NULL;
	struct tnode *t = ev->task ? tnode_of(ev->task) : NULL;

	if (r && t && t->edge_ns && r->since_ns >= t->edge_ns && r->since_ns < r->f.h.ts_ns) {
		ev->ts_ns = r->since_ns;
		ev->dur_ns = MIN(r->wait_ns, r->f.h.ts_ns - r->since_ns);
	}
	if (t)
		t->edge_ns = item->head->ts_ns;
}

/* The details are in ev.item; what is common to all events is filled in. */
static void feed_kernel(struct world *w, const struct item *item)
{
	struct event ev = event_at(item->head->ts_ns, item->head->tid ? task_find(w, item->head->tid) : NULL, EV_SCHED);

	/*
	 * Before its first exec the process of the command is still a copy of compendium.  It runs while it waits to be
	 * let go: the other sources may see it before the first record that names it.
	 */
	if (!world_ntasks_ever(w))
		return;
	if (ev.task && w->mode & START_COMMAND && !ev.task->proc->parent && !ev.task->proc->nexecs)
		return;
	switch (item->kind) {
	case RECORD_SCHED:
		ev.dur_ns = item->sched->delay_ns;
		ev.sender_pid = item->sched->waker_pid;
		break;
	case RECORD_BLOCK:
		ev.kind = EV_BLOCK;
		ev.dur_ns = item->block->queue_ns + item->block->device_ns;
		ev.nbytes = item->block->nbytes;
		ev.err = item->block->err < 0 ? -item->block->err : 0;
		break;
	default:
		ev.kind = EV_FAULT;
		slept(item, &ev);
		ev.addr = item->fault->addr;
		ev.nbytes = w->page_size << MIN(item->head->flags >> FAULT_ORDER_SHIFT, FAULT_ORDER_MAX);
		if (ev.task && ev.task->proc->mm)
			ev.region = mm_find(ev.task->proc->mm, ev.addr);
		if (ev.region) {
			ev.prot = ev.region->prot;
			ev.path = ev.region->path.s;
			ev.path_len = ev.region->path.len;
		}
		break;
	}
	/* of a thread that has ended meanwhile, or of none that is known: only counted */
	world_emit(w, &ev);
}

/* It grows a little from the look to the exec, which sees it exactly; /proc counts by CPU, and not all of it. */
enum { RSS_SLACK = 1 << 20, RSS_SLACK_PART = 16 };

/* A child between vfork and exec, or as one of clone(CLONE_VM), has its parent's memory and none of its own. */
static void feed_own_rss(struct proc *proc, uint64_t rss)
{
	if (!rss || (proc->mm && proc->mm->refs > 1))
		return;
	proc->rss_peak = MAX(proc->rss_peak, rss);
	proc->rss_own = true;
}

static void feed_usage(struct world *w, const struct item *item)
{
	const struct record_usage *r = item->usage;
	struct tnode *t = task_find(w, r->h.tid);

	if (!t)
		return;
	if (r->h.flags & USAGE_BEFORE) {
		t->run_before_ns = r->run_ns;
		t->delay_before_ns = r->delay_ns;
		t->t.proc->rss_before = MAX(t->t.proc->rss_before, r->rss);
		return;
	}
	t->t.has_usage = true;
	t->t.run_ns = r->run_ns - MIN(r->run_ns, t->run_before_ns);
	t->t.delay_ns = r->delay_ns - MIN(r->delay_ns, t->delay_before_ns);
	if (r->h.flags & USAGE_OWN)
		feed_own_rss(t->t.proc, r->rss);
	/* what it had before is the tracer's, of which the child became the command */
	else if (r->rss > t->t.proc->rss_before + t->t.proc->rss_before / RSS_SLACK_PART + RSS_SLACK ||
	    t->t.proc->attached)
		t->t.proc->rss_peak = MAX(t->t.proc->rss_peak, r->rss);
}

/* Whether this is about one more task, where there are as many as are followed. */
static bool is_too_many(struct world *w, const struct record *head)
{
	return HASH_COUNT(w->tasks) >= TASKS_MAX && head->tid && !task_find(w, head->tid);
}

static void feed_dropped(struct world *w, uint64_t ts_ns)
{
	const char *why = event_lost_reason(LOST_TASKS);
	struct event ev = event_at(ts_ns, NULL, EV_LOST);

	if (!w->ndropped)
		return;
	ev.count = w->ndropped;
	ev.text = why;
	ev.text_len = (uint32_t)strlen(why);
	world_emit(w, &ev);
}

static void keep_edge(struct world *w, const struct record *h)
{
	struct tnode *t = task_find(w, h->tid);

	if (t)
		t->edge_ns = MAX(t->edge_ns, h->ts_ns);
}

void world_feed(struct world *w, const struct item *item)
{
	struct event ev;

	w->item = item;
	if (is_too_many(w, item->head)) {
		w->ndropped++;
		return;
	}
	switch (item->kind) {
	case RECORD_CALL: feed_call(w, item); break;
	case RECORD_START: feed_start(w, item); break;
	case RECORD_FORK: proc_fork(w, item); break;
	case RECORD_EXEC: proc_exec(w, item); break;
	case RECORD_EXIT: proc_exit(w, item->exit); break;
	case RECORD_SIGNAL: signal_reached(w, item); break;
	case RECORD_PLACE: signal_place(w, item); break;
	case RECORD_CODE: signal_code(w, item); break;
	case RECORD_STACK: stack_came(w, item); break;
	case RECORD_STOP: feed_stop(w, item); break;
	case RECORD_TASK: feed_task(w, item); break;
	case RECORD_FD: feed_fd(w, item); break;
	case RECORD_MAP: feed_map(w, item); break;
	case RECORD_WAITING: feed_waiting(w, item); break;
	case RECORD_LOST: feed_lost(w, item); break;
	case RECORD_SCHED: case RECORD_BLOCK: case RECORD_FAULT: case RECORD_FAULT_WAIT:
		feed_kernel(w, item);
		break;
	case RECORD_USAGE: feed_usage(w, item); break;
	case RECORD_DETACH: proc_detach(w, item->head); break;
	case RECORD_COUNTS:
		ev = event_at(item->head->ts_ns, NULL, EV_COUNTS);
		world_emit(w, &ev);
		break;
	case RECORD_END:
		feed_dropped(w, item->head->ts_ns);
		ev = event_at(item->head->ts_ns, NULL, EV_END);
		ev.status = item->end->status;
		ev.flags = item->head->flags;
		world_emit(w, &ev);
		break;
	default:
		break;
	}
	if (item->kind == RECORD_SIGNAL || item->kind == RECORD_STOP || item->kind == RECORD_EXEC)
		keep_edge(w, item->head);
	if (w->dying)
		file_reap(w, item->head->ts_ns, task_find(w, item->head->tid));
	if (w->scratch_used) {
		arena_reset(&w->scratch);
		w->scratch_used = false;
	}
}
