/* SPDX-License-Identifier: MIT */
/* Effects on descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "model/effect.h"
#include "model/emit.h"
#include "model/fact.h"
#include "model/fdtab.h"
#include "model/file.h"
#include "model/path.h"
#include "model/peer.h"
#include "model/requests.h"
#include "model/sock.h"
#include "model/task.h"

/* Calls that make a descriptor of nothing in the file system. */
enum { CLOEXEC_NEVER, CLOEXEC_FLAG, CLOEXEC_ALWAYS };
static const struct { const char *call; uint8_t kind, cloexec; uint32_t flag; const char *name; } anon_calls[] = {
	{ "memfd_create", FILE_MEMFD, CLOEXEC_FLAG, MFD_CLOEXEC, "memfd:" },
	{ "memfd_secret", FILE_MEMFD, CLOEXEC_FLAG, O_CLOEXEC, "/secretmem" },
	{ "eventfd", FILE_EVENTFD, CLOEXEC_NEVER, 0, "anon_inode:[eventfd]" },
	{ "eventfd2", FILE_EVENTFD, CLOEXEC_FLAG, O_CLOEXEC, "anon_inode:[eventfd]" },
	{ "epoll_create", FILE_EPOLL, CLOEXEC_NEVER, 0, "anon_inode:[eventpoll]" },
	{ "epoll_create1", FILE_EPOLL, CLOEXEC_FLAG, O_CLOEXEC, "anon_inode:[eventpoll]" },
	{ "timerfd_create", FILE_TIMERFD, CLOEXEC_FLAG, O_CLOEXEC, "anon_inode:[timerfd]" },
	{ "signalfd", FILE_SIGNALFD, CLOEXEC_NEVER, 0, "anon_inode:[signalfd]" },
	{ "signalfd4", FILE_SIGNALFD, CLOEXEC_FLAG, O_CLOEXEC, "anon_inode:[signalfd]" },
	{ "inotify_init", FILE_INOTIFY, CLOEXEC_NEVER, 0, "anon_inode:inotify" },
	{ "inotify_init1", FILE_INOTIFY, CLOEXEC_FLAG, O_CLOEXEC, "anon_inode:inotify" },
	{ "fanotify_init", FILE_FANOTIFY, CLOEXEC_FLAG, 1, "anon_inode:[fanotify]" },
	{ "pidfd_open", FILE_PIDFD, CLOEXEC_ALWAYS, 0, "" },
	{ "io_uring_setup", FILE_IO_URING, CLOEXEC_ALWAYS, 0, "anon_inode:[io_uring]" },
	{ "userfaultfd", FILE_ANON, CLOEXEC_FLAG, O_CLOEXEC, "anon_inode:[userfaultfd]" },
	{ "perf_event_open", FILE_ANON, CLOEXEC_FLAG, 8, "anon_inode:[perf_event]" },
	{ "fsopen", FILE_ANON, CLOEXEC_FLAG, 1, "anon_inode:[fscontext]" },
	{ "fspick", FILE_ANON, CLOEXEC_FLAG, 1, "anon_inode:[fscontext]" },
	{ "fsmount", FILE_DIR, CLOEXEC_FLAG, 1, "/" },
	{ "mq_open", FILE_ANON, CLOEXEC_ALWAYS, 0, "mqueue" },
};

static const uint64_t *call_words(const struct fx *x)
{
	uint64_t *v = scratch(x->w, sizeof(*v) * ARRAY_SIZE(x->c->args));

	for (unsigned i = 0; i < ARRAY_SIZE(x->c->args); i++)
		v[i] = x->c->args[i].word;
	return v;
}

/* Nothing came back from the kernel: a regular file where it was asked, else what the name says. */
static enum file_kind kind_unasked(const struct fx *x, const struct path *p, uint32_t flags)
{
	enum file_kind kind;

	if (flags & O_DIRECTORY)
		return FILE_DIR;
	if (p->file)
		return p->file->kind;
	if (!x->c->facts && x->w->mode & START_FACTS)	/* asked: nothing is recorded of an ordinary one */
		return FILE_REG;
	kind = file_kind_of_path(p->s, p->len);
	/* asked, and there was no answer: it is gone */
	return x->c->facts && kind == FILE_REG ? FILE_UNKNOWN : kind;
}

