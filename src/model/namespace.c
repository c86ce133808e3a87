/* SPDX-License-Identifier: MIT */
/* Pid namespaces: which process a number means to a thread that is in one (pid_namespaces(7)). */
#include "model/gone.h"
#include "model/namespace.h"
#include "model/task.h"
#include "model/world.h"

bool task_in_namespace(const struct tnode *t)
{
	return t->t.ns_tid;
}

uint32_t namespace_of(const struct pnode *p)
{
	while (p && !p->pidns)
		p = p->up;
	return p ? p->pidns : 0;
}

void namespace_begin(struct pnode *init)
{
	init->pidns = init->p.id;
	init->p.reaper = true;
}

struct tnode *task_named(struct world *w, struct tnode *by, uint32_t number)
{
	struct tnode *t, *tmp;
	uint32_t ns;

	if (!task_in_namespace(by) || !number)
		return number ? task_find(w, number) : NULL;
	ns = namespace_of(pnode_of(by->t.proc));
	HASH_ITER(hh, w->tasks, t, tmp)
		if ((t->t.ns_tid == number && namespace_of(pnode_of(t->t.proc)) == ns) ||
		    (t->outer.tid == number && t->outer.ns == ns))
			return t;
	return NULL;
}

uint32_t proc_named(struct world *w, struct tnode *by, uint32_t number)
{
	struct tnode *t = task_named(w, by, number);
	uint32_t ns;

	if (t)
		return t->t.proc->pid;
	if (!task_in_namespace(by))
		return 0;
	ns = namespace_of(pnode_of(by->t.proc));
	for (unsigned i = 1; i <= MIN(w->ngone, GONE_MAX); i++) {
		const struct gone *g = &w->gone[(w->ngone - i) % GONE_MAX];

		if (g->ns_pid == number && g->ns == ns)
			return g->pid;
	}
	return 0;
}

static void remember_number(struct world *w, uint32_t ns, uint32_t number, uint32_t pid)
{
	w->gone[w->ngone++ % GONE_MAX] = (struct gone){ ns, number, pid };
}

static void remember(struct world *w, const struct pnode *p, const struct tnode *t)
{
	if (task_in_namespace(t))
		remember_number(w, namespace_of(p), t->t.ns_tid, p->p.pid);
	if (t->outer.tid)
		remember_number(w, t->outer.ns, t->outer.tid, p->p.pid);
}

void namespace_born(struct tnode *by, struct tnode *child)
{
	by->made_elsewhere = 0;
	if (task_in_namespace(by) && !child->t.is_thread &&
	    namespace_of(pnode_of(child->t.proc)) != namespace_of(pnode_of(by->t.proc)))
		by->made_elsewhere = child->t.tid;
}

void namespace_number(struct world *w, struct tnode *by, uint32_t number)
{
	uint32_t ns = namespace_of(pnode_of(by->t.proc)), pid = by->made_elsewhere;
	struct tnode *t = pid ? task_find(w, pid) : NULL;

	by->made_elsewhere = 0;
	if (t) {
		t->outer.ns = ns;
		t->outer.tid = number;
	} else if (pid) {	/* it has ended already */
		remember_number(w, ns, number, pid);
	}
}

uint32_t namespace_number_for(const struct pnode *parent, const struct tnode *t)
{
	return t->outer.tid && t->outer.ns == namespace_of(parent) ? t->outer.tid : t->t.ns_tid;
}

void namespaces_join(struct world *w) { on_proc_gone(w, remember); }
