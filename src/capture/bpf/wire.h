/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Between the BPF programs and bpf.c: what travels through maps and ring, and
 * is no record yet.  Included by BPF C.
 */
#include "capture/plan.h"
#include "filter/screen.h"
#include "record/record.h"

/* Kinds that exist only in the ring; drain.c turns them into records. */
enum wire_kind {
	/* a call's entry chunks, too many to keep in the kernel until its exit; struct wire_part */
	WIRE_ENTRY = 0x100,
	/* as RECORD_EXEC, but PART_ARGV is one blob with NULs (absent: the entry chunks have it) */
	WIRE_EXEC = 0x101,
	/* a task that existed is traced from here on: it is looked up in /proc; struct wire_adopt */
	WIRE_ADOPT = 0x102,
	WIRE_EXIT = 0x103,	/* as RECORD_EXIT; struct wire_exit */
};
struct wire_part { struct record h; rec_u32 nchunks, len; };
struct wire_adopt { struct record h; rec_u32 ppid, pad; char comm[16]; };
struct wire_exit {
	struct record_exit r;
	rec_u32 last, whole, helper,
		/*
		 * helper: of the kernel, never reported; no other thread of the process lives; the status is that of
		 * the whole process
		 */
		pad;
	/* of the thread alone; r has also what the kernel has counted of threads that are gone, and the leader's */
	rec_u64 own_utime_ns, own_stime_ns;
};
/*
 * A chunk part of WIRE_ENTRY: strings that stand side by side.  flags: n of them; rec_u64[n + 1], where each began, and
 * the end; then their bytes.  Before each beginning, and at the end, is a NUL.
 */
enum { WIRE_STRINGS = 0xff };
/* h.flags of a RECORD_CALL in the ring: its WIRE_ENTRY came before.  Taken off again. */
enum { WIRE_SPLIT = 1u << 15, WIRE_FOUND = 1u << 14 /* its beginning was not seen */ };

/* h.flags of a WIRE_EXEC: what follows is not shown, see rights.bpf.h. */
enum { WIRE_HIDDEN = 1u << 15 };

enum {
	WIRE_ARCHES = 2 /* x86-64 (x32 too), i386 */,
	WIRE_CALLS = 1024 /* SYSCALL_MAX */,
	WIRE_RAW = WIRE_ARCHES * WIRE_CALLS
};
/* struct arg_cond; n 0: it holds always; behind n values the first one again. */
struct wire_cond { rec_u8 arg, n, invert, pad; rec_u32 mask, vals[COND_VALS]; };
/* One element of the map `plans`; number WIRE_RAW is for calls no table knows. */
struct wire_plan {
	struct capture_plan plan;
	rec_u8 any_enter, any_leave;	/* sets of arguments: what is copied then */
	rec_u8 overwritten;		/* of any_enter: what the kernel writes to, so that only the entry has it */
	rec_u8 exec;			/* execve, execveat: the entry chunks are needed before the exit */
	rec_u8 count;			/* enum wire_counting */
	rec_u8 screen, path;		/* SCREEN_*; the argument that is a name, of SCREEN_PATH */
	rec_u8 foreign;			/* its result is not the kernel's: never an error */
	rec_u32 slot;			/* of `counts`, given by the first one that returns; 0: it has none yet */
	struct wire_cond when, ask_when;	/* of abi's row: traced, asked only when it holds */
} __attribute__((aligned(8)));			/* as the kernel lays out elements, which both sides map */
_Static_assert(sizeof(struct wire_plan) % 8 == 0, "the kernel lays elements of a mapped array at multiples of 8");

/* What of the filter (filter/screen.h) a call is asked when it returns; 0: it has a record anyway. */
enum {
	SCREEN_ASKED = 1,
	SCREEN_MOVES = 2 /* it may tell what became of a connect in progress, or bring descriptors of fanotify */,
	SCREEN_FAILING = 4 /* it has to fail */,
	SCREEN_NAMED = 8
};
struct wire_screen {
	rec_u64 min_ns, max_ns;	/* 0: no limit */
	rec_u32 nerrs, nunwanted, npaths, nasked;
	rec_u32 errs[SCREEN_ERRS], unwanted[SCREEN_ERRS];
	struct { rec_u32 len, whole, out; char s[SCREEN_PATH_MAX]; } paths[SCREEN_PATHS];
};
/* Instead of a record, or besides; those that have not returned when their thread ends have a record anyway. */
enum wire_counting { COUNT_NOT, COUNT_ONLY, COUNT_TOO };
/*
 * What a CPU counts of one call.  buckets: as those of analyze/hist.h, whose first ones these are; a call that took
 * longer than they reach has a record instead.  off_ns: what of sum_ns was not spent on a CPU.
 */
enum {
	COUNT_SUB_BITS = 4,
	COUNT_SUB = 1 << COUNT_SUB_BITS,
	COUNT_OCTAVES = 40, /* 18 minutes */
	COUNT_BUCKETS = (COUNT_OCTAVES - COUNT_SUB_BITS + 1) * COUNT_SUB,
	COUNT_SLOTS = 192,
	COUNT_ERRORS = 4096
};
struct wire_count { rec_u64 calls, sum_ns, min_ns, max_ns, off_ns; rec_u32 buckets[COUNT_BUCKETS]; };
struct wire_error { rec_u32 at /* number of the plan */, err; };	/* key of `count_errors`: how often */

