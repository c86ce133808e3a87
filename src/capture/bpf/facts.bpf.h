/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What a descriptor is, out of struct file and what hangs on it: as
 * capture/proc/fd.c asks /proc.  The call is over, and its descriptor in the
 * table; nothing here is held, everything is read.
 */
#pragma once
#include "capture/bpf/copy.bpf.h"

enum fact_how {
	FACT_HOW_KIND,
	FACT_HOW_NUMBER,
	FACT_HOW_ALL,
	FACT_HOW_TEXT /* as ALL, with its name even where the number is one */
};
enum {
	PIPEFS_MAGIC_NR = 0x50495045,
	SOCKFS_MAGIC_NR = 0x534f434b,
	ANON_INODE_MAGIC_NR = 0x09041934,
	PID_FS_MAGIC_NR = 0x50494446,
	NSFS_MAGIC_NR = 0x6e736673,
	S_IFMT_BITS = 0170000,
	S_IFREG_BITS = 0100000,
	S_IFSOCK_BITS = 0140000,
	S_IFIFO_BITS = 0010000,
	O_CLOEXEC_BIT = 02000000,
	FMODE_PATH_FLAG = 010000000,
	SOL_SOCKET_NR = 1,
	SCM_RIGHTS_NR = 1,
	SCM_PIDFD_NR = 4,
	CMSGS_MAX = 16,
	FAN_EVENTS_MAX = 128,
	FAN_INFO_PIDFD_NR = 4,
	FAN_INFOS_MAX = 6
};
enum {
	FAMILY_UNIX = 1,
	FAMILY_INET = 2,
	FAMILY_INET6 = 10,
	FAMILY_NETLINK = 16,
	FAMILY_VSOCK = 40,
	TCP_SYN_SENT_NR = 2,
	TCP_CLOSE_NR = 7,
	TCP_LISTEN_NR = 10
};

/* glibc's dev_t, as stat(2) gives it to programs, of the kernel's own. */
static __always_inline u64 user_dev(u32 dev)
{
	u64 maj = dev >> 20, min = dev & 0xfffff;

	return (maj & 0xfff) << 8 | (maj & ~0xfffull) << 32 | (min & 0xff) | (min & ~0xffull) << 12;
}

static __always_inline bool closes_on_exec(u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	unsigned long *bits = BPF_CORE_READ(task, files, fdt, close_on_exec), word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), bits + fd / 64);
	return word >> (fd & 63) & 1;
}

/* The name of what is in no tree: "[fanotify]". */
static __always_inline bool named_fanotify(const unsigned char *name)
{
	u64 head = 0;

	bpf_probe_read_kernel(&head, sizeof(head), name);
	return head == 0x6669746f6e61665bull;
}

static __always_inline bool is_fanotify(u32 fd)
{
	struct file *f = file_of(fd);

	return f && BPF_CORE_READ(f, f_inode, i_sb, s_magic) == ANON_INODE_MAGIC_NR &&
	       named_fanotify(BPF_CORE_READ(f, f_path.dentry, d_name.name));
}

static __always_inline void put_text(struct work *w, const char *head, u32 head_len, const unsigned char *tail,
				     u32 tail_len)
{
	struct record_chunk *c = chunk_at(w);

	if (!c || tail_len > 255)
		return;
	__builtin_memcpy(c + 1, head, head_len);
	bpf_probe_read_kernel((char *)(c + 1) + head_len, tail_len, tail);
	chunk_done(w, c, 0, PART_FACT_NAME, CHUNK_AT_EXIT, head_len + tail_len);
}

