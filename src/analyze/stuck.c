/* SPDX-License-Identifier: MIT */
#include "analyze/stuck.h"

#include <signal.h>
#include <sys/wait.h>

#include "analyze/endings.h"
#include "analyze/totals.h"
#include "base/macro.h"

enum {
	LONGEST_NS = 500000000, /* a shorter wait may be one of a program that goes on */
	EACH_NS = 200000000,	/* of all threads: where two hand work to each other, a wait is shorter */
	/* a wait that a signal ends is seen to end before the signal, and each thread's end at a moment of its own */
	BEFORE_NS = 200000000,
};

/* When it is judged, and what came then. */
struct moment_of_end {
	uint64_t ns;
	int signo;	/* 0: the trace ended */
	bool killed;	/* all threads ended with it */
};

static bool lived(const struct totals_task *task, uint64_t ns)
{
	return task->start_ns < ns && (!task->end_ns || task->end_ns + BEFORE_NS >= ns);
}

/* The wait without a time that the thread was in; NULL: it did something else, or was woken. */
static const struct span *wait_at(const struct totals_task *task, const struct moment_of_end *at)
{
	const struct span *s = NULL;

	for (unsigned i = task->nspans; i-- > 0 && !s;)
		if (task->spans[i].start_ns < at->ns)
			s = &task->spans[i];
	if (!s || !s->endless || !s->wait || s->end_ns + BEFORE_NS < at->ns)
		return NULL;
	/* at Ctrl-C Python gives up the lock that others wait for; who is killed ends the wait of who joins it */
	if (!s->woken || (at->killed && s->what == SPENT_THREAD) || (at->signo == SIGINT && s->end_ns >= at->ns))
		return s;
	return NULL;
}

static uint32_t tid_of(const struct totals *t, uint32_t task)
{
	const struct totals_task *r = task ? spending_task(t, task) : NULL;

	return r ? r->tid : 0;
}

static void add(const struct totals *t, struct stuck *r, const struct totals_task *task, const struct span *s,
		uint64_t until_ns)
{
	uint64_t ns = until_ns - s->start_ns;
	const struct totals_wait *w = s->wait;
	unsigned i = 0;

	r->ns = r->nthreads++ ? MIN(r->ns, ns) : ns;
	r->longest_ns = MAX(r->longest_ns, ns);
	while (i < r->nthings && r->things[i].wait != w)
		i++;
	if (i == STUCK_THINGS) {
		r->nmore++;
		return;
	}
	if (i == r->nthings)
		r->things[r->nthings++] = (struct stuck_thing){
			.wait = w,
			.tid = task->tid,
			.joined = s->what == SPENT_THREAD ? tid_of(t, w->target) : 0,
			.taken_by = w->held && w->turns ? tid_of(t, w->turns->now.task) : 0,
		};
	r->things[i].n++;
}

static bool is_lock(const struct span *s) { return span_what(s) == SPENT_LOCK && s->wait->held && !s->woken; }

/* All threads of a process waited: none was left that could have woken another, unless other processes share a word. */
static bool all_at(const struct totals *t, const struct totals_proc *p, const struct moment_of_end *at, struct stuck *r)
{
	*r = (struct stuck){.all = true, .signo = at->signo};
	for (uint32_t next = p->first_task; next; next = t->tasks.v[next - 1]->next) {
		const struct totals_task *task = t->tasks.v[next - 1];
		const struct span *s;

		if (!lived(task, at->ns))
			continue;
		s = wait_at(task, at);
		if (!s || s->wait->shared)
			return false;
		add(t, r, task, s, at->ns);
	}
	return r->nthreads && r->ns >= EACH_NS && r->longest_ns >= LONGEST_NS;
}

static bool locks_at(const struct totals *t, const struct totals_proc *p, const struct moment_of_end *at,
		     struct stuck *r)
{
	*r = (struct stuck){.signo = at->signo};
	for (uint32_t next = p->first_task; next; next = t->tasks.v[next - 1]->next) {
		const struct totals_task *task = t->tasks.v[next - 1];
		const struct span *s = lived(task, at->ns) ? wait_at(task, at) : NULL;

		if (s && is_lock(s) && at->ns - s->start_ns >= LONGEST_NS)
			add(t, r, task, s, at->ns);
	}
	r->ns = r->longest_ns;
	return r->nthreads;
}

/* The first and the last time that it was asked to end, and its end where another process or a person made it. */
static unsigned moments(const struct totals *t, const struct totals_proc *p, struct moment_of_end ret[3])
{
	int signo = p->status > 0 && WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0;
	unsigned n = 0;

	if (p->asked_first.signo)
		ret[n++] = (struct moment_of_end){p->asked_first.ts_ns, p->asked_first.signo, false};
	if (p->asked.ts_ns != p->asked_first.ts_ns)
		ret[n++] = (struct moment_of_end){p->asked.ts_ns, p->asked.signo, false};
	if (!p->end_ns)
		ret[n++] = (struct moment_of_end){t->end_ns, 0, false};
	else if (signo == SIGKILL || signo == SIGTERM || signo == SIGINT || signo == SIGHUP || signo == SIGQUIT ||
		 signo == SIGALRM)
		ret[n++] = (struct moment_of_end){p->end_ns, signo, true};
	return n;
}

bool stuck_of(const struct totals *t, const struct totals_proc *p, struct stuck *ret)
{
	struct moment_of_end at[3];
	unsigned n;

	/* who ends with 0 when it is asked to waited for that */
	if (p->end_ns && !ending_failed(t, p))
		return false;
	n = moments(t, p, at);
	for (unsigned i = 0; i < n; i++)
		if (all_at(t, p, &at[i], ret))
			return true;
	for (unsigned i = 0; i < n; i++)
		if (locks_at(t, p, &at[i], ret))
			return true;
	return false;
}
