/* SPDX-License-Identifier: MIT */
/* Effects on sockets. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "model/conn.h"
#include "model/effect.h"
#include "model/emit.h"
#include "model/meet.h"
#include "model/path.h"
#include "model/sock.h"

struct addr *fx_addr(struct fx *x, const void *bytes, size_t len)
{
	struct addr *a = scratch(x->w, sizeof(*a));

	return bytes && decode_addr(bytes, len, a) ? a : NULL;
}

/* A socket in the file system, named relative to the working directory: absolute, where that fits. */
struct addr *fx_absolute(struct fx *x, struct addr *a)
{
	struct path p;

	if (!a || a->family != AF_UNIX || a->abstract || !a->len || a->path[0] == '/')
		return a;
	p = path_resolve(x->w, x->tn, AT_FDCWD, a->path, a->len, 0);
	if (p.len && p.len <= sizeof(a->path) && p.s[0] == '/') {
		a->len = (uint8_t)p.len;
		memcpy(a->path, p.s, p.len);
	}
	return a;
}

/* A socket address argument, as it was given or, with LEN, as the kernel answered. */
struct addr *fx_addr_arg(struct fx *x, enum arg_type type)
{
	int i = fx_arg(x, type, 0);
	const struct part *full;
	size_t len;

	/* cut: whose it is cannot be known */
	if (i < 0 || !x->c->args[i].bytes || (type == ARG_SOCKADDR_OUT && x->c->args[i].trunc))
		return NULL;
	len = x->c->args[i].len;
	full = fx_part(x, i, PART_LEN, true);
	if (full) {		/* the kernel says how long it is; more was copied when the buffer was larger */
		uint32_t n;

		memcpy(&n, full->bytes, sizeof(n));
		len = MIN(len, n);
	}
	return type == ARG_SOCKADDR_IN ? fx_absolute(x, fx_addr(x, x->c->args[i].bytes, len)) :
					 fx_addr(x, x->c->args[i].bytes, len);
}

struct sock *fx_sock(struct fx *x)
{
	struct file *f = fx_fd(x, 0);

	return f ? sock_of(x->w, f) : NULL;
}

struct file *fx_sock_file(struct fx *x)
{
	return (struct file *)(uintptr_t)x->ev->file;
}

void fx_socket(struct fx *x)
{
	unsigned type = (unsigned)x->c->args[1].word;
	struct file *f;

	x->ev->flags = type;
	if (!x->ok || !x->has_ret)
		return;
	x->ev->fd = (int)x->c->ret;
	f = fx_new(x, x->ev->fd, FILE_SOCKET, "", 0, type & SOCK_CLOEXEC);
	sock_init(x->w, f, (unsigned)x->c->args[0].word, type, (unsigned)x->c->args[2].word);
	f->open_flags = O_RDWR | (type & SOCK_NONBLOCK);
	x->ev->file = f;
}

/*
 * Is the kernel's answer about an attempt at all?  No: the descriptor, the address or the state of the socket forbade
 * one.
 */
bool fx_is_attempt(const struct fx *x, const struct sock *s, const struct addr *to)
{
	switch (x->c->err) {
	case 0: return true;
	/* the last attempt, which failed in the background, is cleared away */
	case ECONNABORTED: return s->now.state != CONN_FAILED;
	case EBADF: case ENOTSOCK: case EFAULT: case EISCONN: case EALREADY: case EOPNOTSUPP: return false;
	default: return to != NULL;
	}
}

static bool in_progress(int err) { return err == EINPROGRESS || err == EINTR; }

/*
 * A new attempt, with the outcome that the call reported: the one before is over.  But one that fails leaves a socket
 * as it was that is connected (a datagram socket stays so) or listens: such an attempt has a struct conn for this event
 * only.
 */
struct conn *fx_attempt(struct fx *x, struct file *f, const struct addr *to)
{
	struct sock *s = f->sock;
	int err = x->c->err;
	bool failed = err && !in_progress(err),
	     apart = failed && s->now.state != CONN_NONE && s->now.state != CONN_FAILED;
	struct conn *c = &s->now;

	if (apart)
		c = scratch(x->w, sizeof(*c));
	else
		sock_conn_end(x->w, x->tn, f, x->c->enter_ns);
	*c = (struct conn){ .state = failed ? CONN_FAILED : err ? CONN_CONNECTING : CONN_CONNECTED, .err = failed ? err : 0,
			    .connect_ns = x->c->enter_ns, .connected_ns = in_progress(err) ? 0 : x->c->exit_ns };
	if (to && apart) {
		c->has_peer = true;
		c->peer = *to;
	} else if (to) {
		sock_set_peer(x->w, f, to);
	}
	if (to && !failed)
		sock_connecting(x->w, f);
	return conn_used(x->w, c);
}

void fx_connect(struct fx *x)
{
	struct sock *s = fx_sock(x);
	struct file *f = fx_sock_file(x);
	struct addr *to = fx_addr_arg(x, ARG_SOCKADDR_IN);
	int err = x->c->err;

	x->ev->peer = to;
	if (f)
		fx_was(x, x->ev->fd, f);
	if (!s || !x->has_ret || x->c->restarted)
		return;
	if (to && to->family == AF_UNSPEC) {	/* dissolves the association */
		if (x->ok)
			sock_conn_end(x->w, x->tn, f, x->c->exit_ns);
		return;
	}
	if (s->now.state == CONN_CONNECTING) {		/* asking again: how did it come out? */
		x->ev->kind = EV_CALL;
		x->ev->conn = conn_used(x->w, &s->now);
		if (err != EALREADY && !in_progress(err))
			sock_outcome(x->w, x->tn, f, x->ev->fd, err == EISCONN ? 0 : err, x->c->exit_ns);
		return;
	}
	if (fx_is_attempt(x, s, to))
		x->ev->conn = fx_attempt(x, f, to);
}