/* Not what was asked for: a supervisor answered the call, or the name is gone.  The file's own name is shown. */
static void opened_other(struct fx *x, const struct fact *a, struct path *p)
{
	if (!fx_real_of(x, a->name, p) || p->file)
		return;
	x->ev->path = p->s;
	x->ev->path_len = p->len;
}

void fx_open(struct fx *x)
{
	const struct call *c = x->c;
	int how_arg = fx_named(x, "how");
	uint64_t how[3] = { 0 };
	uint32_t flags;
	struct fact fact;
	struct path p;
	struct file *f;
	bool known;

	if (how_arg >= 0 && c->args[how_arg].bytes)	/* openat2: struct open_how { flags, mode, resolve } */
		memcpy(how, c->args[how_arg].bytes, MIN(c->args[how_arg].len, sizeof(how)));
	else	/* creat has no flags */
		how[0] = fx_word(x, "flags", O_CREAT | O_WRONLY | O_TRUNC);
	flags = (uint32_t)how[0];
	/* flags of its own; what it opens is as with O_PATH */
	if (fx_is(x, "open_tree") || fx_is(x, "open_tree_attr"))
		flags = O_PATH | (flags & O_CLOEXEC);
	x->ev->flags = flags;
	p = fx_path(x, 0,
		    (flags & O_NOFOLLOW ? 0 : PATH_FOLLOW) | (how[2] & 0x10 /* RESOLVE_IN_ROOT */ ? PATH_IN_ROOT : 0));
	x->ev->file = NULL;
	if (!x->ok || !x->has_ret)
		return;
	if (!p.file && fx_real(x, fx_arg(x, ARG_PATH, 0), &p)) {
		x->ev->path = p.s;
		x->ev->path_len = p.len;
	}
	x->ev->fd = (int)c->ret;
	known = fx_fact(x, x->ev->fd, &fact);
	if (known && fact.name && (flags & O_TMPFILE) != O_TMPFILE)
		opened_other(x, &fact, &p);
	if (!known && (flags & O_TMPFILE) == O_TMPFILE) {
		struct buf *b = &x->w->tmp;

		buf_reset(b);
		buf_add(b, p.s, p.len);
		buf_printf(b, "/#tmpfile%u", x->w->nfiles + 1);
		f = fx_new(x, (int)c->ret, FILE_REG, b->s, b->len, flags & O_CLOEXEC);
		f->deleted = true;
	} else {
		enum file_kind kind = known ? fact_kind(&fact) : kind_unasked(x, &p, flags);

		if (kind == FILE_UNKNOWN && p.file)	/* a pidfd's mode has no type */
			kind = p.file->kind;
		f = fx_new(x, (int)c->ret, kind == FILE_SOCKET ? FILE_UNKNOWN : kind, p.s, p.len, flags & O_CLOEXEC);
		if (!p.file && !p.len)
			f->origin = ORIGIN_UNREADABLE;
		/* A /proc/…/fd/N link opens the same thing again, as another description. */
		if (p.file) {
			f->origin = p.file->origin == ORIGIN_RECEIVED ? ORIGIN_NOTHING : p.file->origin;
			f->origin_fd = p.file->origin_fd;
			f->origin_pid = p.file->origin_pid;
			f->dev = p.file->dev;
			f->ino = p.file->ino;
			f->deleted = p.file->deleted;
			f->peer_file = (flags & O_ACCMODE) == (p.file->open_flags & O_ACCMODE) ? p.file->peer_file :
												 p.file->id;
			f->peer_proc = p.file->peer_proc;
			f->peer_pid = p.file->peer_pid;
			file_set_target(x->w, f, p.file->target_pid);
		}
	}
	f->open_flags = flags;
	f->has_pos = (f->kind == FILE_REG || f->kind == FILE_MEMFD) && !(flags & (O_APPEND | O_PATH));
	x->ev->file = f;
}

/* A descriptor of which the call itself tells nothing.  name: what it is called where no more is known. */
static struct file *new_by_fact(struct fx *x, int fd, const char *name)
{
	struct file *f = fx_received(x, fd, NULL);
	struct fact a;

