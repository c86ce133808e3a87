/* SPDX-License-Identifier: MIT */
/* Structs that strace 6.1 writes in a way of their own, out of the bytes that were copied. */
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "abi/names.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/strace_part.h"
#include "sink/value_walk.h"

#define WORD(arg) (t->ev->call->args[arg].word)

/* Its xlat/statx_masks.in, statx_attrs.in, fsmagic.h, statfs_flags.in and pollflags.in, as far as they are met. */
static const struct names statx_masks =
	FLAG_SET(V(0xfff, "STATX_ALL"), V(0x7ff, "STATX_BASIC_STATS"), V(1, "STATX_TYPE"), V(2, "STATX_MODE"),
		 V(4, "STATX_NLINK"), V(8, "STATX_UID"), V(0x10, "STATX_GID"), V(0x20, "STATX_ATIME"),
		 V(0x40, "STATX_MTIME"), V(0x80, "STATX_CTIME"), V(0x100, "STATX_INO"), V(0x200, "STATX_SIZE"),
		 V(0x400, "STATX_BLOCKS"), V(0x800, "STATX_BTIME"), V(0x1000, "STATX_MNT_ID"));
static const struct names statx_attributes =
	FLAG_SET(V(4, "STATX_ATTR_COMPRESSED"), V(0x10, "STATX_ATTR_IMMUTABLE"), V(0x20, "STATX_ATTR_APPEND"),
		 V(0x40, "STATX_ATTR_NODUMP"), V(0x800, "STATX_ATTR_ENCRYPTED"), V(0x1000, "STATX_ATTR_AUTOMOUNT"),
		 V(0x2000, "STATX_ATTR_MOUNT_ROOT"), V(0x100000, "STATX_ATTR_VERITY"), V(0x200000, "STATX_ATTR_DAX"));
static const struct names file_systems =
	VALUE_SET(V(0xef53, "EXT2_SUPER_MAGIC"), V(0x1021994, "TMPFS_MAGIC"), V(0x9fa0, "PROC_SUPER_MAGIC"),
		  V(0x62656572, "SYSFS_MAGIC"), V(0x794c7630, "OVERLAYFS_SUPER_MAGIC"),
		  V(0x9123683e, "BTRFS_SUPER_MAGIC"), V(0x58465342, "XFS_SUPER_MAGIC"), V(0x6969, "NFS_SUPER_MAGIC"),
		  V(0x63677270, "CGROUP2_SUPER_MAGIC"), V(0x1cd1, "DEVPTS_SUPER_MAGIC"), V(0x50495045, "PIPEFS_MAGIC"),
		  V(0x858458f6, "RAMFS_MAGIC"), V(0x65735546, "FUSE_SUPER_MAGIC"));
static const struct names mount_flags_of_statfs =
	FLAG_SET(V(0x20, "ST_VALID"), V(1, "ST_RDONLY"), V(2, "ST_NOSUID"), V(4, "ST_NODEV"), V(8, "ST_NOEXEC"),
		 V(0x10, "ST_SYNCHRONOUS"), V(0x40, "ST_MANDLOCK"), V(0x400, "ST_NOATIME"), V(0x800, "ST_NODIRATIME"),
		 V(0x1000, "ST_RELATIME"));
static const struct names poll_bits =
	FLAG_SET(V(1, "POLLIN"), V(2, "POLLPRI"), V(4, "POLLOUT"), V(0x40, "POLLRDNORM"), V(0x100, "POLLWRNORM"),
		 V(0x80, "POLLRDBAND"), V(0x200, "POLLWRBAND"), V(8, "POLLERR"), V(0x10, "POLLHUP"),
		 V(0x20, "POLLNVAL"), V(0x2000, "POLLRDHUP"));

static const struct part *part_of(const struct strace_text *t, unsigned arg, enum chunk_part part, unsigned nth)
{
	return parts_find(t->ev->call->parts, t->ev->call->nparts, (int)arg, part, nth);
}

