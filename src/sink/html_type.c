/* SPDX-License-Identifier: MIT */
/* Event types: one row a syscall name or kind of mark, and what it means to the page (docs/report-format.md, section 5). */
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "decode/call.h"
#include "sink/html.h"

enum { C_FILE, C_NET, C_MEM, C_PROC, C_SIGNAL, C_WAIT, C_TIME, C_INFO, C_SCHED, C_FAULT, C_DISK, C_OTHER };
const char *const html_categories[] = { "file", "network", "memory", "process", "signal", "wait", "time", "info", "scheduler",
					"fault", "disk", "other", NULL };

struct meaning { const char *op; uint8_t cat; const char *io, *bytes; };

static const struct meaning by_effect[_FX_MAX] = {
	[FX_OPEN] = { "open", C_FILE }, [FX_OPEN_HANDLE] = { "open", C_FILE }, [FX_CLOSE] = { "close", C_FILE },
	[FX_CLOSE_RANGE] = { "close", C_FILE }, [FX_DUP] = { "dup", C_FILE }, [FX_FCNTL] = { "fcntl", C_FILE },
	[FX_PIPE] = { "pipe", C_FILE }, [FX_ANONFD] = { "other", C_FILE }, [FX_PIDFD_GETFD] = { "dup", C_FILE },
	[FX_READ] = { "read", C_FILE, "in", "ret" }, [FX_WRITE] = { "write", C_FILE, "out", "ret" },
	[FX_TRANSFER] = { "read", C_FILE, "copy", "ret" }, [FX_SEEK] = { "seek", C_FILE }, [FX_IO_SUBMIT] = { "other", C_FILE },
	[FX_IO_DONE] = { "other", C_FILE }, [FX_IO_URING] = { "other", C_FILE },
	[FX_VM_RW] = { "other", C_MEM },
	[FX_SOCKET] = { "socket", C_NET }, [FX_SOCKETPAIR] = { "pipe", C_NET }, [FX_CONNECT] = { "connect", C_NET },
	[FX_ACCEPT] = { "accept", C_NET }, [FX_BIND] = { "bind", C_NET }, [FX_LISTEN] = { "listen", C_NET },
	[FX_SEND] = { "send", C_NET, "out", "ret" }, [FX_RECV] = { "recv", C_NET, "in", "ret" },
	[FX_SENDMMSG] = { "send", C_NET, "out", "val" }, [FX_RECVMMSG] = { "recv", C_NET, "in", "val" },
	[FX_SHUTDOWN] = { "shutdown", C_NET }, [FX_GETSOCKOPT] = { "sockopt", C_NET }, [FX_SOCKNAME] = { "sockopt", C_NET },
	[FX_POLL] = { "poll", C_WAIT },
	[FX_MMAP] = { "mmap", C_MEM }, [FX_MUNMAP] = { "munmap", C_MEM }, [FX_MREMAP] = { "mmap", C_MEM },
	[FX_MPROTECT] = { "mprotect", C_MEM }, [FX_MADVISE] = { "other", C_MEM }, [FX_BRK] = { "brk", C_MEM },
	[FX_SHMAT] = { "mmap", C_MEM }, [FX_SHMDT] = { "munmap", C_MEM },
	[FX_CHDIR] = { "dir", C_FILE }, [FX_FCHDIR] = { "dir", C_FILE }, [FX_CHROOT] = { "dir", C_FILE },
	[FX_LOOKUP] = { "stat", C_FILE }, [FX_READLINK] = { "stat", C_FILE }, [FX_RENAME] = { "rename", C_FILE }, [FX_UNLINK] = { "unlink", C_FILE },
	[FX_MKDIR] = { "dir", C_FILE }, [FX_RMDIR] = { "dir", C_FILE }, [FX_LINK] = { "link", C_FILE }, [FX_SYMLINK] = { "link", C_FILE },
	[FX_MKNOD] = { "other", C_FILE }, [FX_CHMOD] = { "attr", C_FILE }, [FX_CHOWN] = { "attr", C_FILE },
	[FX_TRUNCATE] = { "attr", C_FILE }, [FX_FALLOCATE] = { "attr", C_FILE }, [FX_UTIMES] = { "attr", C_FILE },
	[FX_XATTR] = { "attr", C_FILE }, [FX_SYNC] = { "sync", C_FILE }, [FX_MOUNT] = { "other", C_FILE }, [FX_UMOUNT] = { "other", C_FILE },
	[FX_EXEC] = { "exec", C_PROC }, [FX_CLONE] = { "fork", C_PROC }, [FX_EXIT] = { "other", C_PROC }, [FX_WAIT] = { "wait", C_PROC },
	[FX_UNSHARE] = { "other", C_PROC }, [FX_SETNS] = { "other", C_PROC }, [FX_KILL] = { "kill", C_SIGNAL },
	[FX_SETSID] = { "id", C_PROC }, [FX_SETPGID] = { "id", C_PROC }, [FX_PRCTL] = { "other", C_PROC },
	[FX_SECCOMP] = { "other", C_PROC }, [FX_PTRACE] = { "other", C_PROC }, [FX_SLEEP] = { "sleep", C_TIME },
	[FX_FUTEX] = { "futex", C_WAIT },
};

