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

/* A socket address argument, as it was given or, with LEN, as the kernel answered. */
static struct addr *addr_arg(struct fx *x, enum arg_type type)
{
	int i = fx_arg(x, type, 0);
	const struct part *full;
	size_t len;

	if (i < 0 || !x->c->args[i].bytes)
		return NULL;
	len = x->c->args[i].len;
	full = fx_part(x, i, PART_LEN, true);
	if (full) {		/* the kernel says how long it is; more was copied when the buffer was larger */
		uint32_t n;

		memcpy(&n, full->bytes, sizeof(n));
		len = MIN(len, n);
	}
	return addr_of(x, x->c->args[i].bytes, len);
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

void fx_connect(struct fx *x)
{
	struct sock *s = sock_arg(x);
	struct file *f = file_arg(x);
	struct addr *to = addr_arg(x, ARG_SOCKADDR_IN);
	int err = x->c->err;
	bool was_open;

	x->ev->peer = to;
	if (!s || !x->has_ret || x->c->restarted)
		return;
	if (to && to->family == AF_UNSPEC) {	/* dissolves the association */
		s->has_peer = false;
		s->state = CONN_NONE;
		file_set_peer(f, NULL);
		sock_name(x->w, f);
		return;
	}
	was_open = s->state == CONN_CONNECTING;
	if (was_open) {		/* asking again: how did it come out? */
		x->ev->kind = EV_CALL;
		if (err != EALREADY && err != EINPROGRESS && err != EINTR)
			sock_outcome(x->w, x->tn, f, x->ev->fd, err == EISCONN ? 0 : err, x->c->exit_ns);
		return;
	}
	if (err == EISCONN && s->state == CONN_CONNECTED)
		return;
	if (to)
		sock_set_peer(x->w, f, to);
	s->connect_ns = x->c->enter_ns;
	if (err == EINPROGRESS || err == EINTR) {
		s->state = CONN_CONNECTING;
	} else if (err) {
		s->state = CONN_FAILED;
		s->err = err;
		return;
	} else {
		s->state = CONN_CONNECTED;
		s->connected_ns = x->c->exit_ns;
	}
	if (s->has_peer)
		sock_connecting(x->w, f);
}

void fx_accept(struct fx *x)
{
	struct sock *listener = sock_arg(x);
	struct file *lf = file_arg(x), *f;
	struct addr *from = addr_arg(x, ARG_SOCKADDR_OUT);
	uint32_t flags = (uint32_t)fx_word(x, "flags", 0);

	x->ev->peer = from;
	if (!x->ok || !x->has_ret)
		return;
	x->ev->fd2 = x->ev->fd;
	x->ev->file2 = lf;
	x->ev->fd = (int)x->c->ret;
	f = fx_new(x, x->ev->fd, FILE_SOCKET, "", 0, flags & SOCK_CLOEXEC);
	sock_init(x->w, f, listener ? listener->family : from ? from->family : AF_UNSPEC, listener && listener->type ? listener->type : SOCK_STREAM,
		  listener ? listener->protocol : 0);
	f->open_flags = O_RDWR | (flags & SOCK_NONBLOCK);
	f->sock->state = CONN_ACCEPTED;
	f->sock->connect_ns = f->sock->connected_ns = x->c->exit_ns;
	if (from)
		sock_set_peer(x->w, f, from);
	if (listener) {
		if (listener->state != CONN_LISTENING)
			listener->state = CONN_LISTENING;
		sock_accepted(x->w, f, lf);
	}
	sock_name(x->w, f);
	x->ev->file = f;
}

void fx_bind(struct fx *x)
{
	struct sock *s = sock_arg(x);
	struct addr *a = addr_arg(x, ARG_SOCKADDR_IN);

	x->ev->peer = a;
	if (!s || !x->ok || !a)
		return;
	sock_set_local(x->w, file_arg(x), a);
	sock_bound(x->w, file_arg(x));
}

void fx_listen(struct fx *x)
{
	struct sock *s = sock_arg(x);

	if (s && x->ok)
		s->state = CONN_LISTENING;
	x->ev->peer = s && s->has_local ? &s->local : NULL;
}

void fx_shutdown(struct fx *x)
{
	struct sock *s = sock_arg(x);

	x->ev->peer = s && s->has_peer ? &s->peer : NULL;
	x->ev->flags = (uint32_t)x->c->args[1].word;
}

void fx_getsockopt(struct fx *x)
{
	struct sock *s = sock_arg(x);
	int i = fx_arg(x, ARG_STRUCT_OUT, 0), err;

	if (!s || !x->ok || !x->has_ret || (int)x->c->args[1].word != SOL_SOCKET || (int)x->c->args[2].word != SO_ERROR)
		return;
	if (s->state != CONN_CONNECTING || i < 0 || !x->c->args[i].bytes || x->c->args[i].len < sizeof(err))
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
	if (s->state == CONN_CONNECTING)	/* else it fails with ENOTCONN */
		sock_outcome(x->w, x->tn, f, x->ev->fd, 0, x->c->exit_ns);
	sock_set_peer(x->w, f, a);
}

/* ---- readiness ---- */

static void ready(struct fx *x, struct file *f, int fd, unsigned events)
{
	/* With an error the reason is not told yet: getsockopt(SO_ERROR) or the next write will. */
	if (f && f->sock && f->sock->state == CONN_CONNECTING && (events & POLLOUT) && !(events & (POLLERR | POLLHUP)))
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
	if (f->sock->state != CONN_NONE && f->sock->state != CONN_CONNECTING)
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

/* Of a socket whose connect was in progress, data tells how it came out. */
void fx_settle(struct fx *x, struct file *f)
{
	static const int final[] = { ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNRESET, EHOSTDOWN, ENETDOWN, ECONNABORTED };
	int err = x->ok && x->has_ret ? 0 : -1;

	if (f->sock->state != CONN_CONNECTING)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(final); i++)
		if (x->c->err == final[i])
			err = final[i];
	if (err >= 0)
		sock_outcome(x->w, x->tn, f, x->ev->fd, err, x->c->exit_ns);
}

/* The name of the other side that came with the message, if one did. */
static void set_peer(struct fx *x, struct addr *a)
{
	struct file *f = file_arg(x), *to;

	x->ev->peer = a ? a : f->sock->has_peer ? &f->sock->peer : NULL;
	if (!a || (f->sock->type && f->sock->type != SOCK_DGRAM && f->sock->type != SOCK_RAW))
		return;
	if (f->sock->family == AF_UNSPEC)
		f->sock->family = a->family;
	to = sock_find_dgram(x->w, f, a);
	if (to && to != f && f->peer_file != to->id)
		file_set_peer(f, to);
}

static struct addr *msg_name(struct fx *x, int arg, bool at_exit)
{
	const struct part *p = arg < 0 ? NULL : fx_part(x, arg, PART_NAME, at_exit);

