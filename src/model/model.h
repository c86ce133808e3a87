/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The traced world as Linux has it: tasks, processes, descriptor tables, open
 * file descriptions, sockets, address spaces.  Built only from decoded items;
 * knows no sink and no capture.  Objects are counted; ids are unique for the
 * whole trace (pids are reused, ids never), start at 1 and grow by one.
 */
#include <stdbool.h>
#include <stdint.h>

#include "decode/call.h"

struct arena;
struct event;
struct world;

/* A byte string owned by the model.  May hold any bytes; NUL-terminated for convenience. */
struct bytes { char *s; uint32_t len; uint32_t cut; /* bytes that stood behind them and were not kept */ };

enum file_kind {
	FILE_UNKNOWN,
	FILE_REG,
	FILE_DIR,
	FILE_TTY,
	FILE_DEV,
	FILE_PIPE,
	FILE_SOCKET,
	FILE_MEMFD,
	FILE_EVENTFD,
	FILE_EPOLL,
	FILE_TIMERFD,
	FILE_SIGNALFD,
	FILE_INOTIFY,
	FILE_FANOTIFY,
	FILE_PIDFD,
	FILE_IO_URING,
	FILE_ANON,
	_FILE_KIND_MAX,
};
const char *file_kind_name(enum file_kind k);	/* "file", "dir", "pipe", … */

/*
 * What is known of one whose name is empty.  Sockets have none, but where their family is not known: see struct sock.
 */
enum file_origin {
	ORIGIN_NOTHING,
	ORIGIN_FD,		/* it was there already, as descriptor .origin_fd; of another process: of .origin_pid */
	ORIGIN_UNREADABLE,	/* opened by a name in memory that may not be read, or is not there any more */
	ORIGIN_HANDLE,		/* opened by a handle: open_by_handle_at(2) */
	ORIGIN_RECEIVED,	/* came in a message over .via */
};

/*
 * A name that ends in a NUL, which its length counts, is not seen from the root of the process that has the file
 * (chroot(2), a bind mount): what is before the NUL is the name that the tracer has for it.  The same path inside the
 * root is another file, and no path has a NUL: so this is one bit of whatever key a name becomes.
 */
static inline bool name_is_outside(const char *name, size_t len) { return len && !name[len - 1]; }

/* An open file description: what descriptors refer to, shared after dup and fork. */
struct file {
	uint32_t id;
	int refs;
	enum file_kind kind;
	struct bytes name;	/* absolute path, see name_is_outside(); or as the kernel calls it: "pipe:[7]" */
	uint32_t named;			/* how often that changed */
	uint8_t origin;			/* enum file_origin */
	int origin_fd;
	uint32_t origin_pid;
	struct file *via;		/* a copy of what it was then, NULL: no room was left for one */
	uint32_t open_flags;
	uint64_t bytes_read, bytes_written;
	uint64_t opened_ns;
	uint32_t opener_proc;		/* process id (not pid); 0: it was open before tracing */
	struct sock *sock;		/* kind == FILE_SOCKET */
	uint64_t dev, ino;		/* where known */
	/* the other end (pipe, socketpair, loopback or unix connection), an id; 0 unknown */
	uint32_t peer_file;
	uint32_t peer_proc, peer_pid;	/* a process that holds the other end, as id and pid; 0 unknown or not traced */
	bool deleted, renamed;		/* unlinked (or replaced) while open; name is the new one */
	bool bare;			/* deleted, and so was the directory it had been in: its name is final */
	bool has_pos;
	uint64_t pos;			/* file offset, when has_pos */
	uint32_t target_pid;		/* FILE_PIDFD */
};

enum conn_state { CONN_NONE, CONN_CONNECTING, CONN_CONNECTED, CONN_FAILED, CONN_LISTENING, CONN_ACCEPTED };

/*
 * What a socket has with one peer: one attempt to connect and what came of it, or the datagrams exchanged with one
 * address.  Bytes and outcomes belong to it, not to the socket, which can have several: one after the other (refused
 * here, connected there; a datagram socket connected anew) and, where datagrams carry addresses, at a time.
 */
