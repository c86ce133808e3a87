/* SPDX-License-Identifier: MIT */
/* Effects that move data through sockets, and descriptors along with it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "model/conn.h"
#include "model/effect.h"
#include "model/emit.h"
#include "model/fdtab.h"
#include "model/file.h"
#include "model/flight.h"
#include "model/meet.h"
#include "model/peer.h"
#include "model/sock.h"
#include "model/task.h"

#define FDS_MAX 253	/* SCM_MAX_FD: more do not fit one message */

/* A name that came from the kernel, as another socket gave it: the one that is bound to it from here, if there is. */
static struct addr *absolute_there(struct fx *x, const struct file *f, struct addr *a)
{
	struct addr *abs = a && a->family == AF_UNIX ? scratch(x->w, sizeof(*abs)) : NULL;
	const struct file *peer;

	if (!abs || a->abstract || !a->len || a->path[0] == '/')
		return a;
	*abs = *a;
	if (sock_find_dgram(x->w, f, fx_absolute(x, abs)))
		return abs;
	peer = f->peer_file ? file_by_id(x->w, f->peer_file) : NULL;
	if (peer && peer->sock && peer->sock->has_local && peer->sock->local.len > a->len &&
	    peer->sock->local.family == AF_UNIX &&
	    !memcmp(peer->sock->local.path + peer->sock->local.len - a->len, a->path, a->len))
		*a = peer->sock->local;
	return a;
}

/* Errors that come from the peer or the way to it, not from what the program did. */
static bool is_peers_error(int err)
{
	static const int errs[] = { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH,
				    ECONNRESET,	  EHOSTDOWN, ENETDOWN,	   ECONNABORTED };

	for (unsigned i = 0; i < ARRAY_SIZE(errs); i++)
		if (err == errs[i])
			return true;
	return false;
}

/* Of a socket whose connect was in progress, data tells how it came out. */
static void learn_outcome(struct fx *x, struct file *f)
{
	struct conn *now = &f->sock->now;
	int err = x->c->err;

	if (now->state != CONN_CONNECTING && !(now->state == CONN_CONNECTED && err == ECONNREFUSED))
		return;
	bool done = x->ok && x->has_ret && !(fx_word(x, "flags", 0) & MSG_ERRQUEUE), failed = is_peers_error(err);

	/* With TCP_FASTOPEN_CONNECT connect(2) only notes the address: the first write asks the peer. */
	if (now->state == CONN_CONNECTED && err == ECONNREFUSED && f->sock->type == SOCK_STREAM && !now->moved &&
	    now->connect_ns)
		sock_outcome(x->w, x->tn, f, x->ev->fd, err, x->c->exit_ns);
	else if (now->state == CONN_CONNECTING && (done || failed))
		sock_outcome(x->w, x->tn, f, x->ev->fd, done ? 0 : err, x->c->exit_ns);
}

struct conn *fx_conn(struct fx *x, struct file *f, const struct addr *a)
{
	struct conn *c;

	learn_outcome(x, f);
	c = sock_conn(x->w, f, a);
	if (x->ok && x->has_ret)
		c->moved = true;
	else if (!c->err && is_peers_error(x->c->err))
		c->err = x->c->err;
	return c;
}

/* Who is at the other end of a datagram socket changes with every message that has an address. */
static void meet(struct fx *x, struct file *f, const struct addr *a)
{
	struct sock *s = f->sock;
	struct file *to;

	if (!a || s->now.has_peer || (s->type && s->type != SOCK_DGRAM && s->type != SOCK_RAW))
		return;
	if (s->family == AF_UNSPEC)
		s->family = a->family;
	to = sock_find_dgram(x->w, f, a);
	if (to != f && f->peer_file != (to ? to->id : 0))
		file_set_peer(f, to);
}

/* The peer of a message, and what it belongs to: by the address that came with it, if one did. */
static void set_peer(struct fx *x, struct addr *a)
{
	struct file *f = fx_sock_file(x);
	struct conn *c = fx_conn(x, f, a);

	x->ev->conn = c;
	x->ev->peer = a ? a : c->has_peer ? &c->peer : NULL;
	meet(x, f, a);
}

static struct addr *msg_name(struct fx *x, int arg, bool at_exit)
{
	const struct part *p = arg < 0 ? NULL : fx_part(x, arg, PART_NAME, at_exit);

	if (!p || (p->flags & CHUNK_TRUNC))
		return NULL;
	return at_exit ? fx_addr(x, p->bytes, p->len) : fx_absolute(x, fx_addr(x, p->bytes, p->len));
}

