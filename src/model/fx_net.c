/* Effects on sockets. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "model/effect.h"

#define FDS_MAX 253	/* SCM_MAX_FD: more do not fit one message */

static struct addr *addr_of(struct fx *x, const void *bytes, size_t len)
{
	struct addr *a = scratch(x->w, sizeof(*a));

	return bytes && decode_addr(bytes, len, a) ? a : NULL;
}

/* A socket in the file system, named relative to the working directory: absolute, where that fits. */
static struct addr *absolute(struct fx *x, struct addr *a)
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

/* A name that came from the kernel, as another socket gave it: the one that is bound to it from here, if there is. */
static struct addr *absolute_there(struct fx *x, const struct file *f, struct addr *a)
{
	struct addr *abs = a && a->family == AF_UNIX ? scratch(x->w, sizeof(*abs)) : NULL;
	const struct file *peer;

	if (!abs || a->abstract || !a->len || a->path[0] == '/')
		return a;
	*abs = *a;
	if (sock_find_dgram(x->w, f, absolute(x, abs)))
		return abs;
	peer = f->peer_file ? file_by_id(x->w, f->peer_file) : NULL;
	if (peer && peer->sock && peer->sock->has_local && peer->sock->local.len > a->len && peer->sock->local.family == AF_UNIX &&
	    !memcmp(peer->sock->local.path + peer->sock->local.len - a->len, a->path, a->len))
		*a = peer->sock->local;
	return a;
}

/* A socket address argument, as it was given or, with LEN, as the kernel answered. */
static struct addr *addr_arg(struct fx *x, enum arg_type type)
{
	int i = fx_arg(x, type, 0);
	const struct part *full;
	size_t len;

	if (i < 0 || !x->c->args[i].bytes || (type == ARG_SOCKADDR_OUT && x->c->args[i].trunc))	/* cut: whose it is cannot be told */
		return NULL;
	len = x->c->args[i].len;
	full = fx_part(x, i, PART_LEN, true);
	if (full) {		/* the kernel says how long it is; more was copied when the buffer was larger */
		uint32_t n;

		memcpy(&n, full->bytes, sizeof(n));
		len = MIN(len, n);
	}
	return type == ARG_SOCKADDR_IN ? absolute(x, addr_of(x, x->c->args[i].bytes, len)) : addr_of(x, x->c->args[i].bytes, len);
}

static struct sock *sock_arg(struct fx *x)
{
	struct file *f = fx_fd(x, 0);

	return f ? sock_of(x->w, f) : NULL;
}

static struct file *file_arg(struct fx *x)
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

/* Is the kernel's answer about an attempt at all?  No: the descriptor, the address or the state of the socket forbade one. */
static bool is_attempt(const struct fx *x, const struct sock *s, const struct addr *to)
{
	switch (x->c->err) {
	case 0: return true;
	case ECONNABORTED: return s->now.state != CONN_FAILED;	/* the last attempt, which failed in the background, is cleared away */
	case EBADF: case ENOTSOCK: case EFAULT: case EISCONN: case EALREADY: case EOPNOTSUPP: return false;
	default: return to != NULL;
	}
}

static bool in_progress(int err) { return err == EINPROGRESS || err == EINTR; }

/*
 * A new attempt, with the outcome that the call reported: the one before is over.  But one that fails leaves a socket as it
 * was that is connected (a datagram socket stays so) or listens: such an attempt has a struct conn for this event only.
 */
static struct conn *begin_attempt(struct fx *x, struct file *f, const struct addr *to)
{
	struct sock *s = f->sock;
	int err = x->c->err;
	bool failed = err && !in_progress(err), apart = failed && s->now.state != CONN_NONE && s->now.state != CONN_FAILED;
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
	struct sock *s = sock_arg(x);
	struct file *f = file_arg(x);
	struct addr *to = addr_arg(x, ARG_SOCKADDR_IN);
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
	if (is_attempt(x, s, to))
		x->ev->conn = begin_attempt(x, f, to);
}

void fx_accept(struct fx *x)
{
	struct sock *listener = sock_arg(x);
	struct file *lf = file_arg(x), *f;
	struct addr *from = addr_arg(x, ARG_SOCKADDR_OUT);
	uint32_t flags = (uint32_t)fx_word(x, "flags", 0);
	struct fact fact;
	bool asked;

	x->ev->peer = from;
	if (!x->ok || !x->has_ret)
		return;
	asked = fx_fact(x, (int)x->c->ret, &fact) && fact.sock;
	if (!from && asked)	/* accept(fd, NULL, NULL) */
		x->ev->peer = from = addr_of(x, fact.sock->peer, fact.sock->peer_len);
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
	sock_name(x->w, f);
	x->ev->file = f;
}

