/* SPDX-License-Identifier: MIT */
/* Which of the processes that failed failed by themselves, and which of these matter. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/endings.h"
#include "analyze/totals.h"
#include "base/macro.h"

static const struct totals_proc *last_with_pid(const struct totals *t, uint32_t pid)
{
	for (unsigned i = t->procs.n; pid && i-- > 0;)
		if (t->procs.v[i]->pid == pid)
			return t->procs.v[i];
	return NULL;
}

static struct totals_ending *of_proc(const struct totals *t, const struct totals_proc *p)
{
	for (unsigned i = t->endings.n; i-- > 0;)
		if (t->endings.v[i]->proc == p)
			return t->endings.v[i];
	return NULL;
}

static bool is_explained(const struct totals_ending *e)
{
	return e->fatal.signo || e->nlines || e->nmissed || e->second.name.s;
}

bool endings_child_failed(const struct totals *t, const struct totals_proc *p)
{
	for (uint32_t at = p->first_child; at; at = t->procs.v[at - 1]->next_sibling) {
		const struct totals_ending *e = t->procs.v[at - 1]->status > 0 ? of_proc(t, t->procs.v[at - 1]) : NULL;

		if (e && is_explained(e))
			return true;
	}
	return false;
}

/*
 * Whether the next was started before its parent had waited for the one that failed: as the parts of a pipeline are.  A
 * shell with `pipefail` ends as the last of them that failed.
 */
static bool started_together(const struct totals *t, const struct totals_ending *e, const struct totals_proc *failed,
			     const struct totals_proc *next)
{
	const struct totals_task *parent = e->proc->first_task ? t->tasks.v[e->proc->first_task - 1] : NULL;
	unsigned low = 0, high = parent ? parent->nspans : 0;

	if (!parent || failed->status != e->proc->status)
		return false;
	while (low < high) {
		unsigned mid = (low + high) / 2;

		if (parent->spans[mid].end_ns < failed->end_ns)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < parent->nspans && parent->spans[low].end_ns <= next->start_ns; low++)
		if (parent->spans[low].what == SPENT_CHILD)
			return false;
	return true;
}

static bool has(struct bytes line, const char *s, size_t n)
{
	return n && line.len >= n && memmem(line.s, line.len, s, n);
}

/* It wrote itself, after a child's end, what it could not have and why: it did not fail for the child. */
static bool has_own_reason(const struct totals_ending *e, uint64_t since_ns)
{
	for (unsigned i = 0; i < e->nmissed; i++) {
		const struct missed *m = &e->missed[i];
		const char *text = errno_text(m->err);

		for (unsigned k = 0; m->ts_ns > since_ns && text && k < e->nlines; k++)
			if (has(e->lines[k], m->name.s, m->name.len) && has(e->lines[k], text, strlen(text)))
				return true;
	}
	return false;
}

/* The child that failed last, when nothing was started after it: a parent then most often fails for it. */
static struct totals_ending *cause_of(const struct totals *t, const struct totals_ending *e)
{
	const struct totals_proc *last = NULL;
	struct totals_ending *cause;

	if (WIFSIGNALED(e->proc->status))
		return NULL;
	for (uint32_t at = e->proc->first_child; at; at = t->procs.v[at - 1]->next_sibling) {
		const struct totals_proc *c = t->procs.v[at - 1];

		if (last && c->start_ns > last->end_ns && !started_together(t, e, last, c))
			last = NULL;
		if (c->status > 0 && c->end_ns && c->end_ns <= e->proc->end_ns && (!last || c->end_ns > last->end_ns))
			last = c;
	}
	cause = last && !has_own_reason(e, last->end_ns) ? of_proc(t, last) : NULL;
	return cause && cause->fatal.init_proc == e->proc ? NULL : cause;
}

/* A process closes its files before its end is seen, and its parent may end for that at once. */
static const uint64_t BESIDE_NS = 1000000000;

/*
 * A child that failed for one of its own, which ended before or at that moment: its parent can see that (an end of a
 * pipe that is closed), end in the same way, and not wait for it.
 */
static struct totals_ending *cause_beside(const struct totals *t, const struct totals_ending *e)
{
	if (WIFSIGNALED(e->proc->status) || has_own_reason(e, 0))
		return NULL;
	for (uint32_t at = e->proc->first_child; at; at = t->procs.v[at - 1]->next_sibling) {
		const struct totals_proc *c = t->procs.v[at - 1];
		bool later = c->status == e->proc->status && c->end_ns > e->proc->end_ns;
		struct totals_ending *cause = later ? of_proc(t, c) : NULL;
		const struct totals_ending *first = cause;

		while (first && first->cause)
			first = first->cause;
		if (first != cause && first->proc->end_ns <= e->proc->end_ns + BESIDE_NS)
			return cause;
	}
	return NULL;
}

static void follows(struct totals_ending *e, struct totals_ending *cause)
{
	e->cause = cause;
	if (cause)
		cause->effect = e;
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
		follows(e, cause_of(t, e));
	}
	for (unsigned i = 0; i < t->endings.n; i++)
		if (!t->endings.v[i]->cause)
			follows(t->endings.v[i], cause_beside(t, t->endings.v[i]));
}

bool ending_is_meant(const struct totals *t, const struct totals_proc *p)
{
	const struct totals_proc *by = totals_proc(t, p->parent);
	int signo = p->status > 0 && WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0;

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
	return !failed || (explained && (e->unread || !is_explained(e)));
}

unsigned endings_top(const struct totals *t, const struct totals_ending **ret_rows, unsigned max)
{
	const struct totals_proc *main_proc = totals_proc(t, t->main_proc);
	bool failed = main_proc && main_proc->status > 0, explained = false;
	unsigned n = 0, all = 0;

	join(t);
	for (unsigned weight = 4; weight-- > 0;) {
		for (unsigned i = t->endings.n; i-- > 0;) {
			const struct totals_ending *e = t->endings.v[i];

			if (e->cause || weight_of(t, e) != weight || ending_is_meant(t, e->proc) ||
			    (!weight && is_answer(e, failed, explained)))
				continue;
			explained |= weight == 3 && is_explained(e);
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
