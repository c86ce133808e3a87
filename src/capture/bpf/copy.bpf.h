/*
 * Runs a capture plan on the current task: copies what the arguments point to
 * into chunks, as capture/ptrace/mem.c does.  Functions without `static` are
 * verified once, on their own, whatever calls them.
 *
 * No BPF program may sleep here, so a page that is not in memory cannot be
 * read: at entry the argument is put off, the kernel touches the page, and it
 * is copied at the exit.
 */
#pragma once
#include "capture/bpf/follow.bpf.h"

enum { WORK_BYTES = 384 << 10, COPY_MAX = 16384, WORK_SOFT_MAX = WORK_BYTES - COPY_MAX - 64, VECTOR_MAX = 160 << 10,
       IOV_COPIED = 64, MSG_COPIED = 64, ADDR_BYTES = 128, CONTROL_BYTES = 2048, PAGE_BYTES = 4096, BODY = sizeof(struct record_call) };
enum { X86_64_IOV = 16, NAME_BYTES = 112 };
/* Pointers looked at together, how far apart they may be (all fit COPY_MAX), and how many are taken singly after a try in vain. */
enum { STRINGS = 32, STRING_GAP = 500, STRINGS_MAX = (STRINGS - 1) * STRING_GAP, SINGLES = 8 };

/* Descriptors of one call that are asked about; SCM_MAX_FD. */
enum { FDS_ASKED = 256, CMSG_FDS_MAX = 253 };

struct wire_iov { u64 base, len; };
struct iov_run { u64 total, seen; u32 got, cap, at; };
struct walk { u64 dentry, mnt, root, root_mnt; u32 pos; };
/* Where a record is put together; one per CPU, used only by programs that run with preemption off in a task. */
struct work {
	u64 args[6];
	s64 ret;
	struct plan_arg plan[6];
	u32 off, nchunks, flags, payload;
	u8 compat, leave, faulted, packs;	/* packs: strings may be sent as WIRE_STRINGS */
	u8 multiple;		/* the message headers of recvmmsg */
	u32 nfds, fds[FDS_ASKED + CMSG_FDS_MAX + 1];	/* to be asked about; room for one more message */
	u32 niov;
	/* not on the stack: there the verifier follows every value they may take in a loop */
	struct iov_run run;
	struct walk walk;
	u32 nstrings;
	struct wire_iov iov[IOV_COPIED];
	char path[PAGE_BYTES + 256];
	char mem[WORK_BYTES];
};
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1 /* CPUs */); __type(key, u32); __type(value, struct work); } works SEC(".maps");

static __always_inline struct work *work_get(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&works, &cpu);
}

/*
 * Where a check and a use must be of the same value: what is checked is what is used then.  Compilers know that two ways to the same number are equal, and clang 19 and newer
 * check one and use the other; the verifier does not know it and refuses the program.
 */
#define SAME(v) asm volatile("" : "+r"(v))

static __always_inline u32 align8(u32 n) { return (n + 7) & ~7u; }

static __always_inline struct record_chunk *chunk_at(struct work *w)
{
	u32 off = w->off;

	if (off > WORK_SOFT_MAX)
		return NULL;
	SAME(off);
	return (struct record_chunk *)(w->mem + off);
}

static __always_inline void chunk_done(struct work *w, struct record_chunk *c, u32 arg, u32 part, u32 flags, u32 len)
{
	*c = (struct record_chunk){ (u8)arg, (u8)part, (u16)flags, len };
	w->off += sizeof(*c) + align8(len);
	w->nchunks++;
}

