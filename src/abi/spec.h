/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/meaning.h"

/*
 * What Linux says about each system call, as data.
 *
 * One row describes a call once.  Everything else is derived: what capture
 * copies out of the tracee and whether it stops there at all, how the decoder
 * reads those bytes, how sinks print them, and what the call does to the model.
 */

enum arg_type {
	ARG_NONE,
	/* in the register itself */
	ARG_INT,		/* signed 32 bit */
	ARG_UINT, ARG_LONG, ARG_ULONG,
	ARG_HEX, ARG_PTR,
	ARG_SIZE, ARG_OFF,	/* bytes; signed file offset */
	ARG_MODE,		/* octal permission bits */
	ARG_DEV, ARG_PID, ARG_UID, ARG_SIGNAL, ARG_CLOCKID,
	ARG_IOCTL,		/* a request of ioctl(2): .names, or direction, type, number and size */
	ARG_QUOTACTL,		/* .names in all but the low byte, which is the type of quota */
	ARG_PAGES,		/* a file offset in units of 4096 bytes; the decoder makes bytes of it */
	/* no argument, though later words are: not looked at by the kernel, or the upper half of another (.high) */
	ARG_HOLE,
	ARG_FD,			/* an open descriptor */
	ARG_DIRFD,		/* likewise, or AT_FDCWD; the path that follows is relative to it */
	ARG_FLAGS,		/* OR of .names */
	ARG_ENUM,		/* one of .names */
	/* memory read at entry */
	ARG_PATH,		/* NUL-terminated file name */
	ARG_STR,		/* NUL-terminated, not a file name */
	ARG_STRV,		/* NULL-terminated array of strings */
	ARG_BUF_IN,		/* bytes, count in argument .len */
	ARG_IOVEC_IN,		/* struct iovec[], count in argument .len */
	ARG_SOCKADDR_IN,	/* length in argument .len */
	ARG_MSGHDR_IN, ARG_MMSGHDR_IN,
	ARG_STRUCT_IN,		/* .size bytes */
	ARG_ARRAY_IN,		/* .size bytes an element, count in argument .len */
	ARG_IOVEC,		/* struct iovec[], count in argument .len; what they point to is another process's */
	ARG_OPTVAL_IN,		/* of a socket: length in argument .len; argument .by names the option */
	ARG_IOCBS_IN,		/* struct iocb *[], count in argument .len */
	/* memory read at exit, when the call succeeded */
	ARG_BUF_OUT,		/* bytes, as many as the call returned, at most what the next argument has room for */
	ARG_IOVEC_OUT,
	ARG_SOCKADDR_OUT,	/* argument .len points to the length */
	ARG_MSGHDR_OUT, ARG_MMSGHDR_OUT,
	ARG_STRUCT_OUT,		/* .size bytes */
	ARG_ARRAY_OUT,		/* .size bytes an element, as many as the call returned, at most argument .len */
	ARG_FDPAIR_OUT,		/* int[2] */
	ARG_OPTVAL_OUT,		/* likewise; argument .len points to the length */
	ARG_STR_OUT,		/* bytes as in BUF_OUT, a NUL ends it (getcwd, readlink) */
	/* both */
	ARG_STRUCT_INOUT,	/* .size bytes at entry and again at exit */
	/* .size bytes an element, count in argument .len, at entry and again at exit (pollfd) */
	ARG_ARRAY_INOUT,
	/* a bit a descriptor, argument .len is the number of bits, at entry and again at exit */
	ARG_FD_SET,
	/* only inside structs */
	ARG_IPV4, ARG_IPV6,
	_ARG_TYPE_MAX,
};

enum ret_type {
	RET_INT,
	RET_FD,
	RET_HEX,
	RET_SIZE,
	RET_PID,
	RET_MODE,
	RET_NEVER /* exit, sigreturn */,
	RET_FOREIGN /* a word of the program's that the call leaves alone */
};

enum group {		/* a call may be in several */
	GRP_FILE = 1 << 0,	/* takes a file name */
	GRP_DESC = 1 << 1,	/* works on descriptors */
	GRP_IO = 1 << 2,	/* moves bytes */
	GRP_NET = 1 << 3, GRP_MEM = 1 << 4, GRP_PROC = 1 << 5, GRP_SIGNAL = 1 << 6, GRP_IPC = 1 << 7,
	GRP_TIME = 1 << 8,	/* clocks, timers, sleeping */
	GRP_WAIT = 1 << 9,	/* may block without moving bytes: futex, poll, wait */
	GRP_SYS = 1 << 10,	/* the rest: system, security, information */
};

