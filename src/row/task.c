/* SPDX-License-Identifier: MIT */
/* Processes, threads, the programs they run, and the run as a whole. */
#include <string.h>

#include "base/macro.h"
#include "row/internal.h"

static void put_thread(struct rows *r, uint32_t id)
{
	const struct thread_state t = *(const struct thread_state *)store_row(&r->threads, id);

	row_put(r, TABLE_THREAD, &(struct row_ctx){ .thread = &t, .id = id }, t.ended);
}

static void put_process(struct rows *r, uint32_t id)
{
	const struct process_state p = *(const struct process_state *)store_row(&r->processes, id);

	row_put(r, TABLE_PROCESS, &(struct row_ctx){ .process = &p, .id = id }, p.ended);
}

static void put_exec(struct rows *r, const struct task *t, uint64_t time_ns, const struct row_ctx *more)
{
	struct row_ctx c = *more;

	c.task = t;
	c.time_ns = time_ns;
	c.id = ++r->nexecs;
	row_put(r, TABLE_EXEC, &c, true);
}

static void take_name(struct thread_state *row, const struct task *t)
{
	row->name_len = (uint8_t)MIN(t->comm.len, (uint32_t)sizeof(row->name));
	if (row->name_len)
		memcpy(row->name, t->comm.s, row->name_len);
}

/* Asked at each of its events. */
static inline bool has_name(const struct thread_state *row, const struct task *t)
{
	uint32_t n = MIN(t->comm.len, (uint32_t)sizeof(row->name));

	return row->name_len == n && (!n || !memcmp(row->name, t->comm.s, n));
}

static void add_thread(struct rows *r, const struct task *t)
{
	const struct proc *p = t->proc;
	struct process_state *process = store_row(&r->processes, p->id);
	bool is_new = !process->seen, before = p->attached && !t->creator;
	uint64_t start_ns = before ? 0 : row_time(r, t->start_ns);
	uint32_t creator = t->creator && ((const struct thread_state *)store_row(&r->threads, t->creator))->seen ?
				   t->creator :
				   0;
	struct thread_state *row = store_row(&r->threads, t->id);

	*row = (struct thread_state){
		.start_ns = start_ns, .process = p->id, .pid = p->pid, .tid = t->tid, .ppid = p->ppid, .creator = creator, .seen = true,
		.attached = before,
	};
	take_name(row, t);
	r->nthreads++;
	if (is_new) {
		*process = (struct process_state){
			.start_ns = start_ns, .pid = p->pid, .ppid = p->ppid, .parent = p->parent, .main_thread = t->id, .status = -1,
			.seen = true, .attached = before, .host = p->host,
		};
		put_process(r, p->id);
	}
	put_thread(r, t->id);
	/* before its first exec the command is still compendium's own fork */
	if (is_new && (p->attached || t->creator) && (p->exe.len || p->argc))
		put_exec(r, t, start_ns, &(struct row_ctx){ .inherited = true });
}

uint32_t rows_thread(struct rows *r, const struct task *t)
{
	struct thread_state *row;

	if (!t)
		return 0;
	row = store_row(&r->threads, t->id);
	if (!row->seen)
		add_thread(r, t);
	else if (!has_name(row, t)) {
		take_name(row, t);
		row->named = true;
		row->named_ns = r->now_ns;
		put_thread(r, t->id);
	}
	return t->id;
}

/* Descriptors that stayed open across an exec: often by mistake. */
enum { EXEC_FDS_MAX = 32 };

void rows_exec(struct rows *r, const struct event *ev)
{
	struct row_fd fds[EXEC_FDS_MAX];
	struct row_ctx c = { .fds = fds, .ev = ev };
	const struct fdent *e;

	if (!ev->task)
		return;
	FDTAB_EACH(ev->task->fds, 3, fd, e) {
		if (c.fds_all++ >= EXEC_FDS_MAX)
			continue;
		rows_file(r, e->file, ev);
		fds[c.nfds++] = (struct row_fd){ fd, e->file->id };
	}
	put_exec(r, ev->task, row_time(r, ev->ts_ns), &c);
}

void rows_forked(struct rows *r, const struct event *ev)
{
	uint32_t child = ev->task ? rows_thread(r, ev->child) : 0;

	if (ev->task)
		((struct thread_state *)store_row(&r->threads, ev->task->id))->last_child = child;
}

static void thread_ended(struct rows *r, uint32_t id, const struct event *ev)
{
	struct thread_state *row = store_row(&r->threads, id);

	r->nended += !row->ended;
	row->ended = true;
	row->end_ns = row_time(r, ev->ts_ns + ev->dur_ns);
	put_thread(r, id);
}

void rows_exited(struct rows *r, const struct event *ev)
{
	struct process_state *p;

	if (!ev->task)
		return;
	thread_ended(r, ev->task->id, ev);
	if (ev->kind != EV_EXIT)
		return;
	p = store_row(&r->processes, ev->task->proc->id);
	p->ended = true;
	p->end_ns = row_time(r, ev->ts_ns + ev->dur_ns);
	p->status = ev->status;
	p->utime_ns = ev->task->proc->utime_ns;
	p->stime_ns = ev->task->proc->stime_ns;
	p->resident = ev->task->proc->rss_own ? ev->task->proc->rss_peak : 0;
	p->last_thread = ev->task->id;
	/* the last thread is reported; the end is the process's */
	if (p->main_thread != ev->task->id)
		thread_ended(r, p->main_thread, ev);
	put_process(r, ev->task->proc->id);
}

void rows_trace(struct rows *r, bool final) { row_put(r, TABLE_TRACE, &(struct row_ctx){ .id = final }, final); }