/* The address that the socket has now; NULL: the kernel says no more of it than the program did (a relative name). */
static struct addr *local_of(struct fx *x)
{
	struct fact fact;
	struct addr *a = fx_fact(x, x->ev->fd, &fact) && fact.sock ? addr_of(x, fact.sock->local, fact.sock->local_len) : NULL;

	return a && a->family == AF_UNIX && !a->abstract && a->len && a->path[0] != '/' ? NULL : a;
}

void fx_bind(struct fx *x)
{
	struct sock *s = sock_arg(x);
	struct addr *a = addr_arg(x, ARG_SOCKADDR_IN), *real = local_of(x);

	if (real)	/* port 0, an unnamed unix socket: the kernel has chosen */
		a = real;
	x->ev->peer = a;
	if (!s || !x->ok || !a)
		return;
	fx_was(x, x->ev->fd, file_arg(x));
	sock_set_local(x->w, file_arg(x), a);
	sock_bound(x->w, file_arg(x));
}

void fx_listen(struct fx *x)
{
	struct sock *s = sock_arg(x);
	const struct addr *real = local_of(x);

	if (s && real)	/* not bound before */
		sock_set_local(x->w, file_arg(x), real);
	if (s && x->ok) {
		s->now.state = CONN_LISTENING;
		x->ev->conn = conn_used(x->w, &s->now);
	}
	x->ev->peer = s && s->has_local ? &s->local : NULL;
}

void fx_shutdown(struct fx *x)
{
	struct sock *s = sock_arg(x);

	x->ev->peer = s && s->now.has_peer ? &s->now.peer : NULL;
	x->ev->flags = (uint32_t)x->c->args[1].word;
	if (s && x->ok && s->now.state == CONN_LISTENING && x->ev->flags != SHUT_WR)	/* it can connect now, or listen anew */
		sock_conn_end(x->w, x->tn, file_arg(x), x->c->exit_ns);
}

void fx_getsockopt(struct fx *x)
{
	struct sock *s = sock_arg(x);
	int i = fx_arg(x, ARG_OPTVAL_OUT, 0), err;

	if (!s || !x->ok || !x->has_ret || (int)x->c->args[1].word != SOL_SOCKET || (int)x->c->args[2].word != SO_ERROR)
		return;
	if (s->now.state != CONN_CONNECTING || i < 0 || !x->c->args[i].bytes || x->c->args[i].len < sizeof(err))
		return;
	memcpy(&err, x->c->args[i].bytes, sizeof(err));
	if (err >= 0)
		sock_outcome(x->w, x->tn, file_arg(x), x->ev->fd, err, x->c->exit_ns);
}

