/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The contract between capture (ptrace, BPF, perf, a recording) and the rest.
 *
 * Capture turns the system into a stream of records; everything after it is a
 * pure function of those bytes.  A recording is this stream, compressed.
 * Shared with BPF C: fixed-width fields, no other headers.  Little-endian.
 * Append kinds, flags and chunk parts; never reorder or reuse (the version in
 * RECORD_START says what a reader may meet).
 *
 * Every record is a head, a body by kind, then `nchunks` chunks: bytes copied
 * out of the traced program, padded to 8.  All sizes are multiples of 8.
 * Times are CLOCK_MONOTONIC nanoseconds (base/clock.h).  pid is the thread group, tid the
 * thread, both as the tracer's pid namespace sees them.
 */
typedef unsigned char rec_u8;
typedef unsigned short rec_u16;
typedef unsigned int rec_u32;
typedef int rec_i32;
typedef unsigned long long rec_u64;
typedef long long rec_i64;

#define RECORD_VERSION 1
#define RECORD_MAX (1u << 20)		/* no record is larger */
#define RECORD_STR_MAX 4096		/* PATH_MAX; longer strings are marked TRUNC */

enum record_kind {
	RECORD_START = 1,	/* first of a stream */
	RECORD_CALL = 2,	/* a system call: entry and exit in one record */
	RECORD_FORK = 3,	/* a new process or thread; pid/tid are the child's */
	RECORD_EXEC = 4,	/* a successful exec, before its CALL record */
	RECORD_EXIT = 5,	/* a thread ended; the process ends with its last thread */
	RECORD_SIGNAL = 6,	/* a signal reached a thread */
	RECORD_STOP = 7,	/* group-stop */
	RECORD_TASK = 8,	/* a thread that existed before tracing began */
	RECORD_FD = 9,		/* a descriptor it had open */
	RECORD_MAP = 10,	/* a region it had mapped */
	RECORD_LOST = 11,	/* records the capture could not deliver */
	RECORD_END = 12,	/* last of a complete stream */
	RECORD_DETACH = 13,	/* tracing of a thread ended, the thread lives on */
	/* the kernel backend's own: */
	RECORD_SCHED = 14, RECORD_BLOCK = 15, RECORD_FAULT = 16,
	RECORD_WAITING = 17,	/* what a thread was in when it was found running */
	RECORD_USAGE = 18,	/* what a thread has used so far, before its EXIT or DETACH, or when it was found */
	RECORD_COUNTS = 19,	/* calls of one kind that were counted where they were made, and have no records */
	RECORD_PLACE = 20,	/* where the thread was when the SIGNAL that follows, a fault or SIGSYS, reached it */
	RECORD_CODE = 21,	/* what is there, behind the PLACE of a signal that ends the process */
	RECORD_FAULT_WAIT = 22,	/* a FAULT that the thread slept before it was served */
	RECORD_STACK = 23,	/* the functions that a thread was in when it made a call, before its CALL record */
	_RECORD_KIND_MAX,
};

struct record { rec_u32 size; rec_u16 kind, flags; rec_u32 pid, tid; rec_u64 ts_ns; };