static __noinline void put_ns_name(struct work *w, struct inode *inode)
{
	struct ns_common *ns = BPF_CORE_READ(inode, i_private);
	struct record_chunk *c = chunk_at(w);
	const char *name = BPF_CORE_READ(ns, ops, name);
	u64 ino = BPF_CORE_READ(inode, i_ino);
	char kind[16] = { 0 };
	long n;

	if (!c || bpf_probe_read_kernel_str(kind, sizeof(kind), name) <= 0)
		return;
	n = BPF_SNPRINTF((char *)(c + 1), 64, "%s:[%lu]", kind, ino);
	if (n > 1 && n <= 64)
		chunk_done(w, c, 0, PART_FACT_NAME, CHUNK_AT_EXIT, (u32)n - 1);
}

/* What the link in /proc/PID/fd says; not of pipes and sockets, whose number says it. */
__noinline int put_link(u64 file, u64 magic)
{
	struct work *w = work_get();
	struct file *f = (struct file *)file;
	struct dentry *d = BPF_CORE_READ(f, f_path.dentry);
	u32 before, len = BPF_CORE_READ(d, d_name.len);
	const unsigned char *name = BPF_CORE_READ(d, d_name.name);
	struct record_chunk *c;

	if (!w || magic == PIPEFS_MAGIC_NR || magic == SOCKFS_MAGIC_NR)
		return 0;
	if (magic == NSFS_MAGIC_NR) {
		put_ns_name(w, BPF_CORE_READ(f, f_inode));
		return 0;
	}
	if (magic == PID_FS_MAGIC_NR) {
		put_text(w, "anon_inode:[pidfd]", 18, name, 0);
		return 0;
	}
	if (magic == ANON_INODE_MAGIC_NR) {
		struct wire_shared *sh = shared_get();

		if (sh && named_fanotify(name))
			sh->fanotify = 1;
		put_text(w, "anon_inode:", 11, name, len & 0xff);
		return 0;
	}
	before = w->nchunks;
	put_name_of((u64)d, (u64)BPF_CORE_READ(f, f_path.mnt), PART_FACT_NAME << 8);
	if (w->nchunks != before || !(c = chunk_at(w)))
		return 0;
	/* in no tree: simple_dname(), as of a memfd */
	len &= 0xff;
	*(char *)(c + 1) = '/';
	bpf_probe_read_kernel((char *)(c + 1) + 1, len, name);
	__builtin_memcpy((char *)(c + 1) + 1 + len, " (deleted)", 10);
	chunk_done(w, c, 0, PART_FACT_NAME, CHUNK_AT_EXIT, len + 11);
	return 0;
}

static __always_inline u32 pidfd_number(struct file *f, struct inode *inode, u64 magic)
{
	struct pid *pid = magic == PID_FS_MAGIC_NR ? BPF_CORE_READ(inode, i_private) : NULL;

	return pid ? pid_number(pid, false) : 0;
}

/* ---- sockets ---- */

struct inet4_k { u16 family, port; u32 ip; u8 zero[8]; };
struct inet6_k { u16 family, port; u32 flow; u8 ip[16]; u32 scope; };
struct netlink_k { u16 family, pad; u32 pid, groups; };

static __always_inline void inet_names(struct sock *sk, struct record_sock *r, bool connected)
{
	struct inet4_k a = { .family = FAMILY_INET, .port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_num)) };

	a.ip = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	if (!a.ip)
		a.ip = BPF_CORE_READ((struct inet_sock *)sk, inet_saddr);
	__builtin_memcpy(r->local, &a, sizeof(a));
	r->local_len = sizeof(a);
	if (!connected)
		return;
	a.ip = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	a.port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	__builtin_memcpy(r->peer, &a, sizeof(a));
	r->peer_len = sizeof(a);
}

static __always_inline void inet6_names(struct sock *sk, struct record_sock *r, bool connected)
{
	struct inet6_k a = { .family = FAMILY_INET6,
			     .port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_num)) };

	BPF_CORE_READ_INTO(&a.ip, sk, __sk_common.skc_v6_rcv_saddr);
	if (a.ip[0] == 0xfe && (a.ip[1] & 0xc0) == 0x80)
		a.scope = (u32)BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	__builtin_memcpy(r->local, &a, sizeof(a));
	r->local_len = sizeof(a);
	if (!connected)
		return;
	BPF_CORE_READ_INTO(&a.ip, sk, __sk_common.skc_v6_daddr);
	a.port = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (a.ip[0] == 0xfe && (a.ip[1] & 0xc0) == 0x80)
		a.scope = (u32)BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	__builtin_memcpy(r->peer, &a, sizeof(a));
	r->peer_len = sizeof(a);
}

