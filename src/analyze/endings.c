/* SPDX-License-Identifier: MIT */
/* What processes wrote and missed last, kept for those that fail. */
#include "analyze/endings.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "abi/calm.h"
#include "analyze/endings_missed.h"
#include "analyze/last_lines.h"
#include "analyze/misses.h"
#include "analyze/totals_index.h"
#include "record/record.h"

/* What is known of a living process that wrote or missed something. */
struct living {
	bool no_rights;		/* those of its file, for being traced */
	uint32_t proc;
	struct last_lines lines, unread;	/* unread: to /dev/null */
	struct last_lines of_child;	/* of the last one that did well and wrote some (cat >&2) */
	uint64_t wrote_ns;		/* when it wrote the last of its own; 0: none */
	struct misses misses;
	struct fatal last; /* the last signal that reached it */
	uint32_t last_task; /* the thread */
	struct { uint32_t task, pid, proc; bool socket; } broken; /* its last EPIPE; task 0: none */
	UT_hash_handle hh;
};

struct endings {
	struct living *all, *last;
};

struct endings *endings_new(void)
{
	return xcalloc(1, sizeof(struct endings));
}

static void drop_fatal(struct fatal *f)
{
	misses_drop(&f->region);
	misses_drop(&f->text);
	misses_drop(&f->symbol);
}

static void living_free(struct endings *e, struct living *v)
{
	last_lines_done(&v->lines);
	last_lines_done(&v->unread);
	last_lines_done(&v->of_child);
	misses_done(&v->misses);
	drop_fatal(&v->last);
	if (e->last == v)
		e->last = NULL;
	HASH_DEL(e->all, v);
	free(v);
}

void endings_free(struct endings *e)
{
	struct living *v, *tmp;

	HASH_ITER(hh, e->all, v, tmp)
	living_free(e, v);
	free(e);
}

static struct living *living_of(struct endings *e, uint32_t proc, bool make)
{
	struct living *v = e->last;

	if (v && v->proc == proc)
		return v;
	HASH_FIND(hh, e->all, &proc, sizeof(proc), v);
	if (!v && make) {
		v = xcalloc(1, sizeof(*v));
		v->proc = proc;
		HASH_ADD(hh, e->all, proc, sizeof(v->proc), v);
	}
	if (v)
		e->last = v;
	return v;
}

/* ---- how it ended ---- */

/* By a signal that comes from another process, and neither of a fault nor of abort(3). */
static bool is_sent(int status)
{
	int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	return signo == SIGKILL || signo == SIGTERM || signo == SIGINT || signo == SIGHUP || signo == SIGQUIT;
}

static void room_for_one(struct totals *t)
{
	if (t->endings.n < ENDINGS_MAX)
		return;
	memmove(t->endings.v, t->endings.v + 1, (t->endings.n - 1) * sizeof(*t->endings.v));
	t->endings.n--;
	t->endings.nothers++;
}

/*
 * Programs are mapped by exec, which the model does not see, at two thirds of the address space and up to 2^40 above
 * (ELF_ET_DYN_BASE, arch_mmap_rnd()), or lower; libraries and the loader far above.
 */
static const uint64_t PROGRAMS_END = 0x570000000000;

/*
 * Which file and where: as capture saw it, else by what the model knows of the address space.  Where both know the same
 * mapping, by the name that the program opened it by, as everywhere else: the kernel's is without symbolic links.
 */
static void find_instruction(struct fatal *f, const struct event *ev)
{
	const struct mm *mm = ev->task->proc->mm;
	const struct instruction *in = ev->instruction;
	const struct region *at = mm && ev->ip ? mm_find(mm, ev->ip) : NULL;

	if (in) {
		bool same = at && at->path.len && ev->ip - at->start + at->offset == in->offset;

		f->text = misses_dup(same ? at->path : (struct bytes){(char *)(uintptr_t)in->file, in->file_len, 0});
		f->text_offset = in->offset;
		f->has_offset = true;
		f->into = in->into;
		if (in->symbol)
			f->symbol = misses_dup((struct bytes){(char *)(uintptr_t)in->symbol, in->symbol_len, 0});
	} else if (at && at->path.len) {
		f->text = misses_dup(at->path);
		f->text_offset = ev->ip - at->start + at->offset;
		f->has_offset = true;
	} else if (!at && ev->ip && ev->ip < PROGRAMS_END) {
		f->text = misses_dup(ev->task->proc->exe);
	}
}

static struct fatal killed_by_filter(struct totals *t, const struct event *ev)
{
	struct fatal f = {.signo = SIGSYS, .ts_ns = ev->ts_ns, .forbidden = ev->forbidden, .ip = ev->ip}, kept;

