/* SPDX-License-Identifier: MIT */
/*
 * Which of the traced sockets have each other: by both addresses where they are known, else in the order of the calls.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "model/file.h"
#include "model/meet.h"
#include "model/peer.h"
#include "model/world.h"

/*
 * Where traced sockets meet.  Stream clients and accepted sockets of one port or path wait here for each other, in
 * order: the kernel's accept queue is first in, first out.  Datagram sockets stand here under their own address.
 */
struct ep_key { uint16_t family, type, port; uint8_t abstract, len; char path[ADDR_PATH_MAX]; };
struct endpoint { struct ep_key key; struct fnode *clients, *accepted, *bound; unsigned n; UT_hash_handle hh; };

/* Both addresses of a connection: the other end has them the other way round. */
struct tuple_side { uint16_t port; uint8_t ip[16]; };
struct tuple_key { struct tuple_side local, peer; };
struct tuple { struct tuple_key key; struct fnode *file; UT_hash_handle hh; };

static bool is_inet(unsigned family)
{
	return family == AF_INET || family == AF_INET6;
}

bool sock_is_dgram(const struct sock *s)
{
	return s->type == SOCK_DGRAM || s->type == SOCK_RAW;
}

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* IPv4 as the IPv6 address that stands for it, so that both can be compared. */
static void ip_as_v6(const struct addr *a, uint8_t ip[16])
{
	if (a->family == AF_INET) {
		memcpy(ip, mapped_prefix, 12);
		memcpy(ip + 12, a->ip, 4);
	} else {
		memcpy(ip, a->ip, 16);
	}
}

static bool is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->ip, zero, 16) == 0 ||
	       (a->family == AF_INET6 && memcmp(a->ip, mapped_prefix, 12) == 0 && memcmp(a->ip + 12, zero, 4) == 0);
}

static bool same_ip(const struct addr *a, const struct addr *b)
{
	uint8_t x[16], y[16];

	ip_as_v6(a, x);
	ip_as_v6(b, y);
	return memcmp(x, y, 16) == 0;
}

bool addr_means_same(const struct addr *a, const struct addr *b)
{
	if (is_inet(a->family) && is_inet(b->family))
		return a->port == b->port && same_ip(a, b);
	return addr_same(a, b);
}

bool addr_is_unnamed(const struct addr *a)
{
	return a->family == AF_UNIX && !a->len && !a->abstract;
}

/* ---- meeting points ---- */

static bool make_key(const struct sock *s, const struct addr *a, struct ep_key *k)
{
	memset(k, 0, sizeof(*k));
	k->type = s->type;
	if (is_inet(a->family)) {
		k->family = AF_INET;
		k->port = a->port;
		return a->port != 0;
	}
	if (a->family != AF_UNIX || addr_is_unnamed(a))
		return false;
	k->family = AF_UNIX;
	k->abstract = a->abstract;
	k->len = a->len;
	memcpy(k->path, a->path, MIN(a->len, sizeof(k->path)));
	return true;
}

static struct endpoint *ep_find(struct world *w, const struct sock *s, const struct addr *a, bool make)
{
	struct ep_key key;
	size_t nkey;
	struct endpoint *ep;

	if (!make_key(s, a, &key))
		return NULL;
	/* of a path only what there is: datagrams are looked for here one by one */
	nkey = offsetof(struct ep_key, path) + (key.family == AF_UNIX ? key.len : 0u);
	HASH_FIND(hh, w->endpoints, &key, nkey, ep);
	if (ep || !make || w->nendpoints == ENDPOINT_MAX)
		return ep;
	ep = xcalloc(1, sizeof(*ep));
	ep->key = key;
	HASH_ADD_KEYPTR(hh, w->endpoints, &ep->key, nkey, ep);
	w->nendpoints++;
	return ep;
}

static struct fnode **ep_list(struct endpoint *ep, uint8_t role)
{
	return role == EP_CLIENT ? &ep->clients : role == EP_ACCEPTED ? &ep->accepted : &ep->bound;
}