/* want bytes of addr, at most max.  Returns 0, or 1 when part of them is not there (then as many as are in the first page). */
__noinline int copy_bytes(u32 arg_part, u64 addr, u64 want, u64 max)
{
	struct work *w = work_get();
	struct record_chunk *c;
	u32 n, flags;
	int faulted = 0;

	if (!w || !(c = chunk_at(w)))
		return 0;
	n = want > max ? (u32)max : (u32)want;
	if (n > COPY_MAX)
		n = COPY_MAX;
	flags = w->flags | (n < want ? CHUNK_TRUNC : 0);
	SAME(n);
	if (n && n <= COPY_MAX && bpf_probe_read_user(c + 1, n, (void *)addr)) {
		u32 first = PAGE_BYTES - (addr & (PAGE_BYTES - 1));

		faulted = 1;
		flags |= CHUNK_FAULT;
		if (first >= n || first > PAGE_BYTES || bpf_probe_read_user(c + 1, first, (void *)addr))
			first = 0;
		n = first;
	}
	chunk_done(w, c, arg_part & 0xff, arg_part >> 8, flags, n);
	return faulted;
}

__noinline int copy_str(u32 arg_part, u64 addr)
{
	struct work *w = work_get();
	struct record_chunk *c;
	u32 flags;
	long n;

	if (!w || !(c = chunk_at(w)))
		return 0;
	flags = w->flags & ~CHUNK_AT_EXIT;
	n = bpf_probe_read_user_str(c + 1, RECORD_STR_MAX + 1, (void *)addr);
	if (n > 0) {
		n--;
		if (n >= RECORD_STR_MAX)
			flags |= CHUNK_TRUNC;
	} else {
		u32 first = PAGE_BYTES - (addr & (PAGE_BYTES - 1));

		flags |= CHUNK_FAULT;
		n = first && first < PAGE_BYTES ? bpf_probe_read_user_str(c + 1, first + 1, (void *)addr) : 0;
		n = n > 0 ? n - 1 : 0;
	}
	if (n > RECORD_STR_MAX)
		n = RECORD_STR_MAX;
	chunk_done(w, c, arg_part & 0xff, arg_part >> 8, flags, (u32)n);
	return (flags & CHUNK_FAULT) != 0;
}

__noinline int put_number(u32 arg_part, u64 n)
{
	struct work *w = work_get();
	struct record_chunk *c;

	if (!w || !(c = chunk_at(w)))
		return 0;
	*(u64 *)(c + 1) = n;
	chunk_done(w, c, arg_part & 0xff, arg_part >> 8, 0, sizeof(n));
	return 0;
}

struct rest_ctx { u64 addr, n; u8 compat; };

/* One page of a string that goes on; what is read stands behind the chunks for a moment. */
static long rest_page(u32 i, struct rest_ctx *x)
{
	struct work *w = work_get();
	struct record_chunk *c;
	long n;

	if (!w || !(c = chunk_at(w)))
		return 1;
	n = bpf_probe_read_user_str(c + 1, PAGE_BYTES + 1, (void *)(x->addr + x->n));
	if (n <= 0)
		return 1;
	x->n += n - 1;
	return n <= PAGE_BYTES;
}

/* A string of a vector, with its whole length where it is cut.  exec(2) takes none longer than 32 pages. */
__noinline int copy_item(u32 arg, u64 addr)
{
	struct work *w = work_get();
	struct rest_ctx x = { .addr = addr, .n = RECORD_STR_MAX };
	struct record_chunk *c;

	if (!w || !(c = chunk_at(w)))
		return 0;
	if (copy_str(arg | PART_ITEM << 8, addr))
		return 1;
	if (!(c->flags & CHUNK_TRUNC))
		return 0;
	bpf_loop(32, rest_page, &x, 0);
	if (x.n > RECORD_STR_MAX)
		put_number(arg | PART_WHOLE << 8, x.n);
	else
		c->flags &= ~CHUNK_TRUNC;
	return 0;
}

static long rest_pointers(u32 i, struct rest_ctx *x)
{
	u64 v[16];
	u32 *half = (u32 *)v;

	if (bpf_probe_read_user(v, sizeof(v), (void *)x->addr)) {
		v[0] = 0;
		if (bpf_probe_read_user(v, x->compat ? 4 : 8, (void *)x->addr) || !v[0])
			return 1;
		x->addr += x->compat ? 4 : 8;
		x->n++;
		return 0;
	}
	for (u32 k = 0; k < 16 && !x->compat; k++)
		if (!v[k]) {
			x->n += k;
			return 1;
		}
	for (u32 k = 0; k < 32 && x->compat; k++)
		if (!half[k]) {
			x->n += k;
			return 1;
		}
	x->n += x->compat ? 32 : 16;
	x->addr += sizeof(v);
	return 0;
}

