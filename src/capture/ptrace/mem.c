/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/macro.h"
#include "record/build.h"

enum { PAGE = 4096, IOV_MAX_COPIED = 64, MSG_MAX_COPIED = 64 };

static void copy_bytes(struct buf *b, unsigned arg, unsigned part, unsigned flags, pid_t tid, uint64_t addr,
		       uint64_t want, uint64_t max)
{
	size_t n = (size_t)MIN(want, max), got, at = b->len;
	struct record_chunk *c;

	/* read straight into the chunk */
	buf_grow(b, sizeof(*c) + ALIGN8(n));
	got = n ? mem_read(tid, addr, b->s + at + sizeof(*c), n) : 0;
	c = (struct record_chunk *)(b->s + at);
	flags |= (got < n ? CHUNK_FAULT : 0) | (n < want ? CHUNK_TRUNC : 0);
	*c = (struct record_chunk){ (rec_u8)arg, (rec_u8)part, (rec_u16)flags, (rec_u32)got };
	memset(b->s + at + sizeof(*c) + got, 0, ALIGN8(got) - got);
	b->len = at + sizeof(*c) + ALIGN8(got);
}

/* struct iovec[] in either layout, as 64-bit ones.  Returns how many were read. */
static unsigned read_iov(pid_t tid, bool compat, uint64_t addr, uint64_t n, struct iovec *ret_iov)
{
	uint32_t narrow[IOV_MAX_COPIED][2];

	n = MIN(n, (uint64_t)IOV_MAX_COPIED);
	if (!compat)
		return (unsigned)(mem_read(tid, addr, ret_iov, n * sizeof(*ret_iov)) / sizeof(*ret_iov));
	n = mem_read(tid, addr, narrow, n * sizeof(narrow[0])) / sizeof(narrow[0]);
	for (unsigned i = 0; i < n; i++)
		ret_iov[i] = (struct iovec){ (void *)(uintptr_t)narrow[i][0], narrow[i][1] };
	return (unsigned)n;
}

static void copy_iov(struct buf *b, unsigned arg, const struct iovec *iov, unsigned got, uint64_t n)
{
	record_chunk(b, arg, PART_IOV, n > got ? CHUNK_TRUNC : 0, iov, got * sizeof(*iov));
}

/* The first bytes of what an iovec array holds; total: bytes that count (the call's result, or all). */
static void copy_iov_data(struct buf *b, unsigned arg, enum chunk_part part, unsigned flags, pid_t tid,
			  const struct iovec *iov, unsigned n, uint64_t total, size_t max)
{
	char data[4096];
	size_t got = 0, cap = MIN(max, sizeof(data));
	uint64_t seen = 0;

	for (unsigned i = 0; i < n && seen < total && got < cap; i++) {
		size_t want = (size_t)MIN((uint64_t)iov[i].iov_len, MIN(total - seen, (uint64_t)(cap - got)));
		size_t k = want ? mem_read(tid, (uint64_t)iov[i].iov_base, data + got, want) : 0;

		got += k;
		seen += iov[i].iov_len;
		if (k < want)
			break;
	}
	record_chunk(b, arg, part, flags | (got < total ? CHUNK_TRUNC : 0), data, got);
}

struct msg { uint64_t name, iov, control; uint64_t iovlen, controllen; uint32_t namelen; };

static bool read_msg(pid_t tid, bool compat, uint64_t addr, struct msg *m)
{
	struct msghdr h;
	uint32_t w[7];

	if (!compat) {
		if (mem_read(tid, addr, &h, sizeof(h)) != sizeof(h))
			return false;
		*m = (struct msg){ (uint64_t)h.msg_name, (uint64_t)h.msg_iov, (uint64_t)h.msg_control,
				   h.msg_iovlen, h.msg_controllen, h.msg_namelen };
		return true;
	}
	if (mem_read(tid, addr, w, sizeof(w)) != sizeof(w))
		return false;
	*m = (struct msg){
		.name = w[0], .namelen = w[1], .iov = w[2], .iovlen = w[3], .control = w[4], .controllen = w[5]
	};
	return true;
}

