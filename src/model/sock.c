/* SPDX-License-Identifier: MIT */
/* Sockets: their names and addresses, and how connects came out. */
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "model/conn.h"
#include "model/emit.h"
#include "model/file.h"
#include "model/gone.h"
#include "model/meet.h"
#include "model/sock.h"
#include "model/world.h"

const char *sock_proto_name(const struct sock *s)
{
	bool v6 = s->family == AF_INET6;

	switch (s->family) {
	case AF_INET:
	case AF_INET6:
		if (s->type == SOCK_STREAM)
			return s->protocol == IPPROTO_MPTCP ? (v6 ? "mptcp6" : "mptcp4") :
			       s->protocol == IPPROTO_SCTP  ? (v6 ? "sctp6" : "sctp4") :
			       v6			    ? "tcp6" :
							      "tcp4";
		if (s->type == SOCK_DGRAM)
			return s->protocol == IPPROTO_ICMP || s->protocol == IPPROTO_ICMPV6 ? (v6 ? "ping6" : "ping4") :
			       v6							    ? "udp6" :
											      "udp4";
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

static bool has_named_peer(const struct sock *s)
{
	return s->now.has_peer && s->now.state != CONN_FAILED && !addr_is_unnamed(&s->now.peer);
}

const struct addr *sock_called(const struct sock *s, bool *ret_local)
{
	*ret_local = !has_named_peer(s);
	return !*ret_local ? &s->now.peer : s->has_local && !addr_is_unnamed(&s->local) ? &s->local : NULL;
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

/* The kernel has a relative name as it was given (unix(7)): what is known of it already says more. */
static bool known_as(const struct addr *known, const struct addr *a)
{
	return known->family == AF_UNIX && a->family == AF_UNIX && !known->abstract && !a->abstract && known->len &&
	       known->path[0] == '/' && a->len && a->path[0] != '/';
}

void sock_set_local(struct world *w, struct file *f, const struct addr *a)
{
	struct sock *s = f->sock;

	if (s->family == AF_UNSPEC)
		s->family = a->family;
	if (s->has_local && (addr_means_same(&s->local, a) || known_as(&s->local, a)))
		return;
	s->has_local = true;
	s->local = *a;
	sock_meet_exactly(w, fnode_of(f));
	if (sock_is_dgram(s) || s->now.state == CONN_LISTENING)
		sock_bound(w, f);
	sock_renamed(w, f);
}

void sock_set_peer(struct world *w, struct file *f, const struct addr *a)
{
	struct sock *s = f->sock;

	if (s->family == AF_UNSPEC)
		s->family = a->family;
	if (s->now.has_peer &&
	    (addr_means_same(&s->now.peer, a) || (s->now.state != CONN_NONE && known_as(&s->now.peer, a))))
		return;
	s->now.has_peer = true;
	s->now.peer = *a;
	sock_meet_exactly(w, fnode_of(f));
	sock_renamed(w, f);
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
		sock_leave(w, fnode_of(f));
	sock_renamed(w, f);
	ev.conn = conn_used(w, &s->now);
	ev.dur_ns = now_ns > s->now.connect_ns ? now_ns - s->now.connect_ns : 0;
	ev.err = err;
	ev.fd = fd;
	ev.file = f;
	ev.peer = s->now.has_peer ? &s->now.peer : NULL;
	world_emit(w, &ev);
}

void sock_conn_end(struct world *w, struct tnode *t, struct file *f, uint64_t now_ns)
{
	struct conn *c = &f->sock->now;

	if (c->state == CONN_CONNECTING && c->broken)
		c->state = CONN_FAILED;
	if (c->id) {
		struct event ev = event_at(now_ns, t, EV_RELEASE);

		ev.file = f;
		ev.conn = c;
		world_emit(w, &ev);
	}
	sock_unpeer(w, f);
	*c = (struct conn){ 0 };
	sock_renamed(w, f);
}

static void file_is_gone(struct world *w, struct fnode *n)
{
	if (!n->f.sock)
		return;
	sock_leave(w, n);
	sock_forget_exact(w, n);
	sock_conns_free(w, n->f.sock);
	free(n->f.sock);
	n->f.sock = NULL;
}

void socks_join(struct world *w) { on_file_gone(w, file_is_gone); }
