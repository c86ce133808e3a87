/* SPDX-License-Identifier: MIT */
#include "analyze/clients.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/share.h"
#include "base/hash.h"
#include "base/macro.h"

/* An address that is listened at, on one host; hashed as bytes.  id: of a listener whose address is not known. */
struct key {
	uint32_t host, id;
	uint16_t family, type;
	struct addr local;
};
struct row {
	struct key key;
	unsigned at;
	UT_hash_handle hh;
};
struct took {
	unsigned at;
	uint64_t ns;
};

static void key_of(struct key *ret, const struct totals *t, const struct totals_conn *listener)
{
	const struct totals_proc *p = totals_proc(t, listener->proc);

	memset(ret, 0, sizeof(*ret));
	ret->host = p ? p->host : 0;
	ret->family = listener->family;
	ret->type = listener->type;
	if (listener->has_local)
		addr_key(&ret->local, &listener->local);
	else
		ret->id = listener->id;
}

static unsigned sum_of_listener(struct client_sums *s, struct row **rows, const struct totals *t,
				const struct totals_conn *listener)
{
	struct key key;
	struct row *r;

	key_of(&key, t, listener);
	HASH_FIND(hh, *rows, &key, sizeof(key), r);
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		r->key = key;
		r->at = s->n++;
		HASH_ADD(hh, *rows, key, sizeof(key), r);
		s->v[r->at].sum = (struct totals_conn){.family = listener->family,
						       .type = listener->type,
						       .protocol = listener->protocol,
						       .state = CONN_ACCEPTED,
						       .listener = listener};
	}
	return r->at;
}

static void add(struct client_sum *of, const struct totals_conn *c)
{
	struct totals_conn *sum = &of->sum;

	if (!sum->nclients++) {
		sum->proc = c->proc;
		sum->start_ns = c->start_ns;
	} else if (sum->proc != c->proc) {
		sum->proc = 0;
	}
	sum->start_ns = MIN(sum->start_ns, c->start_ns);
	sum->end_ns = MAX(sum->end_ns, c->end_ns);
	sum->sent = sum_of(sum->sent, c->sent);
	sum->received = sum_of(sum->received, c->received);
	sum->waited_ns = sum_of(sum->waited_ns, c->waited_ns);
	of->nopen += !c->end_ns;
}

static int by_time(const void *pa, const void *pb)
{
	const struct took *a = pa, *b = pb;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->ns < b->ns ? -1 : a->ns > b->ns;
}

/* n of one listener, in order. */
static void latencies(struct client_sum *of, const struct took *v, unsigned n)
{
	of->nclosed = n;
	of->median_ns = v[(n - 1) / 2].ns;
	of->longest_ns = v[n - 1].ns;
}

struct client_sums *client_sums_new(const struct totals *t, bool noise)
{
	struct client_sums *s = xcalloc(1, sizeof(*s));
	struct took *took = xcalloc(t->conns.n + 1, sizeof(*took));
	struct row *rows = NULL, *r, *next;
	unsigned ntook = 0;

	s->v = xcalloc(t->conns.n + 1, sizeof(*s->v));
	s->of = xcalloc(t->conns.n + 1, sizeof(*s->of));
	for (unsigned i = 0; i < t->conns.n; i++) {
		const struct totals_conn *c = t->conns.v[i];

		if (c->state == CONN_LISTENING)
			s->v[sum_of_listener(s, &rows, t, c)].accepted += c->accepted;
		if (!c->listener || (c->noise != NOISE_NONE && !noise))
			continue;
		s->of[i] = sum_of_listener(s, &rows, t, c->listener) + 1;
		add(&s->v[s->of[i] - 1], c);
		if (c->end_ns > c->start_ns && !t->ends_missing)
			took[ntook++] = (struct took){s->of[i] - 1, c->end_ns - c->start_ns};
	}
	qsort(took, ntook, sizeof(*took), by_time);
	for (unsigned i = 0, n; i < ntook; i += n) {
		for (n = 1; i + n < ntook && took[i + n].at == took[i].at;)
			n++;
		latencies(&s->v[took[i].at], &took[i], n);
	}
	for (unsigned i = 0; i < s->n; i++)
		if (s->v[i].nopen)
			s->v[i].sum.end_ns = 0;
	HASH_ITER(hh, rows, r, next)
	{
		HASH_DEL(rows, r);
		free(r);
	}
	free(took);
	return s;
}

void client_sums_free(struct client_sums *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->of);
	free(s);
}

const struct totals_conn *client_sums_many(const struct client_sums *s, unsigned row)
{
	const struct client_sum *of = s->of[row] ? &s->v[s->of[row] - 1] : NULL;

	return of && of->sum.nclients > CLIENTS_FEW ? &of->sum : NULL;
}
