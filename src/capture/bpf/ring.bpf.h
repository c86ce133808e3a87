/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What is in the queues of an io_uring: by the kernel's own pointers, wherever the program has them mapped. */
#pragma once
#include "capture/bpf/work.bpf.h"

enum {
	SETUP_SQPOLL_BIT = 1 << 1,
	SETUP_SQE128_BIT = 1 << 10,
	SETUP_CQE32_BIT = 1 << 11,
	SETUP_KNOWN = (1 << 18) - 1, /* entries of several sizes in one queue came later */
	ENTER_REGISTERED_BIT = 1 << 4,
	RING_OP_EPOLL_CTL = 29,
	RING_POLLED = 1 << 8, /* beside an argument: only of a ring with SQPOLL, without it only of others */
	SQE_HEAD = 40 /* up to user_data */
};

/* A ring that the current thread has registered (Linux 5.18), as file_at(). */
__noinline u64 registered_ring(u32 i)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 f = 0, own;

	if (!bpf_core_field_exists(struct io_uring_task, registered_rings) || i >= RINGS_REGISTERED)
		return 0;
	own = (u64)BPF_CORE_READ(task, io_uring);
	if (!own)
		return 0;
	own += bpf_core_field_offset(struct io_uring_task, registered_rings) + i * sizeof(f);
	if (bpf_probe_read_kernel(&f, sizeof(f), (void *)own))
		return 0;
	return f;
}

/* Of the io_uring that is argument 0 of the call: a struct io_ring_ctx, 0: none, or one whose queues are not read. */
__noinline u64 ring_of(void)
{
	struct work *w = work_get();
	struct io_ring_ctx *ctx;
	struct file *f;
	u64 head = 0;

	if (!w || !bpf_core_type_exists(struct io_ring_ctx))
		return 0;
	f = (struct file *)(w->args[3] & ENTER_REGISTERED_BIT ? registered_ring((u32)w->args[0]) :
								 file_at((u32)w->args[0]));
	if (!f || BPF_CORE_READ(f, f_inode, i_sb, s_magic) != 0x09041934 /* ANON_INODE_FS_MAGIC */)
		return 0;
	bpf_probe_read_kernel(&head, sizeof(head), BPF_CORE_READ(f, f_path.dentry, d_name.name));
	if (head != 0x6e6972755f6f695bull /* "[io_urin" */)
		return 0;
	ctx = BPF_CORE_READ(f, private_data);
	return BPF_CORE_READ(ctx, flags) & ~SETUP_KNOWN ? 0 : (u64)ctx;
}

static long sqe_item(u32 i, struct work **to)
{
	struct work *w = *to;
	struct record_sqe *v;
	u32 at, slot;

	if (!items_room(w, i, sizeof(*v), (void **)&v))
		return 1;
	slot = at = (w->ring.first + i) & w->ring.mask;
	__builtin_memset(v, 0, sizeof(*v));
	if (w->ring.array && bpf_probe_read_kernel(&at, sizeof(at), (void *)(w->ring.array + (u64)at * 4)))
		return 1;
	at &= w->ring.mask;
	/* Submitted already, maybe: what stands out of its turn may be another one by now. */
	if ((at ^ slot) & w->ring.ordered)
		return 1;
	if (bpf_probe_read_kernel(v, SQE_HEAD, (void *)(w->ring.entries + ((u64)at << w->ring.shift))))
		return 1;
	if (v->opcode == RING_OP_EPOLL_CTL && v->addr)
		v->has_event = !bpf_probe_read_user(v->event, sizeof(v->event), (void *)v->addr);
	w->items.count = i + 1;
	return 0;
}

__noinline int copy_sqes(u32 arg)
{
	struct work *w = work_get();
	struct record_chunk *c;
	struct io_ring_ctx *ctx;
	struct io_rings *r;
	/* no branches, each of which the verifier would follow */
	u32 n, head, tail, most, flags, polled = 0 - (arg / RING_POLLED & 1);

	if (!w || !chunk_at(w) || !(ctx = (struct io_ring_ctx *)ring_of()))
		return 0;
	flags = BPF_CORE_READ(ctx, flags);
	if ((flags ^ polled) & SETUP_SQPOLL_BIT)
		return 0;
	r = BPF_CORE_READ(ctx, rings);
	head = BPF_CORE_READ(r, sq.head);
	w->ring.mask = BPF_CORE_READ(r, sq_ring_mask);
	w->ring.array = (u64)BPF_CORE_READ(ctx, sq_array);
	w->ring.entries = (u64)BPF_CORE_READ(ctx, sq_sqes);
	w->ring.shift = flags & SETUP_SQE128_BIT ? 7 : 6;
	tail = BPF_CORE_READ(r, sq.tail);
	n = tail - (head & ~polled);
	most = w->ring.mask < RING_COPIED ? w->ring.mask + 1 : RING_COPIED;
	most = (most & polled) | ((u32)w->args[1] & ~polled);
	if (n > most)
		n = most;
	w->ring.first = ((tail - n) & polled) | (head & ~polled);
	w->ring.ordered = polled;
	c = items_copy(w, 0, n, sqe_item);
	if (!c || w->items.count < (n & polled))
		return 0;
	chunk_done(w, c, arg, PART_SQES, w->flags | (w->items.count < n ? CHUNK_TRUNC : 0),
		   w->items.count * sizeof(struct record_sqe));
	c = polled ? chunk_at(w) : NULL;
	if (c) {
		*(u64 *)(c + 1) = w->ring.first;
		chunk_done(w, c, arg, PART_SQE_FIRST, w->flags, sizeof(u64));
	}
	return 0;
}

static long cqe_item(u32 i, struct work **to)
{
	struct work *w = *to;
	struct record_cqe *v;
	u32 seq;

	if (!items_room(w, i, sizeof(*v), (void **)&v))
		return 1;
	seq = w->ring.first + i;
	__builtin_memset(v, 0, sizeof(*v));
	if (bpf_probe_read_kernel(v, 16, (void *)(w->ring.entries + ((u64)(seq & w->ring.mask) << w->ring.shift))))
		return 1;
	v->seq = seq;
	w->items.count = i + 1;
	return 0;
}

__noinline int copy_cqes(u32 arg)
{
	struct work *w = work_get();
	struct record_chunk *c;
	struct io_ring_ctx *ctx;
	struct io_rings *r;
	u32 tail, n, entries, flags;

	if (!w || !chunk_at(w) || !(ctx = (struct io_ring_ctx *)ring_of()))
		return 0;
	flags = BPF_CORE_READ(ctx, flags);
	if (arg / RING_POLLED & ~(flags / SETUP_SQPOLL_BIT) & 1)
		return 0;
	r = BPF_CORE_READ(ctx, rings);
	tail = BPF_CORE_READ(r, cq.tail);
	entries = BPF_CORE_READ(r, cq_ring_entries);
	n = tail < RING_COPIED ? tail : RING_COPIED;
	if (n > entries)
		n = entries;
	w->ring.first = tail - n;
	w->ring.mask = BPF_CORE_READ(r, cq_ring_mask);
	w->ring.entries = (u64)r + bpf_core_field_offset(struct io_rings, cqes);
	w->ring.shift = flags & SETUP_CQE32_BIT ? 5 : 4;
	c = items_copy(w, 0, n, cqe_item);
	if (c && w->items.count == n)
		chunk_done(w, c, arg, PART_CQES, w->flags, n * sizeof(struct record_cqe));
	return 0;
}