/*
 * What a call does to the model.  The effect names what is traced by default and whether its result is needed
 * (abi/effect.c), the model function (model/fx_*.c), and the kind of event (event/event.c).
 */
enum effect {
	FX_NONE,
	FX_OPEN,
	FX_CLOSE,
	FX_CLOSE_RANGE,
	FX_DUP,
	FX_FCNTL,
	FX_PIPE,
	FX_SPECIAL_FD,
	FX_PIDFD_GETFD,
	FX_OPEN_HANDLE,
	FX_READ,
	FX_WRITE,
	FX_TRANSFER,
	FX_SEEK,
	FX_IO_SUBMIT,
	FX_IO_DONE,
	FX_IO_URING,
	FX_RING_FILES,
	FX_VM_RW,
	FX_SOCKET,
	FX_SOCKETPAIR,
	FX_CONNECT,
	FX_ACCEPT,
	FX_BIND,
	FX_LISTEN,
	FX_SEND,
	FX_RECV,
	FX_SENDMMSG,
	FX_RECVMMSG,
	FX_SHUTDOWN,
	FX_GETSOCKOPT,
	FX_SOCKNAME /* getsockname, getpeername */,
	FX_POLL,
	FX_MMAP,
	FX_MUNMAP,
	FX_MREMAP,
	FX_MPROTECT,
	FX_MADVISE,
	FX_BRK,
	FX_SHMGET,
	FX_SHMAT,
	FX_SHMDT,
	FX_CHDIR,
	FX_FCHDIR,
	FX_CHROOT,
	FX_LOOKUP /* stat, access… by name */,
	FX_READLINK,
	FX_RENAME,
	FX_UNLINK,
	FX_MKDIR,
	FX_RMDIR,
	FX_LINK,
	FX_SYMLINK,
	FX_MKNOD,
	FX_CHMOD,
	FX_CHOWN,
	FX_TRUNCATE,
	FX_FALLOCATE,
	FX_UTIMES,
	FX_XATTR,
	FX_SYNC,
	FX_MOUNT,
	FX_UMOUNT,
	FX_EXEC,
	FX_CLONE,
	FX_EXIT,
	FX_WAIT,
	FX_UNSHARE,
	FX_SETNS,
	FX_KILL,
	FX_SETSID,
	FX_SETPGID,
	FX_PRCTL,
	FX_SECCOMP,
	FX_PTRACE,
	FX_SLEEP,
	FX_FUTEX,
	FX_PROBE, /* the kernel's own, where another tracer has put a probe: nothing the program does */
	FX_NEWFD /* returns a descriptor; only the kernel knows of what */,
	FX_IOCTL,
	/* None, but known by what they mean to a reader (struct meaning). */
	FX_DIR,
	FX_LOCK,
	FX_MESSAGE, /* sends to, or receives from, a message queue */
	FX_SEMAPHORE, /* System V: may wait for them */
	FX_SIGWAIT, /* waits for a signal, as its result */
	FX_FSTAT,
	FX_SETSOCKOPT,
	FX_CLOCK,
	FX_ID,
	FX_LIMIT,
	FX_INFO,
	FX_SIGMASK,
	_FX_MAX,
};

/*
 * What the kernel is asked when a call has succeeded, because the text of the call does not tell what a descriptor is.
 * Each answer is a PART_FACT of the call's record (record/record.h).
 */
enum fd_ask {
	ASK_NOTHING,
	/* the descriptor returned was opened by name: of what kind is it?  Its name only where it has none */
	ASK_KIND,
	ASK_NUMBER,		/* the descriptor returned is known but for its inode number */
	ASK_RETURNED,		/* the descriptor returned: everything */
	/* the descriptor in the first argument, a socket whose addresses the call may have set; also at EINPROGRESS */
	ASK_ARGUMENT,
	ASK_PAIR,		/* the two descriptors written to a FDPAIR_OUT: inode numbers */
	ASK_CONTROL,		/* those that came in control messages: SCM_RIGHTS, SCM_PIDFD */
	ASK_WRITTEN,		/* the one written to the first STRUCT_OUT, an int */
	/* those in the events that a BUF_OUT holds, when the first argument is a fanotify descriptor */
	ASK_EVENTS,
};