/*
 * How much room there is for names: msg_name and msg_namelen come first in a struct msghdr, and that first in a struct
 * mmsghdr.
 */
static void copy_rooms(struct buf *b, unsigned arg, const struct mem_call *c, uint64_t n)
{
	size_t step = c->compat ? 32 : sizeof(struct mmsghdr), width = c->compat ? 4 : 8, got;
	char heads[MSG_MAX_COPIED * sizeof(struct mmsghdr)];
	uint32_t rooms[MSG_MAX_COPIED];
	bool named = false;

	n = MIN(n, (uint64_t)MSG_MAX_COPIED);
	got = n ? mem_read(c->tid, c->args[arg], heads, (n - 1) * step + 2 * width) : 0;
	n = got < 2 * width ? 0 : (got - 2 * width) / step + 1;
	for (unsigned i = 0; i < n; i++) {
		uint64_t name = 0;

		memcpy(&name, heads + i * step, width);
		memcpy(&rooms[i], heads + i * step + width, sizeof(rooms[i]));
		named |= name != 0;
	}
	if (named)
		record_chunk(b, arg, PART_ROOM, 0, rooms, n * sizeof(rooms[0]));
}

static void copy_msg(struct buf *b, unsigned arg, const struct mem_call *c, unsigned flags, uint64_t total)
{
	struct iovec iov[IOV_MAX_COPIED];
	struct msg m;
	unsigned n;

	if (!read_msg(c->tid, c->compat, c->args[arg], &m))
		return;
	if (m.name && m.namelen)
		copy_bytes(b, arg, PART_NAME, flags, c->tid, m.name, m.namelen, sizeof(struct sockaddr_storage));
	if (m.control && m.controllen)
		copy_bytes(b, arg, PART_CONTROL, flags, c->tid, m.control, m.controllen, MEM_CONTROL_MAX);
	if (c->payload) {
		n = read_iov(c->tid, c->compat, m.iov, m.iovlen, iov);
		record_chunk(b, arg, PART_IOV, flags, iov, n * sizeof(iov[0]));
		copy_iov_data(b, arg, PART_DATA, flags, c->tid, iov, n, total, c->payload);
	}
}

static void copy_mmsg(struct buf *b, unsigned arg, const struct mem_call *c, unsigned flags, uint64_t n)
{
	struct record_msg v[MSG_MAX_COPIED] = { 0 };
	size_t step = c->compat ? 32 : sizeof(struct mmsghdr);
	unsigned i;

	for (i = 0; i < n && i < MSG_MAX_COPIED; i++) {
		uint64_t at = c->args[arg] + i * step;
		uint32_t len = 0;
		struct msg m;

		if (!read_msg(c->tid, c->compat, at, &m) || mem_read(c->tid, at + (c->compat ? 28 : 56), &len, 4) != 4)
			break;
		v[i].nbytes = len;
		if (m.name) {
			v[i].name_len = MIN(m.namelen, (uint32_t)sizeof(v[i].name));
			len = v[i].name_len;
			v[i].name_len = (uint32_t)mem_read(c->tid, m.name, v[i].name, len);
			v[i].flags = v[i].name_len < len ? MSG_NAME_CUT : 0;
		}
	}
	record_chunk(b, arg, PART_MSGVEC, flags | (i < n ? CHUNK_TRUNC : 0), v, i * sizeof(v[0]));
	for (unsigned k = 0; k < i; k++) {
		struct msg m;

		if (read_msg(c->tid, c->compat, c->args[arg] + k * step, &m) && m.control && m.controllen)
			copy_bytes(b, arg, PART_CONTROL, flags, c->tid, m.control, m.controllen, MEM_CONTROL_MAX);
	}
}

static void copy_iocbs(struct buf *b, unsigned arg, const struct mem_call *c, uint64_t n, uint64_t max)
{
	struct record_iocb v[MSG_MAX_COPIED] = { 0 };
	size_t w = c->compat ? 4 : 8;
	unsigned i, limit = (unsigned)MIN(n, MIN(max, (uint64_t)MSG_MAX_COPIED));

	for (i = 0; i < limit; i++) {
		if (mem_read(c->tid, c->args[arg] + i * w, &v[i].addr, w) != w ||
		    mem_read(c->tid, v[i].addr, v[i].iocb, sizeof(v[i].iocb)) != sizeof(v[i].iocb))
			break;
	}
	record_chunk(b, arg, PART_IOCB, i < n ? CHUNK_TRUNC : 0, v, i * sizeof(v[0]));
}

