/* SPDX-License-Identifier: MIT */
/* Processes, and the memory they have mapped. */
#include <string.h>
#include <sys/wait.h>

#include "analyze/totals_index.h"
#include "record/record.h"

/* ---- memory ---- */

static void mm_set(struct totals_index *x, struct mm_row *m, uint64_t heap, uint64_t mapped, uint64_t reserved)
{
	x->heap += heap - m->heap;
	x->mapped += mapped - m->mapped;
	x->reserved += reserved - m->reserved;
	m->heap = heap;
	m->mapped = mapped;
	m->reserved = reserved;
}

static void mm_drop(struct totals_index *x, struct mm_row *m)
{
	if (!m || --m->nprocs)
		return;
	mm_set(x, m, 0, 0, 0);
	HASH_DEL(x->mms, m);
	free(m);
}

void totals_memory_update(struct totals *t, const struct proc *proc, const struct mm *mm)
{
	struct totals_index *x = t->index;
	struct live_row *l;
	struct mm_row *m = NULL;

	HASH_FIND(hh, x->lives, &proc->id, sizeof(proc->id), l);
	if (!mm) {
		if (l) {
			mm_drop(x, l->mm);
			HASH_DEL(x->lives, l);
			free(l);
		}
		return;
	}
	if (!l) {
		l = xcalloc(1, sizeof(*l));
		l->proc = proc->id;
		HASH_ADD(hh, x->lives, proc, sizeof(l->proc), l);
	}
	if (!l->mm || l->mm->id != mm->id) {
		HASH_FIND(hh, x->mms, &mm->id, sizeof(mm->id), m);
		if (!m) {
			m = xcalloc(1, sizeof(*m));
			m->id = mm->id;
			HASH_ADD(hh, x->mms, id, sizeof(m->id), m);
		}
		m->nprocs++;
		mm_drop(x, l->mm);
		l->mm = m;
	}
	mm_set(x, l->mm, mm->heap, mm->mapped, mm->reserved);
	t->heap_peak = MAX(t->heap_peak, x->heap);
	t->mapped_peak = MAX(t->mapped_peak, x->mapped);
	t->reserved_peak = MAX(t->reserved_peak, x->reserved);
	t->memory_peak = MAX(t->memory_peak, x->heap + x->mapped - x->reserved);
}

/* ---- processes ---- */

/*
 * Appends a word, but no more of it than max bytes of all words: a line that shows them ends there.  A few bytes more,
 * so that no character is parted before that.
 */
static bool add_word(struct buf *b, const struct bytes *word, size_t *used, size_t max)
{
	size_t len = MIN(word->len, max + sizeof(uint32_t) - *used);

	buf_putc(b, word->cut || len < word->len);
	buf_add(b, word->s, len);
	buf_putc(b, '\0');
	*used += len;
	return *used <= max;
}

struct totals_words totals_keep_words(struct totals *t, const struct bytes *v, unsigned n, uint64_t all, size_t max)
{
	struct totals_words w = { .all = MAX(all, (uint64_t)n) };
	struct buf *b = &t->index->tmp;
	size_t used = 0;

	buf_reset(b);
	while (w.n < n && add_word(b, &v[w.n++], &used, max))
		;
	w.s = b->s;
	w.len = (uint32_t)b->len;
	return w;
}

static bool same_words(const struct totals_words *a, const struct totals_words *b)
{
	return a->n == b->n && a->all == b->all && a->len == b->len && (!a->len || !memcmp(a->s, b->s, a->len));
}

static bool same_bytes(const struct bytes *a, const struct bytes *b)
{
	return a->s && a->len == b->len && (!a->len || !memcmp(a->s, b->s, a->len));
}

static void proc_describe(struct totals *t, struct totals_proc *r, const struct proc *p)
{
	struct totals_words argv;
	unsigned argc = p->argc;

	r->pid = p->pid;
	r->host = p->host;
	r->ppid = p->ppid;
	r->nthreads = MAX(p->nthreads_ever, 1);
	r->nexecs = p->nexecs;
	r->attached = p->attached;
	while (p->attached && argc > 1 && !p->argv[argc - 1].len)	/* setproctitle(3) leaves an empty tail */
		argc--;
	argv = totals_keep_words(t, p->argv, argc, p->argc_all > p->argc ? p->argc_all : argc, TOTALS_ARGV_SHOWN);
	if (argc ? same_words(&r->argv, &argv) : !r->argv.n && same_bytes(&r->comm, &p->comm))
		return;
	argv.s = totals_keep(t, argv.s ? argv.s : "", argv.len).s;
	r->argv = argv;
	r->comm = totals_keep(t, p->comm.s, p->comm.len);
}