/* The struct an argument points to, as it is copied; false: its address was written instead. */
static bool struct_of(struct strace_text *t, unsigned arg, void *to, size_t size)
{
	const struct part *p = part_of(t, arg, PART_BYTES, 0);

	if (p && p->len >= size && !(p->flags & CHUNK_FAULT)) {
		memcpy(to, p->bytes, size);
		return true;
	}
	strace_pointer(t->b, WORD(arg));
	return false;
}

/* ---- clone ---- */

static void clone_flags_and(struct strace_text *t, uint64_t flags, uint32_t signo)
{
	if (flags || !signo)
		strace_flags(t->b, &clone_bits, flags);
	if (!signo)
		return;
	if (flags)
		buf_putc(t->b, '|');
	buf_puts(t->b, signal_name((int)signo));
}

static void tid_at(struct strace_text *t, const char *name, uint64_t addr, bool written)
{
	const struct call *c = t->ev->call;

	buf_puts(t->b, name);
	if (written && !c->err && !c->unfinished)
		buf_printf(t->b, "[%lld]", (long long)c->ret);
	else
		strace_pointer(t->b, addr);
}

/* SYS_FUNC(clone) of its src/clone.c: what the flags make no use of is left out. */
void strace_clone_args(struct strace_text *t, struct strace_call *to)
{
	uint64_t flags = WORD(0) & ~(uint64_t)CSIGNAL & UINT32_MAX;
	bool parent = flags & (CLONE_PARENT_SETTID | CLONE_PIDFD), tls = flags & CLONE_SETTLS;
	bool child = flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);

	buf_puts(t->b, "child_stack=");
	strace_pointer(t->b, WORD(1));
	buf_puts(t->b, ", flags=");
	clone_flags_and(t, flags, (uint32_t)WORD(0) & CSIGNAL);
	if (parent || tls || child)
		buf_puts(t->b, ", ");
	t->b = &to->tail;
	if (parent)
		tid_at(t, "parent_tid=", WORD(2), true);
	if (tls) {
		buf_puts(t->b, parent ? ", tls=" : "tls=");
		strace_hex(t->b, WORD(4));
	}
	if (child)
		tid_at(t, parent || tls ? ", child_tidptr=" : "child_tidptr=", WORD(3), false);
}

static void named_pointer(struct strace_text *t, const char *name, uint64_t v, bool shown)
{
	if (!shown)
		return;
	buf_puts(t->b, name);
	strace_pointer(t->b, v);
}

void strace_clone3_args(struct strace_text *t, unsigned arg)
{
	struct clone_args a = {0};
	const struct call *c = t->ev->call;
	const struct part *p = part_of(t, arg, PART_BYTES, 0);

	if (!p || p->len < 64) {
		strace_pointer(t->b, WORD(arg));
		return;
	}
	memcpy(&a, p->bytes, MIN(p->len, (uint32_t)sizeof(a)));
	buf_puts(t->b, "{flags=");
	strace_flags(t->b, &clone_bits, a.flags);
	named_pointer(t, ", pidfd=", a.pidfd, a.flags & CLONE_PIDFD);
	named_pointer(t, ", child_tid=", a.child_tid, a.flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID));
	named_pointer(t, ", parent_tid=", a.parent_tid, a.flags & CLONE_PARENT_SETTID);
	buf_puts(t->b, ", exit_signal=");
	buf_puts(t->b, a.exit_signal ? signal_name((int)a.exit_signal) : "0");
	buf_puts(t->b, ", stack=");
	strace_pointer(t->b, a.stack);
	buf_puts(t->b, ", stack_size=");
	strace_hex(t->b, a.stack_size);
	named_pointer(t, ", tls=", a.tls, a.flags & CLONE_SETTLS);
	buf_putc(t->b, '}');
	if (!c->err && !c->unfinished && a.flags & CLONE_PARENT_SETTID)
		buf_printf(t->b, " => {parent_tid=[%lld]}", (long long)c->ret);
}

/* ---- structs ---- */

