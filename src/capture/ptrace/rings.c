/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/rings.h"

#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "record/build.h"

enum {
	RINGS_MAX = 256,	/* known at a time; the oldest makes room */
	SQE_HEAD = 40,		/* of struct io_uring_sqe, up to user_data */
	CQE_HEAD = 16,		/* of struct io_uring_cqe, without what CQE32 adds */
	KNOWN_SETUP = (1 << 18) - 1,	/* entries of several sizes in one queue came later (6.19) */
	SETUP_NO_MMAP = 1 << 14, SETUP_INDEX_ONLY = 1 << 15, SETUP_NO_SQARRAY = 1 << 16,
	REGISTER_RING_FDS = 20,
	ENTER_REGISTERED = 1 << 4,
};

/*
 * By its descriptor in a process, and once more by each index at which a thread has registered it (of is the thread).
 * Addresses in the program; 0: not mapped, as far as was seen.
 */
struct ring { pid_t of; int at; bool by_index; uint32_t id; struct io_uring_params p; uint64_t sq, cq, sqes; };
struct rings { struct ring v[RINGS_MAX]; unsigned n, next; uint32_t made; };

void rings_done(struct ptrace_source *s)
{
	free(s->rings);
	s->rings = NULL;
}

static struct ring *find(const struct ptrace_source *s, const struct tracee *t, bool by_index, int at)
{
	pid_t of = by_index ? t->tid : t->pid;

	for (unsigned i = 0; s->rings && i < s->rings->n; i++)
		if (s->rings->v[i].at == at && s->rings->v[i].of == of && s->rings->v[i].by_index == by_index)
			return &s->rings->v[i];
	return NULL;
}

static void put(struct ptrace_source *s, const struct tracee *t, bool by_index, int index, struct ring r)
{
	struct ring *at = find(s, t, by_index, index);

	r.of = by_index ? t->tid : t->pid;
	r.at = index;
	r.by_index = by_index;
	if (!s->rings)
		s->rings = xcalloc(1, sizeof(*s->rings));
	if (!at) {
		at = &s->rings->v[s->rings->next++ % RINGS_MAX];
		s->rings->n = MIN(s->rings->next, (unsigned)RINGS_MAX);
	}
	if (!r.id)
		r.id = ++s->rings->made;
	*at = r;
}

static void made(struct ptrace_source *s, const struct tracee *t, int at)
{
	struct ring r = { .of = 0 };

	if (mem_read(t->tid, t->args[1], &r.p, sizeof(r.p)) != sizeof(r.p))
		r.p.flags = ~0u;	/* whatever it was before, it is not known now */
	if (r.p.flags & SETUP_NO_MMAP) {	/* cq_off.user_addr, sq_off.user_addr: the last words of both */
		memcpy(&r.cq, (const char *)&r.p.cq_off + sizeof(r.p.cq_off) - sizeof(r.cq), sizeof(r.cq));
		memcpy(&r.sqes, (const char *)&r.p.sq_off + sizeof(r.p.sq_off) - sizeof(r.sqes), sizeof(r.sqes));
		r.sq = r.cq;
	}
	put(s, t, r.p.flags & SETUP_INDEX_ONLY && r.p.flags != ~0u, at, r);
}

static void mapped_at(struct ring *r, uint64_t offset, uint64_t addr)
{
	switch (offset) {
	case IORING_OFF_SQ_RING:
		r->sq = addr;
		if (r->p.features & IORING_FEAT_SINGLE_MMAP)
			r->cq = addr;
		return;
	case IORING_OFF_CQ_RING:
		r->cq = addr;
		return;
	case IORING_OFF_SQES:
		r->sqes = addr;
		return;
	}
}

static void mapped(const struct ptrace_source *s, const struct tracee *t, uint64_t addr)
{
	const struct ring *r = find(s, t, false, (int)t->args[4]);
	uint32_t id = r ? r->id : 0;

	for (unsigned i = 0; id && i < s->rings->n; i++)
		if (s->rings->v[i].id == id)
			mapped_at(&s->rings->v[i], t->args[5], addr);
}

/* n: so many were registered; the kernel has written which index each has. */
static void registered(struct ptrace_source *s, const struct tracee *t, int64_t n)
{
	static const struct ring not_known = { .p.flags = ~0u };
	struct io_uring_rsrc_update v[RINGS_REGISTERED];
	size_t got;

	if (!plan_is_of_rings(t->args[1]) || (t->args[1] & 0x7fffffff) != REGISTER_RING_FDS || n <= 0)
		return;
	got = mem_read(t->tid, t->args[2], v, MIN((size_t)n, ARRAY_SIZE(v)) * sizeof(*v)) / sizeof(*v);
	for (size_t i = 0; i < got; i++) {
		const struct ring *r = find(s, t, false, (int)v[i].data);

		put(s, t, true, (int)v[i].offset, r ? *r : not_known);
	}
}