/* The receiver's call returned before the sender's: what it got is known only now. */
static void fill_in(struct world *w, struct flight *arr, struct file **files)
{
	struct pnode *p = proc_find(w, arr->pid);
	const struct fdent *e;

	FDTAB_EACH(p ? p->p.fds : NULL, 0, fd, e)
		for (unsigned i = 0; i < arr->n; i++)
			if (e->file == arr->files[i]) {
				fdtab_set(w, p->p.fds, fd, files[i], e->cloexec, e->since_ns);
				break;
			}
	flight_free(w, arr);
}

static void send_fds(struct fx *x, struct file *f, const struct part *control)
{
	int fds[FDS_MAX];
	struct file *files[FDS_MAX];
	unsigned n = control ? decode_scm_rights(control->bytes, control->len, fds, FDS_MAX) : 0;
	struct flight *arr;

	for (unsigned i = 0; i < n; i++) {
		files[i] = fx_file_at(x, fds[i]);
		if (!files[i])
			return;
	}
	if (!n)
		return;
	x->ev->fd2 = fds[0];
	x->ev->file2 = files[0];
	DL_FOREACH(x->w->arrivals, arr)
		if (arr->n == n && (f->peer_file ? arr->to == f->peer_file : arr->from == f->id)) {
			fill_in(x->w, arr, files);
			return;
		}
	flight_new(x->w, false, f->id, f->peer_file, files, n);
}

static void recv_fds(struct fx *x, struct file *f, const struct part *control)
{
	uint64_t flags = fx_word(x, "flags", 0);
	int fds[FDS_MAX];
	unsigned n = control ? decode_scm_rights(control->bytes, control->len, fds, FDS_MAX) : 0;
	struct file *files[FDS_MAX];
	struct flight *fl, *found = NULL;

	if (!n)
		return;
	DL_FOREACH(x->w->flights, fl)
		if (fl->n >= n && (fl->to == f->id || (f->peer_file && fl->from == f->peer_file))) {
			found = fl;
			break;
		}
	if (!found)	/* connections whose ends were not brought together: the same number of descriptors, in order */
		DL_FOREACH(x->w->flights, fl)
			if (fl->n == n && !fl->to && !f->peer_file) {
				found = fl;
				break;
			}
	for (unsigned i = 0; i < n; i++) {
		files[i] = fx_received(x, fds[i], found ? found->files[i] : NULL);
		if (!files[i])
			files[i] = file_received(x->w, f);
		fx_install(x, fds[i], file_ref(files[i]), flags & MSG_CMSG_CLOEXEC);
	}
	x->ev->fd2 = fds[0];
	x->ev->file2 = files[0];
	if (!found)
		flight_new(x->w, true, f->peer_file, f->id, files, n)->pid = x->p->p.pid;
	else if (!(flags & MSG_PEEK))
		flight_free(x->w, found);
	for (unsigned i = 0; i < n; i++)
		file_unref(x->w, files[i]);
}

/*
 * MSG_FASTOPEN: the call connects, and the data travels with the request where the kernel has a cookie of the peer.
 * Without waiting it returns before the peer has answered.  True when it did, for better or worse.
 */
static bool fast_open(struct fx *x, struct file *f, struct addr *to)
{
	uint64_t flags = fx_word(x, "flags", 0);
	struct sock *s = f->sock;
	struct event ev;

	if (!(flags & MSG_FASTOPEN) || !to || !x->has_ret || x->c->restarted || s->type != SOCK_STREAM ||
	    (s->now.state != CONN_NONE && s->now.state != CONN_FAILED) || !fx_is_attempt(x, s, to))
		return false;
	ev = event_at(x->c->enter_ns, x->tn, EV_CONNECT);
	ev.dur_ns = x->ev->dur_ns;
	ev.fd = x->ev->fd;
	ev.file = f;
	ev.err = x->c->err;
	ev.peer = to;
	ev.conn = fx_attempt(x, f, to);
	if (!x->c->err && ((flags & MSG_DONTWAIT) || (f->open_flags & O_NONBLOCK)))
		s->now.state = CONN_CONNECTING;
	world_emit(x->w, &ev);
	return true;
}

void fx_send(struct fx *x)
{
	struct sock *s = fx_sock(x);
	struct file *f = fx_sock_file(x);
	int msg = fx_arg(x, ARG_MSGHDR_IN, 0);
	struct addr *to;

	if (!s)
		return;
	to = msg < 0 ? fx_addr_arg(x, ARG_SOCKADDR_IN) : msg_name(x, msg, false);
	if (fast_open(x, f, to)) {
		x->ev->peer = to;
		x->ev->conn = conn_used(x->w, &s->now);
		s->now.moved = x->ok;
	} else {
		set_peer(x, to);
	}
	if (!x->ok || !x->has_ret)
		return;
	x->ev->nbytes = (uint64_t)x->c->ret;
	fx_moved(x, NULL, f, x->ev->nbytes);
	if (msg >= 0)
		send_fds(x, f, fx_part(x, msg, PART_CONTROL, false));
}