struct conn {
	uint32_t id;			/* in order of first use; 0 until an event names it */
	enum conn_state state;
	bool has_peer;
	bool rest;			/* all peers of the socket beyond those kept apart; no address */
	bool broken;			/* poll(2) reported that the connect failed, not yet why */
	bool moved;			/* bytes went through it */
	struct addr peer;
	/* of a failed connect; or the first error that the peer or the way to it gave afterwards */
	int err;
	uint64_t connect_ns, connected_ns;	/* start of the attempt, and when its outcome was known */
};
#define SOCK_PEERS_MAX 64		/* addresses of one socket that are kept apart */

struct sock {
	uint16_t family, type, protocol;
	uint32_t named;			/* how often what it is called changed: family, addresses, state */
	bool has_local;
	struct addr local;
	struct conn now;		/* what it is connected to, or was last */
	struct conn **peers; unsigned npeers;	/* addresses that datagrams were sent to or came from */
	struct conn *rest;
};
/* All that a socket has at present: i counts from 0; NULL behind the last. */
const struct conn *sock_conn_at(const struct sock *s, unsigned i);
const char *sock_proto_name(const struct sock *s);	/* "tcp4", "udp6", "unix", "unix-dgram", "netlink", … */
/*
 * The address it is called by: of its peer, else its own; *ret_local says which.  NULL: neither is known, or has a
 * name.
 */
const struct addr *sock_called(const struct sock *s, bool *ret_local);

struct fdent { struct file *file; uint64_t since_ns; bool cloexec; };	/* since_ns: when it was installed */
struct fdhigh { int fd; struct fdent ent; };
/* Closed at until_ns or before, by a call whose record is still to come. */
struct fdpast { int fd; struct file *file; uint64_t since_ns, until_ns; };
/* v[fd].file is NULL when closed.  Numbers far above the number of open ones (dup2(1, 1 << 30)) are in high, sorted. */
struct fdtab {
	int refs;
	unsigned n, nopen, nhigh, npast;
	struct fdent *v;
	struct fdhigh *high;
	struct fdpast *past;	/* the oldest first */
};
/* First open one >= fd; -1: none, or no table. */
int fdtab_next(const struct fdtab *tab, int fd, const struct fdent **ret_ent);
static inline int fdtab_after(const struct fdtab *tab, int fd, const struct fdent **ret_ent)
{
	return fd < INT32_MAX ? fdtab_next(tab, fd + 1, ret_ent) : -1;
}
/* Each open one from `from` on, which the body may close; tab: NULL has none. */
#define FDTAB_EACH(tab, from, fd, ent) \
	for (int fd = fdtab_next(tab, from, &(ent)); fd >= 0; fd = fdtab_after(tab, fd, &(ent)))

/* One line of /proc/PID/maps.  path is shared, not to be changed. */
struct region {
	uint64_t start, end, offset;
	uint32_t prot, flags;		/* PROT_*, MAP_* */
	uint8_t kind;			/* MAP_KIND_* */
	bool counted;			/* in mm.mapped: mapped by a call since exec */
	uint8_t pkey;
	bool inherited;			/* shares pages with the parent process */
	uint32_t anon;			/* private memory that was written to: which may become one region */
	uint16_t vm;			/* VMF_* (mm.h): what else keeps neighbours apart */
	uint32_t src;			/* open file description behind it, 0: anonymous or not known */
	uint64_t pgoff;			/* as offset, for anonymous memory: where it was first mapped */
	struct bytes path;
	uint64_t dev, ino;
};
struct mm {
	uint32_t id;
	int refs;
	struct region **v; unsigned n, cap;	/* sorted, never overlapping */
	bool incomplete;			/* more regions than are kept, or its beginnings are not known */
	uint64_t brk_start, brk;		/* 0 until known */
	uint64_t heap, mapped;			/* current: brk growth; bytes mapped by the program since exec */
	uint64_t reserved;			/* of mapped: PROT_NONE */
	bool forked;				/* v is still the parent's */
	bool lock_future;			/* mlockall(MCL_FUTURE) */
	struct { uint64_t start, end, at_ns; } recent[8]; unsigned nrecent;	/* mapped last */
};
const struct region *mm_find(const struct mm *mm, uint64_t addr);