static void limit(struct buf *b, uint64_t v)
{
	if (v == UINT64_MAX)
		buf_puts(b, "RLIM64_INFINITY");
	else if (v > 1024 && v % 1024 == 0)
		buf_printf(b, "%llu*1024", (unsigned long long)v / 1024);
	else
		buf_u64(b, v);
}

void strace_limits(struct strace_text *t, unsigned arg)
{
	uint64_t v[2];

	if (!struct_of(t, arg, v, sizeof(v)))
		return;
	buf_puts(t->b, "{rlim_cur=");
	limit(t->b, v[0]);
	buf_puts(t->b, ", rlim_max=");
	limit(t->b, v[1]);
	buf_putc(t->b, '}');
}

/* struct statx, whose attributes the walk leaves out */
void strace_statx_buf(struct strace_text *t, unsigned arg)
{
	struct statx s;

	if (!struct_of(t, arg, &s, sizeof(s)))
		return;
	buf_puts(t->b, "{stx_mask=");
	strace_flags(t->b, &statx_masks, s.stx_mask);
	buf_puts(t->b, ", stx_attributes=");
	strace_flags(t->b, &statx_attributes, s.stx_attributes);
	buf_puts(t->b, ", stx_mode=");
	strace_ops.mode(t, &file_types, (struct value_num){s.stx_mode, 16, NUM_OCTAL});
	buf_printf(t->b, ", stx_size=%llu, ...}", (unsigned long long)s.stx_size);
}

void strace_statx_mask(struct strace_text *t, unsigned arg)
{
	strace_flags(t->b, &statx_masks, (uint32_t)WORD(arg));
}

void strace_statx_flags(struct strace_text *t, unsigned arg)
{
	uint32_t v = (uint32_t)WORD(arg), sync = v & (AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC);

	buf_puts(t->b, sync == AT_STATX_FORCE_SYNC  ? "AT_STATX_FORCE_SYNC"
		       : sync == AT_STATX_DONT_SYNC ? "AT_STATX_DONT_SYNC"
		       : sync			    ? "AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC"
						    : "AT_STATX_SYNC_AS_STAT");
	if (v == sync)
		return;
	buf_putc(t->b, '|');
	strace_flags(t->b, &at_flags, v - sync);
}

void strace_statfs_buf(struct strace_text *t, unsigned arg)
{
	struct statfs s;
	const char *type;

	if (!struct_of(t, arg, &s, sizeof(s)))
		return;
	type = names_find(&file_systems, (uint64_t)s.f_type);
	buf_puts(t->b, "{f_type=");
	if (type)
		buf_puts(t->b, type);
	else
		strace_hex(t->b, (uint64_t)s.f_type);
	buf_printf(t->b,
		   ", f_bsize=%lu, f_blocks=%lu, f_bfree=%lu, f_bavail=%lu, f_files=%lu, f_ffree=%lu, "
		   "f_fsid={val=[%#x, %#x]}, ",
		   (unsigned long)s.f_bsize, (unsigned long)s.f_blocks, (unsigned long)s.f_bfree,
		   (unsigned long)s.f_bavail, (unsigned long)s.f_files, (unsigned long)s.f_ffree,
		   (unsigned)s.f_fsid.__val[0], (unsigned)s.f_fsid.__val[1]);
	buf_printf(t->b, "f_namelen=%lu, f_frsize=%lu, f_flags=", (unsigned long)s.f_namelen,
		   (unsigned long)s.f_frsize);
	strace_flags(t->b, &mount_flags_of_statfs, (uint64_t)s.f_flags);
	buf_putc(t->b, '}');
}

void strace_sysinfo_buf(struct strace_text *t, unsigned arg)
{
	struct sysinfo s;

	if (!struct_of(t, arg, &s, sizeof(s)))
		return;
	buf_printf(t->b,
		   "{uptime=%ld, loads=[%lu, %lu, %lu], totalram=%lu, freeram=%lu, sharedram=%lu, bufferram=%lu, ",
		   s.uptime, s.loads[0], s.loads[1], s.loads[2], s.totalram, s.freeram, s.sharedram, s.bufferram);
	buf_printf(t->b, "totalswap=%lu, freeswap=%lu, procs=%u, totalhigh=%lu, freehigh=%lu, mem_unit=%u}",
		   s.totalswap, s.freeswap, s.procs, s.totalhigh, s.freehigh, s.mem_unit);
}