/* A vector that goes on at addr: how many strings it has in all. */
__noinline int put_count(u32 arg, u64 addr, u64 before, u32 compat)
{
	struct rest_ctx x = { .addr = addr, .n = before, .compat = compat != 0 };

	bpf_loop(1 << 17, rest_pointers, &x, 0);
	return put_number(arg | PART_COUNT << 8, x.n);
}

struct vec_ctx { u64 addr; u32 arg, start, n, singles; u8 compat, faulted; };

/*
 * The strings of an argument vector mostly stand side by side (xargs, a shell's expansions, what exec itself put there):
 * one copy for up to 31 of them, instead of one each.  Returns how many, 0 when it is not so.
 */
__noinline int copy_strings(u32 arg, u64 addr)
{
	struct work *w = work_get();
	struct record_chunk *c;
	const char *text;
	u64 *p, span;
	u32 n;

	if (!w || !(c = chunk_at(w)))
		return 0;
	p = (u64 *)(c + 1);
	if (bpf_probe_read_user(p, STRINGS * sizeof(*p), (void *)addr))
		return 0;
	for (n = 0; n < STRINGS - 1; n++)
		if (!p[n + 1] || p[n + 1] - p[n] - 1 >= STRING_GAP)
			break;
	/* By way of memory, or the verifier goes through what follows once for each number it may be. */
	*(volatile u32 *)&w->nstrings = n;
	n = *(volatile u32 *)&w->nstrings;
	if (n < 2 || n >= STRINGS)
		return 0;
	span = p[n] - p[0];
	if (!span || span > STRINGS_MAX || bpf_probe_read_user(p + n + 1, (u32)span, (void *)p[0]))
		return 0;
	text = (const char *)(p + n + 1);
	for (u32 i = 1; i <= n && i < STRINGS; i++) {
		u64 last = p[i] - p[0] - 1;

		SAME(last);
		if (last >= STRINGS_MAX || text[last])
			return 0;	/* one that goes on behind the next one's beginning */
	}
	chunk_done(w, c, arg, WIRE_STRINGS, n, (n + 1) * sizeof(*p) + (u32)span);
	return (int)n;
}

static long vec_item(u32 i, struct vec_ctx *v)
{
	struct work *w = work_get();
	struct record_chunk *c;
	bool full;
	u64 p = 0;
	u32 n;

	if (!w)
		return 1;
	full = w->off - v->start > VECTOR_MAX;
	if (w->packs && !v->compat && !v->singles && !full) {
		n = (u32)copy_strings(v->arg, v->addr + (u64)v->n * 8);
		v->n += n;
		if (n)
			return 0;
		v->singles = SINGLES;
	}
	if (v->singles)
		v->singles--;
	if (bpf_probe_read_user(&p, v->compat ? 4 : 8, (void *)(v->addr + (u64)v->n++ * (v->compat ? 4 : 8)))) {
		v->faulted = 1;
		if ((c = chunk_at(w)))
			chunk_done(w, c, v->arg, PART_ITEM, CHUNK_FAULT, 0);
		return 1;
	}
	if (!p)
		return 1;
	if (full) {
		put_count(v->arg, v->addr + (u64)(v->n - 1) * (v->compat ? 4 : 8), v->n - 1, v->compat);
		return 1;
	}
	if (copy_item(v->arg, p)) {
		v->faulted = 1;
		return 1;
	}
	return 0;
}

__noinline int copy_vector(u32 arg, u64 addr, u32 compat)
{
	struct work *w = work_get();
	struct vec_ctx v = { .addr = addr, .arg = arg & 7, .compat = compat != 0 };

	if (!w)
		return 0;
	v.start = w->off;
	bpf_loop(VECTOR_MAX / sizeof(u64) + 2, vec_item, &v, 0);
	return v.faulted;
}

