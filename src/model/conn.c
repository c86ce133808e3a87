/* SPDX-License-Identifier: MIT */
/* What sockets have with their peers: one attempt to connect after the other, and datagrams by address. */
#include <string.h>
#include <sys/socket.h>

#include "model/conn.h"
#include "model/world.h"

struct conn *conn_used(struct world *w, struct conn *c)
{
	if (!c->id)
		c->id = ++w->nconns;
	return c;
}

const struct conn *sock_conn_at(const struct sock *s, unsigned i)
{
	return i == 0 ? &s->now : i <= s->npeers ? s->peers[i - 1] : i == s->npeers + 1 ? s->rest : NULL;
}

/* Every message has an address of its own, which may be another one than the socket is connected to. */
static bool by_address(const struct sock *s)
{
	if (s->type == SOCK_STREAM || (s->type == SOCK_SEQPACKET && s->family == AF_UNIX))
		return false;
	return s->type || !s->now.has_peer;	/* of a socket whose making was not seen the type is not known */
}

static struct conn *find_peer(struct world *w, struct sock *s, const struct addr *a)
{
	struct conn *c;

	for (unsigned i = s->npeers; i-- > 0;)
		if (addr_same(&s->peers[i]->peer, a))
			return s->peers[i];
	if (s->npeers == SOCK_PEERS_MAX || w->npeers >= PEERS_TOTAL_MAX) {
		if (!s->rest) {
			s->rest = xcalloc(1, sizeof(*s->rest));
			s->rest->rest = true;
		}
		return s->rest;
	}
	if ((s->npeers & (s->npeers - 1)) == 0)		/* 1, 2, 4… are full */
		s->peers = xrealloc(s->peers, (s->npeers ? 2 * s->npeers : 1) * sizeof(*s->peers));
	c = s->peers[s->npeers++] = xcalloc(1, sizeof(*c));
	c->has_peer = true;
	c->peer = *a;
	w->npeers++;
	return c;
}

struct conn *sock_conn(struct world *w, struct file *f, const struct addr *a)
{
	struct sock *s = f->sock;

	/* Who asks the kernel by netlink seldom asks who answers. */
	if (!a && s->family == AF_NETLINK && !s->now.has_peer && s->npeers == 1)
		return conn_used(w, s->peers[0]);
	if (!a || !a->family || !by_address(s) ||
	    (s->now.has_peer && s->now.state != CONN_FAILED && addr_same(&s->now.peer, a)))
		return conn_used(w, &s->now);
	return conn_used(w, find_peer(w, s, a));
}

void sock_conns_free(struct world *w, struct sock *s)
{
	for (unsigned i = 0; i < s->npeers; i++)
		free(s->peers[i]);
	w->npeers -= s->npeers;
	free(s->peers);
	free(s->rest);
}