struct record_chunk { rec_u8 arg, part; rec_u16 flags; rec_u32 len; /* then len bytes, padded to 8 */ };
enum { CHUNK_FAULT = 1, CHUNK_TRUNC = 2 /* more bytes were there */, CHUNK_AT_EXIT = 4 /* copied after the call */ };
/* Five lines of 200 bytes, at the end of what was written; of more than both the begin, too, which may say why. */
enum { STDERR_TAIL = 1000, STDERR_HEAD = 400, STDERR_KEPT = STDERR_HEAD + STDERR_TAIL };
enum chunk_part {
	PART_BYTES = 0, /* the bytes the argument points to (string, buffer, struct, address) */
	PART_IOV = 1, /* struct iovec array (64-bit, also for 32-bit programs: capture widens it) */
	PART_DATA = 2, /* first bytes of what the iovecs hold */
	PART_NAME = 3, /* msg_name */
	PART_CONTROL = 4, /* msg_control */
	PART_LEN = 5, /* a value-result length after the call, rec_u32 */
	PART_ITEM = 6, /* one string of a vector (argv, envp), in order; arg is the argument's index */
	PART_EXE = 7, /* EXEC, TASK: the file behind /proc/PID/exe */
	PART_COMM = 8,
	PART_CWD = 9,
	PART_ROOT = 10,
	PART_ARGV = 11, /* START, TASK, EXEC: one string of argv, in order */
	PART_ENVP = 12, /* EXEC: one string of the environment, in order */
	/*
	 * FD: link target; MAP: file; EXEC: the name as the program gave it; CALL: where it led, links and all, where
	 * text alone does not tell: from the tracer's root; STACK: what its frames are mapped from, each once
	 */
	PART_PATH = 13,
	PART_SOCK = 14, /* struct record_sock */
	PART_TEXT = 15, /* START: tracer version; LOST: the reason */
	/* per message of sendmmsg/recvmmsg: struct record_msg array; their PART_CONTROL follow in order */
	PART_MSGVEC = 16,
	PART_INT = 17, /* an int that the kernel wrote where a struct's member points (clone3's pidfd) */
	PART_IOCB = 18, /* io_submit: struct record_iocb array */
	PART_TARGET = 19, /* START: a process that was asked for, "12 (name)" */
	/*
	 * What the kernel answers about a descriptor (struct record_fact).  CALL: as it is right after the call, for as
	 * many as the call brought and its text does not tell; not AT_EXIT: as the call found it, where what came
	 * before was not captured (mode 0: it is not open).  FD: what struct record_fd has no room for.
	 */
	PART_FACT = 20,
	/*
	 * of the PART_FACT before it: the link /proc/PID/fd has; absent: the text of the call tells, or it is
	 * pipe:[ino], socket:[ino]
	 */
	PART_FACT_NAME = 21,
	PART_FACT_SOCK = 22, /* of the PART_FACT before it: struct record_sock */
	PART_HOLDER = 28, /* WAITING: who holds the lock, in words */
	PART_WCHAN = 29, /* WAITING: the kernel's function it sleeps in */
	PART_FDS = 30, /* WAITING in poll, select, epoll_wait: rec_i32 each, the descriptors it waits for */
	PART_ROOM = 32, /* recvmsg, recvmmsg: the room for names before the call, rec_u32 a message */
	/* after a string of a vector (ITEM, ARGV, ENVP) that was cut: rec_u64, its bytes in all */
	PART_WHOLE = 36,
	/* START: the calls that were chosen, as written; absent: those that are traced by default, or all */
	PART_CHOSEN = 38,
	/*
	 * CALL, AT_EXIT: what was written to descriptor 2 or to a copy of it, whether or not payload was asked for; of
	 * more than STDERR_KEPT bytes in one buffer two of them: the first STDERR_HEAD and the last STDERR_TAIL, of
	 * several buffers the first
	 */
	PART_STDERR = 53,
	PART_FILTER = 40, /* START: the filter that decided which calls were captured, as written */
	PART_FILE = 43, /* FD of a snapshot (START_SNAPSHOT): struct record_file; PART_PATH is its name then */
	PART_CUT = 44, /* START of a recording cut out of a trace: rec_u64, nanoseconds that it had run before */
	/* START: the host's name, its kernel, the id of its boot; each as the kernel has it */
	PART_HOST = 45, PART_KERNEL = 46, PART_BOOT = 47,
	PART_CPUS = 48, /* START: rec_u64, CPUs that were online */
	PART_ZONE = 49, /* START: rec_i64, seconds of the host's local time ahead of UTC */
	PART_OPTION = 50, /* START: one word of the tracer's own command line, in order */
	PART_SNAPSHOT = 60, /* START with START_SNAPSHOT: rec_u64, how many records behind it say how things stood */
	PART_TIMES = 70, /* COUNTS: struct record_times array */
	PART_ERRORS = 71, /* COUNTS: struct record_errors array */
	PART_CPU = 95, /* CALL: struct record_cpu */
	PART_SYMBOL = 90, /* CODE: the function's name, as the file has it; STACK: those of its frames, each once */
	PART_FRAMES = 91, /* STACK: struct record_frame array, the innermost first */
	/* START: struct record_owner, record_limits: of the command as it begins, or of the first process found */
	PART_OWNER = 80, PART_LIMITS = 81,
	/*
	 * CALL io_uring_enter: struct record_sqe array, the requests in the queue that it may submit, in order; at its
	 * exit struct record_cqe array, the last completions, the oldest first (none: there was none yet).  Without
	 * them the queue could not be read.
	 */
	PART_SQES = 93, PART_CQES = 94,
	/*
	 * Where a thread of the kernel submits (IORING_SETUP_SQPOLL), both as the call begins, of the last argument
	 * but two: the last requests in the queue, submitted or not, and the completions there are already.
	 * PART_SQE_FIRST: rec_u64, how many requests there were before the first of them, modulo 2^32.
	 */
	PART_SQE_FIRST = 96,
	PART_COUNT = 37, /* after the strings of a vector that has more: rec_u64, how many there are in all */
};