/* bytes: where the number of those it moved is: its result, or the event's own count. */
enum bytes_from { BYTES_NONE, BYTES_RET, BYTES_VAL };
struct meaning { uint8_t op, category, io, bytes /* enum bytes_from */; };

/*
 * What names are of: processes and threads; sockets; all descriptors, and working directories; sockets that come by
 * another number or from another process, where no call looks at what its descriptor is.
 */
enum { NAMES_TASKS = 1, NAMES_SOCKETS = 2, NAMES_FILES = 4, NAMES_COPIES = 8, NAMES_ALL = 15 };
struct effect_info {
	const char *name;
	bool by_default;	/* traced even when not every call is asked for */
	/* traced even then, for how long it took and what for: never a line of its own, not where calls were chosen */
	bool waits;
	bool needs_exit;	/* by default, too, the result is needed: a second stop */
	uint8_t names;		/* NAMES_*: traced even when other calls were chosen, names come from it; 0: not */
	uint8_t ask;		/* enum fd_ask, for calls whose row asks nothing of its own */
	bool has_meaning;
	struct meaning means;
};
const struct effect_info *effect_info(enum effect fx);

struct layout;	/* fields of a struct; abi/layout.h */
struct name_val {
	uint64_t val;
	const char *name;
	const struct layout *layout; /* of a socket option: its value, NULL: an int */
};
/* mask 0: a set of flags.  Otherwise the bits of mask hold one value, the rest are flags.  Ends with a NULL name. */
struct names { const struct name_val *v; uint64_t mask; uint64_t octal; /* permission bits among the flags */ };

struct arg_spec {
	/* the model finds some by it: flags, mode, length, len, offset, out_fd, in_fd, fd_in, fd_out… */
	const char *name;
	uint8_t type;		/* enum arg_type */
	uint8_t len;		/* index of the argument that holds the count */
	/* of a STRUCT, or of an ARRAY's element; a STRUCT with .len is as long as that argument says, at most .size */
	uint16_t size;
	/* of the register the kernel looks at: 16, 32 or 64; 0: as many as its type has, arg_bits() */
	uint8_t bits;
	uint8_t high;		/* i386: the argument with the upper 32 bits of this one; 0 none */
	bool needed;		/* the model reads it: copied even when only default lines are wanted */
	/* of a STRUCT_OUT: the kernel writes it only when the result is above 0; else what is there is no argument */
	bool if_positive;
	uint8_t deref;		/* of a STRUCT_IN: where in it is a pointer to an int that the kernel writes; 0 none */
	uint8_t by;		/* the argument that decides among .choice */
	const struct names *names;
	const struct layout *layout;
	const struct arg_choice *choice;
};

/*
 * What an argument is when (args[by] & mask) is val, instead of what its row says; a type of ARG_NONE: it and all after
 * it are not there.  The decoder has chosen already (struct value.spec, struct call.nargs).  Ends with a mask of 0.
 */
struct arg_choice { uint32_t mask, val; struct arg_spec spec; };

/*
 * Which words are arguments, where args[by] decides about all of them: of the first entry that fits, a bit an argument.
 * The others are ARG_HOLE.  No entry fits: all are.  Ends with a mask of 0.
 */
struct arg_use { uint32_t mask, val; uint8_t args; };
struct arg_usage { uint8_t by; const struct arg_use *uses; };

/*
 * Traced by default only when (args[arg] & mask) is one of vals (invert: is none of them).  A filter the kernel can
 * run: it spares stops for the forms of a call that say nothing (fcntl(F_GETFL), fstat spelled as newfstatat).
 */
enum { COND_VALS = 28 };
struct arg_cond { uint8_t arg, nvals; bool invert; uint32_t mask, vals[COND_VALS]; };
bool cond_holds(const struct arg_cond *cond, const uint64_t args[6]);	/* NULL: always */

/*
 * Calls that report EINTR by themselves when a signal comes, whether a handler runs or not (signal(7); socket calls
 * with a timeout: sock_intr_errno()), and those the kernel starts again with their whole time (io_pgetevents).  Where
 * the limit of their time is, and what they return at it.
 */