/* One that has no name has its family alone. */
static __always_inline u32 unix_name(struct sock *sk, u8 *to)
{
	struct unix_address *addr = BPF_CORE_READ((struct unix_sock *)sk, addr);
	u32 len = addr ? (u32)BPF_CORE_READ(addr, len) : 0;

	*(u16 *)to = FAMILY_UNIX;
	if (len <= 2 || len > 110 ||
	    bpf_probe_read_kernel(to, len, (void *)addr + bpf_core_field_offset(struct unix_address, name)))
		return 2;
	return len;
}

static __always_inline void sock_names(struct sock *sk, struct record_sock *r)
{
	u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	bool connected = BPF_CORE_READ(sk, __sk_common.skc_dport) && state != TCP_CLOSE_NR && state != TCP_SYN_SENT_NR;
	struct sock *peer;

	r->state = state == TCP_LISTEN_NR;
	if (r->family == FAMILY_INET) {
		inet_names(sk, r, connected);
	} else if (r->family == FAMILY_INET6) {
		inet6_names(sk, r, connected);
	} else if (r->family == FAMILY_UNIX) {
		r->local_len = unix_name(sk, r->local);
		peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
		if (peer)
			r->peer_len = unix_name(peer, r->peer);
	} else if (r->family == FAMILY_NETLINK) {
		struct netlink_k a = { .family = FAMILY_NETLINK,
				       .pid = BPF_CORE_READ((struct netlink_sock *)sk, portid) };

		__builtin_memcpy(r->local, &a, sizeof(a));
		r->local_len = sizeof(a);
	} else if (r->family == FAMILY_VSOCK && bpf_core_type_exists(struct vsock_sock)) {
		bpf_probe_read_kernel(r->local, 16, (void *)sk + bpf_core_field_offset(struct vsock_sock, local_addr));
		r->local_len = 16;
		bpf_probe_read_kernel(r->peer, 16, (void *)sk + bpf_core_field_offset(struct vsock_sock, remote_addr));
		if (state != TCP_CLOSE_NR && state != TCP_LISTEN_NR && state != TCP_SYN_SENT_NR)
			r->peer_len = 16;
	}
}

__noinline int put_sock(u64 file)
{
	struct work *w = work_get();
	struct socket *sock = BPF_CORE_READ((struct file *)file, private_data);
	struct sock *sk = BPF_CORE_READ(sock, sk);
	struct record_chunk *c;
	struct record_sock *r;

	if (!w || !sk || !(c = chunk_at(w)))
		return 0;
	r = (struct record_sock *)(c + 1);
	__builtin_memset(r, 0, sizeof(*r));
	r->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	r->type = (u32)(u16)BPF_CORE_READ(sock, type);
	r->protocol = BPF_CORE_READ(sk, sk_protocol);
	sock_names(sk, r);
	chunk_done(w, c, 0, PART_FACT_SOCK, CHUNK_AT_EXIT, sizeof(*r));
	return 0;
}

/* ---- the answer ---- */