	find_instruction(&f, ev);
	kept = f;
	kept.text = endings_keep(t, f.text);
	drop_fatal(&f);
	return kept;
}

/* Its own; else what it had a child write for it (a shell's cat >&2 <<EOF), unless a child is the reason. */
static void keep_lines(struct totals *t, struct totals_ending *e, const struct living *v)
{
	e->wrote_ns = v->wrote_ns;
	e->nlines = last_lines_keep(&v->lines, t, e->lines);
	if (!e->nlines) {
		e->nlines = last_lines_keep(&v->unread, t, e->lines);
		e->unread = e->nlines;
	}
	if (!e->nlines && !endings_child_failed(t, e->proc))
		e->nlines = last_lines_keep(&v->of_child, t, e->lines);
}

/* Words of a process that did well may be its parent's. */
static void hand_up(struct endings *all, const struct totals *t, const struct proc *p, struct living *v)
{
	struct last_lines *lines = v->lines.at ? &v->lines : &v->of_child;
	const struct totals_proc *parent = lines->at && p->parent ? totals_proc(t, p->parent) : NULL;
	/* one that has ended would never be forgotten */
	struct living *up = parent && !parent->end_ns ? living_of(all, p->parent, true) : NULL;

	if (!up)
		return;
	last_lines_done(&up->of_child);
	up->of_child = *lines;
	*lines = (struct last_lines){0};
}

/*
 * The kernel kills at the hard limit (setrlimit(2)), by the ticks that it counts for the process, which are not exactly
 * the time that it ran.  The times of a process can have those of its children with them (wait4(2)).
 */
static bool used_its_time(const struct proc *p)
{
	const uint64_t s = 1000000000, used = p->utime_ns + p->stime_ns, limit = p->cpu_limit * s, off = limit / 32;

	return p->cpu_limit && used + off + s / 2 >= limit && used <= limit + off + s;
}

static void ended(struct endings *all, struct totals *t, const struct event *ev, struct totals_proc *proc)
{
	struct living *v = living_of(all, ev->task->proc->id, false);

	if (ev->status > 0 && proc != &t->procs.others && t->index->strings < STRINGS_MAX) {
		struct totals_ending *e = arena_alloc(&t->index->arena, sizeof(*e));

		e->proc = proc;
		if (v && v->last.broken && WIFSIGNALED(ev->status) && WTERMSIG(ev->status) == SIGPIPE)
			totals_proc_broke(proc, v->last.broken_socket);
		if (v) {
			keep_lines(t, e, v);
			endings_keep_missed(t, e, &v->misses, proc->broke || is_sent(ev->status));
			e->no_rights = v->no_rights;
			if (WIFSIGNALED(ev->status) && v->last.signo == WTERMSIG(ev->status)) {
				e->fatal = v->last;
				e->fatal.region = endings_keep(t, v->last.region);
				e->fatal.text = endings_keep(t, v->last.text);
				e->fatal.symbol = endings_keep(t, v->last.symbol);
			}
		}
		if (WIFSIGNALED(ev->status))
			e->fatal.signo = WTERMSIG(ev->status);
		if (ev->forbidden)
			e->fatal = killed_by_filter(t, ev);
		if (WIFSIGNALED(ev->status) && WTERMSIG(ev->status) == SIGKILL && used_its_time(ev->task->proc)) {
			e->fatal.of_limit = true;
			e->fatal.limit = ev->task->proc->cpu_limit;
		}
		e->fatal.init = ev->init;
		if (!e->fatal.ts_ns)
			e->fatal.ts_ns = ev->ts_ns;
		e->fatal.ts_ns -= MIN(e->fatal.ts_ns, t->start_ns);
		room_for_one(t);
		TABLE_ADD(t->endings, e);
	}
	if (v && !ev->status)
		hand_up(all, t, ev->task->proc, v);
	if (v)
		living_free(all, v);
}

enum { NO_RIGHTS = EXEC_NO_SETUID | EXEC_NO_SETGID | EXEC_NO_CAPS };

/* A thread's SIGPIPE is of its write, whose end BPF reports behind the signal, ptrace before it. */
static void join_broken(struct living *v)
{
	if (v->last.signo != SIGPIPE || !v->last_task || v->broken.task != v->last_task)
		return;
	v->last.broken = true;
	v->last.broken_socket = v->broken.socket;
	v->last.reader_pid = v->broken.pid;
	v->last.reader = v->broken.proc;
}

