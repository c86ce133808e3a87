/* SPDX-License-Identifier: MIT */
/*
 * io_uring_enter: what a thread waits for are the requests under way, and what ended its wait is the last completion.
 * What an epoll watches can be changed in this way, too.
 */
#include <linux/io_uring.h>
#include <string.h>
#include <sys/epoll.h>

#include "model/effect.h"
#include "model/requests.h"
#include "model/waits.h"

enum {
	REGISTERED_RING = 1 << 4,	/* IORING_ENTER_REGISTERED_RING: argument 0 is an index */
	RING_FILES_MAX = 1024,		/* of which it is known what they are */
	CQE_MORE = 1 << 1,		/* IORING_CQE_F_MORE: another completion of that request comes */
};

/* Whether a request with this opcode (enum io_uring_op) is done when the descriptor in it is ready. */
static bool waits_for_fd(unsigned opcode)
{
	enum { SEND_ZC = 47, SENDMSG_ZC, READ_MULTISHOT, RECV_ZC = 58, EPOLL_WAIT, READV_FIXED, WRITEV_FIXED };

	switch (opcode) {
	case IORING_OP_READV: case IORING_OP_WRITEV: case IORING_OP_FSYNC:
	case IORING_OP_READ_FIXED: case IORING_OP_WRITE_FIXED: case IORING_OP_POLL_ADD:
	case IORING_OP_SYNC_FILE_RANGE: case IORING_OP_SENDMSG: case IORING_OP_RECVMSG:
	case IORING_OP_ACCEPT: case IORING_OP_CONNECT: case IORING_OP_FALLOCATE:
	case IORING_OP_READ: case IORING_OP_WRITE: case IORING_OP_SEND: case IORING_OP_RECV:
	case IORING_OP_SPLICE: case IORING_OP_TEE: case SEND_ZC: case SENDMSG_ZC: case READ_MULTISHOT:
	case RECV_ZC: case EPOLL_WAIT: case READV_FIXED: case WRITEV_FIXED:
		return true;
	}
	return false;
}

static struct watched what_of(struct fx *x, const struct requests *all, const struct record_sqe *sqe)
{
	bool has_fd = waits_for_fd(sqe->opcode) || sqe->opcode == IORING_OP_EPOLL_CTL;
	const struct file *f;

	if (has_fd && sqe->flags & IOSQE_FIXED_FILE)
		return sqe->fd >= 0 && (unsigned)sqe->fd < all->nfiles ? all->files[sqe->fd] :
									  (struct watched){ 0, sqe->fd };
	f = has_fd ? task_file(x->t, sqe->fd) : NULL;
	return (struct watched){ f ? f->id : 0, sqe->fd };
}

/* Which registered file such a request replaces is not recorded, nor whether it does; of MSG_RING one of that ring. */
static void replace_files(struct fx *x, struct requests *all, const struct record_sqe *sqe)
{
	const struct file *other;

	switch (sqe->opcode) {
	case IORING_OP_OPENAT: case IORING_OP_OPENAT2: case IORING_OP_CLOSE: case IORING_OP_ACCEPT:
	case IORING_OP_FILES_UPDATE: case 45 /* IORING_OP_SOCKET */: case 62 /* IORING_OP_PIPE */:
		requests_forget_files(all);
		return;
	case 40 /* IORING_OP_MSG_RING */:
		other = sqe->flags & IOSQE_FIXED_FILE ? NULL : task_file(x->t, sqe->fd);
		if (other && other->kind == FILE_IO_URING)
			requests_forget_files(requests_of(other));
		return;
	}
}

static void submit(struct fx *x, struct requests *all, const struct record_sqe *sqe)
{
	struct watched what = what_of(x, all, sqe);
	struct request *r;

	replace_files(x, all, sqe);
	if (sqe->flags & 1u << 6 /* IOSQE_CQE_SKIP_SUCCESS */)
		return;		/* no completion of it may come */
	r = request_add(x->w, all, sqe->user_data);
	if (!r) {
		all->whole = false;
		return;
	}
	r->several |= r->n > 1 && (r->what.file != what.file || r->opcode != sqe->opcode);
	r->what = what;
	r->opcode = sqe->opcode;
	r->epoll.set = sqe->opcode == IORING_OP_EPOLL_CTL;
	r->epoll.op = (int)sqe->len;
	r->epoll.fd = (int)sqe->off;
	if (sqe->has_event)
		memcpy(&r->epoll.data, sqe->event + 4, sizeof(r->epoll.data));	/* struct epoll_event, packed */
	else if (r->epoll.set && r->epoll.op != EPOLL_CTL_DEL)
		r->epoll.set = false;
}

