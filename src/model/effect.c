/* SPDX-License-Identifier: MIT */
#include "model/effect.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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
	[FX_IO_URING] = { NULL, EV_CALL },	/* what it moves is not in its arguments */
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
	[FX_FALLOCATE] = { fx_named_file, EV_FALLOCATE },
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
	[FX_PROBE] = { NULL, EV_CALL },
	[FX_NEWFD] = { fx_newfd, EV_SPECIAL_FD },	/* something with a name: EV_OPEN */
	[FX_IOCTL] = { fx_ioctl, EV_CALL },
};

const struct effect_row *effect_row(enum effect fx)
{
	return &rows[(unsigned)fx < _FX_MAX ? fx : FX_NONE];
}

int fx_arg(const struct fx *x, enum arg_type type, unsigned nth)
{
	for (unsigned i = 0; i < x->c->nargs; i++)
		if (x->c->args[i].spec->type == type && nth-- == 0)
			return (int)i;
	return -1;
}

int fx_named(const struct fx *x, const char *name)
{
	for (unsigned i = 0; i < x->c->nargs; i++)
		if (x->c->args[i].spec->name && strcmp(x->c->args[i].spec->name, name) == 0)
			return (int)i;
	return -1;
}

uint64_t fx_word(const struct fx *x, const char *name, uint64_t otherwise)
{
	int i = fx_named(x, name);

	return i < 0 ? otherwise : x->c->args[i].word;
}

bool fx_is(const struct fx *x, const char *call_name)
{
	return x->c->spec->name && strcmp(x->c->spec->name, call_name) == 0;
}

const struct part *fx_part(const struct fx *x, int arg, enum chunk_part part, bool at_exit)
{
	for (unsigned i = 0; i < x->c->nparts; i++) {
		const struct part *p = &x->c->parts[i];

		if (p->arg == arg && p->part == part && !(p->flags & CHUNK_AT_EXIT) == !at_exit)
			return p;
	}
	return NULL;
}

struct file *fx_file_at(struct fx *x, int fd)
{
	struct fdent *e = fdtab_at(x->t->fds, fd);

	if (e)	/* installed while this call was under way: it means the one before, which is gone */
		return e->since_ns <= x->c->enter_ns ? e->file : NULL;
	if (!x->ok || !x->has_ret || fd < 0)
		return NULL;
	fdtab_set(x->w, x->t->fds, fd, file_of_fd(x->w, fd, 0), false, x->c->enter_ns);
	return task_file(x->t, fd);	/* NULL when there was no room */
}

struct file *fx_fd(struct fx *x, unsigned nth)
{
	const struct call *c = x->c;
	int i = nth == 0 && c->args[0].spec->type == ARG_FD ? 0 : fx_arg(x, ARG_FD, nth);
	struct file *f;
	int fd;

	if (i < 0)
		return NULL;
	fd = (int)c->args[i].word;
	f = fx_file_at(x, fd);
	if (f)
		file_used(x->w, f, x->p);
	if (nth == 0) {
		x->ev->fd = fd;
		x->ev->file = f;
	} else {
		x->ev->fd2 = fd;
		x->ev->file2 = f;
	}
	return f;
}

struct path fx_path(struct fx *x, unsigned nth, unsigned how)
{
	int i = fx_arg(x, ARG_PATH, nth);
	struct path p = { "", 0, NULL };
	const struct value *v;
	int dirfd = AT_FDCWD;

	if (i < 0)
		return p;
	v = &x->c->args[i];
	if (i > 0 && x->c->args[i - 1].spec->type == ARG_DIRFD)
		dirfd = (int)x->c->args[i - 1].word;
	if (v->bytes && (v->len || (fx_word(x, "flags", 0) & AT_EMPTY_PATH)))
		p = path_resolve(x->w, x->tn, dirfd, v->bytes, v->len, how);
	else if (!v->bytes && !v->word && dirfd != AT_FDCWD)	/* utimensat(fd, NULL): the descriptor itself */
		p = path_resolve(x->w, x->tn, dirfd, "", 0, how);
	if (nth == 0) {
		x->ev->path = p.s;
		x->ev->path_len = p.len;
		x->ev->raw = v->len || !v->fault ? v->bytes : NULL;
		x->ev->raw_len = v->len;
		if (p.file) {
			x->ev->file = p.file;
			if (!v->len)
				x->ev->fd = dirfd;
		}
	} else {
		x->ev->path2 = p.s;
		x->ev->path2_len = p.len;
	}
	return p;
}

bool fx_real(struct fx *x, int arg, struct path *ret_path)
{
	return arg >= 0 && fx_real_of(x, fx_part(x, arg, PART_PATH, true), ret_path);
}

bool fx_real_of(struct fx *x, const struct part *p, struct path *ret_path)
{
	static const char deleted[] = " (deleted)";
	const char *s = p ? p->bytes : NULL;
	uint32_t len = p ? p->len : 0;

	if (!p || !p->len || p->bytes[0] != '/' || (p->len >= sizeof(deleted) && !memcmp(p->bytes + p->len - sizeof(deleted) + 1, deleted, sizeof(deleted) - 1)))
		return false;
	if (!path_inside(&x->t->fs->root, &s, &len))
		return false;	/* outside of its root: it would see no name */
	*ret_path = (struct path){ scratch_dup(x->w, s, len), len, NULL };
	return true;
}

void fx_was(struct fx *x, int fd, const struct file *f)
{
	x->ev->was.known = true;
	x->ev->was.fd = fd;
	if (f)
		x->ev->was.file = file_copy(scratch(x->w, file_copy_size(f)), f);
}

struct pnode *fx_target(struct fx *x, uint32_t number)
{
	struct tnode *t = task_named(x->w, x->tn, number);
	uint32_t ended = t ? 0 : proc_named(x->w, x->tn, number);	/* before its killer's call was over */

	x->ev->target_pid = t ? t->t.tid : ended ? ended : number;
	x->ev->target_proc = t ? t->t.proc->id : 0;
	return t ? pnode_of(t->t.proc) : NULL;
}

struct file *fx_install(struct fx *x, int fd, struct file *f, bool cloexec)
{
	if (!f->opened_ns) {
		f->opened_ns = x->c->exit_ns;
		f->opener_proc = x->p->p.id;
		fnode_of(f)->user = x->p->p.id;
		fnode_of(f)->user_pid = x->p->p.pid;
	}
	fdtab_set(x->w, x->t->fds, fd, f, cloexec, x->c->exit_ns);
	return f;
}

struct file *fx_new(struct fx *x, int fd, enum file_kind kind, const char *name, size_t len, bool cloexec)
{
	return fx_install(x, fd, file_new(x->w, kind, name, len), cloexec);
}

void fx_moved(struct fx *x, struct file *in, struct file *out, uint64_t nbytes)
{
	struct proc *p = &x->p->p;

	if (in) {
		in->bytes_read += nbytes;
		*(in->sock ? &p->net_received : &p->bytes_read) += nbytes;
	}
	if (out) {
		out->bytes_written += nbytes;
		*(out->sock ? &p->net_sent : &p->bytes_written) += nbytes;
	}
}