static void broke(struct living *v, const struct event *ev)
{
	v->broken.task = ev->task->id;
	/* (its own copy of the other end, which it may have closed last, was for no reader) */
	v->broken.proc = ev->file->peer_proc == ev->task->proc->id ? 0 : ev->file->peer_proc;
	v->broken.pid = v->broken.proc || !ev->file->peer_proc ? ev->file->peer_pid : 0;
	v->broken.socket = ev->file->kind == FILE_SOCKET;
	join_broken(v);
}

static void signalled(struct living *v, const struct event *ev)
{
	const struct region *at;

	drop_fatal(&v->last);
	v->last = (struct fatal){.signo = ev->signo, .code = ev->sigcode, .ts_ns = ev->ts_ns};
	v->last_task = ev->task->id;
	v->last.of_limit = signal_of_limit(ev);
	v->last.limit = v->last.of_limit ? ev->addr : 0;
	join_broken(v);
	/* from the kernel, at an instruction: si_code above 0, and below SI_KERNEL */
	if (ev->sigcode <= 0 || ev->sigcode >= SI_KERNEL)
		return;
	v->last.has_addr = true;
	v->last.addr = ev->addr;
	v->last.ip = ev->ip;
	v->last.forbidden = ev->forbidden;
	at = ev->task->proc->mm ? mm_find(ev->task->proc->mm, ev->addr) : NULL;
	if (at && at->path.len)
		v->last.region = misses_dup(at->path);
	find_instruction(&v->last, ev);
}

/* RET_KILL: no signal reaches a tracer.  After RET_TRAP one does, and says more. */
static void forbidden(struct living *v, const struct event *ev)
{
	drop_fatal(&v->last);
	v->last = (struct fatal){.signo = SIGSYS, .ts_ns = ev->ts_ns, .forbidden = ev->call->spec};
}

/* Who sends words there wants no reader: they count where the process had no others. */
static bool is_nowhere(const struct file *f)
{
	return f && f->name.len == strlen("/dev/null") && !memcmp(f->name.s, "/dev/null", f->name.len);
}

/* Of a long text its end is the second part: what is between them is not known. */
static void wrote(struct living *v, const struct event *ev, const struct part *p, unsigned nth)
{
	struct last_lines *to = is_nowhere(ev->file) ? &v->unread : &v->lines;

	v->wrote_ns = ev->ts_ns;
	if (nth)
		last_lines_break(to);
	last_lines_add(to, p->bytes, p->len);
}

static void call_event(struct endings *e, const struct event *ev)
{
	struct living *v;

	if (endings_writes(ev) && !ev->err) {
		const struct part *p;

		for (unsigned i = 0; (p = parts_find(ev->call->parts, ev->call->nparts, -1, PART_STDERR, i)); i++)
			if (p->len)
				wrote(living_of(e, ev->task->proc->id, true), ev, p, i);
	}
	if (ev->err == EPIPE && ev->file && (ev->file->kind == FILE_PIPE || ev->file->kind == FILE_SOCKET))
		broke(living_of(e, ev->task->proc->id, true), ev);
	if (ev->err) {
		if (misses_is_trouble(ev))
			misses_add(&living_of(e, ev->task->proc->id, true)->misses, ev);
		return;
	}
	v = ev->path || ev->peer ? living_of(e, ev->task->proc->id, false) : NULL;
	if (v && v->misses.n)
		misses_made_good(&v->misses, ev);
}

void endings_event(struct endings *e, struct totals *t, const struct event *ev, struct totals_proc *proc)
{
	struct living *v;

	switch (ev->kind) {
	case EV_EXIT:
		ended(e, t, ev, proc);
		return;
	case EV_SIGNAL:
		if (ev->flags & SIGNAL_IGNORED)		/* SIGCHLD, behind the one that it dies of */
			return;
		signalled(living_of(e, ev->task->proc->id, true), ev);
		return;
	case EV_EXEC: /* another program: what was missed and written before is not its own */
		v = living_of(e, ev->task->proc->id, false);
		if (v) {
			misses_clear(&v->misses);
			last_lines_done(&v->lines);
			last_lines_done(&v->unread);
			last_lines_done(&v->of_child);
			v->wrote_ns = 0;
		}
		if (v || ev->flags & NO_RIGHTS)
			living_of(e, ev->task->proc->id, true)->no_rights = ev->flags & NO_RIGHTS;
		return;
	case EV_CONNECT_FAILED:
		if (misses_is_trouble(ev))
			misses_add(&living_of(e, ev->task->proc->id, true)->misses, ev);
		return;
	default:
		if (!ev->call || ev->kind == EV_WAITING)
			return;
		if (ev->call->forbidden)
			forbidden(living_of(e, ev->task->proc->id, true), ev);
		else if (!ev->call->unfinished && !ev->call->restarted)
			call_event(e, ev);
	}
}