/* Not taken, or not the peer's: what is looked at stays; the error queue gives back what was sent. */
static bool peeks(const struct fx *x)
{
	return fx_word(x, "flags", 0) & (MSG_PEEK | MSG_ERRQUEUE);
}

void fx_recv(struct fx *x)
{
	struct sock *s = fx_sock(x);
	struct file *f = fx_sock_file(x);
	int msg = fx_arg(x, ARG_MSGHDR_OUT, 0);
	bool peek = s && peeks(x);

	if (!s)
		return;
	if (peek)
		x->ev->kind = EV_PEEK;
	set_peer(x, !x->ok ? NULL :
			     absolute_there(x, f, msg < 0 ? fx_addr_arg(x, ARG_SOCKADDR_OUT) : msg_name(x, msg, true)));
	if (!x->ok || !x->has_ret)
		return;
	x->ev->nbytes = (uint64_t)x->c->ret;
	if (!peek)
		fx_moved(x, f, NULL, x->ev->nbytes);
	if (msg >= 0)
		recv_fds(x, f, fx_part(x, msg, PART_CONTROL, true));
}

/* The messages of one call that belong to one peer. */
struct share { const struct conn *conn; const struct addr *peer; uint64_t nbytes; };
#define SHARES_MAX (SOCK_PEERS_MAX + 2)

/* The peers beyond those kept apart are one, as sums and as lines. */
static struct share *share_of(struct share *v, unsigned *n, const struct conn *c, const struct addr *peer)
{
	for (unsigned i = 0; i < *n; i++)
		if (v[i].conn == c)
			return &v[i];
	v[*n] = (struct share){ .conn = c, .peer = c->rest ? NULL : peer ? peer : c->has_peer ? &c->peer : NULL };
	return &v[(*n)++];
}

/* A share that is not the call's own event. */
static void emit_share(struct fx *x)
{
	struct event ev = *x->ev;

	ev.call = NULL;
	ev.ts_ns = x->c->exit_ns;
	ev.dur_ns = 0;
	world_emit(x->w, &ev);
}

/*
 * Several messages: as many as the call returned, each with its length.  One event a peer; the last is the call's own.
 */
static void mmsg(struct fx *x, bool out)
{
	struct sock *s = fx_sock(x);
	struct file *f = fx_sock_file(x);
	int arg = fx_arg(x, out ? ARG_MMSGHDR_IN : ARG_MMSGHDR_OUT, 0);
	bool peek = !out && peeks(x);
	struct share shares[SHARES_MAX];
	unsigned nshares = 0;
	const struct part *p;
	struct record_msg m;

	if (!s)
		return;
	if (peek)
		x->ev->kind = EV_PEEK;
	p = arg < 0 ? NULL : fx_part(x, arg, PART_MSGVEC, true);
	if (!p && arg >= 0)
		p = fx_part(x, arg, PART_MSGVEC, false);
	for (int64_t i = 0; p && x->ok && x->has_ret && i < x->c->ret && (size_t)(i + 1) * sizeof(m) <= p->len; i++) {
		struct addr *a;

		memcpy(&m, p->bytes + (size_t)i * sizeof(m), sizeof(m));
		a = m.flags & MSG_NAME_CUT ? NULL : fx_addr(x, m.name, MIN(m.name_len, sizeof(m.name)));
		a = out ? fx_absolute(x, a) : absolute_there(x, f, a);
		share_of(shares, &nshares, fx_conn(x, f, a), a)->nbytes += m.nbytes;
		meet(x, f, a);
	}
	if (!nshares) {
		set_peer(x, NULL);
		shares[nshares++] = (struct share){ x->ev->conn, x->ev->peer, 0 };
	}
	for (unsigned i = 0; i < nshares; i++) {
		x->ev->conn = shares[i].conn;
		x->ev->peer = shares[i].peer;
		x->ev->nbytes = shares[i].nbytes;
		if (!peek)
			fx_moved(x, out ? NULL : f, out ? f : NULL, x->ev->nbytes);
		if (i + 1 < nshares)
			emit_share(x);
	}
	if (!x->ok || !x->has_ret)
		return;
	for (unsigned i = 0; i < x->c->nparts; i++) {
		if (x->c->parts[i].part != PART_CONTROL)
			continue;
		if (out)
			send_fds(x, f, &x->c->parts[i]);
		else
			recv_fds(x, f, &x->c->parts[i]);
	}
}

void fx_sendmmsg(struct fx *x)
{
	mmsg(x, true);
}

void fx_recvmmsg(struct fx *x)
{
	mmsg(x, false);
}
