/* SPDX-License-Identifier: MIT */
/* The table of effects: what a call of each does to the model, and the event it is. */
#include "model/effect.h"

static const struct effect_row rows[_FX_MAX] = {
	[FX_NONE] = { NULL, EV_CALL },
	[FX_OPEN] = { fx_open, EV_OPEN },
	[FX_CLOSE] = { fx_close, EV_CLOSE },
	[FX_CLOSE_RANGE] = { fx_close_range, EV_CLOSE },
	[FX_DUP] = { fx_dup, EV_DUP },
	[FX_FCNTL] = { fx_fcntl, EV_CALL },	/* F_DUPFD: EV_DUP */
	[FX_PIPE] = { fx_pipe, EV_PIPE },
	[FX_SPECIAL_FD] = { fx_special_fd, EV_SPECIAL_FD },
	[FX_PIDFD_GETFD] = { fx_pidfd_getfd, EV_DUP },
	[FX_OPEN_HANDLE] = { fx_open_handle, EV_OPEN },
	[FX_READ] = { fx_read, EV_READ },	/* sockets: EV_RECV */
	[FX_WRITE] = { fx_write, EV_WRITE },	/* sockets: EV_SEND */
	[FX_TRANSFER] = { fx_transfer, EV_TRANSFER },
	[FX_SEEK] = { fx_seek, EV_SEEK },
	[FX_IO_SUBMIT] = { fx_io_submit, EV_CALL },
	[FX_IO_DONE] = { fx_io_done, EV_CALL },	/* and an EV_READ or EV_WRITE for each outcome */
	[FX_IO_URING] = { fx_io_uring, EV_CALL },	/* what it moves is not known */
	[FX_RING_FILES] = { fx_ring_files, EV_CALL },
	[FX_VM_RW] = { fx_vm_rw, EV_TRANSFER },
	[FX_SOCKET] = { fx_socket, EV_SOCKET },
	[FX_SOCKETPAIR] = { fx_socketpair, EV_PIPE },
	[FX_CONNECT] = { fx_connect, EV_CONNECT },
	[FX_ACCEPT] = { fx_accept, EV_ACCEPT },
	[FX_BIND] = { fx_bind, EV_BIND },
	[FX_LISTEN] = { fx_listen, EV_LISTEN },
	[FX_SEND] = { fx_send, EV_SEND },
	[FX_RECV] = { fx_recv, EV_RECV },
	[FX_SENDMMSG] = { fx_sendmmsg, EV_SEND },
	[FX_RECVMMSG] = { fx_recvmmsg, EV_RECV },
	[FX_SHUTDOWN] = { fx_shutdown, EV_SHUTDOWN },
	[FX_GETSOCKOPT] = { fx_getsockopt, EV_CALL },
	[FX_SOCKNAME] = { fx_sockname, EV_CALL },
	[FX_POLL] = { fx_poll, EV_POLL },
	[FX_MMAP] = { fx_mmap, EV_MMAP },
	[FX_MUNMAP] = { fx_munmap, EV_MUNMAP },
	[FX_MREMAP] = { fx_mremap, EV_MREMAP },
	[FX_MPROTECT] = { fx_mprotect, EV_MPROTECT },
	[FX_MADVISE] = { fx_madvise, EV_MADVISE },
	[FX_BRK] = { fx_brk, EV_BRK },
	[FX_SHMGET] = { fx_shmget, EV_CALL },
	[FX_SHMAT] = { fx_shmat, EV_MMAP },
	[FX_SHMDT] = { fx_shmdt, EV_MUNMAP },
	[FX_CHDIR] = { fx_chdir, EV_CHDIR },
	[FX_FCHDIR] = { fx_fchdir, EV_CHDIR },
	[FX_CHROOT] = { fx_chroot, EV_CHDIR },
	[FX_LOOKUP] = { fx_lookup, EV_LOOKUP }, [FX_READLINK] = { fx_lookup, EV_LOOKUP },
	[FX_RENAME] = { fx_rename, EV_RENAME },
	[FX_UNLINK] = { fx_unlink, EV_UNLINK },	/* unlinkat(AT_REMOVEDIR): EV_RMDIR */
	[FX_MKDIR] = { fx_lookup, EV_MKDIR },
	[FX_RMDIR] = { fx_unlink, EV_RMDIR },
	[FX_LINK] = { fx_link, EV_LINK },
	[FX_SYMLINK] = { fx_symlink, EV_SYMLINK },
	[FX_MKNOD] = { fx_lookup, EV_MKNOD },
	[FX_CHMOD] = { fx_named_file, EV_CHMOD },
	[FX_CHOWN] = { fx_named_file, EV_CHOWN },
	[FX_TRUNCATE] = { fx_named_file, EV_TRUNCATE },
	[FX_FALLOCATE] = { fx_fallocate, EV_FALLOCATE },
	[FX_UTIMES] = { fx_named_file, EV_UTIMES },
	[FX_XATTR] = { fx_named_file, EV_XATTR },
	[FX_SYNC] = { fx_named_file, EV_SYNC },
	[FX_MOUNT] = { fx_mount, EV_MOUNT },
	[FX_UMOUNT] = { fx_named_file, EV_UMOUNT },
	[FX_EXEC] = { fx_exec, EV_CALL },	/* failed: EV_EXEC_FAILED */
	[FX_CLONE] = { fx_clone, EV_CALL },
	[FX_EXIT] = { fx_exit, EV_CALL },
	[FX_WAIT] = { fx_wait, EV_WAIT },
	[FX_UNSHARE] = { fx_unshare, EV_CALL },
	[FX_SETNS] = { fx_setns, EV_CALL },
	[FX_KILL] = { fx_kill, EV_KILL },
	[FX_SETSID] = { fx_setsid, EV_SESSION },
	[FX_SETPGID] = { fx_setpgid, EV_SESSION },
	[FX_PRCTL] = { fx_prctl, EV_CALL },
	[FX_SECCOMP] = { fx_seccomp, EV_CALL },
	[FX_PTRACE] = { NULL, EV_CALL },
	[FX_SLEEP] = { NULL, EV_SLEEP },
	[FX_FUTEX] = { NULL, EV_FUTEX },
	[FX_LOCK] = { fx_lock, EV_CALL },
	[FX_PROBE] = { NULL, EV_CALL },
	[FX_NEWFD] = { fx_newfd, EV_SPECIAL_FD },	/* something with a name: EV_OPEN */
	[FX_IOCTL] = { fx_ioctl, EV_CALL },
};

const struct effect_row *effect_row(enum effect fx)
{
	return &rows[(unsigned)fx < _FX_MAX ? fx : FX_NONE];
}
