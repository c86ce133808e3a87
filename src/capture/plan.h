/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/spec.h"
#include "capture/stderr.h"

/*
 * What to copy for one call, derived from its row.  ptrace executes a plan
 * with process_vm_readv; the BPF program gets the same array as a map value.
 */
enum plan_op {
	PLAN_SKIP,
	PLAN_STR,		/* up to max bytes, ends at NUL */
	PLAN_LEN_ARG,		/* args[len] * size bytes, at most max */
	PLAN_LEN_RET,		/* ret * size bytes, at most max */
	PLAN_FIXED,		/* size bytes */
	PLAN_LEN_AT,		/* args[len] points to the length */
	PLAN_BITS,		/* a bit for each of args[len], which is an int */
	/* the array (args[len] elements) and the first max bytes of data; at exit: ret bytes of data */
	PLAN_IOVEC,
	PLAN_IOV,		/* the array alone */
	PLAN_ROOM,		/* the room that a struct msghdr has for its name */
	PLAN_ROOMS,		/* likewise of args[len] struct mmsghdr */
	PLAN_MSGHDR,		/* name and control, whole; with max also the iovec, as IOVEC */
	PLAN_MMSGHDR,		/* per message, of the first ret: length, name */
	PLAN_STRV,		/* NULL-terminated array of strings, until max bytes of chunks are full */
	PLAN_DEREF,		/* the int to which a pointer points that is max bytes into the struct */
	/*
	 * at exit: where a name led.  max 0: that of the descriptor returned, when there is a `..` in it; 1: that of
	 * the cwd
	 */
	PLAN_REAL,
	PLAN_STR_IF,		/* as STR, when args[len] is max */
	PLAN_IOCBS,		/* what an array of args[len] pointers to struct iocb points to; at most max of them */
	PLAN_SQES,		/* what is in the queue of the io_uring that is args[0] (struct record_sqe) */
	PLAN_CQES,		/* at exit: its last completions (struct record_cqe) */
	PLAN_POLLED,		/* at entry: both, where a thread of the kernel submits */
	/*
	 * LEN_ARG at entry, LEN_RET at exit: at exit where io_uring_register is about the thread's registered rings, at
	 * entry where it is not (plan_is_of_rings)
	 */
	PLAN_RING_ARG,
};
/* narrow: the kernel looks at 32 bits of args[len]. */
struct plan_arg { uint8_t op, len : 7, narrow : 1; uint16_t size; uint32_t max; };
/* leave runs only when the call succeeded.  Pointers that are NULL are skipped. */
struct capture_plan {
	bool wanted;		/* this call is traced */
	/* whatever its arguments: the row's condition (struct syscall_spec .when) does not count */
	bool every_form;
	bool exit;		/* its result is needed */
	bool only_done;		/* an exec that nothing shows: it is of no use but where it succeeds */
	bool maps_code;		/* it stops where its argument says that code is mapped: for names of functions */
	/*
	 * A thread's name is written to /proc/…/comm, where nothing but the bytes tells it.  opens: the call opens the
	 * path that is its first chunk; names: argument + 1 whose bytes are such a name after such an open, PLAN_NAMES
	 * writes at most.
	 */
	uint8_t opens, names;
	/*
	 * argument + 1 whose bytes are kept (PART_STDERR) where argument 0 is the standard error or a copy of it, 0:
	 * none; whether that is a struct iovec[] of args[words_len]
	 */
	uint8_t words, words_len;
	bool words_iov;
	uint8_t stderr_does;	/* enum stderr_does */
	/* a supervisor may answer it with a descriptor of its own (SECCOMP_IOCTL_NOTIF_ADDFD) */
	bool returns_fd;
	/* argument + 1 of the descriptor that is looked at as the call begins (no NAMES_COPIES), 0: none */
	uint8_t looks;
	uint8_t ask;		/* enum fd_ask: what is asked about descriptors when it has succeeded */
	uint8_t ask_arg;	/* the argument that holds them, where ask is of one */
	struct plan_arg enter[6], leave[6];
};
enum { RING_COPIED = 64 /* requests and completions of one call */ };
enum { RINGS_REGISTERED = 16 /* of one thread: IO_RINGFD_REG_MAX */ };

/* Of io_uring_register: IORING_REGISTER_RING_FDS or IORING_UNREGISTER_RING_FDS, through a descriptor or an index. */
static inline bool plan_is_of_rings(uint64_t opcode) { return (opcode & 0x7ffffffe) == 20; }
/*
 * A vector of strings: two are less than RECORD_MAX, and their chunks fit a rec_u16.  Lines and the summary show less
 * than 1 KB of a command line.
 */
enum { PLAN_STRV_MAX = 400 << 10, PLAN_STRV_BEGIN = 8 << 10 };
enum { PLAN_NAMES = 8, PLAN_NAME_MAX = 16 /* TASK_COMM_LEN */ };
#define PLAN_NAME_FILE "/comm"		/* what such a path ends with */

/* Did the call, which returned ret, write words for a person that are to be kept?  stderrs: capture/stderr.h */
static inline bool plan_keeps_words(const struct capture_plan *plan, uint64_t stderrs, uint64_t fd, int64_t ret)
{
	return plan->words && ret > 0 && stderr_is(stderrs, fd);
}

/* ret: what the call returned.  A connect that is in progress has an address of its own already. */
static inline bool plan_asks(const struct capture_plan *plan, int64_t ret)
{
	return plan->ask && (ret >= 0 || (plan->ask == ASK_ARGUMENT && ret == -115 /* EINPROGRESS */));
}

/* What to capture. */
struct plan_wish {
	bool all;			/* every call with its result */
	unsigned max_payload;		/* bytes of buffers to copy */
	bool links;			/* what is opened by name is asked for its whole name */
	const struct callset *chosen;	/* without all: these as with it, and what names need; NULL: the default set */
	const struct callset *usual;	/* with chosen: of these, too, what the default set has; NULL: of none */
	unsigned names;			/* with chosen: NAMES_* of what has to have its name */
	bool code;			/* where code is mapped has to be known */
	bool strings_begin;		/* PLAN_STRV_BEGIN of vectors of strings are enough, except of chosen calls */
};
/* What has to have its name where these calls are shown: one that takes nothing but sockets needs no files. */
unsigned plan_names(const struct callset *chosen, const struct callset *usual);
/* Whether what lets memory be written to is captured; no chosen: what the default set has. */
bool plan_rights(const struct callset *chosen, const struct callset *usual);
/* arch: enum record_arch. */
void plan_compile(unsigned arch, unsigned nr, const struct plan_wish *wish, struct capture_plan *ret_plan);
