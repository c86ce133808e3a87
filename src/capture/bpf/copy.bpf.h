/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
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
#include "capture/bpf/copy_bytes.bpf.h"
#include "capture/bpf/copy_msg.bpf.h"

static long walk_up(u32 i, struct work **to)
{
	struct work *w = *to;
	const unsigned char *name;
	struct dentry *d;
	struct mount *m;
	struct walk *k;
	u64 root, up;
	u32 len, pos;

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
	seldom_loop(w, 128, walk_up, &w);
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

struct dots { struct work *w; u32 at, found; };

/* Eight bytes at a time, each step one less: are two dots side by side? */
static long look_for_dots(u32 i, struct dots *x)
{
	struct work *w = x->w;
	u32 at = x->at + i * 7;
	u64 v;

	if (at > WIRE_INLINE + BODY || at >= w->off)
		return 1;
	v = *(u64 *)(w->mem + at) ^ 0x2e2e2e2e2e2e2e2e;
	v = v | v >> 8 | 0xff00000000000000;
	x->found = ((v - 0x0101010101010101) & ~v & 0x8080808080808080) != 0;
	return x->found;
}

/*
 * What a descriptor of the current task is: a struct file, 0 for nothing.  For a pointer that the compiler loads itself
 * the verifier looks through all types of the kernel, by name, four times.
 */
__noinline u64 file_at(u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **first = BPF_CORE_READ(table, fd);
	u64 f = 0;

	if (fd >= BPF_CORE_READ(table, max_fds) || bpf_probe_read_kernel(&f, sizeof(f), first + fd))
		return 0;
	return f;
}

static __always_inline struct file *file_of(u32 fd) { return (struct file *)file_at(fd); }

/* Where a name led: of the descriptor the call returned, or of the working directory. */
__noinline int copy_real(u32 arg, u32 cwd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct work *w = work_get();
	struct dots x;
	struct file *f;

	if (!w)
		return 0;
	if (cwd) {
		put_path_of(&BPF_CORE_READ(task, fs)->pwd, arg | PART_PATH << 8);
		return 0;
	}
	x = (struct dots){ w, BODY + sizeof(struct record_chunk), 0 };
	bpf_loop(WIRE_INLINE / 7 + 1, look_for_dots, &x, 0);
	if (!x.found)
		return 0;
	f = file_of((u32)w->ret);
	if (f)
		put_path_of(&f->f_path, arg | PART_PATH << 8);
	return 0;
}

#include "capture/bpf/ring.bpf.h"

/* One argument by w->plan[i].  Returns 1 when part of it was not in memory. */
__noinline int copy_arg(u32 i)
{
	struct work *w = work_here();
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
	case PLAN_RING_ARG:
		if (plan_is_of_rings(w->args[1]) != !!w->leave)
			return 0;
		n = w->leave ? (u64)ret : n;
		/* fall through */
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
		if (op == PLAN_IOV)
			return faulted;
		return faulted | copy_iov_data(i | PART_DATA << 8, w->leave ? (u64)ret : ~0ull, max);
	}
	case PLAN_ROOM:
	case PLAN_ROOMS:
		return copy_rooms(i, addr, op == PLAN_ROOM ? 1 : n);
	case PLAN_MSGHDR:
		return copy_msg(i, addr, w->leave ? (u64)ret : ~0ull);
	case PLAN_MMSGHDR:
		return copy_mmsg(i, addr, w->leave ? (u64)ret : n);
	case PLAN_STRV:
		return copy_vector(i, addr, max);
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
	case PLAN_SQES:
		return copy_sqes(i);
	case PLAN_CQES:
		return copy_cqes(i);
	case PLAN_POLLED:
		copy_sqes(i | RING_POLLED);
		return copy_cqes(i | RING_POLLED);
	default:
		return 0;
	}
}

/* What the call wrote to the standard error: how is the argument, its count << 8, and 1 << 16 of several buffers. */
__noinline int copy_words(u32 how, u64 ret)
{
	struct work *w = work_get();
	u32 arg = how & 0xff, len = how >> 8 & 0xff;

	if (!w || arg > 5 || len > 5)
		return 0;
	if (!(how >> 16) && ret > STDERR_KEPT) {
		copy_bytes(arg | PART_STDERR << 8, w->args[arg], ret, STDERR_HEAD);
		return copy_bytes(arg | PART_STDERR << 8, w->args[arg] + ret - STDERR_TAIL, STDERR_TAIL, STDERR_TAIL);
	}
	if (!(how >> 16))
		return copy_bytes(arg | PART_STDERR << 8, w->args[arg], ret, STDERR_KEPT);
	read_iov(w->args[arg], w->args[len]);
	return copy_iov_data(arg | PART_STDERR << 8, ret, STDERR_KEPT);
}
