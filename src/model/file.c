/* SPDX-License-Identifier: MIT */
/* Open file descriptions: what they are, what they are called, when they end. */
#include <string.h>

#include "model/emit.h"
#include "model/file.h"
#include "model/gone.h"
#include "model/strings.h"
#include "model/world.h"

static const char *const kind_names[_FILE_KIND_MAX] = {
	[FILE_UNKNOWN] = "unknown", [FILE_REG] = "file", [FILE_DIR] = "dir", [FILE_TTY] = "tty", [FILE_DEV] = "device",
	[FILE_PIPE] = "pipe", [FILE_SOCKET] = "socket", [FILE_MEMFD] = "memfd", [FILE_EVENTFD] = "eventfd", [FILE_EPOLL] = "epoll",
	[FILE_TIMERFD] = "timerfd", [FILE_SIGNALFD] = "signalfd", [FILE_INOTIFY] = "inotify", [FILE_FANOTIFY] = "fanotify",
	[FILE_PIDFD] = "pidfd", [FILE_IO_URING] = "io_uring", [FILE_ANON] = "anon",
};

const char *file_kind_name(enum file_kind k)
{
	return (unsigned)k < _FILE_KIND_MAX ? kind_names[k] : "unknown";
}

static bool has_peer_kind(enum file_kind k)
{
	return k == FILE_PIPE || k == FILE_SOCKET;
}

static void set_named(struct world *w, struct fnode *n)
{
	bool named = n->f.name.len && n->f.name.s[0] == '/' && n->f.kind != FILE_SOCKET;

	if (named == n->named)
		return;
	n->named = named;
	if (named) {
		DL_APPEND(w->named, n);
		w->nnamed++;
	} else {
		DL_DELETE(w->named, n);
		w->nnamed--;
	}
}

struct file *file_new(struct world *w, enum file_kind kind, const char *name, size_t len)
{
	struct fnode *n = xcalloc(1, sizeof(*n));

	n->f.id = ++w->nfiles;
	n->f.kind = kind;
	bytes_set(&n->f.name, name, len);
	if (has_peer_kind(kind))
		HASH_ADD_INT(w->files, f.id, n);
	set_named(w, n);
	return &n->f;
}

struct file *file_of_fd(struct world *w, int fd, uint32_t pid)
{
	struct file *f = file_new(w, FILE_UNKNOWN, "", 0);

	f->origin = ORIGIN_FD;
	f->origin_fd = fd;
	f->origin_pid = pid;
	return f;
}

size_t file_copy_size(const struct file *f)
{
	return sizeof(*f) + (f->sock ? sizeof(*f->sock) : 0) + f->name.len + 1;
}

struct file *file_copy(void *mem, const struct file *f)
{
	struct file *copy = mem;
	struct sock *sock = (struct sock *)(copy + 1);

	*copy = *f;
	if (f->sock) {
		*sock = *f->sock;
		copy->sock = sock;
	}
	copy->name.s = f->sock ? (char *)(sock + 1) : (char *)sock;
	memcpy(copy->name.s, f->name.s, f->name.len);
	copy->name.s[f->name.len] = '\0';
	return copy;
}

struct file *file_received(struct world *w, const struct file *via)
{
	struct file *f = file_new(w, FILE_UNKNOWN, "", 0);
	size_t size = file_copy_size(via);

	f->origin = ORIGIN_RECEIVED;
	if (strings_room(size, 0) < size)
		return f;
	strings_took(size);
	f->via = file_copy(xmalloc(size), via);
	f->via->via = NULL;
	return f;
}

void file_set_name(struct world *w, struct file *f, const char *name, size_t len)
{
	if (f->name.len == len && memcmp(f->name.s, name, len) == 0)
		return;
	bytes_set(&f->name, name, len);
	f->named++;
	set_named(w, fnode_of(f));
}

