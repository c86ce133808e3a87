/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Copies arrays of pointers to memory: struct iovec, struct msghdr and mmsghdr, struct iocb. */
#pragma once
#include "capture/bpf/work.bpf.h"

struct widen { struct work *w; u64 addr; };

static long iov_widen(u32 i, struct widen *x)
{
	struct work *w = x->w;
	u32 narrow[2];

	if (i >= IOV_COPIED || i >= w->niov)
		return 1;
	if (bpf_probe_read_user(narrow, sizeof(narrow), (void *)(x->addr + i * 8ul))) {
		w->niov = i;
		return 1;
	}
	w->iov[i].base = narrow[0];
	w->iov[i].len = narrow[1];
	return 0;
}

/* struct iovec[] of either layout into w->iov.  1: not all of it was there. */
__noinline int read_iov(u64 addr, u64 n)
{
	struct work *w = work_get();
	u32 k;

	if (!w)
		return 0;
	k = n > IOV_COPIED ? IOV_COPIED : (u32)n;
	w->niov = k;
	if (w->compat) {
		struct widen x = { w, addr };

		seldom_loop(w, IOV_COPIED, iov_widen, &x);
		return w->niov < k;
	}
	if (k && k <= IOV_COPIED && bpf_probe_read_user(w->iov, k * X86_64_IOV, (void *)addr)) {
		w->niov = 0;
		return 1;
	}
	return 0;
}

static long iov_data(u32 i, struct work **to)
{
	struct work *w = *to;
	u64 len, want;
	u32 at, k;

	if (i >= IOV_COPIED || i >= w->niov || w->run.seen >= w->run.total || w->run.got >= w->run.cap)
		return 1;
	len = w->iov[i].len;
	want = w->run.total - w->run.seen;
	if (want > w->run.cap - w->run.got)
		want = w->run.cap - w->run.got;
	if (len < want)
		want = len;
	k = (u32)want;
	at = w->run.at + w->run.got;
	if (WITHIN(k, 1, PAGE_BYTES) && at <= WORK_BYTES - COPY_MAX) {
		if (bpf_probe_read_user(w->mem + at, k, (void *)w->iov[i].base)) {
			w->run.faulted = 1;
			return 1;
		}
		w->run.got += k;
	}
	w->run.seen += len;
	return 0;
}

/* The first bytes of what w->iov holds; arg_part: PART << 8 beside the argument; total: bytes that count. */
__noinline int copy_iov_data(u32 arg_part, u64 total, u64 max)
{
	struct work *w = work_get();
	struct record_chunk *c;

	if (!w || !chunk_at(w))
		return 0;
	w->run = (struct iov_run){ .total = total,
				   .cap = max > PAGE_BYTES ? PAGE_BYTES : (u32)max,
				   .at = w->off + sizeof(*c) };
	seldom_loop(w, IOV_COPIED, iov_data, &w);
	c = chunk_at(w);
	if (c)
		chunk_done(w, c, arg_part & 0xff, arg_part >> 8, w->flags | (w->run.got < total ? CHUNK_TRUNC : 0),
			   w->run.got);
	return w->run.faulted != 0;
}

static __always_inline int put_iov(struct work *w, u32 arg, u32 flags)
{
	struct record_chunk *c = chunk_at(w);
	u32 n = w->niov;

	if (!c || n > IOV_COPIED)
		return 0;
	bpf_probe_read_kernel(c + 1, n * X86_64_IOV, w->iov);
	chunk_done(w, c, arg, PART_IOV, flags, n * X86_64_IOV);
	return 0;
}

struct wire_msg { u64 name, iov, control, iovlen, controllen; u32 namelen; };

static __always_inline bool read_msg(u64 addr, bool compat, struct wire_msg *m)
{
	if (compat) {
		u32 v[7];

		if (bpf_probe_read_user(v, sizeof(v), (void *)addr))
			return false;
		*m = (struct wire_msg){
			.name = v[0], .namelen = v[1], .iov = v[2], .iovlen = v[3], .control = v[4], .controllen = v[5]
		};
		return true;
	}
	u64 v[7];

	if (bpf_probe_read_user(v, sizeof(v), (void *)addr))
		return false;
	*m = (struct wire_msg){
		.name = v[0], .namelen = (u32)v[1], .iov = v[2], .iovlen = v[3], .control = v[4], .controllen = v[5]
	};
	return true;
}

__noinline int copy_msg(u32 arg, u64 addr, u64 total)
{
	struct work *w = work_get();
	struct wire_msg m = { 0 };
	int faulted = 0;

	if (!w)
		return 0;
	if (!read_msg(addr, w->compat, &m))
		return 1;
	if (m.name && m.namelen)
		faulted |= copy_bytes(arg | PART_NAME << 8, m.name, m.namelen, ADDR_BYTES);
	if (m.control && m.controllen)
		faulted |= copy_bytes(arg | PART_CONTROL << 8, m.control, m.controllen, CONTROL_BYTES);
	if (w->payload) {
		faulted |= read_iov(m.iov, m.iovlen);
		put_iov(w, arg, w->flags);
		faulted |= copy_iov_data(arg | PART_DATA << 8, total, w->payload);
	}
	return faulted;
}

