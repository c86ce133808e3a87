/* SPDX-License-Identifier: MIT */
#include "abi/rows.h"

/*
 * The default set is what live lines, the summary and the model need, and no more: each traced call costs a stop
 * (5 µs under ptrace), its result another.
 */
#define D .by_default = true
#define DX .by_default = true, .needs_exit = true
#define ASKS(what) .ask = ASK_##what
static const struct effect_info infos[_FX_MAX] = {
	[FX_NONE] = { "none" },
	[FX_OPEN] = { "open", DX, ASKS(KIND) },
	/* Linux frees the descriptor even when close fails (EBADF aside). */
	[FX_CLOSE] = { "close", D },
	[FX_CLOSE_RANGE] = { "close_range", D },
	[FX_DUP] = { "dup", DX },
	[FX_FCNTL] = { "fcntl", DX },
	[FX_PIPE] = { "pipe", DX, ASKS(PAIR) },
	[FX_ANONFD] = { "anonfd", DX },
	[FX_PIDFD_GETFD] = { "pidfd_getfd", DX, ASKS(RETURNED) },
	[FX_OPEN_HANDLE] = { "open_handle", DX, ASKS(RETURNED) },
	[FX_READ] = { "read", DX, ASKS(EVENTS) },
	[FX_WRITE] = { "write", DX },
	[FX_TRANSFER] = { "transfer", DX },
	[FX_SEEK] = { "seek" },
	[FX_IO_SUBMIT] = { "io_submit", DX },
	[FX_IO_DONE] = { "io_done", DX },
	[FX_IO_URING] = { "io_uring" },
	[FX_VM_RW] = { "vm_rw", DX },
	[FX_SOCKET] = { "socket", DX, ASKS(NUMBER) },
	[FX_SOCKETPAIR] = { "socketpair", DX, ASKS(PAIR) },
	[FX_CONNECT] = { "connect", DX, ASKS(ARGUMENT) },
	[FX_ACCEPT] = { "accept", DX, ASKS(RETURNED) },
	[FX_BIND] = { "bind", DX, ASKS(ARGUMENT) },
	[FX_LISTEN] = { "listen", DX, ASKS(ARGUMENT) },
	[FX_SEND] = { "send", DX },
	[FX_RECV] = { "recv", DX, ASKS(CONTROL) },
	[FX_SENDMMSG] = { "sendmmsg", DX },
	[FX_RECVMMSG] = { "recvmmsg", DX, ASKS(CONTROL) },
	[FX_SHUTDOWN] = { "shutdown", DX },
	[FX_GETSOCKOPT] = { "getsockopt", DX },
	[FX_SOCKNAME] = { "sockname", DX },
	[FX_POLL] = { "poll" },
	[FX_MMAP] = { "mmap", DX },
	/* Fails only for arguments that can be judged without its result: unaligned address, no length. */
	[FX_MUNMAP] = { "munmap", D },
	[FX_MREMAP] = { "mremap", DX },
	[FX_MPROTECT] = { "mprotect" },
	[FX_MADVISE] = { "madvise" },
	[FX_BRK] = { "brk", DX },
	[FX_SHMGET] = { "shmget", DX },
	[FX_SHMAT] = { "shmat", DX },
	[FX_SHMDT] = { "shmdt", DX },
	[FX_CHDIR] = { "chdir", DX },
	[FX_FCHDIR] = { "fchdir", DX },
	[FX_CHROOT] = { "chroot", DX },
	[FX_LOOKUP] = { "lookup", DX },
	/*
	 * realpath() asks for every component of a name and mostly hears "not a link": half the stops of a build (docs/performance.md).
	 * What matters of it shows in the open or stat that follows.
	 */
	[FX_READLINK] = { "readlink" },
	[FX_RENAME] = { "rename", DX },
	[FX_UNLINK] = { "unlink", DX },
	[FX_MKDIR] = { "mkdir", DX },
	[FX_RMDIR] = { "rmdir", DX },
	[FX_LINK] = { "link", DX },
	[FX_SYMLINK] = { "symlink", DX },
	[FX_MKNOD] = { "mknod", DX },
	[FX_CHMOD] = { "chmod", DX },
	[FX_CHOWN] = { "chown", DX },
	[FX_TRUNCATE] = { "truncate", DX },
	[FX_FALLOCATE] = { "fallocate", DX },
	[FX_UTIMES] = { "utimes", DX },
	[FX_XATTR] = { "xattr", DX },
	[FX_SYNC] = { "sync", DX },
	[FX_MOUNT] = { "mount", DX },
	[FX_UMOUNT] = { "umount", DX },
	[FX_EXEC] = { "exec", DX },
	[FX_CLONE] = { "clone", DX },
	/* EXIT and FORK records tell of these without a stop. */
	[FX_EXIT] = { "exit" },
	[FX_WAIT] = { "wait" },
	[FX_UNSHARE] = { "unshare", DX },
	[FX_SETNS] = { "setns", DX },
	[FX_KILL] = { "kill", DX },
	[FX_SETSID] = { "setsid", DX },
	[FX_SETPGID] = { "setpgid", DX },
	[FX_PRCTL] = { "prctl", DX },
	[FX_SECCOMP] = { "seccomp", DX },
	[FX_PTRACE] = { "ptrace" },
	[FX_SLEEP] = { "sleep" },
	[FX_FUTEX] = { "futex" },
	[FX_PROBE] = { "probe" },
	[FX_NEWFD] = { "newfd", DX, ASKS(RETURNED) },
	[FX_IOCTL] = { "ioctl", DX, ASKS(RETURNED) },
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