void fx_accept(struct fx *x)
{
	struct sock *listener = fx_sock(x);
	struct file *lf = fx_sock_file(x), *f;
	struct addr *from = fx_addr_arg(x, ARG_SOCKADDR_OUT);
	uint32_t flags = (uint32_t)fx_word(x, "flags", 0);
	struct fact fact;
	bool asked;

	x->ev->peer = from;
	if (!x->ok || !x->has_ret)
		return;
	asked = fx_fact(x, (int)x->c->ret, &fact) && fact.sock;
	if (!from && asked)	/* accept(fd, NULL, NULL) */
		x->ev->peer = from = fx_addr(x, fact.sock->peer, fact.sock->peer_len);
	if (listener && !listener->family && asked)
		listener->family = (uint16_t)fact.sock->family;
	x->ev->fd2 = x->ev->fd;
	x->ev->file2 = lf;
	x->ev->fd = (int)x->c->ret;
	f = fx_new(x, x->ev->fd, FILE_SOCKET, "", 0, flags & SOCK_CLOEXEC);
	sock_init(x->w, f, asked ? fact.sock->family : listener ? listener->family : from ? from->family : AF_UNSPEC,
		  asked ? fact.sock->type : listener && listener->type ? listener->type : SOCK_STREAM,
		  asked ? fact.sock->protocol : listener ? listener->protocol : 0);
	f->open_flags = O_RDWR | (flags & SOCK_NONBLOCK);
	f->sock->now.state = CONN_ACCEPTED;
	f->sock->now.connect_ns = f->sock->now.connected_ns = x->c->exit_ns;
	x->ev->conn = conn_used(x->w, &f->sock->now);
	if (from)
		sock_set_peer(x->w, f, from);
	if (listener) {
		if (listener->now.state != CONN_LISTENING)
			listener->now.state = CONN_LISTENING;
		x->ev->conn2 = conn_used(x->w, &listener->now);
		sock_accepted(x->w, f, lf);
	}
	sock_renamed(x->w, f);
	x->ev->file = f;
}

/* The address that the socket has now; NULL: the kernel says no more of it than the program did (a relative name). */
static struct addr *local_of(struct fx *x)
{
	struct fact fact;
	struct addr *a = fx_fact(x, x->ev->fd, &fact) && fact.sock ?
				 fx_addr(x, fact.sock->local, fact.sock->local_len) :
				 NULL;

	return a && a->family == AF_UNIX && !a->abstract && a->len && a->path[0] != '/' ? NULL : a;
}

void fx_bind(struct fx *x)
{
	struct sock *s = fx_sock(x);
	struct addr *a = fx_addr_arg(x, ARG_SOCKADDR_IN), *real = local_of(x);

	if (real)	/* port 0, an unnamed unix socket: the kernel has chosen */
		a = real;
	x->ev->peer = a;
	if (!s || !x->ok || !a)
		return;
	fx_was(x, x->ev->fd, fx_sock_file(x));
	sock_set_local(x->w, fx_sock_file(x), a);
	sock_bound(x->w, fx_sock_file(x));
}

void fx_listen(struct fx *x)
{
	struct sock *s = fx_sock(x);
	const struct addr *real = local_of(x);

	/* what it tried before, in vain, or had until it was cut off, is over, and none of the listener's */
	if (s && x->ok && s->now.state != CONN_NONE && s->now.state != CONN_LISTENING)
		sock_conn_end(x->w, x->tn, fx_sock_file(x), x->c->enter_ns);
	if (s && real)	/* not bound before */
		sock_set_local(x->w, fx_sock_file(x), real);
	if (s && x->ok) {
		s->now.state = CONN_LISTENING;
		x->ev->conn = conn_used(x->w, &s->now);
	}
	x->ev->peer = s && s->has_local ? &s->local : NULL;
}

void fx_shutdown(struct fx *x)
{
	struct sock *s = fx_sock(x);

	x->ev->peer = s && s->now.has_peer ? &s->now.peer : NULL;
	x->ev->flags = (uint32_t)x->c->args[1].word;
	/* it can connect now, or listen anew */
	if (s && x->ok && s->now.state == CONN_LISTENING && x->ev->flags != SHUT_WR)
		sock_conn_end(x->w, x->tn, fx_sock_file(x), x->c->exit_ns);
}

void fx_getsockopt(struct fx *x)
{
	struct sock *s = fx_sock(x);
	int i = fx_arg(x, ARG_OPTVAL_OUT, 0), err;

	if (!s || !x->ok || !x->has_ret || (int)x->c->args[1].word != SOL_SOCKET || (int)x->c->args[2].word != SO_ERROR)
		return;
	if (s->now.state != CONN_CONNECTING || i < 0 || !x->c->args[i].bytes || x->c->args[i].len < sizeof(err))
		return;
	memcpy(&err, x->c->args[i].bytes, sizeof(err));
	if (err >= 0)
		sock_outcome(x->w, x->tn, fx_sock_file(x), x->ev->fd, err, x->c->exit_ns);
}

void fx_sockname(struct fx *x)
{
	struct sock *s = fx_sock(x);
	struct addr *a = fx_addr_arg(x, ARG_SOCKADDR_OUT);
	struct file *f = fx_sock_file(x);

	if (!s || !x->ok || !a)
		return;
	if (!fx_is(x, "getpeername")) {
		sock_set_local(x->w, f, a);
		return;
	}
	if (s->now.state == CONN_CONNECTING)	/* else it fails with ENOTCONN */
		sock_outcome(x->w, x->tn, f, x->ev->fd, 0, x->c->exit_ns);
	sock_set_peer(x->w, f, a);
}