void fx_sockname(struct fx *x)
{
	struct sock *s = sock_arg(x);
	struct addr *a = addr_arg(x, ARG_SOCKADDR_OUT);
	struct file *f = file_arg(x);

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

/* ---- readiness ---- */

static void ready(struct fx *x, struct file *f, int fd, unsigned events)
{
	if (!f || !f->sock || f->sock->now.state != CONN_CONNECTING)
		return;
	if (events & (POLLERR | POLLHUP))	/* the reason is not known yet: getsockopt(SO_ERROR) or the next write tells */
		f->sock->now.broken = true;
	else if (events & POLLOUT)
		sock_outcome(x->w, x->tn, f, fd, 0, x->c->exit_ns);
}

void watches_clear(struct world *w)
{
	HASH_FREE(w->watches);
}

static void epoll_control(struct fx *x)
{
	struct { uint32_t events, data[2]; } ev;
	struct file *ep = fx_fd(x, 0), *f = task_file(x->t, (int)x->c->args[2].word);
	const struct value *v = &x->c->args[3];
	struct watch_key key;
	struct watch *wt;

	x->ev->kind = EV_CALL;
	x->ev->fd2 = (int)x->c->args[2].word;
	x->ev->file2 = f;
	if (!ep || !f || !f->sock || !x->ok || !v->bytes || v->len < 12)
		return;
	if (f->sock->now.state != CONN_NONE && f->sock->now.state != CONN_CONNECTING)
		return;		/* only of interest until it is known how a connect came out */
	memcpy(&ev, v->bytes, 12);
	memset(&key, 0, sizeof(key));
	key.epoll = ep->id;
	memcpy(&key.data, ev.data, sizeof(key.data));
	HASH_FIND(hh, x->w->watches, &key, sizeof(key), wt);
	if (!wt) {
		if (HASH_COUNT(x->w->watches) >= WATCH_MAX)
			watches_clear(x->w);
		wt = xcalloc(1, sizeof(*wt));
		wt->key = key;
		HASH_ADD(hh, x->w->watches, key, sizeof(key), wt);
	}
	wt->file = f->id;
	wt->fd = (int)x->c->args[2].word;
}

static void epoll_ready(struct fx *x, const struct value *v)
{
	struct file *ep = fx_fd(x, 0);
	struct { uint32_t events, data[2]; } ev;
	struct watch_key key;
	struct watch *wt;

	memset(&key, 0, sizeof(key));
	key.epoll = ep ? ep->id : 0;
	for (uint32_t off = 0; v->bytes && off + 12 <= v->len && HASH_COUNT(x->w->watches); off += 12) {
		memcpy(&ev, v->bytes + off, 12);
		memcpy(&key.data, ev.data, sizeof(key.data));
		HASH_FIND(hh, x->w->watches, &key, sizeof(key), wt);
		if (!wt || !(ev.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			continue;
		ready(x, file_by_id(x->w, wt->file), wt->fd, ev.events);
		HASH_DEL(x->w->watches, wt);
		free(wt);
	}
}

void fx_poll(struct fx *x)
{
	const struct call *c = x->c;
	int i = fx_arg(x, ARG_ARRAY_INOUT, 0);

	if (fx_is(x, "epoll_ctl")) {
		epoll_control(x);
		return;
	}
	if (!x->ok || !x->has_ret || c->ret <= 0)
		return;
	if (i >= 0 && c->args[i].spec->size == sizeof(struct pollfd)) {
		const struct part *p = fx_part(x, i, PART_BYTES, true);
		struct pollfd pfd;

		for (uint32_t off = 0; p && off + sizeof(pfd) <= p->len; off += sizeof(pfd)) {
			memcpy(&pfd, p->bytes + off, sizeof(pfd));
			if (pfd.revents)
				ready(x, task_file(x->t, pfd.fd), pfd.fd, (unsigned short)pfd.revents);
		}
		return;
	}
	i = fx_arg(x, ARG_ARRAY_OUT, 0);
	if (i >= 0 && c->args[i].spec->size == 12)	/* struct epoll_event, packed */
		epoll_ready(x, &c->args[i]);
	/* select says writable of a failed connect, too: nothing follows from it. */
}

/* ---- data ---- */

/* Errors that come from the peer or the way to it, not from what the program did. */
static bool is_peers_error(int err)
{
	static const int errs[] = { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNRESET, EHOSTDOWN, ENETDOWN, ECONNABORTED };

	for (unsigned i = 0; i < ARRAY_SIZE(errs); i++)
		if (err == errs[i])
			return true;
	return false;
}

/* Of a socket whose connect was in progress, data tells how it came out. */
static void settle(struct fx *x, struct file *f)
{
	struct conn *now = &f->sock->now;
	int err = x->c->err;

	if (now->state != CONN_CONNECTING && !(now->state == CONN_CONNECTED && err == ECONNREFUSED))
		return;
	bool done = x->ok && x->has_ret && !(fx_word(x, "flags", 0) & MSG_ERRQUEUE), failed = is_peers_error(err);

	/* With TCP_FASTOPEN_CONNECT connect(2) only notes the address: the first write asks the peer. */
	if (now->state == CONN_CONNECTED && err == ECONNREFUSED && f->sock->type == SOCK_STREAM && !now->moved && now->connect_ns)
		sock_outcome(x->w, x->tn, f, x->ev->fd, err, x->c->exit_ns);
	else if (now->state == CONN_CONNECTING && (done || failed))
		sock_outcome(x->w, x->tn, f, x->ev->fd, done ? 0 : err, x->c->exit_ns);
}

struct conn *fx_conn(struct fx *x, struct file *f, const struct addr *a)
{
	struct conn *c;

	settle(x, f);
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
	struct file *f = file_arg(x);
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
	return at_exit ? addr_of(x, p->bytes, p->len) : absolute(x, addr_of(x, p->bytes, p->len));
}

void flight_free(struct world *w, struct flight *fl)
{
	if (fl->arrived) {
		DL_DELETE(w->arrivals, fl);
		w->narrivals--;
	} else {
		DL_DELETE(w->flights, fl);
		w->nflights--;
	}
	for (unsigned i = 0; i < fl->n; i++)
		file_unref(w, fl->files[i]);
	free(fl->files);
	free(fl);
}

static struct flight *flight_new(struct world *w, bool arrived, uint32_t from, uint32_t to, struct file **files, unsigned n)
{
	struct flight *fl = xcalloc(1, sizeof(*fl));

	fl->arrived = arrived;
	fl->from = from;
	fl->to = to;
	fl->n = n;
	fl->files = xmalloc(n * sizeof(*files));
	for (unsigned i = 0; i < n; i++)
		fl->files[i] = file_ref(files[i]);
	if (arrived) {
		DL_APPEND(w->arrivals, fl);
		if (++w->narrivals > QUEUE_MAX)
			flight_free(w, w->arrivals);
	} else {
		DL_APPEND(w->flights, fl);
		if (++w->nflights > QUEUE_MAX)
			flight_free(w, w->flights);
	}
	return fl;
}

/* The receiver's call returned before the sender's: what it got is known only now. */
static void fill_in(struct world *w, struct flight *arr, struct file **files)
{
	struct pnode *p = proc_find(w, arr->pid);
	const struct fdent *e;

	for (int fd = p && p->p.fds ? fdtab_next(p->p.fds, 0, &e) : -1; fd >= 0; fd = fdtab_next(p->p.fds, fd + 1, &e))
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
		if (!files[i]) {
			buf_reset(&x->w->tmp);
			buf_printf(&x->w->tmp, "fd received over %s", f->name.s);
			files[i] = file_new(x->w, FILE_UNKNOWN, x->w->tmp.s, x->w->tmp.len);
		}
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
 * MSG_FASTOPEN: the call connects, and the data travels with the request where the kernel has a cookie of the peer.  Without
 * waiting it returns before the peer has answered.  True when it did, for better or worse.
 */
static bool fast_open(struct fx *x, struct file *f, struct addr *to)
{
	uint64_t flags = fx_word(x, "flags", 0);
	struct sock *s = f->sock;
	struct event ev;

	if (!(flags & MSG_FASTOPEN) || !to || !x->has_ret || x->c->restarted || s->type != SOCK_STREAM ||
	    (s->now.state != CONN_NONE && s->now.state != CONN_FAILED) || !is_attempt(x, s, to))
		return false;
	ev = event_at(x->c->enter_ns, x->tn, EV_CONNECT);
	ev.dur_ns = x->ev->dur_ns;
	ev.fd = x->ev->fd;
	ev.file = f;
	ev.err = x->c->err;
	ev.peer = to;
	ev.conn = begin_attempt(x, f, to);
	if (!x->c->err && ((flags & MSG_DONTWAIT) || (f->open_flags & O_NONBLOCK)))
		s->now.state = CONN_CONNECTING;
	world_emit(x->w, &ev);
	return true;
}

void fx_send(struct fx *x)
{
	struct sock *s = sock_arg(x);
	struct file *f = file_arg(x);
	int msg = fx_arg(x, ARG_MSGHDR_IN, 0);
	struct addr *to;

	if (!s)
		return;
	to = msg < 0 ? addr_arg(x, ARG_SOCKADDR_IN) : msg_name(x, msg, false);
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
	struct sock *s = sock_arg(x);
	struct file *f = file_arg(x);
	int msg = fx_arg(x, ARG_MSGHDR_OUT, 0);
	bool peek = s && peeks(x);

	if (!s)
		return;
	if (peek)
		x->ev->kind = EV_PEEK;
	set_peer(x, !x->ok ? NULL : absolute_there(x, f, msg < 0 ? addr_arg(x, ARG_SOCKADDR_OUT) : msg_name(x, msg, true)));
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

/* Several messages: as many as the call returned, each with its length.  One event a peer; the last is the call's own. */
static void mmsg(struct fx *x, bool out)
{
	struct sock *s = sock_arg(x);
	struct file *f = file_arg(x);
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
		a = m.flags & MSG_NAME_CUT ? NULL : addr_of(x, m.name, MIN(m.name_len, sizeof(m.name)));
		a = out ? absolute(x, a) : absolute_there(x, f, a);
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