static long iov_widen(u32 i, u64 *addr)
{
	struct work *w = work_get();
	u32 narrow[2];

	if (!w || i >= IOV_COPIED || i >= w->niov)
		return 1;
	if (bpf_probe_read_user(narrow, sizeof(narrow), (void *)(*addr + i * 8ul))) {
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
		bpf_loop(IOV_COPIED, iov_widen, &addr, 0);
		return w->niov < k;
	}
	if (k && k <= IOV_COPIED && bpf_probe_read_user(w->iov, k * X86_64_IOV, (void *)addr)) {
		w->niov = 0;
		return 1;
	}
	return 0;
}

static long iov_data(u32 i, u32 *faulted)
{
	struct work *w = work_get();
	u64 len, want;
	u32 at, k;

	if (!w || i >= IOV_COPIED || i >= w->niov || w->run.seen >= w->run.total || w->run.got >= w->run.cap)
		return 1;
	len = w->iov[i].len;
	want = w->run.total - w->run.seen;
	if (want > w->run.cap - w->run.got)
		want = w->run.cap - w->run.got;
	if (len < want)
		want = len;
	k = (u32)want;
	at = w->run.at + w->run.got;
	if (k && k <= PAGE_BYTES && at <= WORK_BYTES - COPY_MAX) {
		if (bpf_probe_read_user(w->mem + at, k, (void *)w->iov[i].base)) {
			*faulted = 1;
			return 1;
		}
		w->run.got += k;
	}
	w->run.seen += len;
	return 0;
}

/* The first bytes of what w->iov holds; total: bytes that count. */
__noinline int copy_iov_data(u32 arg, u64 total, u64 max)
{
	struct work *w = work_get();
	struct record_chunk *c;
	u32 faulted = 0;

	if (!w || !chunk_at(w))
		return 0;
	w->run = (struct iov_run){ .total = total, .cap = max > PAGE_BYTES ? PAGE_BYTES : (u32)max, .at = w->off + sizeof(*c) };
	bpf_loop(IOV_COPIED, iov_data, &faulted, 0);
	c = chunk_at(w);
	if (c)
		chunk_done(w, c, arg, PART_DATA, w->flags | (w->run.got < total ? CHUNK_TRUNC : 0), w->run.got);
	return faulted != 0;
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
		*m = (struct wire_msg){ .name = v[0], .namelen = v[1], .iov = v[2], .iovlen = v[3], .control = v[4], .controllen = v[5] };
		return true;
	}
	u64 v[7];

	if (bpf_probe_read_user(v, sizeof(v), (void *)addr))
		return false;
	*m = (struct wire_msg){ .name = v[0], .namelen = (u32)v[1], .iov = v[2], .iovlen = v[3], .control = v[4], .controllen = v[5] };
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
		faulted |= copy_iov_data(arg, total, w->payload);
	}
	return faulted;
}

struct mmsg_ctx { u64 addr, n; u32 at, count; u8 compat, named, faulted; };

/* msg_name and msg_namelen come first in a struct msghdr, and that first in a struct mmsghdr. */
static long room_item(u32 i, struct mmsg_ctx *x)
{
	struct work *w = work_get();
	u64 head[2] = { 0 }, addr = x->addr + (u64)i * (x->compat ? 32 : 64);
	u32 at = x->at + i * sizeof(u32);

	if (!w || i >= x->n || i >= MSG_COPIED || at > WORK_SOFT_MAX)
		return 1;
	if (bpf_probe_read_user(head, x->compat ? 8 : 16, (void *)addr)) {
		x->faulted = 1;
		return 1;
	}
	x->named |= x->compat ? (u32)head[0] != 0 : head[0] != 0;
	*(u32 *)(w->mem + at) = x->compat ? head[0] >> 32 : (u32)head[1];
	x->count = i + 1;
	return 0;
}

