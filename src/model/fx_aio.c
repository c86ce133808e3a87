/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous requests (io_submit): what was asked is known at the submission, what came of it when somebody asks
 * (io_getevents).  Each outcome is a read or a write of its own, from the submission until it was heard of.
 */
#include <linux/aio_abi.h>
#include <string.h>

#include "model/effect.h"

enum { PREADV = 7, PWRITEV = 8 };	/* the kernel's; not in every aio_abi.h */

static void drop(struct world *w, struct aio *a)
{
	if (a->file)
		file_unref(w, a->file);
	HASH_DEL(w->aios, a);
	free(a);
}

static void complete(struct fx *x, struct aio *a)
{
	bool out = a->op == IOCB_CMD_PWRITE || a->op == PWRITEV, in = a->op == IOCB_CMD_PREAD || a->op == PREADV;
	struct event ev = event_at(a->submit_ns, x->tn, out ? EV_WRITE : in ? EV_READ : EV_SYNC);

	if (!in && !out && a->op != IOCB_CMD_FSYNC && a->op != IOCB_CMD_FDSYNC) {
		drop(x->w, a);
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
	drop(x->w, a);
}

static struct aio *find(struct fx *x, uint64_t addr, bool make)
{
	struct aio_key key;
	struct aio *a;

	memset(&key, 0, sizeof(key));
	key.mm = x->p->p.mm->id;
	key.addr = addr;
	HASH_FIND(hh, x->w->aios, &key, sizeof(key), a);
	if (a || !make || HASH_COUNT(x->w->aios) >= AIO_MAX)
		return a;
	a = xcalloc(1, sizeof(*a));
	a->key = key;
	HASH_ADD(hh, x->w->aios, key, sizeof(key), a);
	return a;
}

void fx_io_submit(struct fx *x)
{
	int arg = fx_named(x, "iocbpp");
	const struct part *p = arg < 0 ? NULL : fx_part(x, arg, PART_IOCB, false);

	for (int64_t i = 0; p && x->ok && x->has_ret && i < x->c->ret && (size_t)(i + 1) * sizeof(struct record_iocb) <= p->len; i++) {
		struct record_iocb r;
		struct iocb cb;
		struct file *f;
		struct aio *a;

		memcpy(&r, p->bytes + (size_t)i * sizeof(r), sizeof(r));
		memcpy(&cb, r.iocb, sizeof(cb));
		f = fx_file_at(x, (int)cb.aio_fildes);
		a = f ? find(x, r.addr, true) : NULL;
		if (!a)
			continue;
		if (a->file)	/* asked again before the first outcome was heard of */
			file_unref(x->w, a->file);
		a->file = file_ref(f);
		a->fd = (int)cb.aio_fildes;
		a->op = cb.aio_lio_opcode;
		a->submit_ns = x->c->enter_ns;
		file_used(x->w, f, x->p);
		if (a->done)	/* another thread heard of it before this call returned */
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
		a = find(x, ev.obj, true);
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

/* The address space is gone: nobody will hear of what is under way. */
void aio_forget(struct world *w, uint32_t mm)
{
	static const char why[] = "the outcome of asynchronous requests, which the program did not ask the kernel for";
	struct event ev = event_at(w->item ? w->item->head->ts_ns : 0, NULL, EV_LOST);
	struct aio *a, *tmp;

	HASH_ITER(hh, w->aios, a, tmp)
		if (a->key.mm == mm) {
			ev.count += !a->done;
			drop(w, a);
		}
	if (!ev.count || !w->item)
		return;
	ev.text = why;
	ev.text_len = sizeof(why) - 1;
	world_emit(w, &ev);
}