struct totals_proc *totals_proc_find(struct totals *t, const struct proc *p)
{
	struct totals_index *x = t->index;
	struct proc_row *r, *parent;

	HASH_FIND(hh, x->procs, &p->id, sizeof(p->id), r);
	if (r)
		return &r->row;
	bool is_new = p->id > t->nprocs;	/* ids grow by one */

	t->nprocs = MAX(t->nprocs, p->id);
	t->nalive += is_new;
	if (totals_full(t, t->procs.n)) {
		t->procs.nothers += is_new;
		return &t->procs.others;
	}
	r = arena_alloc(&x->arena, sizeof(*r));
	r->row = (struct totals_proc){ .id = p->id, .parent = p->parent, .status = -1, .start_ns = p->start_ns };
	proc_describe(t, &r->row, p);
	HASH_ADD(hh, x->procs, row.id, sizeof(p->id), r);
	r->pos = t->procs.n;
	TABLE_ADD(t->procs, &r->row);
	if (!t->main_proc)
		t->main_proc = p->id;
	HASH_FIND(hh, x->procs, &p->parent, sizeof(p->parent), parent);
	totals_owner_inherit(t, &r->row, parent ? &parent->row : NULL);
	if (parent) {
		if (parent->row.last_child)
			t->procs.v[parent->row.last_child - 1]->next_sibling = r->pos + 1;
		else
			parent->row.first_child = r->pos + 1;
		parent->row.last_child = r->pos + 1;
	}
	return &r->row;
}

const struct totals_proc *totals_proc(const struct totals *t, uint32_t id)
{
	struct proc_row *r;

	HASH_FIND(hh, t->index->procs, &id, sizeof(id), r);
	return r ? &r->row : NULL;
}

/* By default they end no process (signal(7)): a SIGCONT often follows the signal that does, as from timeout(1). */
static bool spares(int signo)
{
	return signo == SIGCONT || signo == SIGCHLD || signo == SIGURG || signo == SIGWINCH || signo == SIGSTOP ||
	       signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
}

static bool asks_to_end(int signo)
{
	return signo == SIGTERM || signo == SIGINT || signo == SIGQUIT;
}

/* The kernel sends SIGXFSZ as if the process itself did. */
bool signal_of_limit(const struct event *ev)
{
	return (ev->signo == SIGXFSZ && (!ev->sender_pid || ev->sender_pid == ev->task->proc->pid)) ||
	       (ev->signo == SIGXCPU && ev->sigcode > 0);
}

static void signal_reached(struct totals_proc *p, const struct event *ev)
{
	/* who is asked to end may do so by the same signal, sent to itself */
	if (asks_to_end(ev->signo) && !(ev->flags & SIGNAL_IGNORED) && ev->sender_pid != p->pid) {
		p->asked.signo = ev->signo;
		p->asked.sender = ev->sender_pid;
		p->asked.ts_ns = ev->ts_ns;
		if (!p->asked_first.signo)
			p->asked_first = p->asked;
	}
	if (ev->flags & SIGNAL_IGNORED || (p->reached.fatal && p->reached.signo == ev->signo))
		return;
	p->reached = (struct totals_signal){ ev->signo, ev->sender_pid, ev->flags & SIGNAL_FATAL, ev->sigcode > 0 };
	if (signal_of_limit(ev)) {
		p->reached.sender = 0;
		p->reached.kernels = true;
	}
}

static void signal_sent(struct totals_proc *p, int signo, uint32_t sender)
{
	if (!spares(signo) && p->lethal.signo != SIGKILL)
		p->lethal = (struct totals_signal){ signo, sender, false, false };
}

/* At its end, and at what is recorded after it: the record of a kill can come before or after that of the death. */
static void find_killer(struct totals_proc *p)
{
	int signo = p->status > 0 && WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0;

	if (!signo || p->fatal_from)
		return;
	if (p->reached.signo == signo)
		p->fatal_from = p->reached.sender;
	if (p->reached.signo == signo && p->reached.kernels)	/* whoever had sent it one before */
		return;
	if (!p->fatal_from && p->lethal.signo == signo)
		p->fatal_from = p->lethal.sender;
	if (p->fatal_from == p->pid && p->asked.signo == signo && p->asked.sender)
		p->fatal_from = p->asked.sender;
}

/* The writer itself is the sender of such a SIGPIPE, which says nothing. */
void totals_proc_broke(struct totals_proc *p, bool socket)
{
	p->broke = socket ? BROKE_CONNECTION : BROKE_PIPE;
	p->reached = (struct totals_signal){ SIGPIPE, 0, true, true };
	p->fatal_from = 0;
}