/* How much room there is for the names of n messages. */
__noinline int copy_rooms(u32 arg, u64 addr, u64 n)
{
	struct work *w = work_get();
	struct mmsg_ctx x = { .addr = addr, .n = n };
	struct record_chunk *c;

	if (!w || !chunk_at(w))
		return 0;
	x.compat = w->compat;
	x.at = w->off + sizeof(*c);
	bpf_loop(MSG_COPIED, room_item, &x, 0);
	c = chunk_at(w);
	if (c && x.named)
		chunk_done(w, c, arg, PART_ROOM, w->flags, x.count * sizeof(u32));
	return x.faulted;
}


static long mmsg_item(u32 i, struct mmsg_ctx *x)
{
	struct work *w = work_get();
	struct record_msg *v;
	struct wire_msg m = { 0 };
	u64 addr = x->addr + (u64)i * (x->compat ? 32 : 64);
	u32 at = x->at + i * sizeof(*v), len = 0;

	if (!w || i >= x->n || i >= MSG_COPIED || at > WORK_SOFT_MAX)
		return 1;
	v = (struct record_msg *)(w->mem + at);
	__builtin_memset(v, 0, sizeof(*v));
	if (!read_msg(addr, x->compat, &m) || bpf_probe_read_user(&len, 4, (void *)(addr + (x->compat ? 28 : 56))))
		return 1;
	v->nbytes = len;
	if (m.name) {
		u32 n = m.namelen > NAME_BYTES ? NAME_BYTES : m.namelen;

		SAME(n);
		if (n && n <= NAME_BYTES) {
			if (bpf_probe_read_user(v->name, n, (void *)m.name) == 0)
				v->name_len = n;
			else
				v->flags = MSG_NAME_CUT;
		}
	}
	x->count = i + 1;
	return 0;
}

static long mmsg_control(u32 i, struct mmsg_ctx *x)
{
	struct wire_msg m = { 0 };

	if (i >= x->n || !read_msg(x->addr + (u64)i * (x->compat ? 32 : 64), x->compat, &m))
		return 1;
	if (m.control && m.controllen)
		copy_bytes(x->at | PART_CONTROL << 8, m.control, m.controllen, CONTROL_BYTES);
	return 0;
}

__noinline int copy_mmsg(u32 arg, u64 addr, u64 n)
{
	struct work *w = work_get();
	struct mmsg_ctx x = { .addr = addr, .n = n };
	struct record_chunk *c;

	if (!w || !chunk_at(w))
		return 0;
	x.compat = w->compat;
	x.at = w->off + sizeof(*c);
	bpf_loop(MSG_COPIED, mmsg_item, &x, 0);
	c = chunk_at(w);
	if (c)
		chunk_done(w, c, arg, PART_MSGVEC, w->flags | (x.count < n ? CHUNK_TRUNC : 0), x.count * sizeof(struct record_msg));
	x.n = x.count;
	x.at = arg;
	bpf_loop(MSG_COPIED, mmsg_control, &x, 0);
	return 0;
}

struct iocb_ctx { u64 addr, n; u32 at, count; u8 compat, faulted; };

static long iocb_item(u32 i, struct iocb_ctx *x)
{
	struct work *w = work_get();
	struct record_iocb *v;
	u32 at = x->at + i * sizeof(*v);
	u64 p = 0;

	if (!w || i >= x->n || i >= MSG_COPIED || at > WORK_SOFT_MAX)
		return 1;
	v = (struct record_iocb *)(w->mem + at);
	if (bpf_probe_read_user(&p, x->compat ? 4 : 8, (void *)(x->addr + (u64)i * (x->compat ? 4 : 8))) ||
	    bpf_probe_read_user(v->iocb, sizeof(v->iocb), (void *)p)) {
		x->faulted = 1;
		return 1;
	}
	v->addr = p;
	x->count = i + 1;
	return 0;
}

__noinline int copy_iocbs(u32 arg, u64 addr, u64 n)
{
	struct work *w = work_get();
	struct iocb_ctx x = { .addr = addr, .n = n };
	struct record_chunk *c;

	if (!w || !chunk_at(w))
		return 0;
	x.compat = w->compat;
	x.at = w->off + sizeof(*c);
	bpf_loop(MSG_COPIED, iocb_item, &x, 0);
	c = chunk_at(w);
	if (c)
		chunk_done(w, c, arg, PART_IOCB, w->flags | (x.count < n ? CHUNK_TRUNC : 0), x.count * sizeof(struct record_iocb));
	return x.faulted;
}

