/* SPDX-License-Identifier: MIT */
/* Where two runs were made, by which user, and within which limits. */
#include <string.h>

#include "analyze/diff_part.h"
#include "analyze/totals.h"
#include "base/macro.h"

unsigned diff_not_recorded(const struct totals *run)
{
	unsigned not = NOT_ENV;

	for (unsigned i = 0; i < run->procs.n && not; i++)
		if (run->procs.v[i]->env)
			not = 0;
	return not | (run->started.has_owner ? 0 : NOT_OWNER) | (run->started.has_limits ? 0 : NOT_LIMITS) |
	       (run->started.kernel.len ? 0 : NOT_HOST);
}

static struct difference *put(struct diff_list *l, enum diff_fact fact)
{
	struct difference *d = diff_put(l, DIFF_STARTED, 1);

	d->fact = fact;
	d->has[0] = d->has[1] = true;
	return d;
}

static void texts(struct diff_list *l, enum diff_fact fact, struct bytes a, struct bytes b)
{
	struct difference *d;

	if (!a.len || !b.len || (a.len == b.len && !memcmp(a.s, b.s, a.len)))
		return;
	d = put(l, fact);
	d->text[0] = a;
	d->text[1] = b;
}

static void numbers(struct diff_list *l, enum diff_fact fact, unsigned limit, uint64_t a, uint64_t b)
{
	struct difference *d;

	if (a == b)
		return;
	d = put(l, fact);
	d->limit = limit;
	d->number[0] = a;
	d->number[1] = b;
}

/* An effective id, and a hard limit, where it is not the same difference as the real one and the soft one. */
static void pair(struct diff_list *l, enum diff_fact facts[2], unsigned limit, const uint64_t a[2], const uint64_t b[2])
{
	numbers(l, facts[0], limit, a[0], b[0]);
	if (a[0] != a[1] || b[0] != b[1])
		numbers(l, facts[1], limit, a[1], b[1]);
}

static void owners(struct diff_list *l, const struct record_owner *a, const struct record_owner *b)
{
	pair(l, (enum diff_fact[]){ FACT_UID, FACT_EUID }, 0, (uint64_t[]){ a->uid, a->euid },
	     (uint64_t[]){ b->uid, b->euid });
	pair(l, (enum diff_fact[]){ FACT_GID, FACT_EGID }, 0, (uint64_t[]){ a->gid, a->egid },
	     (uint64_t[]){ b->gid, b->egid });
	numbers(l, FACT_UMASK, 0, a->umask, b->umask);
}

void diff_started(struct diff_list *l, const struct totals *const runs[2])
{
	const struct totals_started *a = &runs[0]->started, *b = &runs[1]->started;

	texts(l, FACT_HOST, a->host, b->host);
	texts(l, FACT_KERNEL, a->kernel, b->kernel);
	if (a->cpus && b->cpus)
		numbers(l, FACT_CPUS, 0, a->cpus, b->cpus);
	if (a->has_owner && b->has_owner)
		owners(l, &a->owner, &b->owner);
	for (unsigned i = 0; i < RECORD_LIMITS && a->has_limits && b->has_limits; i++)
		pair(l, (enum diff_fact[]){ FACT_SOFT_LIMIT, FACT_HARD_LIMIT }, i,
		     (uint64_t[]){ a->limits.soft[i], a->limits.hard[i] },
		     (uint64_t[]){ b->limits.soft[i], b->limits.hard[i] });
}