	if (!f)
		f = file_new(x->w, FILE_UNKNOWN, name, strlen(name));
	x->ev->fd = fd;
	x->ev->file = fx_install(x, fd, f, x->c->spec->cloexec || (fx_fact(x, fd, &a) && a.r->flags & FACT_CLOEXEC));
	return f;
}

/* It was opened, as if by its name. */
static void opened_by_fact(struct fx *x, const struct file *f)
{
	x->ev->kind = EV_OPEN;
	x->ev->flags = f->open_flags;
	x->ev->path = scratch_dup(x->w, f->name.s, f->name.len);
	x->ev->path_len = f->name.len;
}

void fx_open_handle(struct fx *x)
{
	uint32_t flags = (uint32_t)fx_word(x, "flags", 0);
	struct file *f;

	x->ev->flags = flags;
	if (!x->ok || !x->has_ret)
		return;
	f = new_by_fact(x, (int)x->c->ret, "");
	if (f->kind != FILE_UNKNOWN) {
		opened_by_fact(x, f);
		x->ev->flags = flags;
		return;
	}
	f->origin = ORIGIN_HANDLE;
	file_set_kind(x->w, f, flags & O_DIRECTORY ? FILE_DIR : FILE_REG);
	f->open_flags = flags;
	fdtab_at(x->t->fds, x->ev->fd)->cloexec = flags & O_CLOEXEC;
}

void fx_newfd(struct fx *x)
{
	struct file *f;

	if (!cond_holds(spec_question(x->c->spec).when, call_words(x))) {
		x->ev->kind = EV_CALL;
		return;
	}
	if (!x->ok || !x->has_ret)
		return;
	f = new_by_fact(x, (int)x->c->ret, x->c->spec->name ? x->c->spec->name : "anon");
	if (f->name.len && f->name.s[0] == '/')
		opened_by_fact(x, f);
}

void fx_seccomp(struct fx *x)
{
	if (cond_holds(spec_question(x->c->spec).when, call_words(x)))
		fx_newfd(x);
}

void fx_ioctl(struct fx *x)
{
	unsigned cmd = (unsigned)x->c->args[1].word;
	struct fdent *e;

	if (cond_holds(spec_question(x->c->spec).when, call_words(x))) {
		fx_fd(x, 0);
		x->ev->fd2 = x->ev->fd;
		x->ev->file2 = x->ev->file;
		x->ev->file = NULL;
		x->ev->kind = EV_SPECIAL_FD;
		fx_newfd(x);
		return;
	}
	fx_fd(x, 0);
	e = fdtab_at(x->t->fds, x->ev->fd);
	if (x->ok && e && (cmd == 0x5451 || cmd == 0x5450))	/* FIOCLEX, FIONCLEX */
		e->cloexec = cmd == 0x5451;
}

void fx_close(struct fx *x)
{
	int fd = (int)x->c->args[0].word;
	struct fdent *e = fdtab_at(x->t->fds, fd);

	x->ev->fd = fd;
	if (x->c->unfinished)
		return;
	/* Taken by another thread's new file between this close and its record: that one stays. */
	if (!e || e->since_ns > x->c->enter_ns) {
		if (x->ev->err == EBADF)
			return;
		x->ev->file = fdtab_past(x->t->fds, fd, x->c->enter_ns);
		fdtab_drop_past(x->w, x->t->fds, fd, x->c->enter_ns);
		return;
	}
	x->ev->file = e->file;
	fdtab_drop(x->w, x->t->fds, fd);	/* also when it failed, EBADF aside: close(2) */
}

static void unshare_fds(struct fx *x)
{
	if (x->t->fds->refs > 1)
		task_set_fds(x->w, x->tn, fdtab_copy(x->w, x->t->fds));
}

void fx_close_range(struct fx *x)
{
	unsigned first = (unsigned)x->c->args[0].word, last = (unsigned)x->c->args[1].word,
		 flags = (unsigned)x->c->args[2].word;

	x->ev->fd = (int)first;
	x->ev->fd2 = (int)MIN(last, (unsigned)INT32_MAX);
	x->ev->flags = flags;
	if (!x->ok || last < first)
		return;
	if (flags & 2)		/* CLOSE_RANGE_UNSHARE */
		unshare_fds(x);
	if (flags & 4)		/* CLOSE_RANGE_CLOEXEC */
		fdtab_cloexec_range(x->t->fds, first, last);
	else
		fdtab_drop_range(x->w, x->t->fds, first, last, x->c->enter_ns);
}

