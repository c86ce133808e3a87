/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What happened, to what, for how long.  One row per kind (event.c) says its
 * name, category and whether a live line shows it; sinks derive from the rows.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/meaning.h"

struct call;
struct item;
struct file;
struct proc;
struct task;
struct region;
struct addr;
struct conn;

enum event_kind {
	EV_CALL, /* a call without a kind of its own */
	/* process */
	EV_EXEC,
	EV_EXEC_FAILED,
	EV_FORK,
	EV_THREAD,
	EV_EXIT,
	EV_THREAD_EXIT,
	EV_ATTACH,
	EV_DETACH,
	EV_WAIT,
	EV_CHDIR,
	EV_SESSION,
	/* file */
	EV_OPEN,
	EV_CLOSE,
	EV_DUP,
	EV_PIPE,
	EV_SPECIAL_FD,
	EV_LOOKUP,
	EV_RENAME,
	EV_UNLINK,
	EV_MKDIR,
	EV_RMDIR,
	EV_LINK,
	EV_SYMLINK,
	EV_MKNOD,
	EV_CHMOD,
	EV_CHOWN,
	EV_TRUNCATE,
	EV_FALLOCATE,
	EV_UTIMES,
	EV_XATTR,
	EV_SYNC,
	EV_MOUNT,
	EV_UMOUNT,
	/* I/O on files, pipes, terminals; on sockets it is SEND and RECV whatever the call */
	EV_READ,
	EV_WRITE,
	EV_TRANSFER,
	EV_SEEK,
	/* network */
	EV_SOCKET,
	EV_CONNECT,
	EV_CONNECTED,
	EV_CONNECT_FAILED /* the outcome of a connect that was in progress */,
	EV_ACCEPT,
	EV_BIND,
	EV_LISTEN,
	EV_SEND,
	EV_RECV,
	EV_PEEK /* looked at, not received: MSG_PEEK, MSG_ERRQUEUE */,
	EV_SHUTDOWN,
	/* memory */
	EV_MMAP,
	EV_MUNMAP,
	EV_MREMAP,
	EV_MPROTECT,
	EV_MADVISE,
	EV_BRK,
	/* the rest */
	EV_SIGNAL,
	EV_KILL,
	EV_STOP,
	EV_CONT,
	EV_SLEEP,
	EV_POLL,
	EV_FUTEX,
	EV_LOST,
	EV_SCHED,
	EV_BLOCK,
	EV_FAULT,
	EV_START,
	EV_END,
	/*
	 * Nothing the program did: the last descriptor of an open file description went away (closed, replaced, exec,
	 * exit), so what .file says now is final.  With .conn, only that is over (struct conn): its socket lives on.
	 * For tables of files and connections; never a line, never a row.
	 */
	EV_RELEASE,
	/*
	 * Likewise: memory that a process had when it was attached to.  nbytes was mapped, delta is heap.
	 */
	EV_MEMORY_SNAPSHOT,
	/*
	 * What a thread that was attached to was in: details in .item, .call where it is in one.  text: who
	 * holds what it waits for, or (no call) the kernel's function.  Its call has an event of its own when it ends,
	 * or tracing does.
	 */
	EV_WAITING,
	/* Calls that were only counted: details in .item (RECORD_COUNTS).  For sums; never a line, never a row. */
	EV_COUNTS,
	_EV_MAX,
};

struct event_info {
	const char *name;	/* as in filters and the report's type column when there is no call: "exec", "signal" */
	const char *verb;	/* how a live line begins: "open", "recv"; NULL: never a live line of its own */
	uint8_t category;	/* enum category */
	/* enum op, without a call: what a report takes it for, and (not OTHER) where no calls were recorded */
	uint8_t op, op_alone;
	uint8_t io;		/* enum io, likewise */
	bool state;		/* LAYER_STATE */
	bool live;		/* shown by default */
	bool live_failed;	/* shown by default when it failed (always so when live) */
};
/* Why something is lost in the model; what a recording lost has its own reason (PART_TEXT). */
enum lost_reason { LOST_ASYNC, LOST_TASKS };
const char *event_lost_reason(enum lost_reason why);
extern const struct event_info event_infos[_EV_MAX];
/* Inlined: several ask for it at each event. */
static inline const struct event_info *event_info(enum event_kind kind)
{
	return &event_infos[(unsigned)kind < _EV_MAX ? kind : EV_CALL];
}

/* flags of CONNECT_FAILED: connect returned success before the peer was asked (TCP_FASTOPEN_CONNECT) */
enum { CONN_TAKEN_BACK = 1 };

/* An open file below a directory that was renamed: what it was called, and is. */
struct renamed { const char *from, *to; uint32_t from_len, to_len; };

/*
 * The instruction that a fault came from: its file, where in it, and the function with the bytes into it.  Bytes as the
 * file and its name have them; symbol NULL: not known.
 */