void file_set_target(struct world *w, struct file *f, uint32_t pid)
{
	if (f->kind != FILE_PIDFD || !pid || (f->target_pid == pid && !f->name.len))
		return;
	f->target_pid = pid;
	f->origin = ORIGIN_NOTHING;
	file_set_name(w, f, "", 0);
	f->named++;
}

void file_set_kind(struct world *w, struct file *f, enum file_kind kind)
{
	struct fnode *n = fnode_of(f);

	if (has_peer_kind(f->kind) != has_peer_kind(kind)) {
		if (has_peer_kind(kind))
			HASH_ADD_INT(w->files, f.id, n);
		else
			HASH_DEL(w->files, n);
	}
	f->kind = kind;
	set_named(w, n);
}

struct file *file_by_id(struct world *w, uint32_t id)
{
	struct fnode *n;

	HASH_FIND_INT(w->files, &id, n);
	return n ? &n->f : NULL;
}

/*
 * No byte says who has had this end of a pipe: the last process that let it go counts, but for the one that made it,
 * as a shell, which may close its own after the command that it was for has ended.
 */
static void left_unused(struct world *w, struct fnode *n)
{
	struct file *peer;

	if (n->f.kind != FILE_PIPE || n->f.bytes_read || n->f.bytes_written)
		return;
	if (w->cur_proc != n->f.opener_proc || !n->left) {
		n->left = w->cur_proc;
		n->left_pid = w->cur_pid;
	}
	peer = n->f.refs <= 0 && n->f.peer_file ? file_by_id(w, n->f.peer_file) : NULL;
	if (peer && n->left) {
		peer->peer_proc = n->left;
		peer->peer_pid = n->left_pid;
	}
}

void file_unref(struct world *w, struct file *f)
{
	struct fnode *n = fnode_of(f);

	if (--f->refs > 0) {
		struct file *peer = f->peer_file ? file_by_id(w, f->peer_file) : NULL;

		/* Perhaps its last descriptor here: when the other end is used next, look who has it. */
		if (peer && peer->peer_proc == w->cur_proc)
			fnode_of(peer)->peer_stale = true;
		left_unused(w, n);
		return;
	}
	left_unused(w, n);
	if (n->named) {
		DL_DELETE(w->named, n);
		w->nnamed--;
		n->named = false;
	}
	n->dying = true;
	DL_APPEND(w->dying, n);
}

static void file_free(struct world *w, struct fnode *n)
{
	file_gone(w, n);
	if (has_peer_kind(n->f.kind))
		HASH_DEL(w->files, n);
	bytes_done(&n->f.name);
	if (n->f.via)
		strings_gave(file_copy_size(n->f.via));
	free(n->f.via);
	free(n);
}

void file_reap(struct world *w, uint64_t ts_ns, const struct tnode *t)
{
	struct fnode *n;

	while ((n = w->dying)) {
		DL_DELETE(w->dying, n);
		if (t) {
			struct event ev = event_at(ts_ns, t, EV_RELEASE);

			ev.file = &n->f;
			if (n->f.sock && n->f.sock->now.state == CONN_CONNECTING && n->f.sock->now.broken)
				n->f.sock->now.state = CONN_FAILED;
			world_emit(w, &ev);
		}
		file_free(w, n);
	}
}

static bool under(const char *s, size_t len, const char *dir)
{
	size_t n = strlen(dir);

	return len >= n && memcmp(s, dir, n) == 0;
}

enum file_kind file_kind_of_path(const char *path, size_t len)
{
	if (!under(path, len, "/dev/") || under(path, len, "/dev/shm/") || under(path, len, "/dev/mqueue/") ||
	    under(path, len, "/dev/hugepages/"))
		return FILE_REG;
	if (under(path, len, "/dev/pts/") || under(path, len, "/dev/tty") || under(path, len, "/dev/console") ||
	    under(path, len, "/dev/ptmx"))
		return FILE_TTY;
	return FILE_DEV;
}