static bool killed_unnamed(const struct totals_proc *p)
{
	return p->status > 0 && WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGKILL && !p->fatal_from;
}

/* The process of a kill that ended, by it, before the call's own end was seen.  Not looked for without bounds. */
static struct totals_proc *ended_meanwhile(const struct totals *t, const struct event *ev)
{
	enum { LOOKED_AT_MAX = 4096 };

	if (!ev->target_pid || !ev->call)
		return NULL;
	for (size_t n = 1; n <= MIN(t->procs.n, LOOKED_AT_MAX); n++) {
		struct totals_proc *p = t->procs.v[t->procs.n - n];

		if (p->pid == ev->target_pid)	/* the last one of that number */
			return p->end_ns >= ev->call->enter_ns ? p : NULL;
	}
	return NULL;
}

void totals_signal_event(struct totals *t, const struct event *ev)
{
	struct totals_proc *p = t->index->last_proc;
	struct proc_row *target = NULL;

	if (ev->err || !ev->signo)
		return;
	if (ev->kind == EV_KILL && ev->signo == SIGKILL &&
	    (ev->target_all || (ev->target_group && (ev->target_pgid || t->start_mode & START_COMMAND)))) {
		group_killed(&t->index->group_kills, ev);
		return;
	}
	if (ev->kind == EV_SIGNAL) {
		signal_reached(p, ev);
	} else if (ev->kind == EV_KILL) {
		HASH_FIND(hh, t->index->procs, &ev->target_proc, sizeof(ev->target_proc), target);
		p = target ? &target->row : ended_meanwhile(t, ev);
		if (!p)
			return;
		signal_sent(p, ev->signo, ev->task->proc->pid);
	} else {
		return;
	}
	if (p->end_ns)
		find_killer(p);
}

/* What a process that ends made and did not close.  A majority among the names, where there is one: Boyer and Moore. */
static void count_unclosed(struct totals *t, const struct proc *proc, struct totals_proc *p)
{
	enum { FEW = 64 };
	const struct bytes *name = NULL;
	const struct fdent *e;
	unsigned votes = 0;

	if (!proc->fds || proc->fds->nopen < FEW)
		return;
	FDTAB_EACH(proc->fds, 0, fd, e) {
		if (e->file->opener_proc != proc->id)
			continue;
		p->unclosed++;
		if (!votes)
			name = &e->file->name;
		votes += same_bytes(name, &e->file->name) ? 1u : -1u;
	}
	if (!name || !name->len)
		return;
	FDTAB_EACH(proc->fds, 0, fd, e)
		p->unclosed_of_one += e->file->opener_proc == proc->id && same_bytes(name, &e->file->name);
	p->unclosed_name = totals_keep(t, name->s, name->len);
}

void totals_proc_event(struct totals *t, const struct event *ev, struct totals_proc *p)
{
	const struct proc *proc = ev->task->proc;

	switch (ev->kind) {
	case EV_FORK:
		if (ev->child && ev->child->proc && !ev->err) {
			totals_proc_of(t, ev->child->proc);
			totals_memory_update(t, ev->child->proc, ev->child->proc->mm);
		}
		break;
	case EV_ATTACH: case EV_EXEC:
		if (!ev->err) {
			proc_describe(t, p, proc);
			p->exec_ns = ev->kind == EV_EXEC ? ev->ts_ns : p->exec_ns;
			if (t->keep_started)
				totals_exec_kept(t, p, proc, ev->item);
			totals_memory_update(t, proc, proc->mm);
		}
		break;
	case EV_THREAD:
		p->nthreads = MAX(proc->nthreads_ever, 1);
		break;
	case EV_EXIT:
		t->nalive--;
		t->utime_ns += proc->utime_ns;
		t->stime_ns += proc->stime_ns;
		p->status = ev->status;
		p->end_ns = ev->ts_ns;
		find_killer(p);
		if (p != &t->procs.others && killed_unnamed(p))
			p->fatal_from = group_killer(&t->index->group_kills,
						     &(struct group_ended){ p, proc->pgid, ev->init });
		p->nthreads = MAX(proc->nthreads_ever, 1);
		count_unclosed(t, proc, p);
		if (proc->rss_peak > t->rss_peak) {
			t->rss_proc = p->first_child && !proc->rss_own ? NULL : p;
			t->rss_peak = proc->rss_peak;
		}
		totals_memory_update(t, proc, NULL);
		break;
	case EV_DETACH:
		p->detached = true;
		break;
	default:
		break;
	}
}