struct instruction { const char *file, *symbol; uint32_t file_len, symbol_len; uint64_t offset, into; };

/* A function that a thread was in: where it goes on, in which file, by which name; NULL, of length 0: not known. */
struct frame { const char *file, *symbol; uint32_t file_len, symbol_len; uint64_t ip, offset, into; };
/* The innermost first.  cut: there are more; broken: the next one was not found. */
struct stack { const struct frame *frames; unsigned n; bool cut, broken; };

/* A descriptor that was waited for; file as it was then, never NULL. */
struct waited { int fd; const struct file *file; };

struct event {
	enum event_kind kind;
	uint64_t ts_ns, dur_ns;		/* start (CLOCK_MONOTONIC) and duration; 0: instant, or not known */
	const struct task *task;	/* who; NULL for START, END, LOST without a task */
	const struct call *call;	/* the call behind it; NULL for what no call made */
	/* what it was made from, never NULL; START, END: the command, wall clock, mode, how it ended */
	const struct item *item;
	int err;			/* 0, or a positive errno: it failed */
	/* descriptors concerned, -1: none.  dup: fd2 is the new one; pipe, socketpair: both ends */
	int fd, fd2;
	/* their open file descriptions (before a close takes effect); TRANSFER: from file to file2 */
	const struct file *file, *file2;
	/*
	 * A descriptor argument that the call itself gave another name (bind, connect) or file (dup2): what it was
	 * called before, a copy; file NULL: it was free.  Not known: no argument was.
	 */
	struct { bool known; int fd; const struct file *file; } was;
	/*
	 * Resolved absolute paths (bytes, NUL-terminated); path2: rename's and link's new name.  MUNMAP, MPROTECT,
	 * MADVISE, MREMAP: the file behind the region at addr, before the call took effect.
	 */
	const char *path, *path2;
	uint32_t path_len, path2_len;
	/* RENAME: files that are open below path, which has another name now */
	const struct renamed *renamed; uint32_t nrenamed;
	const char *raw; uint32_t raw_len;	/* path as the program gave it */
	uint64_t nbytes;		/* moved; MMAP, BRK…: size of the range */
	uint64_t addr;			/* start of the range; SIGNAL: as in struct record_signal */
	/*
	 * PROT_*; MAP_*; open flags; clone flags; RENAME_*; FALLOC_FL_*; SIGNAL: SIGNAL_IGNORED, SIGNAL_FATAL;
	 * EXEC, WAITING: EXEC_*; CONNECT_FAILED: CONN_TAKEN_BACK
	 */
	uint32_t prot, flags;
	int64_t delta;			/* BRK: growth of the heap, may be negative */
	/* what .file and .file2, sockets, had this with; NULL: no peer was concerned */
	const struct conn *conn, *conn2;
	const struct addr *peer;	/* who was at the other end of this send/recv/accept/connect */
	const struct task *child;	/* FORK, THREAD: the new one */
	/* WAIT: who ended; KILL, process_vm_*: the target.  pid, and process id where traced; 0: none */
	uint32_t target_pid, target_proc;
	/* KILL of a process group: which; 0: that of the first process, whose number is not known */
	bool target_group; uint32_t target_pgid;
	bool target_all;		/* KILL of all that the sender may signal */
	int status;			/* EXIT, WAIT: wait form, -1 unknown; END: the command's */
	int signo, sigcode; uint32_t sender_pid, sender_uid;
	/* SIGNAL: with sender_pid 0: the sender's number in the receiver's pid namespace, where no more is known */
	uint32_t sender_ns_pid;
	/*
	 * SIGNAL, of a fault or SIGSYS: the instruction, 0 not known; of SIGSYS the call, NULL not known.  EXIT: of a
	 * SIGSYS that was no event
	 */
	uint64_t ip;
	const struct syscall_spec *forbidden;
	const struct instruction *instruction;	/* SIGNAL that ends the process: what is at ip, NULL not known */
	bool sender_outside;		/* SIGNAL: it has no number there */
	/*
	 * Process id of the first of its pid namespace, 0: not known, or the tracer's.  EXIT: 0 also where it is that
	 * one itself; KILL of all: of the sender's.
	 */
	uint32_t init;
	bool found;			/* the call was under way when its thread was attached to */
	uint64_t before_ns;		/* found, WAITING: for how long it had been then, as far as known */
	const struct region *region;	/* FAULT: where, NULL: not known */
	const struct stack *stack;	/* where the call was made, NULL: not captured */
	/*
	 * POLL, io_uring_enter: those that became ready; timed_out: none did, until its time was over or a signal
	 * came, and these were waited for in vain.  Of an epoll or select with many, the first ones.
	 */
	const struct waited *waited; uint32_t nwaited;
	bool timed_out;
	uint64_t count;			/* LOST: how many */
	const char *text; uint32_t text_len;	/* LOST: why */
};