/* Whether item i of w->items is to be copied, and *ret is the room for it: size bytes. */
static __always_inline bool items_room(struct work *w, u32 i, u32 size, void **ret)
{
	u32 at;

	if (i >= w->items.n || i >= MSG_COPIED)
		return false;
	at = w->items.at + i * size;
	SAME(at);
	if (at > WORK_SOFT_MAX)
		return false;
	*ret = w->mem + at;
	return true;
}

/* The chunk, with w->items.count items in it, or NULL. */
static __always_inline struct record_chunk *items_copy(struct work *w, u64 addr, u64 n,
						       long (*item)(u32 i, struct work **to))
{
	w->items = (struct items){ .addr = addr, .n = n, .at = w->off + sizeof(struct record_chunk) };
	seldom_loop(w, MSG_COPIED, item, &w);
	return chunk_at(w);
}

/* struct mmsghdr: a struct msghdr, and the length that the kernel writes behind it. */
static __always_inline u64 mmsg_at(u64 addr, u32 i, bool compat) { return addr + (u64)i * (compat ? 32 : 64); }
static __always_inline u64 mmsg_addr(const struct work *w, u32 i) { return mmsg_at(w->items.addr, i, w->compat); }
static __always_inline u64 mmsg_len(const struct work *w, u32 i) { return mmsg_addr(w, i) + (w->compat ? 28 : 56); }

/* msg_name and msg_namelen come first. */
static long room_item(u32 i, struct work **to)
{
	struct work *w = *to;
	u64 head[2] = { 0 };
	u32 *room;

	if (!items_room(w, i, sizeof(*room), (void **)&room))
		return 1;
	if (bpf_probe_read_user(head, w->compat ? 8 : 16, (void *)mmsg_addr(w, i))) {
		w->items.faulted = 1;
		return 1;
	}
	if (w->compat ? (u32)head[0] != 0 : head[0] != 0)
		w->items.named = 1;
	*room = w->compat ? head[0] >> 32 : (u32)head[1];
	w->items.count = i + 1;
	return 0;
}

/* How much room there is for the names of n messages. */
__noinline int copy_rooms(u32 arg, u64 addr, u64 n)
{
	struct work *w = work_get();
	struct record_chunk *c;

	if (!w || !chunk_at(w))
		return 0;
	c = items_copy(w, addr, n, room_item);
	if (c && w->items.named)
		chunk_done(w, c, arg, PART_ROOM, w->flags, w->items.count * sizeof(u32));
	return w->items.faulted != 0;
}

static long mmsg_item(u32 i, struct work **to)
{
	struct work *w = *to;
	struct record_msg *v;
	struct wire_msg m = { 0 };
	u32 len = 0;

	if (!items_room(w, i, sizeof(*v), (void **)&v))
		return 1;
	__builtin_memset(v, 0, sizeof(*v));
	if (!read_msg(mmsg_addr(w, i), w->compat, &m) || bpf_probe_read_user(&len, 4, (void *)mmsg_len(w, i)))
		return 1;
	v->nbytes = len;
	if (m.name) {
		u32 n = m.namelen > NAME_BYTES ? NAME_BYTES : m.namelen;

		if (WITHIN(n, 1, NAME_BYTES)) {
			if (bpf_probe_read_user(v->name, n, (void *)m.name) == 0)
				v->name_len = n;
			else
				v->flags = MSG_NAME_CUT;
		}
	}
	w->items.count = i + 1;
	return 0;
}

static long mmsg_control(u32 i, struct work **to)
{
	struct work *w = *to;
	struct wire_msg m = { 0 };

	if (i >= w->items.count || !read_msg(mmsg_addr(w, i), w->compat, &m))
		return 1;
	if (m.control && m.controllen)
		copy_bytes(w->items.at | PART_CONTROL << 8, m.control, m.controllen, CONTROL_BYTES);
	return 0;
}

__noinline int copy_mmsg(u32 arg, u64 addr, u64 n)
{
	struct work *w = work_get();
	struct record_chunk *c;

	if (!w || !chunk_at(w))
		return 0;
	c = items_copy(w, addr, n, mmsg_item);
	if (c)
		chunk_done(w, c, arg, PART_MSGVEC, w->flags | (w->items.count < n ? CHUNK_TRUNC : 0),
			   w->items.count * sizeof(struct record_msg));
	w->items.at = arg;
	seldom_loop(w, MSG_COPIED, mmsg_control, &w);
	return 0;
}

static long iocb_item(u32 i, struct work **to)
{
	struct work *w = *to;
	struct record_iocb *v;
	u64 p = 0;

	if (!items_room(w, i, sizeof(*v), (void **)&v))
		return 1;
	if (bpf_probe_read_user(&p, w->compat ? 4 : 8, (void *)(w->items.addr + (u64)i * (w->compat ? 4 : 8))) ||
	    bpf_probe_read_user(v->iocb, sizeof(v->iocb), (void *)p)) {
		w->items.faulted = 1;
		return 1;
	}
	v->addr = p;
	w->items.count = i + 1;
	return 0;
}

__noinline int copy_iocbs(u32 arg, u64 addr, u64 n)
{
	struct work *w = work_get();
	struct record_chunk *c;

	if (!w || !chunk_at(w))
		return 0;
	c = items_copy(w, addr, n, iocb_item);
	if (c)
		chunk_done(w, c, arg, PART_IOCB, w->flags | (w->items.count < n ? CHUNK_TRUNC : 0),
			   w->items.count * sizeof(struct record_iocb));
	return w->items.faulted != 0;
}