static void dup_to(struct fx *x, int from, int to, bool cloexec, bool chosen)
{
	struct file *f = fx_file_at(x, from);

	x->ev->fd = from;
	x->ev->fd2 = to;
	x->ev->file = f;
	if (f && from != to)
		(chosen ? fx_replace : fx_install)(x, to, f, cloexec);
	else if (!f)
		fdtab_drop(x->w, x->t->fds, to);
}

void fx_dup(struct fx *x)
{
	int from = (int)x->c->args[0].word;

	x->ev->fd = from;
	x->ev->fd2 = x->c->nargs > 1 ? (int)x->c->args[1].word : -1;
	if (x->ok && x->has_ret && x->c->nargs > 1 && from != (int)x->c->ret)
		fx_was(x, (int)x->c->ret, task_file(x->t, (int)x->c->ret));
	if (x->ok && x->has_ret)
		dup_to(x, from, (int)x->c->ret, x->c->nargs > 2 && (x->c->args[2].word & O_CLOEXEC), x->c->nargs > 1);
	else
		x->ev->file = task_file(x->t, from);
}

void fx_lock(struct fx *x) { fx_fd(x, 0); }

void fx_fcntl(struct fx *x)
{
	int fd = (int)x->c->args[0].word;
	unsigned cmd = (unsigned)x->c->args[1].word;
	struct fdent *e;

	if (x->ok && x->has_ret && (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)) {
		x->ev->kind = EV_DUP;
		dup_to(x, fd, (int)x->c->ret, cmd == F_DUPFD_CLOEXEC, false);
		return;
	}
	fx_fd(x, 0);
	e = fdtab_at(x->t->fds, fd);
	if (!x->ok || !e)
		return;
	if (cmd == F_SETFD) {
		e->cloexec = x->c->args[2].word & FD_CLOEXEC;
	} else if (cmd == F_SETFL) {
		e->file->open_flags = (e->file->open_flags & (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC)) |
				      (uint32_t)x->c->args[2].word;
	}
}

static bool two_fds(struct fx *x, int fds[2])
{
	int i = fx_arg(x, ARG_FDPAIR_OUT, 0);

	if (!x->ok || i < 0 || !x->c->args[i].bytes || x->c->args[i].len < 2 * sizeof(int))
		return false;
	memcpy(fds, x->c->args[i].bytes, 2 * sizeof(int));
	x->ev->fd = fds[0];
	x->ev->fd2 = fds[1];
	return true;
}

void fx_pipe(struct fx *x)
{
	uint32_t flags = (uint32_t)fx_word(x, "flags", 0);
	struct file *f[2];
	char name[32];
	int fds[2], n;

	x->ev->flags = flags;
	if (!two_fds(x, fds))
		return;
	n = snprintf(name, sizeof(name), "pipe:[%u]", x->w->nfiles + 1);
	for (int i = 0; i < 2; i++) {
		f[i] = file_ref(fx_new(x, fds[i], FILE_PIPE, name, (size_t)n, flags & O_CLOEXEC));
		f[i]->open_flags = flags | (i ? O_WRONLY : O_RDONLY);
	}
	file_link(f[0], f[1]);
	x->ev->file = f[0];
	x->ev->file2 = f[1];
	file_unref(x->w, f[0]);
	file_unref(x->w, f[1]);
}

void fx_socketpair(struct fx *x)
{
	unsigned type = (unsigned)x->c->args[1].word;
	struct file *f[2];
	int fds[2];

	x->ev->flags = type;
	if (!two_fds(x, fds))
		return;
	for (int i = 0; i < 2; i++) {
		f[i] = file_ref(fx_new(x, fds[i], FILE_SOCKET, "", 0, type & SOCK_CLOEXEC));
		sock_init(x->w, f[i], (unsigned)x->c->args[0].word, type, (unsigned)x->c->args[2].word);
		f[i]->sock->now.state = CONN_CONNECTED;
		f[i]->open_flags = O_RDWR;
	}
	file_link(f[0], f[1]);
	x->ev->file = f[0];
	x->ev->file2 = f[1];
	file_unref(x->w, f[0]);
	file_unref(x->w, f[1]);
}

