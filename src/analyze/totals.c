/* SPDX-License-Identifier: MIT */
#include "analyze/notes.h"
#include "analyze/totals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/calm.h"
#include "analyze/groups.h"
#include "analyze/kernel.h"
#include "analyze/totals_index.h"
#include "filter/callset.h"
#include "record/record.h"

struct totals *totals_new(void)
{
	struct totals *t = xcalloc(1, sizeof(*t));

	t->index = xcalloc(1, sizeof(*t->index));
	t->index->noise = noise_new();
	t->index->endings = endings_new();
	t->index->spending = spending_new();
	t->status = -1;
	t->rows_max = TOTALS_ROWS;
	return t;
}

void totals_free(struct totals *t)
{
	if (!t)
		return;
	struct totals_index *x = t->index;

	totals_free(t->before);
	free(t->kernel);
	for (unsigned i = 0; i < t->nhosts; i++)
		free(t->hosts[i].s);
	HASH_CLEAR(hh, x->files);
	HASH_CLEAR(hh, x->lookups);
	HASH_CLEAR(hh, x->made);
	HASH_CLEAR(hh, x->conns);
	HASH_CLEAR(hh, x->procs);
	HASH_CLEAR(hh, x->errors);
	HASH_CLEAR(hh, x->rings);
	groups_free(x->groups);
	HASH_CLEAR(hh, x->envs);
	HASH_FREE(x->lives);
	HASH_FREE(x->mms);
	spending_free(x->spending);	/* its rows are the arena's */
	arena_done(&x->arena);
	noise_free(x->noise);
	endings_free(x->endings);
	free(t->endings.v);
	free(t->tasks.v);
	free(t->waits.v);
	buf_done(&x->tmp);
	free(t->files.v);
	free(t->lookups.v);
	free(t->made.v);
	free(t->conns.v);
	free(t->procs.v);
	free(t->errors.v);
	free(t->groups.v);
	free(t->calls.v);
	free(t->chosen.s);
	free(t->filter.s);
	free(x);
	free(t);
}

/* ---- bytes ---- */

static bool is_file_kind(uint8_t kind) { return kind == FILE_REG || kind == FILE_DIR || kind == FILE_MEMFD; }

static void moved(struct totals *t, const struct event *ev, const struct file *f, bool in)
{
	struct totals_proc *p = t->index->last_proc;
	uint64_t n = ev->nbytes;

	if (f && f->kind == FILE_SOCKET && f->sock) {
		const struct conn *conn = f == ev->file ? ev->conn : ev->conn2;
		struct totals_conn *c = conn ? totals_conn_of(t, ev, f, conn) : &t->conns.others;

		*(totals_is_network(f->sock->family) ? in ? &t->net_received : &t->net_sent :
		  in				     ? &t->local_received :
						       &t->local_sent) += n;
		*(in ? &c->received : &c->sent) += n;
		*(in ? &c->nrecvs : &c->nsends) += 1;
		if (!*(in ? &c->first_in_ns : &c->first_out_ns))
			*(in ? &c->first_in_ns : &c->first_out_ns) = ev->ts_ns + ev->dur_ns;
		*(in ? &p->received : &p->sent) += n;
		*(in ? &t->hidden[t->noise].received : &t->hidden[t->noise].sent) += n;
		return;
	}
	struct totals_file *row = f ? totals_file_of(t, f) : NULL;

	*(f && is_file_kind((uint8_t)f->kind) ? in ? &t->file_read : &t->file_written :
	  in				      ? &t->other_read :
						&t->other_written) += n;
	*(in ? &p->nread : &p->nwritten) += n;
	*(in ? &t->hidden[t->noise].nread : &t->hidden[t->noise].nwritten) += n;
	if (row) {
		*(in ? &row->nread : &row->nwritten) += n;
		*(in ? &row->nreads : &row->nwrites) += 1;
		row->io_ns += ev->dur_ns;
	}
}

/* ---- the trace ---- */

static void keep_words(struct totals *t, struct totals_words *to, const struct bytes *v, unsigned n, uint64_t all)
{
	*to = totals_keep_words(t, v, n, all, TOTALS_COMMAND_SHOWN);
	to->s = totals_keep(t, to->s ? to->s : "", to->len).s;
}

