/* SPDX-License-Identifier: MIT */
/* Threads and the processes they make up: found, made, and what each has. */
#include <string.h>

#include "model/emit.h"
#include "model/fdtab.h"
#include "model/fs.h"
#include "model/mm.h"
#include "model/requests.h"
#include "model/strings.h"
#include "model/task.h"
#include "model/world.h"

struct tnode *task_find(struct world *w, uint32_t tid)
{
	struct tnode *t;

	if (w->last && w->last->t.tid == tid)
		return w->last;
	HASH_FIND_INT(w->tasks, &tid, t);
	if (t)
		w->last = t;
	return t;
}

struct pnode *proc_find(struct world *w, uint32_t pid)
{
	struct pnode *p;

	HASH_FIND_INT(w->procs, &pid, p);
	return p;
}

void comm_set(struct tnode *t, const char *s, size_t len)
{
	len = MIN(len, 15u);	/* TASK_COMM_LEN - 1 */
	bytes_set(&t->t.comm, s, len);
	if (!t->t.is_thread)
		bytes_set(&t->t.proc->comm, s, len);
}

/* What proc.fds points to: the leader's table, or, when it has ended, that of the eldest thread left. */
void proc_fix_fds(struct pnode *p)
{
	p->p.fds = NULL;
	for (struct tnode *t = p->threads; t; t = t->next)
		if (t->t.fds) {
			p->p.fds = t->t.fds;
			return;
		}
}

void task_set_fds(struct world *w, struct tnode *t, struct fdtab *tab)
{
	struct fdtab *old = t->t.fds;

	t->t.fds = tab;
	proc_fix_fds(pnode_of(t->t.proc));
	fdtab_unref(w, old);
}

void task_tables_done(struct world *w, struct tnode *t)
{
	struct fdtab *fds = t->t.fds;

	t->t.fds = NULL;
	proc_fix_fds(pnode_of(t->t.proc));
	fdtab_unref(w, fds);
	rings_unregister(w, t);
	fs_unref(t->t.fs);
	t->t.fs = NULL;
}

void proc_link(struct pnode *p, struct pnode *parent)
{
	p->up = parent;
	p->p.parent = parent ? parent->p.id : 0;
	if (parent) {
		p->p.ppid = parent->p.pid;
		DL_APPEND(parent->children, p);
	}
}

/* Of a process found running.  Not where it would make a circle: only hostile input says so. */
void proc_set_parent(struct pnode *p, struct pnode *parent, uint32_t ppid)
{
	for (const struct pnode *up = parent; up; up = up->up)
		if (up == p)
			parent = NULL;
	p->p.ppid = ppid;
	if (parent && !p->up)
		proc_link(p, parent);
}

void proc_unlink(struct pnode *p)
{
	if (p->up)
		DL_DELETE(p->up->children, p);
	p->up = NULL;
}

struct pnode *proc_new(struct world *w, uint32_t pid, uint64_t ts_ns)
{
	struct pnode *p = xcalloc(1, sizeof(*p));

	p->p.id = ++w->nprocs;
	p->p.pid = pid;
	p->p.host = w->host;
	p->p.start_ns = ts_ns;
	p->p.status = -1;
	p->leader_status = -1;
	HASH_ADD_INT(w->procs, p.pid, p);
	return p;
}

struct tnode *task_new(struct world *w, struct pnode *p, uint32_t tid, uint64_t ts_ns)
{
	struct tnode *t = xcalloc(1, sizeof(*t));

	t->t.id = ++w->ntasks;
	t->t.tid = tid;
	t->t.proc = &p->p;
	t->t.start_ns = ts_ns;
	t->t.is_thread = tid != p->p.pid;
	if (t->t.is_thread)
		DL_APPEND(p->threads, t);
	else
		DL_PREPEND(p->threads, t);
	p->nlive++;
	p->p.refs++;
	p->p.nthreads++;
	p->p.nthreads_ever++;
	HASH_ADD_INT(w->tasks, t.tid, t);
	return t;
}

/* A thread that was there before us, or whose beginning was lost. */
struct tnode *task_adopt(struct world *w, uint32_t pid, uint32_t tid, uint64_t start_ns)
{
	struct pnode *p = proc_find(w, pid);
	struct tnode *t;

	if (!p) {
		p = proc_new(w, pid, start_ns);
		p->p.attached = true;
		p->p.mm = mm_new(w);
		p->p.mm->incomplete = true;
	}
	t = task_new(w, p, tid, start_ns);
	if (p->p.fds) {
		t->t.fds = p->p.fds;
		t->t.fds->refs++;
	} else {
		t->t.fds = fdtab_new();
	}
	t->t.fs = NULL;
	for (struct tnode *o = p->threads; o; o = o->next)
		if (o->t.fs) {
			t->t.fs = o->t.fs;
			t->t.fs->refs++;
			break;
		}
	if (!t->t.fs)
		t->t.fs = fs_new();
	bytes_set(&t->t.comm, p->p.comm.s ? p->p.comm.s : "", p->p.comm.len);
	proc_fix_fds(p);
	return t;
}

struct tnode *task_get(struct world *w, uint32_t pid, uint32_t tid, uint64_t ts_ns)
{
	struct tnode *t = task_find(w, tid);

	if (!t) {
		t = task_adopt(w, pid, tid, ts_ns);

		struct event ev = event_at(ts_ns, t, EV_ATTACH);

		world_emit(w, &ev);
	} else if (t->dead) {	/* it has a record: its end was not reported rightly */
		t->dead = false;
		t->t.end_ns = 0;
		pnode_of(t->t.proc)->nlive++;
		t->t.proc->nthreads++;
		t->t.fds = t->t.proc->fds ? t->t.proc->fds : fdtab_new();
		if (t->t.proc->fds)
			t->t.fds->refs++;
		t->t.fs = fs_new();
		proc_fix_fds(pnode_of(t->t.proc));
	}
	return t;
}

void bytes_copy(struct bytes *to, const struct bytes *from)
{
	if (from->s)
		bytes_set(to, from->s, from->len);
}

void proc_strings(struct proc *p, struct strings *args)
{
	strings_unref(p->args);
	p->args = args;
	p->argv = args->v;
	p->argc = args->n;
	p->argc_all = args->all;
}