	return p ? addr_of(x, p->bytes, p->len) : NULL;
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
		if (found) {
			files[i] = found->files[i];
		} else {
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

void fx_send(struct fx *x)
{
	struct sock *s = sock_arg(x);
	struct file *f = file_arg(x);
	int msg = fx_arg(x, ARG_MSGHDR_IN, 0);

	if (!s)
		return;
	fx_settle(x, f);
	set_peer(x, msg < 0 ? addr_arg(x, ARG_SOCKADDR_IN) : msg_name(x, msg, false));
	if (!x->ok || !x->has_ret)
		return;
	x->ev->nbytes = (uint64_t)x->c->ret;
	fx_moved(x, NULL, f, x->ev->nbytes);
	if (msg >= 0)
		send_fds(x, f, fx_part(x, msg, PART_CONTROL, false));
}

void fx_recv(struct fx *x)
{
	struct sock *s = sock_arg(x);
	struct file *f = file_arg(x);
	int msg = fx_arg(x, ARG_MSGHDR_OUT, 0);

	if (!s)
		return;
	fx_settle(x, f);
	set_peer(x, !x->ok ? NULL : msg < 0 ? addr_arg(x, ARG_SOCKADDR_OUT) : msg_name(x, msg, true));
	if (!x->ok || !x->has_ret)
		return;
	x->ev->nbytes = (uint64_t)x->c->ret;
	if (!(fx_word(x, "flags", 0) & MSG_PEEK))	/* looked at, not taken */
		fx_moved(x, f, NULL, x->ev->nbytes);
	if (msg >= 0)
		recv_fds(x, f, fx_part(x, msg, PART_CONTROL, true));
}

/* Several messages: as many as the call returned, each with its length. */
static void mmsg(struct fx *x, bool out)
{
	struct sock *s = sock_arg(x);
	struct file *f = file_arg(x);
	int arg = fx_arg(x, out ? ARG_MMSGHDR_IN : ARG_MMSGHDR_OUT, 0);
	const struct part *p;
	struct record_msg m;

	if (!s)
		return;
	fx_settle(x, f);
	p = arg < 0 ? NULL : fx_part(x, arg, PART_MSGVEC, true);
	if (!p && arg >= 0)
		p = fx_part(x, arg, PART_MSGVEC, false);
	for (int64_t i = 0; p && x->ok && x->has_ret && i < x->c->ret && (size_t)(i + 1) * sizeof(m) <= p->len; i++) {
		memcpy(&m, p->bytes + (size_t)i * sizeof(m), sizeof(m));
		x->ev->nbytes += m.nbytes;
		if (i == 0)
			set_peer(x, addr_of(x, m.name, m.name_len));
	}
	if (!x->ev->peer && s->has_peer)
		x->ev->peer = &s->peer;
	if (!x->ok || !x->has_ret)
		return;
	if (out || !(fx_word(x, "flags", 0) & MSG_PEEK))
		fx_moved(x, out ? NULL : f, out ? f : NULL, x->ev->nbytes);
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
