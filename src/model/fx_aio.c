/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous requests (io_submit): what was asked is known at the submission, what came of it when a thread asks
 * (io_getevents).  Each outcome is a read or a write of its own, from the submission until it was reported.
 */
#include <linux/aio_abi.h>
#include <string.h>

#include "model/aio.h"
#include "model/conn.h"
#include "model/effect.h"
#include "model/emit.h"
#include "model/file.h"
#include "model/peer.h"

enum { PREADV = 7, PWRITEV = 8 };	/* the kernel's; not in every aio_abi.h */

static void complete(struct fx *x, struct aio *a)
{
	bool out = a->op == IOCB_CMD_PWRITE || a->op == PWRITEV, in = a->op == IOCB_CMD_PREAD || a->op == PREADV;
	struct event ev = event_at(a->submit_ns, x->tn, out ? EV_WRITE : in ? EV_READ : EV_SYNC);

	if (!in && !out && a->op != IOCB_CMD_FSYNC && a->op != IOCB_CMD_FDSYNC) {
		aio_drop(x->w, a);
		return;
	}
	ev.dur_ns = a->done_ns > a->submit_ns ? a->done_ns - a->submit_ns : 0;
	ev.fd = a->fd;
	ev.file = a->file;
	if (a->file->sock && (in || out)) {
		ev.kind = out ? EV_SEND : EV_RECV;
		ev.conn = conn_used(x->w, &a->file->sock->now);
		ev.peer = ev.conn->has_peer ? &ev.conn->peer : NULL;
	}
	if (a->res < 0) {
		ev.err = (int)MIN(-a->res, INT64_C(4095));
	} else if (in || out) {
		ev.nbytes = (uint64_t)a->res;
		fx_moved(x, out ? NULL : a->file, out ? a->file : NULL, ev.nbytes);
	}
	world_emit(x->w, &ev);
	aio_drop(x->w, a);
}

void fx_io_submit(struct fx *x)
{
	int arg = fx_named(x, "iocbpp");
	const struct part *p = arg < 0 ? NULL : fx_part(x, arg, PART_IOCB, false);

	for (int64_t i = 0;
	     p && x->ok && x->has_ret && i < x->c->ret && (size_t)(i + 1) * sizeof(struct record_iocb) <= p->len; i++) {
		struct record_iocb r;
		struct iocb cb;
		struct file *f;
		struct aio *a;

		memcpy(&r, p->bytes + (size_t)i * sizeof(r), sizeof(r));
		memcpy(&cb, r.iocb, sizeof(cb));
		f = fx_file_at(x, (int)cb.aio_fildes);
		a = f ? aio_of(x->w, x->p->p.mm->id, r.addr) : NULL;
		if (!a)
			continue;
		if (a->file)	/* asked again before the first outcome was reported */
			file_unref(x->w, a->file);
		a->file = file_ref(f);
		a->fd = (int)cb.aio_fildes;
		a->op = cb.aio_lio_opcode;
		a->submit_ns = x->c->enter_ns;
		file_used(x->w, f, x->p);
		if (a->done)	/* another thread was given it before this call returned */
			complete(x, a);
	}
}

void fx_io_done(struct fx *x)
{
	int arg = fx_arg(x, ARG_ARRAY_OUT, 0);
	const struct value *v = arg < 0 ? NULL : &x->c->args[arg];
	struct io_event ev;

	for (uint32_t off = 0; v && v->bytes && x->ok && x->has_ret && off + sizeof(ev) <= v->len; off += sizeof(ev)) {
		struct aio *a;

		memcpy(&ev, v->bytes + off, sizeof(ev));
		a = aio_of(x->w, x->p->p.mm->id, ev.obj);
		if (!a)
			continue;
		a->done = true;
		a->done_ns = x->c->exit_ns;
		a->res = ev.res;
		if (!a->file)
			continue;	/* its submission is still to come */
		complete(x, a);
	}
}