static __noinline void fill_fact(struct record_fact *r, u32 fd, struct file *f, struct inode *inode, u64 magic)
{
	u32 flags = BPF_CORE_READ(f, f_flags);
	bool cloexec = closes_on_exec(fd);

	/* the kernel keeps the access mode, and O_CLOEXEC as it was at the open; fdinfo shows that of the descriptor */
	r->open_flags = (flags & ~O_CLOEXEC_BIT) | (cloexec ? O_CLOEXEC_BIT : 0);
	r->flags = cloexec ? FACT_CLOEXEC : 0;
	r->mode = BPF_CORE_READ(inode, i_mode);
	r->pos = (u64)BPF_CORE_READ(f, f_pos);
	r->dev = user_dev(BPF_CORE_READ(inode, i_sb, s_dev));
	r->rdev = user_dev(BPF_CORE_READ(inode, i_rdev));
	r->ino = BPF_CORE_READ(inode, i_ino);
	r->pid = pidfd_number(f, inode, magic);
}

/* Opened by name, as nearly everything is: there is nothing to add. */
static __always_inline bool is_plain(u32 fd)
{
	struct file *f = file_of(fd);
	struct inode *inode = f ? BPF_CORE_READ(f, f_inode) : NULL;

	return inode && (BPF_CORE_READ(inode, i_mode) & S_IFMT_BITS) == S_IFREG_BITS && BPF_CORE_READ(inode, i_nlink);
}

__noinline int put_fact(u32 fd, u32 how)
{
	struct work *w = work_get();
	struct file *f = file_of(fd);
	struct inode *inode = f ? BPF_CORE_READ(f, f_inode) : NULL;
	u32 mode = inode ? BPF_CORE_READ(inode, i_mode) : 0;
	struct record_chunk *c;
	struct record_fact *r;
	u64 magic;

	if (!w || (s32)fd < 0 || !(c = chunk_at(w)))
		return 0;
	if (how == FACT_HOW_KIND && (mode & S_IFMT_BITS) == S_IFREG_BITS)
		how = FACT_HOW_ALL;
	r = (struct record_fact *)(c + 1);
	__builtin_memset(r, 0, sizeof(*r));
	r->fd = (s32)fd;
	magic = inode ? BPF_CORE_READ(inode, i_sb, s_magic) : 0;
	if (inode)
		fill_fact(r, fd, f, inode, magic);
	chunk_done(w, c, 0, PART_FACT, CHUNK_AT_EXIT, sizeof(*r));
	if (!inode || how < FACT_HOW_ALL)
		return 0;
	put_link((u64)f, magic);
	if (magic == SOCKFS_MAGIC_NR)
		put_sock((u64)f);
	return 0;
}

/* ---- where the descriptors are ---- */

/* They are collected first: calls of BPF programs go eight deep and no deeper. */
struct fds_run { struct work *w; u64 at, end; };

static __always_inline void collect(struct work *w, u32 fd)
{
	u32 n = w->nfds;

	if (n >= FDS_ASKED)
		return;
	w->fds[n] = fd;
	w->nfds = n + 1;
}

static long ask_collected(u32 i, struct work **to)
{
	struct work *w = *to;

	if (i >= w->nfds || i >= FDS_ASKED)
		return 1;
	put_fact(w->fds[i], FACT_HOW_ALL);
	return 0;
}

static long collect_cmsg(u32 i, struct work **to)
{
	struct work *w = *to;
	u32 word, head, level_type[2] = { 0 };
	struct cmsg_run *x;
	u64 size = 0;

	x = &w->cmsg;
	word = w->compat ? 4 : 8;
	head = word + 8;
	if (x->at + head > x->end || bpf_probe_read_user(&size, w->compat ? 4 : 8, (void *)x->at) ||
	    bpf_probe_read_user(level_type, sizeof(level_type), (void *)(x->at + word)))
		return 1;
	if (size < head || size > x->end - x->at)
		return 1;
	if (level_type[0] == SOL_SOCKET_NR && (level_type[1] == SCM_RIGHTS_NR || level_type[1] == SCM_PIDFD_NR)) {
		u32 n = (u32)(size - head) / 4, at = w->nfds;

		if (n <= CMSG_FDS_MAX && at < FDS_ASKED &&
		    !bpf_probe_read_user(w->fds + at, n * 4, (void *)(x->at + head)))
			w->nfds = at + n;
	}
	x->at += (size + word - 1) & ~(u64)(word - 1);
	return 0;
}

