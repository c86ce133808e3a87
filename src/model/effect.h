/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What calls do to the model: one function an effect, in one table
 * (effect.c).  A function gets the event that will be emitted after it, fills
 * in what was concerned, and changes the world.
 */
#include "model/path.h"
#include "model/world.h"

struct fx {
	struct world *w;
	struct tnode *tn;
	struct task *t;
	struct pnode *p;
	const struct call *c;
	struct event *ev;
	bool ok;	/* it succeeded, or its result was not asked for and it may be taken to have */
	bool has_ret;	/* c->ret means something */
};
typedef void effect_fn(struct fx *x);

struct effect_row { effect_fn *apply; enum event_kind kind; };
const struct effect_row *effect_row(enum effect fx);

/* Arguments: by type or by name; -1 when there is none. */
int fx_arg(const struct fx *x, enum arg_type type, unsigned nth);
int fx_named(const struct fx *x, const char *name);
uint64_t fx_word(const struct fx *x, const char *name, uint64_t otherwise);
bool fx_is(const struct fx *x, const char *call_name);
const struct part *fx_part(const struct fx *x, int arg, enum chunk_part part, bool at_exit);

/* The nth descriptor argument: into event.fd (event.fd2) and its file into event.file (event.file2). */
struct file *fx_fd(struct fx *x, unsigned nth);
struct file *fx_file_at(struct fx *x, int fd);		/* made when the call shows that it must be there */
/* The nth path argument, resolved: into event.path and raw (event.path2). */
struct path fx_path(struct fx *x, unsigned nth, unsigned how);
/*
 * Where the nth path argument, or the call, led, links and all, as the program sees it; false when that was not
 * recorded.
 */
bool fx_real(struct fx *x, int arg, struct path *ret_path);
/* What the kernel answered about a descriptor of this call; false: nothing. */
bool fx_fact(const struct fx *x, int fd, struct fact *ret_fact);
/* known, unless the kernel says otherwise; NULL: nothing is known */
struct file *fx_received(struct fx *x, int fd, struct file *known);
/* Before the effect: descriptors as the call found them, where they are not what was known of them. */
void fx_facts_before(struct fx *x);
void fx_facts(struct fx *x);		/* after the effect: what else the answers say, and what else they brought */
/* likewise, of a link that the kernel showed; NULL: false */
bool fx_real_of(struct fx *x, const struct part *link, struct path *ret_path);
void fx_opened_by(const struct fx *x, struct file *f);	/* before it is installed */
struct file *fx_install(struct fx *x, int fd, struct file *f, bool cloexec);
struct file *fx_replace(struct fx *x, int fd, struct file *f, bool cloexec);	/* closes what is there (dup2) */
struct file *fx_new(struct fx *x, int fd, enum file_kind kind, const char *name, size_t len, bool cloexec);
/* what that argument is called before the call changes it; into event.was */
void fx_was(struct fx *x, int fd, const struct file *f);
/* bytes read from, written to */
void fx_moved(struct fx *x, struct file *in, struct file *out, uint64_t nbytes);
/* the process that a pid or tid argument means: into event.target_pid and .target_proc */
struct pnode *fx_target(struct fx *x, uint32_t number);
/* ---- fx_net.c: for the effects on sockets ---- */
struct sock *fx_sock(struct fx *x);				/* of the first descriptor argument; NULL: it is none */
struct file *fx_sock_file(struct fx *x);			/* its description, as fx_sock() found it */
struct addr *fx_addr(struct fx *x, const void *bytes, size_t len);	/* in scratch; NULL: no address */
/* A socket in the file system, named relative to the working directory: absolute, where that fits. */
struct addr *fx_absolute(struct fx *x, struct addr *a);
/* as it was given or, with LEN, as the kernel answered */
struct addr *fx_addr_arg(struct fx *x, enum arg_type type);
/*
 * Is the kernel's answer about an attempt to connect at all?  No: the descriptor, the address or the state forbade one.
 */
bool fx_is_attempt(const struct fx *x, const struct sock *s, const struct addr *to);
/* a new one, with the outcome that the call reported */
struct conn *fx_attempt(struct fx *x, struct file *f, const struct addr *to);
/*
 * What data moved, or not, to or from that address of a socket belongs to (NULL: none was given): also how its connect
 * came out.
 */
struct conn *fx_conn(struct fx *x, struct file *sock, const struct addr *a);

effect_fn fx_newfd, fx_ioctl, fx_seccomp, fx_lock;
effect_fn fx_open, fx_close, fx_close_range, fx_dup, fx_fcntl, fx_pipe, fx_special_fd, fx_pidfd_getfd, fx_open_handle;
effect_fn fx_read, fx_write, fx_transfer, fx_seek, fx_vm_rw, fx_io_submit, fx_io_done, fx_io_uring, fx_ring_files;
effect_fn fx_socket, fx_socketpair, fx_connect, fx_accept, fx_bind, fx_listen, fx_send, fx_recv, fx_sendmmsg,
	fx_recvmmsg, fx_shutdown, fx_getsockopt, fx_sockname, fx_poll;
effect_fn fx_mmap, fx_munmap, fx_mremap, fx_mprotect, fx_madvise, fx_brk, fx_shmget, fx_shmat, fx_shmdt;
effect_fn fx_chdir, fx_fchdir, fx_chroot, fx_lookup, fx_rename, fx_unlink, fx_link, fx_symlink, fx_named_file,
	fx_fallocate, fx_mount;
effect_fn fx_exec, fx_clone, fx_exit, fx_wait, fx_unshare, fx_setns, fx_kill, fx_setsid, fx_setpgid, fx_prctl;
