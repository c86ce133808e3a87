/* SPDX-License-Identifier: MIT */
/* Processes and threads: birth by clone flags, exec, death, and who they belong to. */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>

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
		if (t->t.ns_tid == number && namespace_of(pnode_of(t->t.proc)) == ns)
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

const char *base_name(const char *s, size_t len, size_t *ret_len)
{
	const char *slash = len ? memrchr(s, '/', len) : NULL;

	*ret_len = slash ? len - (size_t)(slash + 1 - s) : len;
	return slash ? slash + 1 : s;
}

void comm_set(struct tnode *t, const char *s, size_t len)
{
	len = MIN(len, 15u);	/* TASK_COMM_LEN - 1 */
	bytes_set(&t->t.comm, s, len);
	if (!t->t.is_thread)
		bytes_set(&t->t.proc->comm, s, len);
}

/* ---- tables ---- */

static struct fs *fs_new(void)
{
	struct fs *fs = xcalloc(1, sizeof(*fs));

	fs->refs = 1;
	bytes_set(&fs->root, "/", 1);
	return fs;
}

static void fs_unref(struct fs *fs)
{
	if (!fs || --fs->refs)
		return;
	bytes_done(&fs->cwd);
	bytes_done(&fs->root);
	free(fs);
}

struct fs *task_own_fs(struct tnode *t)
{
	struct fs *fs = t->t.fs;

	if (fs->refs > 1) {
		t->t.fs = fs_new();
		if (fs->cwd.s)
			bytes_set(&t->t.fs->cwd, fs->cwd.s, fs->cwd.len);
		bytes_set(&t->t.fs->root, fs->root.s, fs->root.len);
		fs_unref(fs);
	}
	return t->t.fs;
}

/* What proc.fds points to: the leader's table, or, when it has ended, that of the eldest thread left. */
static void fix_fds(struct pnode *p)
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
	fix_fds(pnode_of(t->t.proc));
	fdtab_unref(w, old);
}

/* ---- birth ---- */

static void proc_link(struct pnode *p, struct pnode *parent)
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

static void proc_unlink(struct pnode *p)
{
	if (p->up)
		DL_DELETE(p->up->children, p);
	p->up = NULL;
}

static struct pnode *proc_new(struct world *w, uint32_t pid, uint64_t ts_ns)
{
	struct pnode *p = xcalloc(1, sizeof(*p));

	p->p.id = ++w->nprocs;
	p->p.pid = pid;
	p->p.start_ns = ts_ns;
	p->p.status = -1;
	p->leader_status = -1;
	HASH_ADD_INT(w->procs, p.pid, p);
	return p;
}

static struct tnode *task_new(struct world *w, struct pnode *p, uint32_t tid, uint64_t ts_ns)
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
	fix_fds(p);
	return t;
}

struct tnode *task_get(struct world *w, uint32_t pid, uint32_t tid, uint64_t ts_ns)
{
	struct tnode *t = task_find(w, tid);

	if (!t) {
		t = task_adopt(w, pid, tid, ts_ns);

		struct event ev = event_at(ts_ns, t, EV_ATTACH);

		world_emit(w, &ev);
	} else if (t->dead) {	/* it speaks: its end was not told rightly */
		t->dead = false;
		t->t.end_ns = 0;
		pnode_of(t->t.proc)->nlive++;
		t->t.proc->nthreads++;
		t->t.fds = t->t.proc->fds ? t->t.proc->fds : fdtab_new();
		if (t->t.proc->fds)
			t->t.fds->refs++;
		t->t.fs = fs_new();
		fix_fds(pnode_of(t->t.proc));
	}
	return t;
}

/* ---- death ---- */

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

static void task_tables_done(struct world *w, struct tnode *t)
{
	struct fdtab *fds = t->t.fds;

	t->t.fds = NULL;
	fix_fds(pnode_of(t->t.proc));
	fdtab_unref(w, fds);
	fs_unref(t->t.fs);
	t->t.fs = NULL;
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
	free(t);
}

/* Orphans go to the nearest ancestor that asked for them (PR_SET_CHILD_SUBREAPER, or init of a pid namespace), else out of the trace. */
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
	parent->ended[parent->nended++] = (struct ended){ p->p.pid, p->threads ? p->threads->t.ns_tid : 0, p->p.id, p->p.status };
}

/* The last thread is gone.  told: with an event. */
static void proc_end(struct world *w, struct pnode *p, struct tnode *last, uint64_t ts_ns, bool told)
{
	struct tnode *t = p->threads && !p->threads->t.is_thread ? p->threads : last;

	if (told) {
		struct event ev = event_at(ts_ns, t, EV_EXIT);

		p->p.end_ns = ts_ns;
		ev.status = p->p.status;
		world_emit(w, &ev);
		if (p->up)
			remember_ended(p->up, p);
		if (task_in_namespace(t))
			w->gone[w->ngone++ % GONE_MAX] = (struct gone){ namespace_of(p), t->t.ns_tid, p->p.pid };
	}
	for (struct tnode *o = p->threads; o; o = o->next)
		task_tables_done(w, o);
	file_reap(w, ts_ns, told ? t : NULL);
	while (p->threads)
		task_free(w, p->threads);
	reparent(p);
	proc_unlink(p);
	HASH_DEL(w->procs, p);
	proc_free(w, p);
}

/*
 * What wait(2) gives for the process: the group's status after exit_group or a fatal signal, else the leader's own.
 * Where the calls were not seen, a thread's end with a status nobody asked for by exit(2) is the group's.
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

static void task_end(struct world *w, struct tnode *t, uint64_t ts_ns, int status)
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
	t->t.proc->stime_ns += r->stime_ns;
	task_end(w, t, r->h.ts_ns, r->status);
}

/* Its owner's end was lost, the number is in use again. */
static void tid_reused(struct world *w, uint32_t tid, uint64_t ts_ns)
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

			task_end(w, live, ts_ns, -1);
			if (last)
				p = NULL;
		}
	} else if (t) {
		task_end(w, t, ts_ns, -1);
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

/* ---- fork ---- */

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
	if (from->s)
		bytes_set(to, from->s, from->len);
}

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
	fix_fds(p);
	ev.child = &t->t;
	ev.flags = (uint32_t)flags;
	ev.target_pid = p->p.pid;
	ev.target_proc = p->p.id;
	world_emit(w, &ev);
}

/* ---- exec ---- */

void proc_strings(struct proc *p, struct strings *args)
{
	strings_unref(p->args);
	p->args = args;
	p->argv = args->v;
	p->argc = args->n;
	p->argc_all = args->all;
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
			task_end(w, t, ts_ns, 0);
	p->leader_ended = p->group_exit = false;
	p->leader_status = -1;
	leader->exiting = false;
	fix_fds(p);
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

	ev.flags = r->h.flags & (EXEC_NO_SETUID | EXEC_NO_SETGID | EXEC_NO_CAPS | EXEC_UNREADABLE);
	ev.path = given.len ? given.s : p->p.exe.s;
	ev.path_len = given.len ? given.len : p->p.exe.len;
	world_emit(w, &ev);
}