enum wait_limit {
	WAIT_NOT,		/* not one of them */
	WAIT_ENDLESS,		/* has no limit */
	WAIT_MS,		/* milliseconds in .arg, a negative int: none */
	WAIT_TIMESPEC, WAIT_TIMESPEC32,		/* .arg points to it, NULL: none; of longs or of 32-bit words */
	/*
	 * Likewise, but only where the kernel cannot write back what is left of it, in memory that is read-only
	 * (poll_select_finish()): otherwise the call is started again with the rest.
	 */
	WAIT_TIMESPEC_UNWRITTEN, WAIT_TIMESPEC32_UNWRITTEN, WAIT_TIMEVAL_UNWRITTEN, WAIT_TIMEVAL32_UNWRITTEN,
	WAIT_RECV, WAIT_SEND,	/* SO_RCVTIMEO, SO_SNDTIMEO of the socket in .arg */
	WAIT_SPLICE,		/* of the socket in .arg, else of the one in .arg + 2 */
	WAIT_IO_URING,		/* struct io_uring_getevents_arg in .arg + 1 where the flags in .arg say so */
};
struct call_wait { uint8_t limit /* enum wait_limit */, arg; int16_t result; };

/* What to ask (enum fd_ask), and of which forms of the call; NULL: of all. */
struct fd_question { uint8_t what; const struct arg_cond *when; };

struct syscall_spec {
	const char *name;
	uint32_t groups;
	uint8_t ret, effect;
	uint8_t nargs;
	bool cloexec;		/* the descriptor it returns is always close-on-exec */
	bool wraps;		/* stands for another call, see spec_unwrap(): a filter by number cannot tell which */
	struct call_wait wait;
	struct arg_spec args[6];
	const struct arg_cond *when;
	const struct arg_usage *usage;
	const struct fd_question *question;	/* NULL: as its effect says */
};
struct meaning spec_meaning(const struct syscall_spec *spec);	/* its effect's, else by its group */
struct fd_question spec_question(const struct syscall_spec *spec);	/* the row's own, or its effect's */

/*
 * How many bits of a 64-bit register the kernel looks at; a program may leave anything in the rest
 * (arch/x86/include/asm/syscall_wrapper.h).
 */
extern const uint8_t arg_type_bits[_ARG_TYPE_MAX];	/* 0: all 64 */
static inline unsigned arg_bits(const struct arg_spec *arg)
{
	unsigned bits = arg->bits ? arg->bits : arg_type_bits[arg->type];

	return bits ? bits : 64;
}

#define SYSCALL_MAX 1024	/* numbers from here on are shown raw */

/*
 * Never NULL: unknown numbers get a row that prints six hex words and whose name is NULL (sinks print
 * syscall_N / syscall_i386_N).  arch is enum record_arch; x32's numbers may carry their bit or not.  i386 rows describe
 * i386's own argument layouts, with two things already made alike: capture widens struct iovec and struct msghdr, and
 * the decoder msg_control.
 */
const struct syscall_spec *syscall_spec(unsigned arch, unsigned nr);

/*
 * i386 makes some calls through others: socketcall, ipc, and old mmap and select with their arguments in memory.
 * Rewrites number and arguments to those of the call that is meant, where there is one.  read copies 32-bit words out
 * of the program; false when it cannot.
 */
typedef bool spec_read_words_fn(void *ctx, uint64_t addr, unsigned nwords, uint32_t *ret_words);
void spec_unwrap(unsigned *nr, uint64_t args[6], spec_read_words_fn *read, void *ctx);

int syscall_number(const char *name);			/* x86-64; -1 when there is none */
int spec_find_arg(const struct syscall_spec *spec, enum arg_type type, unsigned nth);	/* -1 when it has none */

/* Names of values, for sinks. */
const struct name_val *names_entry(const struct names *names, uint64_t val);	/* exact value; NULL when not there */
const char *names_find(const struct names *names, uint64_t val);	/* likewise */
/*
 * A value as names, in the order of their table: that of the field first.  What has none: the whole field (mask),
 * permission bits (octal), other bits.  Nothing at all: 0 that has no name.  names may be NULL.
 */
struct names_split { const char *names[65]; unsigned n; uint64_t field, mode, rest; };
void names_split(const struct names *names, uint64_t val, struct names_split *ret);
const char *errno_name(int err);	/* "ENOENT", also ERESTARTSYS…; NULL when unknown */
const char *errno_text(int err);	/* "No such file or directory" */
const char *signal_name(int signo);	/* "SIGTERM", "SIGRT_3"; never NULL (a static table) */
