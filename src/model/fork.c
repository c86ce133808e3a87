/* SPDX-License-Identifier: MIT */
/* Births, by clone flags. */
#include <sched.h>

#include "model/emit.h"
#include "model/exit.h"
#include "model/fdtab.h"
#include "model/fork.h"
#include "model/fs.h"
#include "model/mm.h"
#include "model/namespace.h"
#include "model/task.h"
#include "model/world.h"

static struct pnode *fork_proc(struct world *w, struct pnode *parent, uint32_t pid, uint64_t flags, uint64_t ts_ns)
{
	struct pnode *p = proc_new(w, pid, ts_ns);

	proc_link(p, flags & CLONE_PARENT ? parent->up : parent);
	if (flags & CLONE_PARENT && !parent->up)
		p->p.ppid = parent->p.ppid;
	if (flags & CLONE_VM) {
		p->p.mm = parent->p.mm;
		p->p.mm->refs++;
	} else {
		p->p.mm = mm_copy(w, parent->p.mm);
	}
	bytes_copy(&p->p.comm, &parent->p.comm);
	bytes_copy(&p->p.exe, &parent->p.exe);
	bytes_copy(&p->p.cwd0, &parent->p.cwd0);
	if (parent->p.args) {
		parent->p.args->refs++;
		proc_strings(&p->p, parent->p.args);
	}
	p->p.pgid = parent->p.pgid;
	p->p.sid = parent->p.sid;
	return p;
}

void proc_fork(struct world *w, const struct item *item)
{
	const struct record_fork *r = item->fork;
	uint64_t flags = r->clone_flags, ts_ns = r->h.ts_ns;

	if (r->h.tid == r->parent_tid)
		return;

	struct tnode *by = task_get(w, r->parent_pid, r->parent_tid, ts_ns);

	if (r->h.tid == by->t.proc->pid)
		return;		/* the number of a living process is not given away */
	set_current(w, by->t.proc);
	tid_reused(w, r->h.tid, ts_ns);

	struct pnode *parent = pnode_of(by->t.proc);
	struct pnode *p = flags & CLONE_THREAD ? parent : fork_proc(w, parent, r->h.tid, flags, ts_ns);
	struct tnode *t = task_new(w, p, r->h.tid, ts_ns);
	struct event ev = event_at(ts_ns, by, flags & CLONE_THREAD ? EV_THREAD : EV_FORK);

	t->t.creator = by->t.id;
	t->t.ns_tid = r->ns_tid;
	if (!t->t.is_thread && r->ns_tid == 1 && r->h.tid != 1)
		namespace_begin(p);
	else if (!t->t.is_thread && r->ns_tid)
		p->pidns = by->entered_ns ? by->entered_ns : namespace_of(pnode_of(by->t.proc));
	namespace_born(by, t);
	bytes_copy(&t->t.comm, &by->t.comm);
	if (!t->t.is_thread)
		bytes_copy(&p->p.comm, &by->t.comm);
	if (flags & CLONE_FILES) {
		t->t.fds = by->t.fds;
		t->t.fds->refs++;
	} else {
		t->t.fds = fdtab_copy(w, by->t.fds);
	}
	t->t.fs = by->t.fs;
	t->t.fs->refs++;
	if (!(flags & CLONE_FS))
		task_own_fs(t);
	proc_fix_fds(p);
	ev.child = &t->t;
	ev.flags = (uint32_t)flags;
	ev.target_pid = p->p.pid;
	ev.target_proc = p->p.id;
	world_emit(w, &ev);
}