/* NULL: not known. */
static const struct ring *entered(const struct ptrace_source *s, const struct tracee *t)
{
	const struct ring *r;

	if (t->arch != ARCH_X86_64 || !(r = find(s, t, t->args[3] & ENTER_REGISTERED, (int)t->args[0])) ||
	    r->p.flags & ~(uint32_t)KNOWN_SETUP)
		return NULL;
	return r->sq && r->cq && r->sqes ? r : NULL;
}

static bool word(const struct tracee *t, uint64_t addr, uint32_t *ret)
{
	return mem_read(t->tid, addr, ret, sizeof(*ret)) == sizeof(*ret);
}

/* ordered: it may have been submitted already, and what does not stand in its turn be another one by now. */
static bool copy_sqe(const struct tracee *t, const struct ring *r, uint32_t at, bool ordered, struct record_sqe *ret)
{
	uint32_t mask = r->p.sq_entries - 1, i = at & mask;

	if (!(r->p.flags & SETUP_NO_SQARRAY) && !word(t, r->sq + r->p.sq_off.array + (uint64_t)i * 4, &i))
		return false;
	if (ordered && (i & mask) != (at & mask))
		return false;
	at = (i & mask) << (r->p.flags & IORING_SETUP_SQE128 ? 7 : 6);
	if (mem_read(t->tid, r->sqes + at, ret, SQE_HEAD) != SQE_HEAD)
		return false;
	if (ret->opcode == IORING_OP_EPOLL_CTL && ret->addr)
		ret->has_event = mem_read(t->tid, ret->addr, ret->event, sizeof(ret->event)) == sizeof(ret->event);
	return true;
}

static void completed(struct tracee *t, const struct ring *r, unsigned flags)
{
	struct record_cqe v[RING_COPIED] = { 0 };
	uint32_t tail, n;

	if (!word(t, r->cq + r->p.cq_off.tail, &tail))
		return;
	n = MIN(MIN(tail, (uint32_t)RING_COPIED), r->p.cq_entries);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = (tail - n + i) & (r->p.cq_entries - 1);

		at <<= r->p.flags & IORING_SETUP_CQE32 ? 5 : 4;
		v[i].seq = tail - n + i;
		if (mem_read(t->tid, r->cq + r->p.cq_off.cqes + at, &v[i], CQE_HEAD) != CQE_HEAD)
			return;
	}
	record_chunk(&t->chunks, 3, PART_CQES, flags, v, n * sizeof(v[0]));
}

static void submits(struct tracee *t, const struct ring *r, uint32_t head, uint32_t tail)
{
	uint32_t n = MIN(tail - head, (uint32_t)t->args[1]), i;
	struct record_sqe v[RING_COPIED] = { 0 };

	for (i = 0; i < MIN(n, (uint32_t)RING_COPIED) && copy_sqe(t, r, head + i, false, &v[i]); i++)
		;
	record_chunk(&t->chunks, 1, PART_SQES, i < n ? CHUNK_TRUNC : 0, v, i * sizeof(v[0]));
}

/* The kernel submits when it likes: what is in the queue, submitted or not, and what is done already. */
static void polled(struct tracee *t, const struct ring *r, uint32_t tail)
{
	uint32_t n = MIN(MIN(tail, (uint32_t)RING_COPIED), r->p.sq_entries);
	struct record_sqe v[RING_COPIED] = { 0 };
	rec_u64 first = tail - n;

	for (uint32_t i = 0; i < n; i++)
		if (!copy_sqe(t, r, (uint32_t)first + i, true, &v[i]))
			return;
	record_chunk(&t->chunks, 3, PART_SQES, 0, v, n * sizeof(v[0]));
	record_chunk(&t->chunks, 3, PART_SQE_FIRST, 0, &first, sizeof(first));
	completed(t, r, 0);
}

void rings_entered(struct ptrace_source *s, struct tracee *t)
{
	const struct ring *r = t->args[1] || t->args[3] ? entered(s, t) : NULL;
	uint32_t head, tail;

	if (!r || !word(t, r->sq + r->p.sq_off.head, &head) || !word(t, r->sq + r->p.sq_off.tail, &tail))
		return;
	if (!(r->p.flags & IORING_SETUP_SQPOLL) && t->args[1])
		submits(t, r, head, tail);
	else if (r->p.flags & IORING_SETUP_SQPOLL && t->args[3])
		polled(t, r, tail);
}

static void left(const struct ptrace_source *s, struct tracee *t)
{
	const struct ring *r = t->args[3] ? entered(s, t) : NULL;

	if (r)
		completed(t, r, CHUNK_AT_EXIT);
}

void rings_left(struct ptrace_source *s, struct tracee *t, int64_t ret, const struct capture_plan *plan)
{
	if (t->arch != ARCH_X86_64)
		return;
	if (t->nr == SYS_io_uring_setup)
		made(s, t, (int)ret);
	else if (t->nr == SYS_io_uring_register)
		registered(s, t, ret);
	else if (t->nr == SYS_mmap)
		mapped(s, t, (uint64_t)ret);
	else if (plan->leave[3].op == PLAN_CQES)
		left(s, t);
}