/*
 * What a call of i386 stands for: nr, with nwords from memory or with its own arguments in another order (from, 0:
 * none).
 */
struct wire_unwrap { rec_u16 nr; rec_u8 nwords, from[5]; };
enum {
	UNWRAP_SOCKETCALL_MAX = 32,
	UNWRAP_SOCKETCALL = 2,
	UNWRAP_IPC = UNWRAP_SOCKETCALL + UNWRAP_SOCKETCALL_MAX,
	UNWRAPS = UNWRAP_IPC + UNWRAP_SOCKETCALL_MAX
};

/* Why records were lost; the index of `losses`. */
enum wire_loss { LOSS_RING, LOSS_TASK, _LOSS_MAX };
struct wire_losses { rec_u64 n[_LOSS_MAX], reported, excluded /* calls, by the filter */; };

/* What BPF keeps of a traced task. */
enum { WIRE_INLINE = 480 };
enum {
	TASK_MUTED = 1 /* our own child before its exec */,
	TASK_WORKER = 2 /* the kernel's helper: it only has to end */,
	TASK_DYING = 4,
	TASK_SUBMITTED = 8 /* block I/O */,
	TASK_HIDDEN = 16 /* has rights that the caller does not have */,
	TASK_UNSEEN = TASK_MUTED | TASK_HIDDEN
};
struct task_state {
	rec_u32 pid, tid;		/* as the tracer sees them */
	rec_u8 flags, in_call, seen /* its entry */, arch, faulted /* arguments to be copied at the exit */, split, why,
		owes /* room in the ring */;
	rec_u16 nchunks;
	rec_u8 own_memory, pad;		/* no copy of its parent's: since an exec, or its own when we came */
	rec_u32 nr, len;
	rec_u32 unlooked;		/* records since the look at the ring */
	rec_u32 resume_nr;		/* what restart_syscall(2) goes on with, + 1; 0: not known */
	rec_u32 names;			/* writes to look at: it opened the file with a thread's name */
	/* of its process, in pages: ru_maxrss at its last exec; the highest of its own memory that was read, 0 none */
	rec_u32 rss_inherited, rss_peak;
	rec_u64 enter_ns, args[6];
	rec_u64 stderrs;		/* the copies of descriptor 2 (capture/stderr.h); of a process, its leader's */
	/* without a CPU in the call it is in, where calls are counted or timed; 0: it has one */
	rec_u64 off_since_ns, off_ns;
	/* the latency programs' */
	rec_u64 runnable_ns;
	rec_u32 waker_pid, waker_tid;
	char waker[16];
	struct record_signal ignored;	/* came of the call it is in, shown after it as ptrace does; signo 0: none */
	char chunks[WIRE_INLINE];
};

/* A request to a disk, under way. */
struct wire_flight {
	rec_u64 insert_ns, issue_ns, sector, dev, ino;
	rec_u32 pid, tid, nbytes;
	rec_u8 op, writeback, pad[2];
	char disk[32];
};

static inline __attribute__((always_inline)) void flight_record(const struct wire_flight *f, rec_u64 end_ns,
								rec_i32 err, struct record_block *r)
{
	*r = (struct record_block){ .h = { sizeof(*r), RECORD_BLOCK, f->writeback, f->pid, f->tid, f->insert_ns } };
	r->queue_ns = f->issue_ns > f->insert_ns ? f->issue_ns - f->insert_ns : 0;
	r->device_ns = end_ns - (f->issue_ns ? f->issue_ns : f->insert_ns);
	r->sector = f->sector;
	r->dev = f->dev;
	r->ino = f->ino;
	r->nbytes = f->nbytes;
	r->err = err;
	r->op = f->op;
	__builtin_memcpy(r->disk, f->disk, sizeof(r->disk));
}

/* Words that both sides change. */
struct wire_shared {
	rec_u64 alive;			/* traced tasks */
	rec_u64 lost;			/* grows with `losses` */
	rec_u32 fanotify;		/* a traced task has a fanotify descriptor: what is read may bring more */
	rec_u32 wake;			/* the reader sleeps and wants to be woken, once */
	rec_u32 seek;			/* enum: what else makes a task one of ours */
	rec_u32 connecting;		/* a traced task has had a connect in progress */
	rec_u32 nslots;			/* of `counts` in use */
	rec_u32 pidns_level, self;	/* the tracer's pid namespace and its own process, filled in by each_self */
	rec_u64 user_ns, caps;		/* the caller's, see rights.bpf.h: struct user_namespace, permitted */
	rec_u32 uid, gid, euid;		/* as the kernel counts them */
	rec_u32 hold;		/* enum: how long who fills the ring may be held */
	rec_u64 root, root_mnt;		/* where names begin for it: struct dentry, struct vfsmount */
};
enum { HOLD_NOT, HOLD_SHORTLY, HOLD_LONG };
enum { SEEK_TARGETS = 1, SEEK_CGROUP = 2, SEEK_ALL = 4 };