static void copy_deref(struct buf *b, unsigned arg, const struct mem_call *c, unsigned flags, uint32_t at)
{
	uint64_t p = 0;

	if (mem_read(c->tid, c->args[arg] + at, &p, sizeof(p)) == sizeof(p) && p)
		copy_bytes(b, arg, PART_INT, flags, c->tid, p, sizeof(int), sizeof(int));
}

static bool has_dots(const struct buf *b, unsigned arg)
{
	for (size_t at = 0; at < b->len;) {
		const struct record_chunk *c = (const struct record_chunk *)(b->s + at);

		if (c->arg == arg && c->part == PART_BYTES)
			return memmem(c + 1, c->len, "..", 2);
		at += sizeof(*c) + ALIGN8(c->len);
	}
	return false;
}

static void copy_real(struct buf *b, unsigned arg, const struct mem_call *c, unsigned flags, bool cwd)
{
	char link[64], path[RECORD_STR_MAX];
	ssize_t n;

	if (!cwd && !has_dots(b, arg))
		return;
	if (cwd)
		snprintf(link, sizeof(link), "/proc/%d/cwd", c->tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", c->tid, (int)c->ret);
	n = readlink(link, path, sizeof(path));
	if (n > 0 && n < (ssize_t)sizeof(path))
		record_chunk(b, arg, PART_PATH, flags, path, (size_t)n);
}

static void copy_arg(struct buf *b, unsigned i, const struct plan_arg *a, const struct mem_call *c, bool leave)
{
	uint64_t addr = c->args[i], n = a->narrow ? (uint32_t)c->args[a->len] : c->args[a->len];
	unsigned flags = leave ? CHUNK_AT_EXIT : 0;
	size_t size = a->size ? a->size : 1;
	uint32_t len;

	switch ((enum plan_op)a->op) {
	case PLAN_SKIP: case PLAN_SQES: case PLAN_CQES: case PLAN_POLLED:	/* the queues: rings.c */
		return;
	case PLAN_STR:
		mem_copy_str(b, i, PART_BYTES, c->tid, addr,
			 a->max ? MIN(a->max, (uint32_t)RECORD_STR_MAX) : RECORD_STR_MAX);
		return;
	case PLAN_STR_IF:
		if ((uint32_t)n == a->max)
			mem_copy_str(b, i, PART_BYTES, c->tid, addr, RECORD_STR_MAX);
		return;
	case PLAN_RING_ARG:
		if (plan_is_of_rings(c->args[1]) != leave)
			return;
		n = leave ? (uint64_t)MAX(c->ret, (int64_t)0) : n;
		/* fall through */
	case PLAN_LEN_ARG:
		n = MIN(n, (uint64_t)1 << 32);
		copy_bytes(b, i, PART_BYTES, flags, c->tid, addr, n * size, a->max);
		return;
	case PLAN_LEN_RET:
		if (c->ret > 0)
			copy_bytes(b, i, PART_BYTES, flags, c->tid, addr,
				   MIN((uint64_t)c->ret, (uint64_t)1 << 32) * size, a->max);
		return;
	case PLAN_FIXED:
		copy_bytes(b, i, PART_BYTES, flags, c->tid, addr, size, size);
		return;
	case PLAN_LEN_AT:
		if (n && mem_read(c->tid, n, &len, sizeof(len)) == sizeof(len))
			copy_bytes(b, i, PART_BYTES, flags, c->tid, addr, len, a->max);
		return;
	case PLAN_BITS:
		copy_bytes(b, i, PART_BYTES, flags, c->tid, addr, n > INT32_MAX ? 0 : (n + 7) / 8, a->max);
		return;
	case PLAN_IOVEC: {
		struct iovec iov[IOV_MAX_COPIED];
		unsigned k = read_iov(c->tid, c->compat, addr, n, iov);

		if (!leave)
			copy_iov(b, i, iov, k, n);
		copy_iov_data(b, i, PART_DATA, flags, c->tid, iov, k,
			      leave ? (uint64_t)MAX(c->ret, (int64_t)0) : UINT64_MAX, a->max);
		return;
	}
	case PLAN_IOV: {
		struct iovec iov[IOV_MAX_COPIED];

		copy_iov(b, i, iov, read_iov(c->tid, c->compat, addr, n, iov), n);
		return;
	}
	case PLAN_ROOM:
		copy_rooms(b, i, c, 1);
		return;
	case PLAN_ROOMS:
		copy_rooms(b, i, c, n);
		return;
	case PLAN_MSGHDR:
		copy_msg(b, i, c, flags, leave ? (uint64_t)MAX(c->ret, (int64_t)0) : UINT64_MAX);
		return;
	case PLAN_MMSGHDR:
		copy_mmsg(b, i, c, flags, leave ? (uint64_t)MAX(c->ret, (int64_t)0) : n);
		return;
	case PLAN_STRV:
		mem_copy_strv(b, i, PART_ITEM, c->tid, c->compat, addr, a->max);
		return;
	case PLAN_DEREF:
		copy_deref(b, i, c, flags, a->max);
		return;
	case PLAN_REAL:
		copy_real(b, i, c, flags, a->max);
		return;
	case PLAN_IOCBS:
		copy_iocbs(b, i, c, n, a->max);
		return;
	}
}

void mem_copy_enter(struct buf *b, const struct capture_plan *plan, const struct mem_call *c)
{
	for (unsigned i = 0; i < 6; i++)
		if (plan->enter[i].op && c->args[i])
			copy_arg(b, i, &plan->enter[i], c, false);
}

void mem_copy_leave(struct buf *b, const struct capture_plan *plan, const struct mem_call *c)
{
	for (unsigned i = 0; i < 6; i++)
		if (plan->leave[i].op && c->args[i])
			copy_arg(b, i, &plan->leave[i], c, true);
}

static bool opened_name(const struct buf *b)
{
	const struct record_chunk *c = (const struct record_chunk *)b->s;
	static const char end[] = PLAN_NAME_FILE;
	size_t n = sizeof(end) - 1;

	return b->len > sizeof(*c) && c->part == PART_BYTES && c->len > n &&
	       !memcmp((const char *)(c + 1) + c->len - n, end, n);
}

void mem_copy_name(struct buf *b, const struct capture_plan *plan, const struct mem_call *c, uint8_t *names)
{
	unsigned arg = plan->names - 1u;

	if (plan->opens && opened_name(b))
		*names = PLAN_NAMES;
	if (!plan->names || !*names)
		return;
	--*names;
	copy_bytes(b, arg, PART_BYTES, 0, c->tid, c->args[arg], (uint64_t)c->ret, PLAN_NAME_MAX);
}

static void copy_both_ends(struct buf *b, unsigned arg, const struct mem_call *c)
{
	uint64_t len = (uint64_t)c->ret, most = len > STDERR_KEPT ? STDERR_HEAD : STDERR_KEPT;

	copy_bytes(b, arg, PART_STDERR, CHUNK_AT_EXIT, c->tid, c->args[arg], len, most);
	if (len > STDERR_KEPT)
		copy_bytes(b, arg, PART_STDERR, CHUNK_AT_EXIT, c->tid, c->args[arg] + len - STDERR_TAIL, STDERR_TAIL,
			   STDERR_TAIL);
}

void mem_copy_words(struct buf *b, const struct capture_plan *plan, const struct mem_call *c, uint64_t stderrs)
{
	struct iovec iov[IOV_MAX_COPIED];
	unsigned arg = plan->words - 1u;

	if (!plan_keeps_words(plan, stderrs, c->args[0], c->ret))
		return;
	if (plan->words_iov)
		copy_iov_data(b, arg, PART_STDERR, CHUNK_AT_EXIT, c->tid, iov,
			      read_iov(c->tid, c->compat, c->args[arg], c->args[plan->words_len], iov),
			      (uint64_t)c->ret, STDERR_KEPT);
	else
		copy_both_ends(b, arg, c);
}
