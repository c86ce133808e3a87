/* SPDX-License-Identifier: MIT */
/* A process becomes another program: which threads, descriptors and memory stay. */
#include <fcntl.h>
#include <string.h>

#include "model/emit.h"
#include "model/exec.h"
#include "model/exit.h"
#include "model/fdtab.h"
#include "model/mm.h"
#include "model/path.h"
#include "model/requests.h"
#include "model/strings.h"
#include "model/task.h"
#include "model/world.h"

static const char *base_name(const char *s, size_t len, size_t *ret_len)
{
	const char *slash = len ? memrchr(s, '/', len) : NULL;

	*ret_len = slash ? len - (size_t)(slash + 1 - s) : len;
	return slash ? slash + 1 : s;
}

/* Only the caller survives, as the leader: its tables, the leader's number (and task id). */
static struct tnode *exec_threads(struct world *w, struct pnode *p, uint32_t old_tid, uint64_t ts_ns)
{
	struct tnode *caller = task_find(w, old_tid), *leader = p->threads;
	struct tnode *t, *tmp;

	if (!caller || caller->t.proc != &p->p || caller->dead)
		caller = NULL;
	if (!leader || leader->t.is_thread) {	/* the leader was never seen */
		leader = task_new(w, p, p->p.pid, ts_ns);
		leader->t.is_thread = false;
		p->nlive--;
		p->p.nthreads--;
		leader->dead = true;
	}
	if (!caller)
		for (t = p->threads; t && !caller; t = t->next)
			if (!t->dead)
				caller = t;
	if (caller != leader) {
		struct fdtab *fds = caller->t.fds;
		struct fs *fs = caller->t.fs;

		fds->refs++;
		fs->refs++;
		if (!leader->dead)
			task_tables_done(w, leader);
		else
			p->nlive++, p->p.nthreads++;
		leader->dead = false;
		leader->t.end_ns = 0;
		leader->t.fds = fds;
		leader->t.fs = fs;
	}
	DL_FOREACH_SAFE(p->threads, t, tmp)
		if (t != leader)
			task_ended(w, t, ts_ns, 0);
	p->leader_ended = p->group_exit = false;
	p->leader_status = -1;
	leader->exiting = false;
	proc_fix_fds(p);
	return leader;
}

void proc_exec(struct world *w, const struct item *item)
{
	const struct record_exec *r = item->exec;
	uint64_t ts_ns = r->h.ts_ns;
	struct pnode *p = proc_find(w, r->h.pid);
	struct tnode *t;

	if (!p || !p->nlive)
		p = pnode_of(task_get(w, r->h.pid, r->h.tid, ts_ns)->t.proc);
	set_current(w, &p->p);
	t = exec_threads(w, p, r->old_tid, ts_ns);

	const struct part *exe = parts_find(item->parts, item->nparts, -1, PART_EXE, 0);
	const struct part *path = parts_find(item->parts, item->nparts, -1, PART_PATH, 0);
	const struct part *comm = parts_find(item->parts, item->nparts, -1, PART_COMM, 0);
	const struct part *cwd = parts_find(item->parts, item->nparts, -1, PART_CWD, 0);
	struct event ev = event_at(ts_ns, t, EV_EXEC);
	struct path given = { "", 0, NULL };

	if (cwd)
		bytes_inside(&t->t.fs->cwd, &t->t.fs->root, cwd->bytes, cwd->len);
	if (path) {
		given = path_resolve(w, t, AT_FDCWD, path->bytes, path->len, PATH_FOLLOW);
		ev.raw = scratch_dup(w, path->bytes, path->len);
		ev.raw_len = path->len;
	}
	if (exe)
		bytes_inside(&p->p.exe, &t->t.fs->root, exe->bytes, exe->len);
	else
		bytes_set(&p->p.exe, given.s, given.len);
	if (comm) {
		comm_set(t, comm->bytes, comm->len);
	} else if (path) {
		size_t n;
		const char *s = base_name(path->bytes, path->len, &n);

		comm_set(t, s, n);
	}
	proc_strings(&p->p, strings_new(item->parts, item->nparts, PART_ARGV));
	bytes_copy(&p->p.cwd0, &t->t.fs->cwd);
	p->p.nexecs++;

	mm_unref(w, p->p.mm);
	p->p.mm = mm_new(w);
	p->p.mm->incomplete = true;	/* until a snapshot says what the kernel mapped */
	p->p.mm->brk_start = p->p.mm->brk = r->brk;
	if (t->t.fds->refs > 1)		/* exec ends sharing with other processes */
		task_set_fds(w, t, fdtab_copy(w, t->t.fds));
	fdtab_exec(w, t->t.fds);
	rings_unregister(w, t);

	ev.flags = r->h.flags & (EXEC_NO_SETUID | EXEC_NO_SETGID | EXEC_NO_CAPS | EXEC_UNREADABLE);
	ev.path = given.len ? given.s : p->p.exe.s;
	ev.path_len = given.len ? given.len : p->p.exe.len;
	world_emit(w, &ev);
}
