/* SPDX-License-Identifier: MIT */
/* Readiness: what was waited for, and how connects that went on in the background came out. */
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "model/effect.h"
#include "model/emit.h"
#include "model/file.h"
#include "model/peer.h"
#include "model/sock.h"
#include "model/waits.h"
#include "model/watch.h"

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

bool wait_add(struct waits *l, int fd, const struct file *f)
{
	if (f && l->n < WAITED_MAX)
		l->v[l->n++] = (struct waited){ fd, f };
	return l->n < WAITED_MAX;
}

void waits_put(struct fx *x, const struct waits *l, bool timed_out)
{
	struct waited *v;

	if (!l->n)
		return;
	v = scratch(x->w, l->n * sizeof(*v));
	memcpy(v, l->v, l->n * sizeof(*v));
	/* who has the other end decides what was waited for */
	for (unsigned i = 0; timed_out && i < l->n; i++)
		if (v[i].file->peer_file)
			file_used_anew(x->w, &fnode_of(v[i].file)->f, x->p);
	x->ev->waited = v;
	x->ev->nwaited = l->n;
	x->ev->timed_out = timed_out;
}

static void epoll_control(struct fx *x)
{
	struct { uint32_t events, data[2]; } ev;
	struct file *ep = fx_fd(x, 0), *f = task_file(x->t, (int)x->c->args[2].word);
	const struct value *v = &x->c->args[3];
	int fd = (int)x->c->args[2].word;
	uint64_t data;

	x->ev->kind = EV_CALL;
	x->ev->fd2 = fd;
	x->ev->file2 = f;
	if (!ep || !f || !x->ok)
		return;
	if ((int)x->c->args[1].word == EPOLL_CTL_DEL) {
		watch_drop(x->w, ep, (struct watched){ f->id, fd });
		return;
	}
	if (!v->bytes || v->len < 12)
		return;
	memcpy(&ev, v->bytes, 12);
	memcpy(&data, ev.data, sizeof(data));
	watch_set(x->w, ep, data, f, fd);
}

struct file *wait_file(struct fx *x, const struct watched *w)
{
	struct file *f = task_file(x->t, w->fd);

	return f && f->id == w->file ? f : file_by_id(x->w, w->file);
}

static bool in_vain(void *ctx, const struct watched *w)
{
	struct { struct fx *x; struct waits *l; } *c = ctx;

	return wait_add(c->l, w->fd, wait_file(c->x, w));
}

static void epoll_ready(struct fx *x, const struct value *v)
{
	struct file *ep = fx_fd(x, 0);
	struct { uint32_t events, data[2]; } ev;
	struct waits l = { .n = 0 };
	struct { struct fx *x; struct waits *l; } c = { x, &l };

	if (!ep)
		return;
	for (uint32_t off = 0; v->bytes && off + 12 <= v->len; off += 12) {
		struct watched w;
		uint64_t data;
		struct file *f;

		memcpy(&ev, v->bytes + off, 12);
		memcpy(&data, ev.data, sizeof(data));
		if (!watch_find(x->w, ep, data, &w))
			continue;
		f = wait_file(x, &w);
		wait_add(&l, w.fd, f);
		if (ev.events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			ready(x, f, w.fd, ev.events);
	}
	if (x->c->ret <= 0)
		watch_each(ep, in_vain, &c);
	waits_put(x, &l, x->c->ret <= 0);
}

static void poll_ready(struct fx *x, int arg)
{
	bool vain = x->c->ret <= 0;
	const struct part *p = fx_part(x, arg, PART_BYTES, x->ok);
	struct waits l = { .n = 0 };
	struct pollfd pfd;

	for (uint32_t off = 0; p && off + sizeof(pfd) <= p->len; off += sizeof(pfd)) {
		memcpy(&pfd, p->bytes + off, sizeof(pfd));
		if (pfd.fd < 0)
			continue;
		if (pfd.revents || vain)
			wait_add(&l, pfd.fd, task_file(x->t, pfd.fd));
		if (pfd.revents && !vain)
			ready(x, task_file(x->t, pfd.fd), pfd.fd, (unsigned short)pfd.revents);
	}
	waits_put(x, &l, vain);
}

/*
 * select(2) leaves the bits of those that are ready; at the end of its time none, so that what was asked counts.  (It
 * says writable of a connect that failed, too: nothing follows from it.)
 */
static void select_ready(struct fx *x)
{
	struct waits l = { .n = 0 };
	int arg;

	for (unsigned nth = 0; (arg = fx_arg(x, ARG_FD_SET, nth)) >= 0; nth++) {
		const struct part *p = fx_part(x, arg, PART_BYTES, x->c->ret > 0);

		for (uint32_t bit = 0; p && bit < p->len * 8; bit++)
			if (p->bytes[bit / 8] >> bit % 8 & 1)
				wait_add(&l, (int)bit, task_file(x->t, (int)bit));
	}
	waits_put(x, &l, x->c->ret <= 0);
}

void fx_poll(struct fx *x)
{
	int i = fx_arg(x, ARG_ARRAY_INOUT, 0);

	if (fx_is(x, "epoll_ctl")) {
		epoll_control(x);
		return;
	}
	if (!x->has_ret || !(x->ok ? x->c->ret >= 0 : call_interrupted(x->c)))
		return;
	if (i >= 0 && x->c->args[i].spec->size == sizeof(struct pollfd)) {
		poll_ready(x, i);
		return;
	}
	i = fx_arg(x, ARG_ARRAY_OUT, 0);
	if (i >= 0 && x->c->args[i].spec->size == 12)	/* struct epoll_event, packed */
		epoll_ready(x, &x->c->args[i]);
	else
		select_ready(x);
}