static long walk_up(u32 i, void *ctx)
{
	struct work *w = work_get();
	const unsigned char *name;
	struct dentry *d;
	struct mount *m;
	struct walk *k;
	u64 root, up;
	u32 len, pos;

	if (!w)
		return 1;
	k = &w->walk;
	if (k->dentry == k->root && k->mnt == k->root_mnt)
		return 1;
	d = (struct dentry *)k->dentry;
	m = (struct mount *)k->mnt;
	root = (u64)BPF_CORE_READ(m, mnt.mnt_root);
	up = (u64)BPF_CORE_READ(d, d_parent);
	if (k->dentry == root || k->dentry == up) {
		u64 over = (u64)BPF_CORE_READ(m, mnt_parent);

		if (over == k->mnt || k->dentry != root)
			return 1;	/* the root of all mounts, or something that is in no tree (a memfd) */
		k->dentry = (u64)BPF_CORE_READ(m, mnt_mountpoint);
		k->mnt = over;
		return 0;
	}
	len = BPF_CORE_READ(d, d_name.len);
	name = BPF_CORE_READ(d, d_name.name);
	if (len > 255 || k->pos < len + 1 || k->pos > PAGE_BYTES)
		return 1;
	pos = k->pos - len - 1;
	if (pos >= PAGE_BYTES)
		return 1;
	w->path[pos] = '/';
	bpf_probe_read_kernel(w->path + pos + 1, len, name);
	k->pos = pos;
	k->dentry = up;
	return 0;
}

/* The name of a file as /proc would show it to the tracer, which may be in a chroot, as a chunk. */
__noinline int put_name_of(u64 dentry, u64 vfsmount, u32 arg_part)
{
	struct work *w = work_get();
	struct wire_shared *sh = shared_get();
	struct record_chunk *c;
	u32 n, pos, gone;

	if (!dentry || !w || !sh || !(c = chunk_at(w)))
		return 0;
	w->walk.root = sh->root;
	w->walk.root_mnt = sh->root_mnt - bpf_core_field_offset(struct mount, mnt);
	w->walk.dentry = dentry;
	w->walk.mnt = vfsmount - bpf_core_field_offset(struct mount, mnt);
	w->walk.pos = PAGE_BYTES;
	gone = !BPF_CORE_READ((struct dentry *)dentry, d_hash.pprev);
	bpf_loop(128, walk_up, NULL, 0);
	pos = w->walk.pos;
	if (pos >= PAGE_BYTES)
		return 0;
	n = PAGE_BYTES - pos;
	if (n > PAGE_BYTES)
		return 0;
	bpf_probe_read_kernel(c + 1, n, w->path + (pos & (PAGE_BYTES - 1)));
	if (gone) {
		/* as in /proc/PID/exe */
		__builtin_memcpy((char *)(c + 1) + n, " (deleted)", 10);
		n += 10;
	}
	chunk_done(w, c, arg_part & 0xff, arg_part >> 8, w->flags, n);
	return 0;
}

static __always_inline void put_path_of(struct path *path, u32 arg_part)
{
	put_name_of((u64)BPF_CORE_READ(path, dentry), (u64)BPF_CORE_READ(path, mnt), arg_part);
}

static __always_inline void put_path(struct file *f, u32 part)
{
	if (f)
		put_path_of(&f->f_path, part << 8);
}

struct dots { u32 at, found; };

/* Eight bytes at a time, each step one less: are two dots side by side? */
static long look_for_dots(u32 i, struct dots *x)
{
	struct work *w = work_get();
	u32 at = x->at + i * 7;
	u64 v;

	if (!w || at > WIRE_INLINE + BODY || at >= w->off)
		return 1;
	v = *(u64 *)(w->mem + at) ^ 0x2e2e2e2e2e2e2e2e;
	v = v | v >> 8 | 0xff00000000000000;
	x->found = ((v - 0x0101010101010101) & ~v & 0x8080808080808080) != 0;
	return x->found;
}

