/* SPDX-License-Identifier: MIT */
/* How threads and processes end, and who gets the children. */
#include <string.h>
#include <sys/wait.h>

#include "model/emit.h"
#include "model/exit.h"
#include "model/file.h"
#include "model/gone.h"
#include "model/mm.h"
#include "model/namespace.h"
#include "model/strings.h"
#include "model/task.h"
#include "model/world.h"

static void proc_free(struct world *w, struct pnode *p)
{
	if (p->p.mm)
		mm_unref(w, p->p.mm);
	bytes_done(&p->p.comm);
	bytes_done(&p->p.exe);
	bytes_done(&p->p.cwd0);
	strings_unref(p->p.args);
	free(p->ended);
	free(p);
}

static void task_free(struct world *w, struct tnode *t)
{
	struct pnode *p = pnode_of(t->t.proc);

	task_tables_done(w, t);
	if (w->last == t)
		w->last = NULL;
	HASH_DEL(w->tasks, t);
	DL_DELETE(p->threads, t);
	p->p.refs--;
	bytes_done(&t->t.comm);
	bytes_done(&t->place.file);
	bytes_done(&t->place.symbol);
	free(t);
}

/*
 * Orphans go to the nearest ancestor that asked for them (PR_SET_CHILD_SUBREAPER, or init of a pid namespace), else out
 * of the trace.
 */
static void reparent(struct pnode *p)
{
	struct pnode *reaper = p->up, *child, *tmp;

	while (reaper && !reaper->p.reaper)
		reaper = reaper->up;
	DL_FOREACH_SAFE(p->children, child, tmp) {
		proc_unlink(child);
		proc_link(child, reaper);
		if (!reaper)
			child->p.ppid = 1;
	}
}

static void remember_ended(struct pnode *parent, const struct pnode *p)
{
	if (!parent->ended)
		parent->ended = xcalloc(ENDED_MAX, sizeof(*parent->ended));
	if (parent->nended == ENDED_MAX) {
		parent->nended--;
		memmove(parent->ended, parent->ended + 1, parent->nended * sizeof(*parent->ended));
	}
	parent->ended[parent->nended++] = (struct ended){
		p->p.pid, p->threads ? namespace_number_for(parent, p->threads) : 0, p->p.id, p->p.status
	};
}

/* The last thread is gone.  reported: with an event. */
static void proc_end(struct world *w, struct pnode *p, struct tnode *last, uint64_t ts_ns, bool reported)
{
	struct tnode *t = p->threads && !p->threads->t.is_thread ? p->threads : last;

	if (reported) {
		struct event ev = event_at(ts_ns, t, EV_EXIT);

		p->p.end_ns = ts_ns;
		ev.status = p->p.status;
		ev.init = p->pidns == p->p.id ? 0 : p->pidns;
		if (WIFSIGNALED(ev.status) && WTERMSIG(ev.status) == SIGSYS) {
			ev.forbidden = p->refused.call;
			ev.ip = p->refused.call ? p->refused.ip : 0;
		}
		world_emit(w, &ev);
		if (p->up)
			remember_ended(p->up, p);
		proc_gone(w, p, t);
	}
	for (struct tnode *o = p->threads; o; o = o->next)
		task_tables_done(w, o);
	file_reap(w, ts_ns, reported ? t : NULL);
	while (p->threads)
		task_free(w, p->threads);
	reparent(p);
	proc_unlink(p);
	HASH_DEL(w->procs, p);
	proc_free(w, p);
}

/*
 * What wait(2) gives for the process: the group's status after exit_group or a fatal signal, else the leader's own.
 * Where the calls were not seen, a thread's end with a status that no exit(2) of its own gave is the group's.
 */
static int proc_status(const struct pnode *p, const struct tnode *t, int status)
{
	if (WIFSIGNALED(status))
		return status;
	if (p->group_exit)
		return p->group_status;
	if (!p->leader_ended || !t->t.is_thread || p->leader_status < 0)
		return t->t.is_thread && p->leader_status >= 0 ? p->leader_status : status;
	return !t->exiting && status != 0 ? status : p->leader_status;
}

void task_ended(struct world *w, struct tnode *t, uint64_t ts_ns, int status)
{
	struct pnode *p = pnode_of(t->t.proc);

	if (t->dead)
		return;
	t->t.end_ns = ts_ns;
	p->nlive--;
	p->p.nthreads--;
	if (t->t.is_thread) {
		struct event ev = event_at(ts_ns, t, EV_THREAD_EXIT);

		ev.status = status;
		world_emit(w, &ev);
	} else if (p->nlive) {
		p->leader_status = status;
		p->leader_ended = true;
		t->dead = true;
		task_tables_done(w, t);
		file_reap(w, ts_ns, t);
		return;
	}
	if (!p->nlive) {
		p->p.status = proc_status(p, t, status);
		proc_end(w, p, t, ts_ns, true);
		return;
	}
	task_tables_done(w, t);
	file_reap(w, ts_ns, t);
	task_free(w, t);
}

void proc_exit(struct world *w, const struct record_exit *r)
{
	struct tnode *t;

	if (r->h.tid != r->h.pid && !task_find(w, r->h.tid) && proc_find(w, r->h.pid))
		return;		/* an exec by another thread ended it */
	t = task_get(w, r->h.pid, r->h.tid, r->h.ts_ns);
	set_current(w, t->t.proc);
	t->t.proc->utime_ns += r->utime_ns;
	t->t.proc->cpu_limit = MAX(t->t.proc->cpu_limit, r->cpu_limit);
	t->t.proc->stime_ns += r->stime_ns;
	task_ended(w, t, r->h.ts_ns, r->status);
}

/* Its owner's end was lost, the number is in use again. */
void tid_reused(struct world *w, uint32_t tid, uint64_t ts_ns)
{
	struct tnode *t = task_find(w, tid);
	struct pnode *p = proc_find(w, tid);

	if (p) {
		while (p) {
			struct tnode *live = p->threads;

			while (live && live->dead)
				live = live->next;
			if (!live)
				break;

			bool last = p->nlive == 1;

			task_ended(w, live, ts_ns, -1);
			if (last)
				p = NULL;
		}
	} else if (t) {
		task_ended(w, t, ts_ns, -1);
	}
}

void proc_detach(struct world *w, const struct record *r)
{
	struct tnode *t = task_find(w, r->tid);

	if (!t || t->dead)
		return;

	struct event ev = event_at(r->ts_ns, t, EV_DETACH);
	struct pnode *p = pnode_of(t->t.proc);

	world_emit(w, &ev);
	p->nlive--;
	p->p.nthreads--;
	if (!p->nlive) {
		proc_end(w, p, t, r->ts_ns, false);
	} else if (!t->t.is_thread) {
		t->dead = true;
		task_tables_done(w, t);
	} else {
		task_free(w, t);
	}
}

void proc_free_all(struct world *w)
{
	struct pnode *p, *tmp;

	HASH_ITER(hh, w->procs, p, tmp) {
		while (p->threads)
			task_free(w, p->threads);
		HASH_DEL(w->procs, p);
		proc_free(w, p);
	}
}