/*
 * mode, dev, rdev, ino: as stat(2) has them (dev_t as glibc's makedev); mode 0: no answer.  pid: the process of a
 * pidfd, as the tracer's pid namespace has it.  A call that opens by name brings one when what it opened is no regular
 * file, or may have another name than was asked for; one with mode 0 when there was no answer.
 */
struct record_fact { rec_i32 fd; rec_u32 mode, open_flags, flags; rec_u64 pos, dev, rdev, ino; rec_u32 pid, pad; };
enum { FACT_CLOEXEC = 1 };

/*
 * An open file description in a snapshot: equal ids are the same one.  peer: the id of its other end, 0 none.  kind,
 * conn: numbers of enum file_kind and enum conn_state (model/model.h), which are therefore only appended.
 */
struct record_file {
	rec_u32 id, peer, kind, flags, open_flags, target_pid, conn, conn_err;
	rec_u64 pos, dev, ino, connect_ns, connected_ns;
};
/* OUTSIDE: not seen from the root of the process that has it */
enum { RECORD_FILE_DELETED = 1, RECORD_FILE_HAS_POS = 2, RECORD_FILE_OUTSIDE = 4 };

/* Credentials and umask; and resource limits, soft and hard, by their numbers (RLIMIT_*), ~0: none. */
struct record_owner { rec_u32 uid, euid, gid, egid, umask, pad; };
enum { RECORD_LIMITS = 16 };
struct record_limits { rec_u64 soft[RECORD_LIMITS], hard[RECORD_LIMITS]; };

/*
 * START: chunks PART_ARGV (the command), PART_CWD, PART_TEXT, PART_TARGET…, PART_CHOSEN, PART_FILTER,
 * PART_HOST and what follows it.
 * ts_ns is the zero of all shown times.
 */
struct record_start { struct record h; rec_u32 version, page_size; rec_u64 wall_ns; rec_u32 mode, nchunks; };
enum { START_COMMAND = 1, START_ATTACH = 2, START_SYSTEM = 4, START_ALL_CALLS = 8 /* every syscall was asked for */,
       START_PAYLOAD = 16 /* the beginnings of buffers were copied */,
       START_PTRACE = 32, START_BPF = 64 /* the backend; neither: not recorded */,
       START_FACTS = 128 /* calls have PART_FACT: what was opened by name and has none is a regular file */,
       START_REDACTED = 256 /* contents of buffers were left out, and what looks like a secret was masked */,
       /*
	* Cut out of a longer trace: TASK, FD and MAP behind it say how things stood then, in full, and calls may have
	* begun before.
	*/
       START_SNAPSHOT = 512,
       START_RIGHTS = 1024 /* calls that let memory be written to were asked for */ };