/* What the kernel fills in of entries is not copied whole: only none can be counted. */
void strace_dir_entries(struct strace_text *t, unsigned arg)
{
	strace_pointer(t->b, WORD(arg));
	if (!t->ev->call->err && !t->ev->call->ret && t->ev->call->exit_ns)
		buf_puts(t->b, " /* 0 entries */");
}

static void file_time(struct buf *b, const struct timespec *ts)
{
	char text[40], zone[16];
	struct tm tm;

	if (ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT) {
		buf_puts(b, ts->tv_nsec == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT");
		return;
	}
	buf_printf(b, "{tv_sec=%lld, tv_nsec=%ld}", (long long)ts->tv_sec, ts->tv_nsec);
	if (!localtime_r(&ts->tv_sec, &tm) || !strftime(text, sizeof(text), "%FT%T", &tm) ||
	    !strftime(zone, sizeof(zone), "%z", &tm))
		return;
	buf_printf(b, " /* %s", text);
	if (ts->tv_nsec)
		buf_printf(b, ".%09ld", ts->tv_nsec);
	buf_printf(b, "%s */", zone);
}

void strace_file_times(struct strace_text *t, unsigned arg)
{
	struct timespec ts[2];

	if (!struct_of(t, arg, ts, sizeof(ts)))
		return;
	buf_putc(t->b, '[');
	file_time(t->b, &ts[0]);
	buf_puts(t->b, ", ");
	file_time(t->b, &ts[1]);
	buf_putc(t->b, ']');
}

/* ---- poll ---- */

enum { POLLS_MAX = 32 }; /* strace -v shows all, without it -s of them */

void strace_poll_fds(struct strace_text *t, unsigned arg)
{
	const struct part *p = part_of(t, arg, PART_BYTES, 0);
	unsigned n = p ? p->len / sizeof(struct pollfd) : 0;

	if (!p || p->flags & CHUNK_FAULT) {
		strace_pointer(t->b, WORD(arg));
		return;
	}
	buf_putc(t->b, '[');
	for (unsigned i = 0; i < MIN(n, (unsigned)POLLS_MAX); i++) {
		struct pollfd f;

		memcpy(&f, p->bytes + i * sizeof(f), sizeof(f));
		buf_printf(t->b, i ? ", {fd=%d" : "{fd=%d", f.fd);
		if (f.fd >= 0 && t->ev->task)
			strace_fd_name(t->b, task_file(t->ev->task, f.fd));
		if (f.fd >= 0) {
			buf_puts(t->b, ", events=");
			strace_flags(t->b, &poll_bits, (uint16_t)f.events);
		}
		buf_putc(t->b, '}');
	}
	buf_puts(t->b, n > POLLS_MAX ? ", ...]" : "]");
}

/* "1 ([{fd=3, revents=POLLIN}])" */
void strace_poll_result(struct strace_text *t)
{
	const struct part *p = part_of(t, 0, PART_BYTES, 1);
	unsigned n = p ? p->len / sizeof(struct pollfd) : 0, shown = 0;

	buf_i64(t->b, t->ev->call->ret);
	if (!t->ev->call->ret) {
		buf_puts(t->b, " (Timeout)");
		return;
	}
	buf_puts(t->b, " ([");
	for (unsigned i = 0; i < n; i++) {
		struct pollfd f;

		memcpy(&f, p->bytes + i * sizeof(f), sizeof(f));
		if (!f.revents)
			continue;
		buf_printf(t->b, shown++ ? ", {fd=%d, revents=" : "{fd=%d, revents=", f.fd);
		strace_flags(t->b, &poll_bits, (uint16_t)f.revents);
		buf_putc(t->b, '}');
	}
	buf_puts(t->b, "])");
}