/* Calls without an effect of their own whose meaning the page knows; the rest goes by group. */
static const struct { const char *name; struct meaning m; } by_name[] = {
	{ "getdents", { "dir", C_FILE } }, { "getdents64", { "dir", C_FILE } }, { "getcwd", { "dir", C_FILE } },
	{ "flock", { "lock", C_FILE } }, { "ioctl", { "ioctl", C_FILE } }, { "fstat", { "stat", C_FILE } }, { "fstatfs", { "stat", C_FILE } },
	{ "setsockopt", { "sockopt", C_NET } }, { "getsockopt", { "sockopt", C_NET } },
	{ "clock_gettime", { "time", C_TIME } }, { "gettimeofday", { "time", C_TIME } }, { "time", { "time", C_TIME } },
	{ "clock_getres", { "time", C_TIME } }, { "times", { "time", C_TIME } },
	{ "getpid", { "id", C_INFO } }, { "getppid", { "id", C_INFO } }, { "gettid", { "id", C_INFO } }, { "getuid", { "id", C_INFO } },
	{ "geteuid", { "id", C_INFO } }, { "getgid", { "id", C_INFO } }, { "getegid", { "id", C_INFO } }, { "getpgrp", { "id", C_INFO } },
	{ "getpgid", { "id", C_INFO } }, { "getsid", { "id", C_INFO } }, { "getgroups", { "id", C_INFO } },
	{ "getrlimit", { "limit", C_INFO } }, { "setrlimit", { "limit", C_INFO } }, { "prlimit64", { "limit", C_INFO } },
	{ "uname", { "info", C_INFO } }, { "sysinfo", { "info", C_INFO } }, { "getrusage", { "info", C_INFO } },
	{ "getrandom", { "info", C_INFO } },
	{ "rt_sigprocmask", { "sigmask", C_SIGNAL } }, { "rt_sigaction", { "sigmask", C_SIGNAL } }, { "rt_sigreturn", { "sigmask", C_SIGNAL } },
	{ "rt_sigsuspend", { "sleep", C_SIGNAL } }, { "pause", { "sleep", C_SIGNAL } },
};

static struct meaning meaning_of(const struct syscall_spec *spec)
{
	static const struct { uint32_t group; uint8_t cat; } groups[] = {
		{ GRP_NET, C_NET }, { GRP_SIGNAL, C_SIGNAL }, { GRP_MEM, C_MEM }, { GRP_PROC, C_PROC }, { GRP_WAIT, C_WAIT },
		{ GRP_TIME, C_TIME }, { GRP_FILE | GRP_DESC | GRP_IO, C_FILE }, { GRP_SYS, C_INFO },
	};

	if (spec->effect < _FX_MAX && by_effect[spec->effect].op)
		return by_effect[spec->effect];
	for (unsigned i = 0; spec->name && i < ARRAY_SIZE(by_name); i++)
		if (!strcmp(spec->name, by_name[i].name))
			return by_name[i].m;
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (spec->groups & groups[i].group)
			return (struct meaning){ "other", groups[i].cat };
	return (struct meaning){ "other", C_OTHER };
}