enum record_arch { ARCH_X86_64 = 0, ARCH_I386 = 1, ARCH_X32 = 2 };
enum { CALL_NO_EXIT = 1,	/* the result was not asked for: ret and exit_ns mean nothing */
       CALL_UNFINISHED = 2,	/* the thread ended, or was let go, inside the call */
       CALL_RESTARTED = 4,	/* interrupted, the kernel will restart it (ERESTART*) */
       CALL_RUNNING = 8,	/* with UNFINISHED: the thread was let go inside the call, which goes on */
       CALL_COUNTED = 16,	/* it is in a COUNTS that follows, and has a record for what it did */
       CALL_FORBIDDEN = 32 };	/* with UNFINISHED: a seccomp filter sent SIGSYS instead (RET_KILL, RET_TRAP) */
struct record_call {
	struct record h;	/* ts_ns: entry */
	rec_u64 exit_ns;	/* UNFINISHED: when it was last known to be in it, 0 not known */
	rec_u32 nr; rec_u8 arch, pad; rec_u16 nchunks;
	rec_u64 args[6];
	rec_i64 ret;		/* -errno on failure */
};

/* What its thread spent on a CPU from the call's entry to its exit, and what of it the stops in between took. */
struct record_cpu { rec_u64 ns, stops_ns; };

struct record_fork {
	struct record h;
	rec_u32 parent_pid, parent_tid;
	rec_u64 clone_flags;	/* CLONE_*; fork is 0, vfork CLONE_VFORK|CLONE_VM */
	rec_u32 ns_tid, nchunks;	/* the child's tid in its own pid namespace, 0 when not known */
};

/* EXEC: chunks PART_PATH (as given), PART_EXE, PART_ARGV…, PART_ENVP….  tid is already the leader's. */
struct record_exec { struct record h; rec_u32 old_tid, nchunks; rec_u64 brk; };
enum {
	EXEC_NO_SETUID = 1,
	EXEC_NO_SETGID = 2,
	EXEC_NO_CAPS = 4 /* rights of its file that it did not get, for being traced */,
	EXEC_UNREADABLE = 8 /* its memory may not be read by the tracer */
}; /* h.flags */
struct record_exit {
	struct record h;
	rec_i32 status; /* as wait(2); -1: not known */
	rec_u32 cpu_limit;	/* of a process that SIGKILL ended: its hard RLIMIT_CPU in s; 0: none, or not known */
	rec_u64 utime_ns, stime_ns;
};
/* addr: of a fault; of SIGXCPU and SIGXFSZ the limit that was reached (s, bytes; ~0: none), 0 not known. */
struct record_signal { struct record h; rec_i32 signo, code; rec_u32 sender_pid, sender_uid; rec_u64 addr; };
/*
 * The instruction; of SIGSYS the call: its number, else -1, and AUDIT_ARCH_*.  A filter's RET_KILL sends a SIGSYS that
 * no record has: of a call that has none either the PLACE stands alone.
 */
struct record_place { struct record h; rec_u64 ip; rec_i32 nr; rec_u32 arch; };
/*
 * The file whose pages the instruction is in, PART_PATH, ino, and where in the file; into: bytes from the begin of the
 * function PART_SYMBOL, if there is one.
 */
struct record_code { struct record h; rec_u64 offset, ino, into; rec_u32 pad, nchunks; };
enum { SIGNAL_IGNORED = 1, SIGNAL_FATAL = 2 };	/* h.flags */
/*
 * ts_ns is that of the CALL, which is the next one of the thread.  Of a frame: ip, where it goes on; offset, of that in
 * the file; into, bytes from the begin of its function.  file, symbol: which PART_PATH and PART_SYMBOL of the record,
 * from 1; 0: not known, and then offset, or into, means nothing.
 */
struct record_stack { struct record h; rec_u32 pad, nchunks; };
struct record_frame { rec_u64 ip, offset, into; rec_u32 file, symbol; };
enum { STACK_CUT = 1 /* there are more frames */, STACK_BROKEN = 2 /* the next one was not found */ };	/* h.flags */
enum { STACK_FRAMES_MAX = 128 };
struct record_stop { struct record h; rec_i32 signo; rec_u32 pad; };
enum {
	RECORD_STOP_CONT = 1 /* it ended */,
	RECORD_STOP_GROUP = 2 /* for all threads of the process; one that ends may not have begun */
};

