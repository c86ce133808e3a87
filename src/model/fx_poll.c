/* SPDX-License-Identifier: MIT */
/* Readiness: how connects that went on in the background came out. */
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "model/effect.h"

static void ready(struct fx *x, struct file *f, int fd, unsigned events)
{
	if (!f || !f->sock || f->sock->now.state != CONN_CONNECTING)
		return;
	/* the reason is not known yet: getsockopt(SO_ERROR) or the next write tells */
	if (events & (POLLERR | POLLHUP))
		f->sock->now.broken = true;
	else if (events & POLLOUT)
		sock_outcome(x->w, x->tn, f, fd, 0, x->c->exit_ns);
}

static void epoll_control(struct fx *x)
{
	struct { uint32_t events, data[2]; } ev;
	struct file *ep = fx_fd(x, 0), *f = task_file(x->t, (int)x->c->args[2].word);
	const struct value *v = &x->c->args[3];
	uint64_t data;

	x->ev->kind = EV_CALL;
	x->ev->fd2 = (int)x->c->args[2].word;
	x->ev->file2 = f;
	if (!ep || !f || !f->sock || !x->ok || !v->bytes || v->len < 12)
		return;
	if (f->sock->now.state != CONN_NONE && f->sock->now.state != CONN_CONNECTING)
		return;		/* only of interest until it is known how a connect came out */
	memcpy(&ev, v->bytes, 12);
	memcpy(&data, ev.data, sizeof(data));
	watch_set(x->w, ep->id, data, f->id, (int)x->c->args[2].word);
}

static void epoll_ready(struct fx *x, const struct value *v)
{
	struct file *ep = fx_fd(x, 0);
	struct { uint32_t events, data[2]; } ev;

	for (uint32_t off = 0; v->bytes && off + 12 <= v->len && x->w->watches; off += 12) {
		uint64_t data;
		uint32_t file;
		int fd;

		memcpy(&ev, v->bytes + off, 12);
		memcpy(&data, ev.data, sizeof(data));
		if (ev.events & (EPOLLOUT | EPOLLERR | EPOLLHUP) && watch_take(x->w, ep ? ep->id : 0, data, &file, &fd))
			ready(x, file_by_id(x->w, file), fd, ev.events);
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
