/* SPDX-License-Identifier: MIT */
/* Sockets: their names, who is at the other end, and how connects came out. */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

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

static bool is_dgram(const struct sock *s)
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

	return memcmp(a->ip, zero, 16) == 0 || (a->family == AF_INET6 && memcmp(a->ip, mapped_prefix, 12) == 0 && memcmp(a->ip + 12, zero, 4) == 0);
}

static bool same_ip(const struct addr *a, const struct addr *b)
{
	uint8_t x[16], y[16];

	ip_as_v6(a, x);
	ip_as_v6(b, y);
	return memcmp(x, y, 16) == 0;
}

static bool same_addr(const struct addr *a, const struct addr *b)
{
	if (is_inet(a->family) && is_inet(b->family))
		return a->port == b->port && same_ip(a, b);
	return addr_same(a, b);
}

const char *sock_proto_name(const struct sock *s)
{
	bool v6 = s->family == AF_INET6;

	switch (s->family) {
	case AF_INET:
	case AF_INET6:
		if (s->type == SOCK_STREAM)
			return s->protocol == IPPROTO_MPTCP ? (v6 ? "mptcp6" : "mptcp4") : s->protocol == IPPROTO_SCTP ? (v6 ? "sctp6" : "sctp4") :
			       v6 ? "tcp6" : "tcp4";
		if (s->type == SOCK_DGRAM)
			return s->protocol == IPPROTO_ICMP || s->protocol == IPPROTO_ICMPV6 ? (v6 ? "ping6" : "ping4") : v6 ? "udp6" : "udp4";
		if (s->type == SOCK_RAW)
			return v6 ? "raw6" : "raw4";
		return v6 ? "inet6" : "inet4";
	case AF_UNIX:
		return s->type == SOCK_DGRAM ? "unix-dgram" : s->type == SOCK_SEQPACKET ? "unix-seqpacket" : "unix";
	case AF_NETLINK: return "netlink";
	case AF_PACKET: return "packet";
	case AF_VSOCK: return "vsock";
	case AF_ALG: return "alg";
	case AF_BLUETOOTH: return "bluetooth";
	case AF_CAN: return "can";
	case AF_UNSPEC: return "socket";
	}
	return "socket";
}

static bool unnamed(const struct addr *a)
{
	return a->family == AF_UNIX && !a->len && !a->abstract;
}

static bool has_named_peer(const struct sock *s)
{
	return s->now.has_peer && s->now.state != CONN_FAILED && !unnamed(&s->now.peer);
}

const struct addr *sock_called(const struct sock *s, bool *ret_local)
{
	*ret_local = !has_named_peer(s);
	return !*ret_local ? &s->now.peer : s->has_local && !unnamed(&s->local) ? &s->local : NULL;
}

/* What it is called has changed.  Of a socket of which nothing is known, what it was called before says more. */
void sock_renamed(struct world *w, struct file *f)
{
	f->sock->named++;
	if (f->sock->family == AF_UNSPEC)
		return;
	f->origin = ORIGIN_NOTHING;
	file_set_name(w, f, "", 0);
}

void sock_init(struct world *w, struct file *f, unsigned family, unsigned type, unsigned protocol)
{
	f->sock = xcalloc(1, sizeof(*f->sock));
	f->sock->family = (uint16_t)family;
	f->sock->type = type & 0xf;
	f->sock->protocol = (uint16_t)protocol;
	sock_renamed(w, f);
}

struct sock *sock_of(struct world *w, struct file *f)
{
	if (!f->sock && f->kind == FILE_UNKNOWN) {
		file_set_kind(w, f, FILE_SOCKET);
		sock_init(w, f, AF_UNSPEC, 0, 0);
	}
	return f->sock;
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
	if (a->family != AF_UNIX || unnamed(a))
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

static void ep_leave(struct world *w, struct fnode *n)
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
	ep_leave(w, n);
	if (ep->n > QUEUE_MAX)
		ep_leave(w, *ep_list(ep, role) ? *ep_list(ep, role) : ep->clients ? ep->clients : ep->accepted ? ep->accepted : ep->bound);
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
		return !a->now.has_peer || unnamed(&a->now.peer) || (c->has_local && same_addr(&c->local, &a->now.peer));
	if (a->has_local && !is_any(&a->local) && !same_ip(&a->local, &c->now.peer))
		return false;
	if (!a->now.has_peer)
		return true;
	if (c->has_local && c->local.port && !is_any(&c->local))
		return same_addr(&c->local, &a->now.peer);
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
	ep_leave(w, a);
	ep_leave(w, b);
	file_link(&a->f, &b->f);
}