/* So many were submitted as the call returned. */
static void submit_all(struct fx *x, struct requests *all, const struct part *sqes)
{
	struct record_sqe v;

	if (x->c->args[1].word && x->ok && (!sqes || sqes->flags & CHUNK_TRUNC))
		all->whole = false;
	for (size_t i = 0; sqes && x->ok && (int64_t)i < x->c->ret && (i + 1) * sizeof(v) <= sqes->len; i++) {
		memcpy(&v, sqes->bytes + i * sizeof(v), sizeof(v));
		submit(x, all, &v);
	}
}

/* Those that a thread of the kernel has submitted, or will; where some were not seen, a later one may be theirs. */
static void submit_polled(struct fx *x, struct requests *all, const struct part *sqes)
{
	const struct part *p = fx_part(x, 3, PART_SQE_FIRST, false);
	struct record_sqe v;
	uint64_t first;

	if (!sqes || !p || sqes->flags & CHUNK_TRUNC) {
		requests_forget(x->w, all);
		all->whole = false;
		return;
	}
	memcpy(&first, p->bytes, sizeof(first));
	if ((int32_t)((uint32_t)first - all->next_sqe) > 0) {
		requests_forget(x->w, all);
		all->whole = false;
		all->next_sqe = (uint32_t)first;
	}
	for (size_t i = 0; (i + 1) * sizeof(v) <= sqes->len; i++) {
		if ((uint32_t)(first + i) != all->next_sqe)
			continue;
		memcpy(&v, sqes->bytes + i * sizeof(v), sizeof(v));
		submit(x, all, &v);
		all->next_sqe++;
	}
}

/* As epoll_ctl(2) does it. */
static void control(struct fx *x, const struct request *r)
{
	struct file *ep = wait_file(x, &r->what), *f = task_file(x->t, r->epoll.fd);

	if (!ep || !f || r->several)
		return;
	if (r->epoll.op == EPOLL_CTL_DEL)
		watch_drop(x->w, ep, (struct watched){ f->id, r->epoll.fd });
	else
		watch_set(x->w, ep, r->epoll.data, f, r->epoll.fd);
}

/* An epoll that is waited for stands for what it watches, where that is one descriptor. */
struct only { struct watched what; unsigned n; };

static bool count(void *ctx, const struct watched *w)
{
	struct only *o = ctx;

	o->what = *w;
	return ++o->n < 2;
}

static void add(struct fx *x, struct waits *l, const struct request *r)
{
	const struct file *f = r->several || !waits_for_fd(r->opcode) ? NULL : wait_file(x, &r->what);
	struct only o = { .n = 0 };

	if (f && f->kind == FILE_EPOLL)
		watch_each(f, count, &o);
	if (o.n == 1 && wait_file(x, &o.what))
		wait_add(l, o.what.fd, wait_file(x, &o.what));
	else
		wait_add(l, r->what.fd, f);
}

static bool is_time(const struct request *r)
{
	return r->opcode == IORING_OP_TIMEOUT || r->opcode == IORING_OP_LINK_TIMEOUT;
}

/* Those that came since the last look; the last one, which ended the wait, is the first of what was waited for. */
static void complete(struct fx *x, struct requests *all, const struct part *p, struct waits *l, bool *ret_any)
{
	struct record_cqe v[WAITED_MAX];
	unsigned n = 0;
	struct request *r;

	for (uint32_t off = 0; off + sizeof(*v) <= p->len; off += sizeof(*v)) {
		struct record_cqe c;

		memcpy(&c, p->bytes + off, sizeof(c));
		if ((int32_t)(c.seq - all->next_seq) < 0 || n >= ARRAY_SIZE(v))
			continue;
		if (c.seq != all->next_seq)
			all->whole = false;	/* completions that were not seen */
		all->next_seq = c.seq + 1;
		r = request_find(all, c.user_data);
		if (r && r->epoll.set && c.res == 0)
			control(x, r);
		v[n++] = c;
	}
	for (unsigned i = n; i-- > 0;) {
		r = request_find(all, v[i].user_data);
		if (!r || !is_time(r))
			*ret_any = true;	/* of one that is not known, too: another ring's message */
		if (r)
			add(x, l, r);
		if (r && !(v[i].flags & CQE_MORE))
			request_drop(x->w, all, r);
	}
}

/* false: one of them waits for what is not known (a registered file of which it is not). */
static bool in_vain(struct fx *x, struct requests *all, struct waits *l)
{
	for (const struct request *r = all->v; r; r = r->hh.next) {
		if (waits_for_fd(r->opcode) && (!r->what.file || r->several))
			return false;
		add(x, l, r);
	}
	return true;
}