static void keep_targets(struct totals *t, const struct item *item)
{
	struct bytes v[TOTALS_COMMAND_SHOWN];
	const struct part *p;
	unsigned n = 0;

	for (; (p = parts_find(item->parts, item->nparts, -1, PART_TARGET, n)) && n < ARRAY_SIZE(v); n++)
		v[n] = (struct bytes){ (char *)(uintptr_t)p->bytes, p->len, 0 };
	keep_words(t, &t->targets, v, n, n + (p != NULL));
	t->index->targets = n || t->start_mode & START_SYSTEM;
}

static void keep_part(struct bytes *to, const struct item *item, unsigned kind)
{
	const struct part *p = parts_find(item->parts, item->nparts, -1, kind, 0);

	if (p)
		*to = (struct bytes){ xmemdup0(p->bytes, p->len), p->len, 0 };
}

static void start_event(struct totals *t, const struct event *ev)
{
	const struct item *item = ev->item;
	struct strings *argv = strings_new(item->parts, item->nparts, PART_ARGV);
	const struct part *cut;

	t->start_ns = ev->ts_ns;
	t->wall_ns = ev->item->start->wall_ns;
	t->start_mode = ev->item->start->mode;
	keep_words(t, &t->command, argv->v, argv->n, argv->all);
	strings_unref(argv);
	keep_targets(t, item);
	keep_part(&t->chosen, item, PART_CHOSEN);
	keep_part(&t->filter, item, PART_FILTER);
	totals_start_kept(t, item);
	cut = parts_find(item->parts, item->nparts, -1, PART_CUT, 0);
	if (cut)
		memcpy(&t->cut_ns, cut->bytes, sizeof(t->cut_ns));
}

uint32_t totals_host(struct totals *t, const char *name, size_t len)
{
	for (unsigned i = 0; i < t->nhosts; i++)
		if (t->hosts[i].len == len && !memcmp(t->hosts[i].s, name, len))
			return i + 1;
	if (t->nhosts == TOTALS_HOSTS)
		return 0;
	t->hosts[t->nhosts++] = (struct bytes){ xmemdup0(name, len), (uint32_t)len, 0 };
	return t->nhosts;
}

/* Only of -e, which is there to be read; a filter that left calls out may have left any out. */
bool totals_knows_memory(const struct totals *t)
{
	static const char *const calls[] = { "mmap", "munmap", "mremap", "brk" };
	struct callset_error e;
	struct callset *set;
	bool all = true;

	if (t->filter.len || !t->chosen.len)
		return !t->filter.len;
	if (callset_parse(t->chosen.s, &set, &e) < 0)
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
		all &= callset_has(set, ARCH_X86_64, (unsigned)syscall_number(calls[i]));
	callset_free(set);
	return all;
}

/* Who was asked for is not in older recordings, nor known of a cgroup before its processes are found. */
static void count_attached(struct totals *t, const struct event *ev)
{
	const struct task *task = ev->task;

	if (!(t->start_mode & START_ATTACH) || t->index->targets || ev->kind != EV_ATTACH || task->is_thread)
		return;
	if (t->nattached < TOTALS_ATTACHED) {
		t->attached[t->nattached].pid = task->proc ? task->proc->pid : task->tid;
		t->attached[t->nattached].comm = totals_keep(t, task->comm.s, task->comm.len);
	}
	t->nattached++;
}

bool totals_has_command(const struct totals *t)
{
	return t->command.n || t->targets.n || t->nattached || t->start_mode & START_SYSTEM;
}

static inline bool came_to_nothing(const struct event *ev)
{
	return ev->call && (ev->call->unfinished || ev->call->restarted);
}

bool totals_came_to_nothing(const struct event *ev) { return came_to_nothing(ev); }

static void count_hidden(struct totals *t, const struct event *ev)
{
	struct totals_hidden *h = &t->hidden[t->noise];

	h->events++;
	if (ev->kind == EV_OPEN)
		++*(ev->err ? &h->lookups : &h->opens);
	else if (ev->kind == EV_LOOKUP)
		h->lookups++;
}

/* readlink of what is no link, getxattr-like questions answered "no": not lookups that failed. */
bool totals_failed_lookup(const struct event *ev)
{
	switch (ev->kind) {
	case EV_OPEN: case EV_EXEC_FAILED: case EV_CHDIR: return true;
	case EV_LOOKUP: return !(errno_says(ev->err) & ERR_NO_SUCH_ATTRIBUTE);
	default: return false;
	}
}