/* Flags of io_uring_setup: with REGISTERED_FD_ONLY it returns an index of registered rings, no descriptor. */
enum { SQPOLL = 1 << 1, REGISTERED_FD_ONLY = 1 << 15 };

static uint32_t set_up_with(const struct value *params)
{
	uint32_t words[3];

	if (!params->bytes || params->len < sizeof(words))
		return 0;
	memcpy(words, params->bytes, sizeof(words));
	return words[2];
}

void fx_special_fd(struct fx *x)
{
	const struct call *c = x->c;
	const struct buf *b = &x->w->tmp;
	unsigned i = 0, cloexec;
	enum file_kind kind = FILE_ANON;
	const char *name = c->spec->name ? c->spec->name : "anon";
	int str = fx_arg(x, ARG_STR, 0), flags = fx_named(x, "flags");
	struct fdent *was;

	if (flags < 0)
		flags = fx_arg(x, ARG_FLAGS, 0);
	cloexec = c->spec->cloexec ? CLOEXEC_ALWAYS : CLOEXEC_NEVER;
	if (flags >= 0)
		x->ev->flags = (uint32_t)c->args[flags].word;
	while (i < ARRAY_SIZE(anon_calls) && !fx_is(x, anon_calls[i].call))
		i++;
	if (i < ARRAY_SIZE(anon_calls)) {
		kind = anon_calls[i].kind;
		cloexec = anon_calls[i].cloexec;
		name = anon_calls[i].name;
	}
	buf_reset(&x->w->tmp);
	buf_puts(&x->w->tmp, name);
	if (str >= 0 && c->args[str].bytes && kind == FILE_MEMFD)
		buf_add(&x->w->tmp, c->args[str].bytes, c->args[str].len);
	if (!x->ok || !x->has_ret)
		return;
	if (kind == FILE_IO_URING && set_up_with(&c->args[1]) & REGISTERED_FD_ONLY) {
		struct file *ring = file_new(x->w, kind, b->s, b->len);

		fx_opened_by(x, ring);
		requests_of(ring)->polled = set_up_with(&c->args[1]) & SQPOLL;
		ring_register(x->w, x->tn, (uint32_t)c->ret, ring);
		return;
	}
	x->ev->fd = (int)c->ret;
	was = fdtab_at(x->t->fds, x->ev->fd);
	/* changes the mask of one that is there */
	if (kind == FILE_SIGNALFD && (int)c->args[0].word >= 0 && was) {
		x->ev->file = was->file;
		return;
	}

	struct file *f = fx_new(x, x->ev->fd, kind, b->s, b->len,
				cloexec == CLOEXEC_ALWAYS ||
					(cloexec == CLOEXEC_FLAG && flags >= 0 && i < ARRAY_SIZE(anon_calls) &&
					 (c->args[flags].word & anon_calls[i].flag)));

	if (kind == FILE_IO_URING)
		requests_of(f)->polled = set_up_with(&c->args[1]) & SQPOLL;
	f->has_pos = kind == FILE_MEMFD;
	f->open_flags = O_RDWR;
	if (kind == FILE_PIDFD) {
		fx_target(x, (uint32_t)c->args[0].word);
		file_set_target(x->w, f, x->ev->target_pid);
	}
	x->ev->file = f;
}

void fx_pidfd_getfd(struct fx *x)
{
	struct file *pidfd = fx_file_at(x, (int)x->c->args[0].word), *f = NULL;
	int theirs = (int)x->c->args[1].word;
	struct pnode *p = pidfd && pidfd->target_pid ? proc_find(x->w, pidfd->target_pid) : NULL;

	x->ev->target_pid = pidfd ? pidfd->target_pid : 0;
	x->ev->target_proc = p ? p->p.id : 0;
	if (!x->ok || !x->has_ret)
		return;
	x->ev->fd2 = (int)x->c->ret;
	if (p && p->p.fds) {
		struct fdent *e = fdtab_at(p->p.fds, theirs);

		f = e ? e->file : NULL;
	}
	f = fx_received(x, x->ev->fd2, f);
	if (!f)
		f = file_of_fd(x->w, theirs, x->ev->target_pid);
	x->ev->fd = x->ev->fd2;	/* theirs is a number of another process: here it may be something else */
	x->ev->file = fx_install(x, x->ev->fd2, f, true);
}