/*
 * TASK: chunks PART_COMM, PART_EXE, PART_CWD, PART_ROOT, PART_ARGV….  One per thread, leader first.  brk: where the
 * heap begins.  nexecs: of a snapshot, how often the process has called execve; elsewhere 0.
 */
struct record_task { struct record h; rec_u32 ppid, ns_tid; rec_u64 start_ns; rec_u64 brk; rec_u32 nchunks, nexecs; };
struct record_fd { struct record h; rec_i32 fd; rec_u32 open_flags; rec_u64 pos, dev, ino; rec_u32 mode, nchunks; };
enum { FD_CLOEXEC_SET = 1 };	/* h.flags of FD */
/* state: 1 when it listens */
struct record_sock {
	rec_u32 family, type, protocol, state;
	rec_u32 local_len, peer_len;
	rec_u8 local[112], peer[112];
};
/* MAP: h.flags MAP_FIRST on the first of a process: it replaces what was known of that address space.
 * flags: MAP_SHARED or MAP_PRIVATE of mmap(2). */
struct record_map {
	struct record h;
	rec_u64 start, end, offset, dev, ino;
	rec_u32 prot, flags;
	rec_u32 kind, nchunks;
};
enum { MAP_FIRST = 1, MAP_COUNTED = 2 /* of a snapshot: mapped by a call of the program */ };
enum { MAP_KIND_PLAIN = 0, MAP_KIND_HEAP = 1, MAP_KIND_STACK = 2, MAP_KIND_SPECIAL = 3 /* vdso, vvar… */ };

/*
 * SCHED: a thread could run from h.ts_ns on, and had to wait for a CPU.  The waker is who woke it, or took the CPU from
 * it.
 */
struct record_sched {
	struct record h;
	rec_u64 delay_ns;
	rec_u32 waker_pid, waker_tid, cpu;
	rec_u8 why, pad[3];
	char waker[16];
};
enum { SCHED_WAKEUP = 0, SCHED_NEW = 1, SCHED_PREEMPTED = 2, SCHED_INTERRUPT = 3 /* woken by one; no waker */ };
/*
 * BLOCK: a request to a block device, queued at h.ts_ns, on the device after queue_ns, done device_ns later.  pid 0: of
 * no traced task, as far as is known.  ino: of the file whose pages it writes, 0 not known.
 */
struct record_block {
	struct record h;
	rec_u64 queue_ns, device_ns, sector, dev, ino;
	rec_u32 nbytes;
	rec_i32 err;
	rec_u8 op, pad[7];
	char disk[32];
};
enum { BLOCK_READ = 0, BLOCK_WRITE = 1, BLOCK_FLUSH = 2, BLOCK_DISCARD = 3, BLOCK_OTHER = 4 };
enum {
	BLOCK_WRITEBACK = 1 /* written by the kernel later, for the one who wrote into the file's pages */
}; /* h.flags */
/*
 * FAULT: h.flags FAULT_MAJOR: it had to wait for a disk; >> FAULT_ORDER_SHIFT: it brought so many pages, as a power of
 * two (9: 2 MB at once).
 */
struct record_fault { struct record h; rec_u64 addr; };
enum { FAULT_MAJOR = 1, FAULT_ORDER_SHIFT = 8, FAULT_ORDER_MAX = 18 /* 1 GB */ };
/*
 * FAULT_WAIT: likewise, of a thread that slept from since_ns for wait_ns before the fault was served: in it, where it
 * did nothing else in between.
 */
struct record_fault_wait { struct record_fault f; rec_u64 since_ns, wait_ns; };

