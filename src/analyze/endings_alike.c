/* SPDX-License-Identifier: MIT */
/* Which processes failed in the same way. */
#include "analyze/endings_alike.h"

#include <string.h>

#include "analyze/last_lines.h"
#include "analyze/totals.h"

static bool same(struct bytes a, struct bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.s, b.s, a.len));
}

static bool wrote_alike(const struct totals_ending *a, const struct totals_ending *b)
{
	if (a->nlines != b->nlines || a->unread != b->unread)
		return false;
	for (unsigned i = 0; i < a->nlines; i++)
		if (!last_lines_alike(a->lines[i], b->lines[i]))
			return false;
	return true;
}

static bool missed_alike(const struct totals_ending *a, const struct totals_ending *b)
{
	if (a->nmissed != b->nmissed || !same(a->second.name, b->second.name))
		return false;
	for (unsigned i = 0; i < a->nmissed; i++)
		if (a->missed[i].kind != b->missed[i].kind || a->missed[i].err != b->missed[i].err ||
		    !same(a->missed[i].name, b->missed[i].name))
			return false;
	return true;
}

static bool runs_alike(const struct totals_proc *a, const struct totals_proc *b)
{
	const struct bytes x = {a->argv.s, a->argv.len, 0}, y = {b->argv.s, b->argv.len, 0};

	return same(a->comm, b->comm) && a->argv.n == b->argv.n && (!x.len || !y.len || last_lines_alike(x, y));
}

static bool is_sent(const struct fatal *f)
{
	return f->signo && !f->has_addr && !f->forbidden && !f->broken;
}

/* What one signal reaches, sent to a group, ends within moments. */
static const uint64_t AT_ONCE_NS = 1000000000;

static bool killed_at_once(const struct fatal *a, const struct fatal *b)
{
	uint64_t apart = a->ts_ns > b->ts_ns ? a->ts_ns - b->ts_ns : b->ts_ns - a->ts_ns;

	return is_sent(a) && is_sent(b) && apart < AT_ONCE_NS;
}

static bool killed_itself(const struct totals_ending *e) { return e->fatal.sender == e->proc->pid; }

static bool died_alike(const struct totals_ending *a, const struct totals_ending *b)
{
	const struct fatal *f = &a->fatal, *g = &b->fatal;

	if (is_sent(f) != is_sent(g) || f->init_proc != g->init_proc || killed_itself(a) != killed_itself(b))
		return false;
	return (f->sender == g->sender || killed_itself(a)) && f->text_offset == g->text_offset &&
	       same(f->text, g->text);
}

static bool is_like(const struct totals_ending *a, const struct totals_ending *b)
{
	if (a->proc->status != b->proc->status || !died_alike(a, b) || !wrote_alike(a, b) || !missed_alike(a, b))
		return false;
	return (killed_at_once(&a->fatal, &b->fatal) && !killed_itself(a)) || runs_alike(a->proc, b->proc);
}

void endings_alike(const struct totals_ending *const *v, unsigned n, struct alike *ret_alike)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned first = 0;

		while (first < i && (ret_alike[first].first != first || !is_like(v[first], v[i])))
			first++;
		ret_alike[i].first = first;
		ret_alike[first].n++;
	}
}