void sock_leave(struct world *w, struct fnode *n)
{
	struct endpoint *ep = n->ep;

	if (!ep)
		return;
	DL_DELETE2(*ep_list(ep, n->role), n, ep_prev, ep_next);
	n->ep = NULL;
	n->role = EP_NONE;
	if (--ep->n == 0) {
		HASH_DEL(w->endpoints, ep);
		w->nendpoints--;
		free(ep);
	}
}

static void ep_join(struct world *w, struct endpoint *ep, struct fnode *n, enum ep_role role)
{
	ep->n++;	/* stays while n leaves it for another list */
	sock_leave(w, n);
	if (ep->n > QUEUE_MAX)
		sock_leave(w, *ep_list(ep, role) ? *ep_list(ep, role) :
			      ep->clients	 ? ep->clients :
			      ep->accepted	 ? ep->accepted :
						   ep->bound);
	n->ep = ep;
	n->role = role;
	DL_APPEND2(*ep_list(ep, role), n, ep_prev, ep_next);
}

/* Could client's connect have made accepted?  Where an address is not known it does not speak against it. */
static bool could_be(const struct fnode *client, const struct fnode *accepted)
{
	const struct sock *c = client->f.sock, *a = accepted->f.sock;

	if (c->now.connected_ns && accepted->f.opened_ns && c->now.connect_ns > accepted->f.opened_ns)
		return false;
	if (c->family == AF_UNIX)
		return !a->now.has_peer || addr_is_unnamed(&a->now.peer) ||
		       (c->has_local && addr_means_same(&c->local, &a->now.peer));
	if (a->has_local && !is_any(&a->local) && !same_ip(&a->local, &c->now.peer))
		return false;
	if (!a->now.has_peer)
		return true;
	if (c->has_local && c->local.port && !is_any(&c->local))
		return addr_means_same(&c->local, &a->now.peer);
	if (c->has_local && c->local.port)
		return c->local.port == a->now.peer.port;
	/* Its own address is not known; on one machine both ends have the same unless it chose another. */
	return addr_is_loopback(&c->now.peer) ? addr_is_loopback(&a->now.peer) : same_ip(&c->now.peer, &a->now.peer);
}

/* The one whose address says so; else the first that it may be. */
static struct fnode *ep_match(struct fnode *head, struct fnode *n, bool n_is_client)
{
	struct fnode *o, *first = NULL;

	DL_FOREACH2(head, o, ep_next) {
		const struct fnode *c = n_is_client ? n : o, *a = n_is_client ? o : n;

		if (!could_be(c, a))
			continue;
		if (c->f.sock->has_local && c->f.sock->local.port && a->f.sock->now.has_peer)
			return o;
		if (!first)
			first = o;
	}
	return first;
}

/* Two ends that found each other: what one knows of the addresses the other now knows as well. */
static void joined(struct world *w, struct fnode *a, struct fnode *b)
{
	sock_leave(w, a);
	sock_leave(w, b);
	file_link(&a->f, &b->f);
}

void sock_bound(struct world *w, struct file *f)
{
	struct fnode *n = fnode_of(f);
	struct endpoint *ep;

	if (!sock_is_dgram(f->sock) || !f->sock->has_local)
		return;		/* stream sockets meet when they accept */
	ep = ep_find(w, f->sock, &f->sock->local, true);
	if (ep)
		ep_join(w, ep, n, EP_BOUND);
}

struct file *sock_find_dgram(struct world *w, const struct file *from, const struct addr *to)
{
	struct endpoint *ep = ep_find(w, from->sock, to, false);
	struct fnode *n, *any = NULL;

	if (!ep)
		return NULL;
	DL_FOREACH2(ep->bound, n, ep_next) {
		const struct addr *local = &n->f.sock->local;

		if (to->family == AF_UNIX || same_ip(local, to))
			return &n->f;
		if (is_any(local) && addr_is_loopback(to))
			any = n;
	}
	return any ? &any->f : NULL;
}

