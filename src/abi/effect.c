/* SPDX-License-Identifier: MIT */
#include "abi/rows.h"

/*
 * The default set is what live lines, the summary and the model need, and no more: each traced call costs a stop
 * (5 µs under ptrace), its result another.
 */
#define D .by_default = true
#define DX .by_default = true, .needs_exit = true
#define TIMED .waits = true
#define ASKS(what) .ask = ASK_##what
/*
 * Traced whatever was chosen (-e): without it descriptors, working directories and processes would lose their names.
 * FILES: what only calls that take a file need; SOCKETS: what those need, too, that take nothing but sockets; COPIES:
 * likewise, unless each of these looks at its descriptor.
 */
#define NAMES(what) .names = NAMES_##what
/* What a reader takes it for.  Without: by the call's group. */
#define IS(op_, cat_) .has_meaning = true, .means = { .op = OP_##op_, .category = CAT_##cat_ }
#define MOVES(op_, cat_, io_, bytes_) /* bytes, and where their number is */ \
	.has_meaning = true, \
	.means = { .op = OP_##op_, .category = CAT_##cat_, .io = IO_##io_, .bytes = BYTES_##bytes_ }
static const struct effect_info infos[_FX_MAX] = {
	[FX_NONE] = { "none" },
	[FX_OPEN] = { "open", DX, NAMES(FILES), ASKS(KIND), IS(OPEN, FILE) },
	/* Linux frees the descriptor even when close fails (EBADF aside). */
	[FX_CLOSE] = { "close", D, NAMES(FILES), IS(CLOSE, FILE) },
	[FX_CLOSE_RANGE] = { "close_range", D, NAMES(FILES), IS(CLOSE, FILE) },
	[FX_DUP] = { "dup", DX, NAMES(COPIES), IS(DUP, FILE) },
	[FX_FCNTL] = { "fcntl", DX, NAMES(COPIES), IS(FCNTL, FILE) },
	[FX_PIPE] = { "pipe", DX, NAMES(FILES), ASKS(PAIR), IS(PIPE, FILE) },
	[FX_SPECIAL_FD] = { "special_fd", DX, NAMES(FILES), IS(OTHER, FILE) },
	[FX_PIDFD_GETFD] = { "pidfd_getfd", DX, NAMES(COPIES), ASKS(RETURNED), IS(DUP, FILE) },
	[FX_OPEN_HANDLE] = { "open_handle", DX, NAMES(FILES), ASKS(RETURNED), IS(OPEN, FILE) },
	[FX_READ] = { "read", DX, ASKS(EVENTS), MOVES(READ, FILE, IN, RET) },
	[FX_WRITE] = { "write", DX, MOVES(WRITE, FILE, OUT, RET) },
	[FX_TRANSFER] = { "transfer", DX, MOVES(READ, FILE, COPY, RET) },
	[FX_SEEK] = { "seek", IS(SEEK, FILE) },
	[FX_IO_SUBMIT] = { "io_submit", DX, NAMES(FILES), IS(OTHER, FILE) },
	[FX_IO_DONE] = { "io_done", DX, NAMES(FILES), IS(OTHER, FILE) },
	[FX_IO_URING] = { "io_uring", TIMED, IS(OTHER, FILE) },
	[FX_RING_FILES] = { "ring_files", DX, IS(OTHER, FILE) },
	[FX_VM_RW] = { "vm_rw", DX, IS(OTHER, MEMORY) },
	[FX_SOCKET] = { "socket", DX, NAMES(SOCKETS), ASKS(NUMBER), IS(SOCKET, NETWORK) },
	[FX_SOCKETPAIR] = { "socketpair", DX, NAMES(SOCKETS), ASKS(PAIR), IS(PIPE, NETWORK) },
	[FX_CONNECT] = { "connect", DX, NAMES(SOCKETS), ASKS(ARGUMENT), IS(CONNECT, NETWORK) },
	[FX_ACCEPT] = { "accept", DX, NAMES(SOCKETS), ASKS(RETURNED), IS(ACCEPT, NETWORK) },
	[FX_BIND] = { "bind", DX, NAMES(SOCKETS), ASKS(ARGUMENT), IS(BIND, NETWORK) },
	[FX_LISTEN] = { "listen", DX, NAMES(SOCKETS), ASKS(ARGUMENT), IS(LISTEN, NETWORK) },
	[FX_SEND] = { "send", DX, MOVES(SEND, NETWORK, OUT, RET) },
	[FX_RECV] = { "recv", DX, ASKS(CONTROL), MOVES(RECV, NETWORK, IN, RET) },
	[FX_SENDMMSG] = { "sendmmsg", DX, MOVES(SEND, NETWORK, OUT, VAL) },
	[FX_RECVMMSG] = { "recvmmsg", DX, NAMES(COPIES), ASKS(CONTROL), MOVES(RECV, NETWORK, IN, VAL) },
	[FX_SHUTDOWN] = { "shutdown", DX, IS(SHUTDOWN, NETWORK) },
	[FX_GETSOCKOPT] = { "getsockopt", DX, IS(SOCKOPT, NETWORK) },
	[FX_SOCKNAME] = { "sockname", DX, IS(SOCKOPT, NETWORK) },
	[FX_POLL] = { "poll", TIMED, IS(POLL, WAIT) },
	[FX_MMAP] = { "mmap", DX, IS(MMAP, MEMORY) },
	/* Fails only for arguments that can be judged without its result: unaligned address, no length. */
	[FX_MUNMAP] = { "munmap", D, IS(MUNMAP, MEMORY) },
	[FX_MREMAP] = { "mremap", DX, IS(MMAP, MEMORY) },
	/* What it changed shows in what is mapped there. */
	[FX_MPROTECT] = { "mprotect", D, IS(MPROTECT, MEMORY) },
	[FX_MADVISE] = { "madvise", IS(OTHER, MEMORY) },
	[FX_BRK] = { "brk", DX, IS(BRK, MEMORY) },
	[FX_SHMGET] = { "shmget", DX },
	[FX_SHMAT] = { "shmat", DX, IS(MMAP, MEMORY) },
	[FX_SHMDT] = { "shmdt", DX, IS(MUNMAP, MEMORY) },
	[FX_CHDIR] = { "chdir", DX, NAMES(FILES), IS(DIR, FILE) },
	[FX_FCHDIR] = { "fchdir", DX, NAMES(FILES), IS(DIR, FILE) },
	[FX_CHROOT] = { "chroot", DX, NAMES(FILES), IS(DIR, FILE) },
	[FX_LOOKUP] = { "lookup", DX, IS(STAT, FILE) },
	/*
	 * realpath() asks for every component of a name and mostly gets "not a link": half the stops of a build
	 * (docs/performance.md).  What matters of it shows in the open or stat that follows.
	 */
	[FX_READLINK] = { "readlink", IS(STAT, FILE) },
	[FX_RENAME] = { "rename", DX, NAMES(FILES), IS(RENAME, FILE) },
	[FX_UNLINK] = { "unlink", DX, IS(UNLINK, FILE) },
	[FX_MKDIR] = { "mkdir", DX, IS(DIR, FILE) },
	[FX_RMDIR] = { "rmdir", DX, IS(DIR, FILE) },
	[FX_LINK] = { "link", DX, IS(LINK, FILE) },
	[FX_SYMLINK] = { "symlink", DX, IS(LINK, FILE) },
	[FX_MKNOD] = { "mknod", DX, IS(OTHER, FILE) },
	[FX_CHMOD] = { "chmod", DX, IS(ATTR, FILE) },
	[FX_CHOWN] = { "chown", DX, IS(ATTR, FILE) },
	[FX_TRUNCATE] = { "truncate", DX, IS(ATTR, FILE) },
	[FX_FALLOCATE] = { "fallocate", DX, IS(ATTR, FILE) },
	[FX_UTIMES] = { "utimes", DX, IS(ATTR, FILE) },
	[FX_XATTR] = { "xattr", DX, IS(ATTR, FILE) },
	[FX_SYNC] = { "sync", DX, IS(SYNC, FILE) },
	[FX_MOUNT] = { "mount", DX, IS(OTHER, FILE) },
	[FX_UMOUNT] = { "umount", DX, IS(OTHER, FILE) },
	[FX_EXEC] = { "exec", DX, NAMES(TASKS), IS(EXEC, PROCESS) },
	[FX_CLONE] = { "clone", DX, NAMES(TASKS), IS(FORK, PROCESS) },
	/* EXIT and FORK records tell of these without a stop. */
	[FX_EXIT] = { "exit", IS(OTHER, PROCESS) },
	[FX_WAIT] = { "wait", TIMED, IS(WAIT, PROCESS) },
	[FX_UNSHARE] = { "unshare", DX, NAMES(TASKS), IS(OTHER, PROCESS) },
	[FX_SETNS] = { "setns", DX, NAMES(TASKS), IS(OTHER, PROCESS) },
	[FX_KILL] = { "kill", DX, IS(KILL, SIGNAL) },
	[FX_SETSID] = { "setsid", DX, IS(ID, PROCESS) },
	[FX_SETPGID] = { "setpgid", DX, IS(ID, PROCESS) },
	[FX_PRCTL] = { "prctl", DX, NAMES(TASKS), IS(OTHER, PROCESS) },
	[FX_SECCOMP] = { "seccomp", DX, NAMES(TASKS), IS(OTHER, PROCESS) },
	[FX_PTRACE] = { "ptrace", IS(OTHER, PROCESS) },
	[FX_SLEEP] = { "sleep", TIMED, IS(SLEEP, TIME) },
	[FX_FUTEX] = { "futex", TIMED, IS(FUTEX, WAIT) },
	[FX_PROBE] = { "probe" },
	[FX_NEWFD] = { "newfd", DX, NAMES(FILES), ASKS(RETURNED) },
	[FX_IOCTL] = { "ioctl", DX, NAMES(FILES), ASKS(RETURNED), IS(IOCTL, FILE) },
	/* Nothing to the model, but readers know what they are. */
	[FX_DIR] = { "dir", IS(DIR, FILE) },
	[FX_LOCK] = { "lock", TIMED, IS(LOCK, FILE) },
	[FX_MESSAGE] = { "message", TIMED },
	[FX_SEMAPHORE] = { "semaphore", TIMED },
	[FX_SIGWAIT] = { "sigwait", TIMED },
	[FX_FSTAT] = { "fstat", IS(STAT, FILE) },
	[FX_SETSOCKOPT] = { "setsockopt", IS(SOCKOPT, NETWORK) },
	[FX_CLOCK] = { "clock", IS(TIME, TIME) },
	[FX_ID] = { "id", IS(ID, INFO) },
	[FX_LIMIT] = { "limit", IS(LIMIT, INFO) },
	[FX_INFO] = { "info", IS(INFO, INFO) },
	[FX_SIGMASK] = { "sigmask", IS(SIGMASK, SIGNAL) },
};

const struct fd_question question_returned = { ASK_RETURNED, NULL };

struct fd_question spec_question(const struct syscall_spec *spec)
{
	if (spec->question)
		return *spec->question;
	return (struct fd_question){ effect_info((enum effect)spec->effect)->ask, NULL };
}

const struct effect_info *effect_info(enum effect fx)
{
	return &infos[(unsigned)fx < _FX_MAX ? fx : FX_NONE];
}

struct meaning spec_meaning(const struct syscall_spec *spec)
{
	static const struct { uint32_t group; uint8_t cat; } groups[] = {
		{ GRP_NET, CAT_NETWORK }, { GRP_SIGNAL, CAT_SIGNAL }, { GRP_MEM, CAT_MEMORY }, { GRP_PROC, CAT_PROCESS }, { GRP_WAIT, CAT_WAIT },
		{ GRP_TIME, CAT_TIME }, { GRP_FILE | GRP_DESC | GRP_IO, CAT_FILE }, { GRP_SYS, CAT_INFO },
	};
	const struct effect_info *info = effect_info((enum effect)spec->effect);

	if (info->has_meaning)
		return info->means;
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (spec->groups & groups[i].group)
			return (struct meaning){ .op = OP_OTHER, .category = groups[i].cat };
	return (struct meaning){ .op = OP_OTHER, .category = CAT_OTHER };
}