__noinline int collect_msg(u64 addr)
{
	struct work *w = work_get();
	struct wire_msg m = { 0 };

	if (!w || !read_msg(addr, w->compat, &m) || !m.control || m.controllen < 12)
		return 0;
	w->cmsg = (struct cmsg_run){ m.control, m.control + m.controllen };
	seldom_loop(w, CMSGS_MAX, collect_cmsg, &w);
	return 0;
}

static long collect_mmsg(u32 i, struct work **to)
{
	struct work *w = *to;

	if (i >= w->items.n)
		return 1;
	collect_msg(mmsg_addr(w, i));
	return 0;
}

struct fan_event { u32 event_len; u8 vers, reserved; u16 metadata_len; u64 mask; s32 fd, pid; };
struct fan_info { u8 type, pad; u16 len; s32 fd; };

static long collect_info(u32 i, struct fds_run *x)
{
	struct fan_info info;

	if (x->at + sizeof(info) > x->end || bpf_probe_read_user(&info, sizeof(info), (void *)x->at) ||
	    info.len < 4)
		return 1;
	x->at += info.len;
	if (info.type == FAN_INFO_PIDFD_NR)
		collect(x->w, (u32)info.fd);
	return 0;
}

static long collect_event(u32 i, struct fds_run *x)
{
	struct fan_event m;
	struct fds_run infos;

	if (x->at + sizeof(m) > x->end || bpf_probe_read_user(&m, sizeof(m), (void *)x->at) ||
	    m.event_len < sizeof(m) || m.vers != 3)
		return 1;
	collect(x->w, (u32)m.fd);
	infos = (struct fds_run){ x->w, x->at + m.metadata_len, x->at + m.event_len };
	seldom_loop(x->w, FAN_INFOS_MAX, collect_info, &infos);
	x->at += m.event_len;
	return 0;
}

/* By enum fd_ask; answered: by a supervisor in the kernel's place. */
__noinline int ask_kernel(u32 ask, u32 arg, u32 answered)
{
	struct work *w = work_get();
	u64 addr;
	u32 fds[2] = { 0, 0 };

	if (!w || arg > 5)
		return 0;
	addr = w->args[arg];
	w->nfds = 0;
	if (answered)
		return put_fact((u32)w->ret, FACT_HOW_TEXT);
	switch (ask) {
	case ASK_KIND:
		return put_fact((u32)w->ret, FACT_HOW_KIND);
	case ASK_NUMBER:
		return put_fact((u32)w->ret, FACT_HOW_NUMBER);
	case ASK_RETURNED:
		return put_fact((u32)w->ret, FACT_HOW_ALL);
	case ASK_ARGUMENT:
		return put_fact((u32)w->args[0], FACT_HOW_ALL);
	case ASK_PAIR:
		if (bpf_probe_read_user(fds, sizeof(fds), (void *)addr))
			return 0;
		put_fact(fds[0], FACT_HOW_NUMBER);
		return put_fact(fds[1], FACT_HOW_NUMBER);
	case ASK_WRITTEN:
		return bpf_probe_read_user(fds, sizeof(fds[0]), (void *)addr) ? 0 : put_fact(fds[0], FACT_HOW_ALL);
	case ASK_CONTROL:
		if (w->multiple) {
			w->items = (struct items){ .addr = addr, .n = (u32)w->ret };
			seldom_loop(w, MSG_COPIED, collect_mmsg, &w);
		} else {
			collect_msg(addr);
		}
		break;
	case ASK_EVENTS: {
		struct fds_run x = { w, addr, addr + (u64)w->ret };

		if (is_fanotify((u32)w->args[0]))
			seldom_loop(w, FAN_EVENTS_MAX, collect_event, &x);
		break;
	}
	default:
		return 0;
	}
	seldom_loop(w, FDS_ASKED, ask_collected, &w);
	return 0;
}