void sock_connecting(struct world *w, struct file *f)
{
	struct fnode *n = fnode_of(f), *o;
	struct sock *s = f->sock;
	struct endpoint *ep;

	if (sock_is_dgram(s)) {
		struct file *to = sock_find_dgram(w, f, &s->now.peer);

		if (to && to != f)
			file_set_peer(f, to);
		return;
	}
	if (f->peer_file || !(s->now.peer.family == AF_UNIX || addr_is_loopback(&s->now.peer)))
		return;		/* other addresses of this machine are found by exact match only */
	ep = ep_find(w, s, &s->now.peer, true);
	if (!ep)
		return;
	o = ep_match(ep->accepted, n, true);
	if (o)
		joined(w, n, o);
	else
		ep_join(w, ep, n, EP_CLIENT);
}

void sock_accepted(struct world *w, struct file *f, const struct file *listener)
{
	struct fnode *n = fnode_of(f), *o;
	struct sock *s = f->sock;
	struct endpoint *ep;

	if (!listener->sock || !listener->sock->has_local)
		return;
	s->has_local = true;
	s->local = listener->sock->local;
	/* On loopback the address that was called is the caller's own, as a rule: enough to show, not to match by. */
	if (f->peer_file || (s->now.has_peer && is_inet(s->now.peer.family) && !addr_is_loopback(&s->now.peer)))
		return;
	ep = ep_find(w, s, &s->local, true);
	if (!ep)
		return;
	o = ep_match(ep->clients, n, false);
	if (o)
		joined(w, n, o);
	else
		ep_join(w, ep, n, EP_ACCEPTED);
}

/* ---- exact addresses ---- */

static void side(const struct addr *a, struct tuple_side *s)
{
	s->port = a->port;
	ip_as_v6(a, s->ip);
}

void sock_forget_exact(struct world *w, struct fnode *n)
{
	if (!n->tuple)
		return;
	HASH_DEL(w->tuples, n->tuple);
	free(n->tuple);
	n->tuple = NULL;
}

/* Both addresses known: finds the socket that has them the other way round. */
void sock_meet_exactly(struct world *w, struct fnode *n)
{
	const struct sock *s = n->f.sock;
	struct tuple_key key, other;
	struct tuple *t;

	sock_forget_exact(w, n);
	if (!s->has_local || !s->now.has_peer || !is_inet(s->local.family) || !is_inet(s->now.peer.family) ||
	    is_any(&s->local) || !s->local.port)
		return;
	memset(&key, 0, sizeof(key));
	memset(&other, 0, sizeof(other));
	side(&s->local, &key.local);
	side(&s->now.peer, &key.peer);
	other.local = key.peer;
	other.peer = key.local;
	HASH_FIND(hh, w->tuples, &key, sizeof(key), t);
	if (!t) {
		n->tuple = t = xcalloc(1, sizeof(*t));
		t->key = key;
		t->file = n;
		HASH_ADD(hh, w->tuples, key, sizeof(key), t);
	}
	HASH_FIND(hh, w->tuples, &other, sizeof(other), t);
	if (!t || t->file == n || t->file->f.sock->type != s->type || t->file->f.peer_file == n->f.id)
		return;

	/* Exact beats guessed. */
	struct file *was[2] = { file_by_id(w, n->f.peer_file), file_by_id(w, t->file->f.peer_file) };

	for (int i = 0; i < 2; i++)
		if (was[i] && (was[i]->peer_file == n->f.id || was[i]->peer_file == t->file->f.id))
			file_set_peer(was[i], NULL);
	joined(w, n, t->file);
}

void sock_unpeer(struct world *w, struct file *f)
{
	struct fnode *n = fnode_of(f);

	if (n->role != EP_BOUND)
		sock_leave(w, n);
	sock_forget_exact(w, n);
	file_set_peer(f, NULL);
}