struct fs { int refs; struct bytes cwd, root; };	/* root is "/" unless chrooted; cwd as the program sees it */

/* A vector of strings: n are kept of `all`.  Shared and counted, never changed. */
struct strings { int refs; unsigned n; uint64_t all; size_t nbytes; struct bytes v[]; };
struct part;
/* Those of that kind among an item's parts (PART_ARGV, PART_ENVP), never NULL. */
struct strings *strings_new(const struct part *parts, unsigned nparts, enum chunk_part kind);
void strings_unref(struct strings *s);

struct proc {		/* a thread group */
	uint32_t host;			/* where it runs, world_set_host(); 0: there is one host */
	uint32_t id, pid, ppid;
	uint32_t parent;		/* process id of the parent, 0 outside the trace */
	int refs;
	struct fdtab *fds;
	struct mm *mm;
	struct bytes comm, exe, cwd0;	/* cwd0: at its last exec */
	const struct bytes *argv; unsigned argc;	/* what is kept of its arguments */
	uint64_t argc_all;		/* how many it has; 0: argc */
	struct strings *args;		/* where they are */
	uint64_t start_ns, end_ns;	/* end_ns 0 while it lives */
	unsigned nthreads, nthreads_ever;
	unsigned nexecs;
	int status;			/* wait form once ended, -1 while alive or unknown */
	uint32_t pgid, sid;		/* 0 unknown */
	uint64_t utime_ns, stime_ns;
	uint32_t cpu_limit;			/* at its end by SIGKILL: of CPU time in s, 0: none, or not known */
	uint64_t rss_peak;		/* bytes, once ended; 0 not known */
	bool rss_own;			/* that is its own, else it may be a child's */
	uint64_t rss_before;		/* when tracing it began */
	uint64_t bytes_read, bytes_written, net_sent, net_received;	/* by its threads */
	bool attached;			/* existed before tracing */
	bool reaper;			/* orphans among its descendants become its children */
};

struct task {		/* a thread */
	uint32_t id, tid, ns_tid;
	struct proc *proc;
	struct fdtab *fds;		/* its own when unshared; usually proc->fds */
	struct fs *fs;
	struct bytes comm;
	bool is_thread;			/* not the leader */
	/*
	 * Of the time since tracing it began, as reported last, before it ends: it ran; it could have run and waited
	 * for a CPU.  Not known before.
	 */
	bool has_usage; uint64_t run_ns, delay_ns;
	uint64_t start_ns, end_ns;
	uint32_t creator;		/* task id */
};

/*
 * Feeds one item.  Each thing that happened is handed to emit as an event (event/event.h), at most a handful per item,
 * in order.  Events and what they point to live until emit returns.
 */
typedef void world_emit_fn(void *ctx, const struct event *ev);
struct world *world_new(world_emit_fn *emit, void *ctx);
/*
 * Worlds whose events go to the same sinks (several recordings): each is fed with the ids that the others have left,
 * and the host, from 1, is that of its processes.
 */
struct world_ids { uint32_t tasks, procs, files, mms, conns; };
void world_set_host(struct world *w, uint32_t host);
void world_set_ids(struct world *w, const struct world_ids *ids);
struct world_ids world_ids(const struct world *w);
void world_free(struct world *w);
void world_feed(struct world *w, const struct item *item);

/*
 * How things stand, as the TASK, FD and MAP records of START_SNAPSHOT, at ts_ns: what a reader needs to go on from
 * here. What is under way between two calls is not in it: descriptors sent and not received, asynchronous I/O, epoll's
 * data.
 */
typedef void world_put_fn(void *ctx, const struct record *r);
void world_snapshot(struct world *w, uint64_t ts_ns, world_put_fn *put, void *ctx);

unsigned world_ntasks_ever(const struct world *w);	/* more than one: lines carry [pid] */
uint64_t world_start_ns(const struct world *w);
struct task *world_task(struct world *w, uint32_t tid);	/* living; NULL */
struct file *task_file(const struct task *t, int fd);	/* NULL when not open or not known */