/* One that was there before tracing began: known only from descriptors, which several processes may have. */
static void old_ring(struct totals *t, const struct file *f)
{
	struct ring_row *r;

	if (f->kind != FILE_IO_URING || f->opener_proc || HASH_COUNT(t->index->rings) >= t->rows_max)
		return;
	HASH_FIND(hh, t->index->rings, &f->id, sizeof(f->id), r);
	if (r)
		return;
	r = arena_alloc(&t->index->arena, sizeof(*r));
	r->file = f->id;
	HASH_ADD(hh, t->index->rings, file, sizeof(r->file), r);
	t->nrings++;
}

static void old_rings(struct totals *t, const struct task *task)
{
	const struct fdent *e;

	FDTAB_EACH(task ? task->fds : NULL, 0, fd, e)
		old_ring(t, e->file);
}

/* Sockets, and what moves bytes. */
static void io_event(struct totals *t, const struct event *ev)
{
	if (ev->err) {
		totals_conn_event(t, ev);
	} else if (ev->kind == EV_READ || ev->kind == EV_RECV) {
		moved(t, ev, ev->file, true);
	} else if (ev->kind == EV_WRITE || ev->kind == EV_SEND) {
		moved(t, ev, ev->file, false);
	} else if (ev->kind == EV_TRANSFER && (ev->file || ev->file2)) {	/* neither: another process's memory */
		moved(t, ev, ev->file, true);
		moved(t, ev, ev->file2, false);
	} else {
		totals_conn_event(t, ev);
	}
}

static void new_ring(struct totals *t, const struct event *ev)
{
	t->nrings += ev->kind == EV_SPECIAL_FD && !ev->err && ev->file && ev->file->kind == FILE_IO_URING;
}

static void memory_event(struct totals *t, const struct event *ev)
{
	if (!ev->err && ev->task->proc->mm)
		totals_memory_update(t, ev->task->proc, ev->task->proc->mm);
	t->nmaps += ev->kind == EV_MMAP && !ev->err;
}

/* A process that kills itself does not return from that call. */
static bool kills_itself(const struct event *ev)
{
	return ev->kind == EV_KILL && ev->call && ev->call->unfinished && !ev->call->running &&
	       (ev->target_group ? ev->target_pgid == ev->task->proc->pgid : ev->target_proc == ev->task->proc->id);
}

/* What is true whatever was chosen: processes, how they ended, what they have mapped. */
static void fact_event(struct totals *t, const struct event *ev, struct totals_proc *p)
{
	if (came_to_nothing(ev))
		return;
	new_ring(t, ev);
	switch ((enum category)event_info(ev->kind)->category) {
	case CAT_PROCESS:
		totals_proc_event(t, ev, p);
		count_attached(t, ev);
		break;
	case CAT_MEMORY: memory_event(t, ev); break;
	case CAT_SIGNAL: totals_signal_event(t, ev); break;
	default: break;
	}
}

static void kernel_event(struct totals *t, const struct event *ev)
{
	if (ev->kind != EV_SCHED && ev->kind != EV_BLOCK && ev->kind != EV_FAULT)
		return;
	if (!t->kernel)
		t->kernel = totals_kernel_new();
	totals_kernel_event(t->kernel, ev);
}

static bool makes_descriptor(const struct event *ev)
{
	return !ev->err &&
	       (ev->kind == EV_OPEN || ev->kind == EV_SOCKET || ev->kind == EV_ACCEPT || ev->kind == EV_PIPE);
}

/* What is no event of the program, and not counted as one. */
static bool is_aside(const struct event *ev)
{
	return ev->kind == EV_RELEASE || ev->kind == EV_MEMORY_SNAPSHOT || ev->kind == EV_COUNTS;
}

static void aside(struct totals *t, const struct event *ev)
{
	if (ev->kind == EV_RELEASE) {
		old_ring(t, ev->file);
		totals_conn_release(t, ev);
	} else if (ev->kind == EV_MEMORY_SNAPSHOT) {
		t->heap_before += (uint64_t)ev->delta;
		t->mapped_before += ev->nbytes;
		totals_memory_update(t, ev->task->proc, ev->task->proc->mm);
	} else {
		totals_counts_event(t, ev->item);
	}
}