/* ---- exact addresses ---- */

static void side(const struct addr *a, struct tuple_side *s)
{
	s->port = a->port;
	ip_as_v6(a, s->ip);
}

static void tuple_drop(struct world *w, struct fnode *n)
{
	if (!n->tuple)
		return;
	HASH_DEL(w->tuples, n->tuple);
	free(n->tuple);
	n->tuple = NULL;
}

/* Both addresses known: finds the socket that has them the other way round. */
static void tuple_update(struct world *w, struct fnode *n)
{
	const struct sock *s = n->f.sock;
	struct tuple_key key, other;
	struct tuple *t;

	tuple_drop(w, n);
	if (!s->has_local || !s->now.has_peer || !is_inet(s->local.family) || !is_inet(s->now.peer.family) || is_any(&s->local) || !s->local.port)
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

/* The kernel has a relative name as it was given (unix(7)): what is known of it already says more. */
static bool known_as(const struct addr *known, const struct addr *a)
{
	return known->family == AF_UNIX && a->family == AF_UNIX && !known->abstract && !a->abstract && known->len && known->path[0] == '/' &&
	       a->len && a->path[0] != '/';
}

void sock_set_local(struct world *w, struct file *f, const struct addr *a)
{
	struct sock *s = f->sock;

	if (s->family == AF_UNSPEC)
		s->family = a->family;
	if (s->has_local && (same_addr(&s->local, a) || known_as(&s->local, a)))
		return;
	s->has_local = true;
	s->local = *a;
	tuple_update(w, fnode_of(f));
	if (is_dgram(s) || s->now.state == CONN_LISTENING)
		sock_bound(w, f);
	sock_renamed(w, f);
}

void sock_set_peer(struct world *w, struct file *f, const struct addr *a)
{
	struct sock *s = f->sock;

	if (s->family == AF_UNSPEC)
		s->family = a->family;
	if (s->now.has_peer && (same_addr(&s->now.peer, a) || (s->now.state != CONN_NONE && known_as(&s->now.peer, a))))
		return;
	s->now.has_peer = true;
	s->now.peer = *a;
	tuple_update(w, fnode_of(f));
	sock_renamed(w, f);
}

void sock_bound(struct world *w, struct file *f)
{
	struct fnode *n = fnode_of(f);
	struct endpoint *ep;

	if (!is_dgram(f->sock) || !f->sock->has_local)
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

	if (is_dgram(s)) {
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

void sock_unpeer(struct world *w, struct file *f)
{
	struct fnode *n = fnode_of(f);

	if (n->role != EP_BOUND)
		ep_leave(w, n);
	tuple_drop(w, n);
	file_set_peer(f, NULL);
}

void sock_outcome(struct world *w, struct tnode *t, struct file *f, int fd, int err, uint64_t now_ns)
{
	struct sock *s = f->sock;
	struct event ev = event_at(s->now.connect_ns, t, err ? EV_CONNECT_FAILED : EV_CONNECTED);

	ev.flags = err && s->now.state == CONN_CONNECTED ? CONN_TAKEN_BACK : 0;
	s->now.state = err ? CONN_FAILED : CONN_CONNECTED;
	s->now.err = err;
	s->now.connected_ns = now_ns;
	if (err && !f->peer_file)
		ep_leave(w, fnode_of(f));
	sock_renamed(w, f);
	ev.conn = conn_used(w, &s->now);
	ev.dur_ns = now_ns > s->now.connect_ns ? now_ns - s->now.connect_ns : 0;
	ev.err = err;
	ev.fd = fd;
	ev.file = f;
	ev.peer = s->now.has_peer ? &s->now.peer : NULL;
	world_emit(w, &ev);
}

static void file_is_gone(struct world *w, struct fnode *n)
{
	if (!n->f.sock)
		return;
	ep_leave(w, n);
	tuple_drop(w, n);
	sock_conns_free(w, n->f.sock);
	free(n->f.sock);
	n->f.sock = NULL;
}

void socks_join(struct world *w) { on_file_gone(w, file_is_gone); }