/* Of a wait that no completion ended: all that is under way, where it is known. */
static bool ended_in_vain(const struct fx *x) { return x->ok || x->c->err == ETIME || call_interrupted(x->c); }

/*
 * The rings of the thread, which it then enters by their index.  Where it is not known which of them are there no more,
 * none is known to be.
 */
static void register_rings(struct fx *x, bool adds)
{
	const struct part *p = fx_part(x, 2, PART_BYTES, true);
	struct io_uring_rsrc_update up;

	if (!x->ok)
		return;
	if (!p || (int64_t)(p->len / sizeof(up)) < x->c->ret)
		rings_unregister(x->w, x->tn);
	for (size_t i = 0; p && (int64_t)i < x->c->ret && (i + 1) * sizeof(up) <= p->len; i++) {
		struct file *f;

		memcpy(&up, p->bytes + i * sizeof(up), sizeof(up));
		f = adds ? task_file(x->t, (int)up.data) : NULL;
		ring_register(x->w, x->tn, up.offset, f && f->kind == FILE_IO_URING ? f : NULL);
	}
}

/* Argument 0: a descriptor, or the index of a registered ring. */
static struct file *ring_of(const struct fx *x, bool by_index)
{
	struct file *f = by_index ? ring_registered(x->tn, (uint32_t)x->c->args[0].word) :
				    task_file(x->t, (int)x->c->args[0].word);

	return f && f->kind == FILE_IO_URING ? f : NULL;
}

/* What is registered in other ways (FILES2, updates) stands behind a second pointer. */
void fx_ring_files(struct fx *x)
{
	enum { REGISTER_FILES = 2, REGISTER_RING_FDS = 20, UNREGISTER_RING_FDS, USE_REGISTERED_RING = 1u << 31 };
	bool by_index = x->c->args[1].word & USE_REGISTERED_RING;
	unsigned op = (unsigned)x->c->args[1].word & ~USE_REGISTERED_RING;
	const struct file *ring = by_index ? ring_of(x, true) : fx_fd(x, 0);
	const struct value *v = &x->c->args[2];
	struct requests *all;
	uint32_t n = v->bytes ? (uint32_t)MIN(v->len / sizeof(int), (size_t)RING_FILES_MAX) : 0;

	if (op == REGISTER_RING_FDS || op == UNREGISTER_RING_FDS) {
		register_rings(x, op == REGISTER_RING_FDS);
		return;
	}
	if (!ring || ring->kind != FILE_IO_URING || !x->ok)
		return;
	all = requests_of(ring);
	requests_forget_files(all);
	if (op != REGISTER_FILES || !n)
		return;
	all->files = xcalloc(n, sizeof(*all->files));
	all->nfiles = n;
	for (uint32_t i = 0; i < n; i++) {
		const struct file *f;
		int fd;

		memcpy(&fd, v->bytes + i * sizeof(fd), sizeof(fd));
		f = task_file(x->t, fd);
		all->files[i] = (struct watched){ f ? f->id : 0, fd };
	}
}

/* What was submitted and done without a call is over as the call begins; it ends no wait. */
static void before_wait(struct fx *x, struct requests *all)
{
	const struct part *sqes = fx_part(x, 3, PART_SQES, false), *cqes = fx_part(x, 3, PART_CQES, false);
	struct waits none = { .n = 0 };
	bool any;

	all->polled |= sqes != NULL;
	if (!all->polled || !x->c->args[3].word)
		return;
	submit_polled(x, all, sqes);
	if (cqes)
		complete(x, all, cqes, &none, &any);
	else
		all->whole = false;
}

void fx_io_uring(struct fx *x)
{
	const struct file *ring = ring_of(x, x->c->args[3].word & REGISTERED_RING);
	const struct part *sqes = fx_part(x, 1, PART_SQES, false), *cqes = fx_part(x, 3, PART_CQES, true);
	struct waits l = { .n = 0 };
	struct requests *all;
	bool any = false;

	if (!ring || !x->has_ret)
		return;
	all = requests_of(ring);
	before_wait(x, all);
	if (!all->polled)
		submit_all(x, all, sqes);
	if (cqes)
		complete(x, all, cqes, &l, &any);
	else if (x->ok && x->c->args[3].word)
		all->whole = false;
	if (any || !all->whole || !(uint32_t)x->c->args[2].word || !ended_in_vain(x)) {
		waits_put(x, &l, false);
	} else if (in_vain(x, all, &l)) {
		x->ev->timed_out = true;
		waits_put(x, &l, true);
	}
}