static inline void judge(struct totals *t, const struct event *ev)
{
	t->noise = noise_event(t->index->noise, ev);
	if (t->noise_shown >> t->noise & 1)
		t->noise = NOISE_NONE;
}

void totals_judge(struct totals *t, const struct event *ev)
{
	if (is_aside(ev) || t->index->judged)
		return;
	judge(t, ev);
	t->index->judged = true;
}

/* What is about the trace as a whole. */
static void trace_event(struct totals *t, const struct event *ev)
{
	switch (ev->kind) {
	case EV_START:
		if (!t->command.s)	/* a second one is a damaged recording's */
			start_event(t, ev);
		break;
	case EV_END:
		t->ended = true;
		t->goes_on = ev->flags & END_GOES_ON;
		t->interrupted = ev->item && ev->item->head && (ev->item->head->flags & END_INTERRUPTED);
		t->status = ev->status;
		break;
	case EV_LOST:
		t->nlost += ev->count;
		t->nlost_events++;
		break;
	case EV_DETACH:		/* nothing is released: the program lives on */
		old_rings(t, ev->task);
		break;
	default:
		break;
	}
}

/* Of a call that did not come to nothing: by what it did. */
static void done_event(struct totals *t, const struct event *ev, struct totals_proc *p)
{
	switch ((enum category)event_info(ev->kind)->category) {
	case CAT_PROCESS:
		totals_proc_event(t, ev, p);
		count_attached(t, ev);
		break;
	case CAT_MEMORY:
		memory_event(t, ev);
		break;
	case CAT_NETWORK:
		p->made += makes_descriptor(ev);
		io_event(t, ev);
		break;
	case CAT_FILE:
		if (event_info(ev->kind)->io) {
			io_event(t, ev);
			break;
		}
		p->made += makes_descriptor(ev);
		new_ring(t, ev);
		totals_file_event(t, ev);
		if (t->keep_started)
			totals_made_event(t, ev);
		break;
	case CAT_SIGNAL:
		t->nsignals += ev->kind == EV_SIGNAL;
		totals_signal_event(t, ev);
		break;
	case CAT_SCHEDULER: case CAT_DISK: case CAT_FAULT:
		kernel_event(t, ev);
		break;
	default:
		break;
	}
	if (t->keep_started && ev->kind == EV_CALL)
		totals_owner_event(t, ev, p);
}

void totals_event(struct totals *t, const struct event *ev)
{
	struct totals_index *x = t->index;
	struct totals_proc *p;

	if (is_aside(ev)) {
		aside(t, ev);
		return;
	}
	t->nevents++;
	if (!x->judged)
		judge(t, ev);
	x->judged = false;
	t->end_ns = MAX(t->end_ns, ev->ts_ns + ev->dur_ns);
	trace_event(t, ev);
	if (!ev->task || !ev->task->proc) {
		if (!t->left_out)
			kernel_event(t, ev);
		return;
	}
	t->ntasks = MAX(t->ntasks, ev->task->id);
	if (ev->child)
		t->ntasks = MAX(t->ntasks, ev->child->id);
	p = x->last_proc = totals_proc_of(t, ev->task->proc);
	x->now_ns = ev->ts_ns;
	if (totals_may_note(ev))
		totals_note_event(t, ev);
	if (kills_itself(ev))
		totals_signal_event(t, ev);
	if (ev->call && ev->call->forbidden)
		endings_event(x->endings, t, ev, p);
	if (t->noise != NOISE_NONE)
		t->nchosen_noise += !t->left_out && ev->kind != EV_WAITING;
	if (ev->call && ev->kind != EV_WAITING && !t->left_out) {
		totals_call_event(t, ev);
		if (came_to_nothing(ev)) {
			if (spending_may(ev))
				spending_event(x->spending, t, ev);
			return;
		}
	}
	if (t->left_out) {
		fact_event(t, ev, p);
		return;
	}
	done_event(t, ev, p);
	if (endings_may(ev))
		endings_event(x->endings, t, ev, p);
	if (spending_may(ev))
		spending_event(x->spending, t, ev);
	if (ev->err && totals_failed_lookup(ev))
		totals_lookup_failed(t, ev);
	if (t->noise != NOISE_NONE)
		count_hidden(t, ev);
}