/* call_op: where calls were not recorded the mark stands for the call that made it. */
static const struct { uint8_t kind; const char *op; uint8_t cat; const char *layer, *call_op, *io, *bytes; } marks[] = {
	{ EV_EXEC, "execed", C_PROC, "mark", "exec" }, { EV_FORK, "forked", C_PROC, "mark", "fork" }, { EV_THREAD, "forked", C_PROC, "mark", "fork" },
	{ EV_EXIT, "exit", C_PROC, "mark" }, { EV_THREAD_EXIT, "exit", C_PROC, "mark" }, { EV_SIGNAL, "signal", C_SIGNAL, "mark" },
	{ EV_STOP, "stop", C_SIGNAL, "mark" }, { EV_CONT, "continue", C_SIGNAL, "mark" }, { EV_LOST, "lost", C_OTHER, "mark" },
	{ EV_ATTACH, "attach", C_PROC, "mark" }, { EV_DETACH, "detach", C_PROC, "mark" }, { EV_CONNECTED, "connected", C_NET, "mark" },
	{ EV_CONNECT_FAILED, "connected", C_NET, "mark" }, { EV_CONNECT, "connect", C_NET, "mark" },	/* by MSG_FASTOPEN */
	{ EV_SCHED, "runq", C_SCHED, "state" }, { EV_BLOCK, "disk", C_DISK, "mark" }, { EV_FAULT, "fault", C_FAULT, "mark" },
	/* asynchronous requests */
	{ EV_READ, "read", C_FILE, "mark", NULL, "in", "val" }, { EV_WRITE, "write", C_FILE, "mark", NULL, "out", "val" }, { EV_SYNC, "sync", C_FILE, "mark" },
	{ EV_RECV, "recv", C_NET, "mark", NULL, "in", "val" }, { EV_SEND, "send", C_NET, "mark", NULL, "out", "val" },
};

static struct html_type describe(const struct html *h, const struct event *ev)
{
	const struct call *c = ev->call;
	struct html_type t = { .op = "other", .cat = C_OTHER, .layer = "mark" };

	if (c) {
		struct meaning m = meaning_of(c->spec);
		static const char *const arch[] = { "", "i386_", "x32_" };

		if (ev->kind == EV_PEEK)	/* the same bytes come again */
			m = (struct meaning){ .op = "peek", .cat = C_NET };
		t = (struct html_type){ .op = m.op, .cat = m.cat, .io = m.io, .bytes = m.bytes };
		if (c->spec->effect == FX_PROBE)	/* another tracer's: in no table of calls */
			t.layer = "mark";
		if (c->spec->name)
			snprintf(t.name, sizeof(t.name), "%s", c->spec->name);
		else
			snprintf(t.name, sizeof(t.name), "syscall_%s%u", c->arch < ARRAY_SIZE(arch) ? arch[c->arch] : "", c->nr);
		return t;
	}
	snprintf(t.name, sizeof(t.name), "%s", event_info(ev->kind)->name);
	for (unsigned i = 0; i < ARRAY_SIZE(marks); i++)
		if (marks[i].kind == ev->kind) {
			t.op = marks[i].call_op && !(h->mode & START_ALL_CALLS) ? marks[i].call_op : marks[i].op;
			t.cat = marks[i].cat;
			t.layer = marks[i].layer;
			t.io = marks[i].io;
			t.bytes = marks[i].bytes;
		}
	return t;
}

/* A program may try any number: the first ones get a row each, the others share one. */
enum { UNKNOWN_MAX = 256 };

static uint32_t add_type(struct html *h, const struct event *ev)
{
	struct html_type t = describe(h, ev);

	if (ev->call && !ev->call->spec->name && ++h->nunknown > UNKNOWN_MAX)
		snprintf(t.name, sizeof(t.name), "syscall_other");
	/* the same call of another architecture is the same to a reader */
	for (uint32_t i = 0; i < h->ntypes; i++)
		if (!strcmp(h->types[i].name, t.name) && !strcmp(h->types[i].op, t.op))
			return i;
	if (h->ntypes == h->types_cap) {
		h->types_cap = h->types_cap ? h->types_cap * 2 : 64;
		h->types = xrealloc(h->types, h->types_cap * sizeof(*h->types));
	}
	h->types[h->ntypes] = t;
	return h->ntypes++;
}

uint16_t html_type_of(struct html *h, const struct event *ev)
{
	const struct call *c = ev->call;
	struct { uint64_t what; uint32_t nr, arch; } key = { .nr = UINT32_MAX, .arch = ev->kind };

	if (c) {
		key.what = (uintptr_t)c->spec;
		key.nr = c->spec->name ? ev->kind == EV_PEEK : c->nr;
		key.arch = c->spec->name ? 0 : c->arch;
	}
	uint32_t *id = intern_id(&h->type_ids, intern_hash(&h->type_ids, &key, sizeof(key)));	/* + 1 */

	if (!*id)
		*id = add_type(h, ev) + 1;
	return (uint16_t)(*id - 1);
}