/*
 * USAGE, as /proc/PID/task/TID/schedstat has it: how long the thread ran, and how long it could have run and waited for
 * a CPU, since it began.  rss: the highest resident memory of its process, bytes, 0 not known.  h.flags: USAGE_BEFORE:
 * tracing begins here.  USAGE_OWN: rss is that of the process's own address space, and of those it has left by an exec,
 * but for a copy of its parent's.  Without it (older recordings) it is ru_maxrss, which no exec resets: also what the
 * parent had (a command's own child: the tracer), and of ptrace what children had that it waited for.
 */
struct record_usage { struct record h; rec_u64 run_ns, delay_ns, rss; };
enum { USAGE_BEFORE = 1, USAGE_OWN = 2 };

/*
 * WAITING: what a thread that was attached to was in at h.ts_ns; behind its TASK, FD and MAP.  how WAITING_CALL: nr and
 * args are those of a call, the chunks those of its entry; else they mean nothing.  since_ns: it has not run since; 0
 * not known.
 */
struct record_waiting {
	struct record h;
	rec_u64 since_ns;
	rec_u32 nr;
	rec_u8 arch, how;
	rec_u16 nchunks;
	rec_u64 args[6];
};
enum { WAITING_STOPPED = 1 /* in a group-stop, too */ };	/* h.flags */
enum {
	WAITING_CALL = 0,
	WAITING_KERNEL = 1 /* asleep in the kernel and in no call: a page fault */,
	WAITING_RUNS = 2,
	WAITING_UNREADABLE =
		3 /* nothing it waits in: from now on its memory may not be read by the tracer (PR_SET_DUMPABLE) */
};

/*
 * COUNTS, h.flags COUNTS_EXCLUDED: so many calls were excluded by the filter where they were made; the rest means
 * nothing.  Else: calls of nr that have returned, since the beginning; CALL_COUNTED records are of them, others are
 * not.
 * cpu_ns: what they spent on a CPU of sum_ns.  Chunks: PART_TIMES, each how many took ns or more, but less than 1/16
 * longer; PART_ERRORS, how many failed with err (EINPROGRESS is no failure).
 */
struct record_counts {
	struct record h;
	rec_u64 calls, sum_ns, min_ns, max_ns, cpu_ns;
	rec_u32 nr;
	rec_u8 arch, pad[3];
	rec_u32 nchunks, pad2;
};
enum { COUNTS_EXCLUDED = 1 };	/* h.flags */
struct record_times { rec_u64 ns, n; };
struct record_errors { rec_u32 err, pad; rec_u64 n; };

struct record_msg { rec_u64 nbytes; rec_u32 name_len, flags; rec_u8 name[112]; };	/* one message of *mmsg */
enum { MSG_NAME_CUT = 1 };	/* its flags: there was less room than the name needs (the decoder sets it, too) */
/* One request of io_submit: the struct iocb, and where it is (io_getevents names it by that). */
struct record_iocb { rec_u64 addr; rec_u8 iocb[64]; };
/*
 * A request in the queue of an io_uring, as in the kernel's struct io_uring_sqe up to user_data.  event: of EPOLL_CTL,
 * the struct epoll_event that addr points to; has_event 0: it could not be read.
 */
struct record_sqe {
	rec_u8 opcode, flags;
	rec_u16 ioprio;
	rec_i32 fd;
	rec_u64 off, addr;
	rec_u32 len, op_flags;
	rec_u64 user_data;
	rec_u8 event[12];
	rec_u32 has_event;
};
/* A completion; seq: how many there were before it since the ring was made, modulo 2^32. */
struct record_cqe { rec_u64 user_data; rec_i32 res; rec_u32 flags, seq, pad; };
struct record_lost { struct record h; rec_u64 count; rec_u32 cpu, nchunks; };
/*
 * END: flags END_INTERRUPTED when the user ended it.  status: what the command ended with (wait form), -1 when it lives
 * on.
 */
struct record_end { struct record h; rec_i32 status; rec_u32 pad; rec_u64 nrecords; };
enum { END_INTERRUPTED = 1, END_GOES_ON = 2 /* the recording ends here, the trace does not */ };
