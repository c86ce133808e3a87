/* SPDX-License-Identifier: MIT */
/* Which child a process failed for. */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/endings.h"
#include "analyze/endings_cause.h"
#include "analyze/totals.h"
#include "base/macro.h"

static struct totals_ending *of_proc(const struct totals *t, const struct totals_proc *p)
{
	for (unsigned i = t->endings.n; i-- > 0;)
		if (t->endings.v[i]->proc == p)
			return t->endings.v[i];
	return NULL;
}

bool ending_is_explained(const struct totals_ending *e)
{
	return e->fatal.signo || e->nlines || e->nmissed || e->second.name.s;
}

bool endings_child_failed(const struct totals *t, const struct totals_proc *p)
{
	for (uint32_t at = p->first_child; at; at = t->procs.v[at - 1]->next_sibling) {
		const struct totals_ending *e = t->procs.v[at - 1]->status > 0 ? of_proc(t, t->procs.v[at - 1]) : NULL;

		if (e && ending_is_explained(e))
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

/* ---- the child that it failed for ---- */

/* What it missed itself, after a child's end. */
static bool missed_since(const struct totals_ending *e, uint64_t since_ns)
{
	for (unsigned i = 0; i < e->nmissed; i++)
		if (e->missed[i].ts_ns > since_ns)
			return true;
	return false;
}

static int code_of(const struct totals_proc *p)
{
	return WIFSIGNALED(p->status) ? 128 + WTERMSIG(p->status) : WEXITSTATUS(p->status);
}

/* "Error 1", "exit status 2", "returned 1 exit status": the code stands in a line about one. */
static bool line_has_code(struct bytes line, int code)
{
	static const char *const words[] = {"rror ", "status", "code"};
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", code);
	bool about = false;

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		about |= has(line, words[i], strlen(words[i]));
	for (const char *at = line.s, *end = line.s + line.len; about && at < end; at++) {
		at = memmem(at, (size_t)(end - at), text, (size_t)n);
		if (!at)
			break;
		if (at > line.s && at[-1] == ' ' && (at + n == end || !isalnum((unsigned char)at[n])))
			return true;
	}
	return false;
}

/* It reports how the child ended, as make, gcc and Python do. */
static bool reports(const struct totals_ending *e, const struct totals_proc *child)
{
	for (unsigned i = 0; i < e->nlines; i++)
		if (line_has_code(e->lines[i], code_of(child)))
			return true;
	return false;
}

/* Those of the children that failed before it ended that it can have failed for; NULL: there is none. */
struct candidates {
	const struct totals_proc *last;		/* nothing was started after it */
	const struct totals_proc *passed;	/* the last one to fail, and what was started later did well */
	const struct totals_proc *reported;
};

static struct candidates candidates_of(const struct totals *t, const struct totals_ending *e)
{
	struct candidates r = {0};

	for (uint32_t at = e->proc->first_child; at; at = t->procs.v[at - 1]->next_sibling) {
		const struct totals_proc *c = t->procs.v[at - 1];

		if (r.last && c->start_ns > r.last->end_ns && !started_together(t, e, r.last, c))
			r.last = NULL;
		if (c->status <= 0 || !c->end_ns || c->end_ns > e->proc->end_ns)
			continue;
		if (!r.last || c->end_ns > r.last->end_ns)
			r.last = c;
		if (!r.passed || c->end_ns > r.passed->end_ns)
			r.passed = c;
		if ((!r.reported || c->end_ns > r.reported->end_ns) && reports(e, c))
			r.reported = c;
	}
	return r;
}

/* With another code than the child's, of which it does not speak, what it missed later itself is its own reason. */
static bool fails_for_last(const struct totals_ending *e, const struct totals_proc *last)
{
	return code_of(last) == code_of(e->proc) || reports(e, last) || !missed_since(e, last->end_ns);
}

/*
 * A script that cleans up, and then ends with the code of what failed (trap, rc=$?).  Each third program ends with 1:
 * there the child must have a reason.
 */
static bool fails_for_passed(const struct totals *t, const struct totals_ending *e, const struct totals_proc *passed)
{
	const struct totals_ending *cause = of_proc(t, passed);

	return cause && code_of(passed) == code_of(e->proc) && e->wrote_ns <= passed->end_ns &&
	       (code_of(passed) > 1 || ending_is_explained(cause) || endings_child_failed(t, passed));
}

static struct totals_ending *cause_of(const struct totals *t, const struct totals_ending *e)
{
	struct candidates c = candidates_of(t, e);
	const struct totals_proc *child = NULL;
	struct totals_ending *cause;

	if (WIFSIGNALED(e->proc->status))
		return NULL;
	if (c.last && fails_for_last(e, c.last))
		child = c.last;
	else if (c.reported)
		child = c.reported;
	else if (c.passed && fails_for_passed(t, e, c.passed))
		child = c.passed;
	cause = child && !has_own_reason(e, child->end_ns) ? of_proc(t, child) : NULL;
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

void endings_find_causes(const struct totals *t)
{
	for (unsigned i = 0; i < t->endings.n; i++)
		follows(t->endings.v[i], cause_of(t, t->endings.v[i]));
	for (unsigned i = 0; i < t->endings.n; i++)
		if (!t->endings.v[i]->cause)
			follows(t->endings.v[i], cause_beside(t, t->endings.v[i]));
}
