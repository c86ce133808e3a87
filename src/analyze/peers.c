/* SPDX-License-Identifier: MIT */
#include "analyze/peers.h"

#include <string.h>
#include <sys/socket.h>

#include "analyze/share.h"
#include "analyze/totals.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/macro.h"

/* A peer as those that are traced on one host see it; hashed as bytes. */
struct peer_key {
	uint32_t host;
	uint16_t type, accepted;
	struct addr peer; /* accepted: the address that was listened at */
};
struct peer_row {
	struct totals_wait sum;
	struct peer_key key;
	UT_hash_handle hh;
};

struct wait_peers {
	struct arena arena;
	struct peer_row *rows;
};

struct wait_peers *wait_peers_new(void) { return xcalloc(1, sizeof(struct wait_peers)); }

void wait_peers_free(struct wait_peers *s)
{
	HASH_CLEAR(hh, s->rows);
	arena_done(&s->arena);
	free(s);
}

void tids_add(uint32_t *v, unsigned *n, unsigned max, uint32_t tid)
{
	for (unsigned i = 0; i < *n; i++)
		if (v[i] == tid)
			return;
	if (*n < max)
		v[(*n)++] = tid;
}

static void count_wait(struct totals_wait *w, uint64_t start, uint64_t ns, uint32_t tid)
{
	w->n++;
	w->ns = sum_of(w->ns, ns);
	tids_add(w->waiters, &w->nwaiters, ARRAY_SIZE(w->waiters), tid);
	if (ns > w->longest_ns) {
		w->longest_ns = ns;
		w->longest_at_ns = start;
	}
}

/* One that all connections to it share, of a client its listener's address; not a listener, nor one without a name. */
static bool has_peer(const struct totals_wait *w)
{
	const struct totals_conn *c = w->conn;

	if (w->what == SPENT_PEER && c && c->listener)
		return c->listener->has_local;
	return w->what == SPENT_PEER && c && c->has_peer && !c->rest && c->state != CONN_LISTENING &&
	       (c->peer.family != AF_UNIX || c->peer.len);
}

static struct totals_wait *sum_of_peer(struct wait_peers *s, const struct totals *t, const struct totals_wait *w)
{
	const struct totals_proc *p = totals_proc(t, w->proc);
	struct peer_key key;
	struct peer_row *r;

	memset(&key, 0, sizeof(key));
	key.host = p ? p->host : 0;
	key.type = w->conn->type;
	key.accepted = w->conn->listener != NULL;
	addr_key(&key.peer, key.accepted ? &w->conn->listener->local : &w->conn->peer);
	HASH_FIND(hh, s->rows, &key, sizeof(key), r);
	if (!r) {
		r = arena_alloc(&s->arena, sizeof(*r));
		r->key = key;
		r->sum = (struct totals_wait){.what = w->what, .proc = w->proc, .conn = w->conn, .first = w};
		HASH_ADD(hh, s->rows, key, sizeof(key), r);
	}
	return &r->sum;
}

/* What was waited for it before its peer was known is the peer's, too. */
void wait_peers_join(struct wait_peers *s, const struct totals *t, struct totals_wait *w)
{
	struct totals_wait *sum = !w->whole && has_peer(w) ? sum_of_peer(s, t, w) : NULL;

	if (!sum)
		return;
	w->whole = sum;
	sum->nconns += !w->conn->counted;
	w->conn->counted = true;
	sum->several |= sum->proc != w->proc;
	sum->n += w->n;
	sum->ns = sum_of(sum->ns, w->ns);
	if (w->longest_ns > sum->longest_ns) {
		sum->longest_ns = w->longest_ns;
		sum->longest_at_ns = w->longest_at_ns;
	}
	for (unsigned i = 0; i < w->nwaiters; i++)
		tids_add(sum->waiters, &sum->nwaiters, ARRAY_SIZE(sum->waiters), w->waiters[i]);
}

void wait_peers_count(struct totals_wait *w, uint64_t start_ns, uint64_t ns, uint32_t tid)
{
	count_wait(w, start_ns, ns, tid);
	if (w->whole)
		count_wait(w->whole, start_ns, ns, tid);
}

/* A vote (Boyer and Moore's) finds who has the majority without a row for each; its sum is from when it was found. */
void wait_peers_small(struct small_waits *most, const struct totals_wait *w, uint64_t ns)
{
	const struct totals_wait *of = w->whole ? w->whole : w;

	if (most->of == of) {
		most->votes += ns;
		most->ns += ns;
	} else if (most->votes >= ns) {
		most->votes -= ns;
	} else {
		*most = (struct small_waits){of, ns, ns - most->votes};
	}
}
