/* SPDX-License-Identifier: MIT */
/* Which of the processes that failed by themselves matter. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "analyze/endings.h"
#include "analyze/endings_cause.h"
#include "analyze/totals.h"
#include "base/macro.h"

static const struct totals_proc *last_with_pid(const struct totals *t, uint32_t pid)
{
	for (unsigned i = t->procs.n; pid && i-- > 0;)
		if (t->procs.v[i]->pid == pid)
			return t->procs.v[i];
	return NULL;
}

static unsigned weight_of(const struct totals *t, const struct totals_ending *e)
{
	const struct totals_ending *top = e;

	while (top->effect)
		top = top->effect;
	if (top->proc->id == t->main_proc)
		return 3;
	return e->fatal.signo ? 2 : e->nlines && !e->unread ? 1 : 0;
}

/*
 * The first process of a pid namespace that ends takes all others with it (pid_namespaces(7)).  It is seen to end
 * before these, or, traced by ptrace, after them: if it came out of a wait meanwhile it was still running then.
 */
static const struct totals_proc *init_that_ended(const struct totals *t, const struct totals_ending *e)
{
	const struct totals_proc *init = e->fatal.init ? totals_proc(t, e->fatal.init) : NULL;
	const struct totals_task *first = init && init->first_task ? t->tasks.v[init->first_task - 1] : NULL;

	if (e->fatal.signo != SIGKILL || e->fatal.sender || !first || init->status < 0)
		return NULL;
	for (unsigned i = first->nspans; i-- > 0 && first->spans[i].end_ns > e->proc->end_ns;)
		if (first->spans[i].end_ns < init->end_ns)
			return NULL;
	return init;
}

/* Joins each ending with the one that it follows from. */
static void join(const struct totals *t)
{
	for (unsigned i = 0; i < t->endings.n; i++)
		t->endings.v[i]->cause = t->endings.v[i]->effect = NULL;
	for (unsigned i = 0; i < t->endings.n; i++) {
		t->endings.v[i]->fatal.sender = t->endings.v[i]->proc->fatal_from;
		t->endings.v[i]->fatal.init_proc = init_that_ended(t, t->endings.v[i]);
	}
	for (unsigned i = 0; i < t->endings.n; i++) {
		struct totals_ending *e = t->endings.v[i];

		e->fatal.sender_proc = last_with_pid(t, e->fatal.sender);
		e->fatal.reader_proc = e->fatal.reader ? totals_proc(t, e->fatal.reader) : NULL;
		e->fatal.only_chosen = t->chosen.len || t->filter.len;
	}
	endings_find_causes(t);
}

/* -1: there is none, or it goes on. */
static int ending_of_main(const struct totals *t)
{
	const struct totals_proc *p = totals_proc(t, t->main_proc);

	return p ? p->status : -1;
}

bool ending_is_meant(const struct totals *t, const struct totals_proc *p)
{
	const struct totals_proc *by = totals_proc(t, p->parent);
	int signo = p->status > 0 && WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0;

	/* who writes to head(1) has no reader in the end */
	if (signo == SIGPIPE && !ending_of_main(t))
		return true;
	return by && by->pid == p->fatal_from && by->status == 0 &&
	       (signo == SIGTERM || signo == SIGINT || signo == SIGHUP);
}

bool ending_failed(const struct totals *t, const struct totals_proc *p)
{
	return p->status > 0 && !ending_is_meant(t, p);
}

/*
 * An exit code without a word that anybody was to read is an answer as often as a failure (grep, test): not for a run
 * that was well, and, where nothing was missed either, not beside the reason why the command failed.
 */
static bool is_answer(const struct totals_ending *e, bool failed, bool explained)
{
	return !failed || (explained && (e->unread || !ending_is_explained(e)));
}

static bool has_row(const struct totals *t, const struct totals_ending *e, unsigned weight, bool failed, bool explained)
{
	return !e->cause && weight_of(t, e) == weight && !ending_is_meant(t, e->proc) &&
	       (weight || !is_answer(e, failed, explained));
}

/* An exit code without a word stands behind what has a reason, also that of the command: most often it follows. */
unsigned endings_top(const struct totals *t, const struct totals_ending **ret_rows, unsigned max)
{
	bool failed = ending_of_main(t) > 0, explained = false;
	unsigned n = 0, all = 0;

	join(t);
	for (unsigned round = 8; round-- > 0;) {
		unsigned weight = round % 4;

		for (unsigned i = t->endings.n; i-- > 0;) {
			const struct totals_ending *e = t->endings.v[i];

			if (ending_is_explained(e) != (round >= 4) || !has_row(t, e, weight, failed, explained))
				continue;
			explained |= weight == 3 && ending_is_explained(e);
			if (n < max)
				ret_rows[n++] = e;
			all++;
		}
	}
	return all;
}

static int by_moment(const void *pa, const void *pb)
{
	const struct moment *a = pa, *b = pb;

	if (a->ts_ns != b->ts_ns)
		return a->ts_ns < b->ts_ns ? -1 : 1;
	return a->task < b->task ? -1 : a->task > b->task;
}

unsigned endings_reasons(const struct totals *t, struct moment **ret_v)
{
	unsigned n = 0;

	join(t);
	*ret_v = xmalloc(((size_t)t->endings.n * ENDING_MISSES * MISS_MOMENTS + 1) * sizeof(**ret_v));
	for (unsigned i = 0; i < t->endings.n; i++) {
		const struct totals_ending *e = t->endings.v[i];

		for (unsigned k = 0; k < e->nmissed && !e->cause; k++)
			for (unsigned m = 0; m < e->missed[k].nat; m++)
				(*ret_v)[n++] = e->missed[k].at[m];
	}
	if (n)
		qsort(*ret_v, n, sizeof(**ret_v), by_moment);
	return n;
}