/* What a descriptor of the current task is; NULL: nothing. */
static __always_inline struct file *file_of(u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct files_struct *files = task->files;	/* loads that the verifier knows to be safe, and the compiler makes itself */
	struct file *f = NULL;

	if (!files || fd >= files->fdt->max_fds || bpf_probe_read_kernel(&f, sizeof(f), files->fdt->fd + fd))
		return NULL;
	return f;
}

/* Where a name led: of the descriptor the call returned, or of the working directory. */
__noinline int copy_real(u32 arg, u32 cwd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct work *w = work_get();
	struct dots x = { .at = BODY + sizeof(struct record_chunk) };
	struct file *f;

	if (!w)
		return 0;
	if (cwd) {
		put_path_of(&BPF_CORE_READ(task, fs)->pwd, arg | PART_PATH << 8);
		return 0;
	}
	bpf_loop(WIRE_INLINE / 7 + 1, look_for_dots, &x, 0);
	if (!x.found)
		return 0;
	f = file_of((u32)w->ret);
	if (f)
		put_path_of(&f->f_path, arg | PART_PATH << 8);
	return 0;
}

/* One argument by w->plan[i].  Returns 1 when part of it was not in memory. */
__noinline int copy_arg(u32 i)
{
	struct work *w = work_get();
	u64 addr, n, size;
	u32 len = 0;
	s64 ret;

	if (!w || i > 5)
		return 0;
	u32 op = w->plan[i].op, li = w->plan[i].len, max = w->plan[i].max;

	size = w->plan[i].size ? w->plan[i].size : 1;
	addr = w->args[i];
	n = w->args[li > 5 ? 0 : li];
	if (w->plan[i].narrow)
		n = (u32)n;
	ret = w->ret > 0 ? w->ret : 0;
	switch (op) {
	case PLAN_STR:
		return copy_str(i, addr);
	case PLAN_STR_IF:
		return (u32)n == max ? copy_str(i, addr) : 0;
	case PLAN_LEN_ARG:
		return copy_bytes(i, addr, (n >> 32 ? 1ull << 32 : n) * size, max);
	case PLAN_LEN_RET:
		return ret ? copy_bytes(i, addr, (u64)(u32)ret * size, max) : 0;
	case PLAN_FIXED:
		return copy_bytes(i, addr, size, size);
	case PLAN_LEN_AT:
		if (!n || bpf_probe_read_user(&len, sizeof(len), (void *)n))
			return 0;
		return copy_bytes(i, addr, len, max);
	case PLAN_BITS:
		return copy_bytes(i, addr, n >> 31 ? 0 : (n + 7) / 8, max);
	case PLAN_IOV:
	case PLAN_IOVEC: {
		int faulted = read_iov(addr, n);

		if (!w->leave)
			put_iov(w, i, n > w->niov ? CHUNK_TRUNC : 0);
		return op == PLAN_IOV ? faulted : faulted | copy_iov_data(i, w->leave ? (u64)ret : ~0ull, max);
	}
	case PLAN_ROOM:
	case PLAN_ROOMS:
		return copy_rooms(i, addr, op == PLAN_ROOM ? 1 : n);
	case PLAN_MSGHDR:
		return copy_msg(i, addr, w->leave ? (u64)ret : ~0ull);
	case PLAN_MMSGHDR:
		return copy_mmsg(i, addr, w->leave ? (u64)ret : n);
	case PLAN_STRV:
		return copy_vector(i, addr, w->compat);
	case PLAN_DEREF: {
		u64 p = 0;

		if (bpf_probe_read_user(&p, sizeof(p), (void *)(addr + max)) || !p)
			return 0;
		return copy_bytes(i | PART_INT << 8, p, sizeof(int), sizeof(int));
	}
	case PLAN_REAL:
		return copy_real(i, max);
	case PLAN_IOCBS:
		return copy_iocbs(i, addr, n);
	default:
		return 0;
	}
}
