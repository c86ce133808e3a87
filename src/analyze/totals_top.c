/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/socket.h>

#include "analyze/totals.h"
#include "base/macro.h"

struct ranked { uint64_t weight; unsigned row; };

static int by_weight(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static unsigned pick(struct ranked *all, unsigned n, unsigned *ret_rows, unsigned max)
{
	if (n)
		qsort(all, n, sizeof(*all), by_weight);
	for (unsigned i = 0; i < n && i < max; i++)
		ret_rows[i] = all[i].row;
	free(all);
	return n;
}

/* Rows of a table for which `keep` holds, by `weight`; both see the row as r. */
#define TOP(table, keep, value) do { \
	struct ranked *all = xcalloc((table).n + 1, sizeof(*all)); \
	unsigned n = 0; \
	for (unsigned i = 0; i < (table).n; i++) { \
		const __typeof__(*(table).v[0]) *r = (table).v[i]; \
		if (keep) \
			all[n++] = (struct ranked){ (value), i }; \
	} \
	return pick(all, n, ret_rows, max); \
} while (0)

unsigned totals_top_files(const struct totals *t, bool noise, unsigned *ret_rows, unsigned max)
{
	TOP(t->files, (noise || r->noise == NOISE_NONE) && (r->nreads || r->nwrites), r->nread + r->nwritten);
}

unsigned totals_top_lookups(const struct totals *t, bool noise, unsigned *ret_rows, unsigned max)
{
	TOP(t->lookups, noise || r->noise == NOISE_NONE, r->count);
}

/* A local socket of which no name is known says nothing; over a network bytes count whosever they are. */
static bool has_words(const struct totals_conn *c)
{
	bool local = c->family == AF_UNIX || c->family == AF_NETLINK || c->family == AF_UNSPEC;
	bool named = !local || (c->type == SOCK_DGRAM && c->has_local && c->local.family == AF_UNIX &&
				(c->local.len || c->local.abstract));

	return c->state != CONN_LISTENING && (c->has_peer || c->rest || (named && (c->sent || c->received)));
}

unsigned totals_top_conns(const struct totals *t, bool noise, unsigned *ret_rows, unsigned max)
{
	TOP(t->conns, (noise || r->noise == NOISE_NONE) && has_words(r), r->sent + r->received);
}

unsigned totals_top_errors(const struct totals *t, unsigned *ret_rows, unsigned max)
{
	TOP(t->errors, true, r->count);
}

unsigned totals_top_calls(const struct totals *t, unsigned *ret_rows, unsigned max)
{
	TOP(t->calls, r->dur.n > 0, r->dur.sum);
}
