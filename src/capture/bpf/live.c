/* SPDX-License-Identifier: MIT */
#include "capture/bpf/live.h"

#include "base/macro.h"
#include "capture/bpf/wire.h"

static struct live_task *task(const struct live *l, uint32_t tid)
{
	struct live_task *t;

	HASH_FIND_INT(l->tasks, &tid, t);
	return t;
}

static struct live_process *process(const struct live *l, uint32_t pid)
{
	struct live_process *p;

	HASH_FIND_INT(l->processes, &pid, p);
	return p;
}

static struct live_process *process_get(struct live *l, uint32_t pid)
{
	struct live_process *p = process(l, pid);

	if (p)
		return p;
	p = xcalloc(1, sizeof(*p));
	p->pid = pid;
	HASH_ADD_INT(l->processes, pid, p);
	return p;
}

bool live_has(const struct live *l, uint32_t tid) { return task(l, tid) != NULL; }
bool live_has_process(const struct live *l, uint32_t pid) { return process(l, pid) != NULL; }

void live_begin(struct live *l, uint32_t pid, uint32_t tid)
{
	struct live_task *t = task(l, tid);

	if (t && t->pid == pid)
		return;
	if (t)	/* its end was lost, the number is in use again */
		live_end(l, t->pid, tid);
	t = xcalloc(1, sizeof(*t));
	t->tid = tid;
	t->pid = pid;
	HASH_ADD_INT(l->tasks, tid, t);
	process_get(l, pid)->nthreads++;
}

struct live_process *live_end(struct live *l, uint32_t pid, uint32_t tid)
{
	struct live_process *p = process_get(l, pid);
	struct live_task *t = task(l, tid);

	if (t && t->pid == pid) {
		HASH_DEL(l->tasks, t);
		free(t);
		p->nthreads--;
	}
	return p;
}

void live_forget(struct live *l, struct live_process *p)
{
	struct live_task *t, *tmp;

	if (p->nthreads)
		HASH_ITER(hh, l->tasks, t, tmp)
			if (t->pid == p->pid) {
				HASH_DEL(l->tasks, t);
				free(t);
			}
	HASH_DEL(l->processes, p);
	free(p);
}

void live_exec(struct live *l, uint32_t pid, uint32_t old_tid)
{
	struct live_process *p;

	live_end(l, pid, old_tid);
	live_begin(l, pid, pid);
	p = process(l, pid);
	p->over = p->leader_ended = false;
}

void live_done(struct live *l)
{
	HASH_FREE(l->tasks);
	HASH_FREE(l->processes);
}

/*
 * Threads that end at the same time are not yet in what each has of the process; those that ended before we came are
 * not in the sum of those that were seen.
 */
void live_add_times(struct live_process *p, const struct wire_exit *w)
{
	p->own_utime += w->own_utime_ns;
	p->own_stime += w->own_stime_ns;
	if (w->r.utime_ns + w->r.stime_ns > p->utime + p->stime) {
		p->utime = w->r.utime_ns;
		p->stime = w->r.stime_ns;
	}
	if (w->r.cpu_limit)
		p->cpu_limit = w->r.cpu_limit;
}

void live_times(const struct live_process *p, struct record_exit *r)
{
	bool own = p->own_utime + p->own_stime > p->utime + p->stime;

	r->cpu_limit = p->cpu_limit;
	r->utime_ns = own ? p->own_utime : p->utime;
	r->stime_ns = own ? p->own_stime : p->stime;
}
