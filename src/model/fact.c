/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says about a descriptor: which kind of file it is, whether it is known already, and what of it is
 * new.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "model/fact.h"
#include "model/file.h"
#include "model/gone.h"
#include "model/meet.h"
#include "model/path.h"
#include "model/peer.h"
#include "model/sock.h"
#include "model/world.h"

/*
 * What tells one description from another, as far as the kernel says: sockets have one for each inode; pipes in effect
 * one for each end; files opened twice in the same way and read to the same byte are nearly always one that was dup'ed.
 */
struct snap_key { uint64_t dev, ino, pos; uint32_t flags, kind; };
struct snap { struct snap_key key; struct fnode *file; UT_hash_handle hh; };

static bool starts(const char *s, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(s, with, n) == 0;
}

static bool cut_suffix(uint32_t *len, const char *s, const char *suffix)
{
	size_t n = strlen(suffix);

	if (*len < n || memcmp(s + *len - n, suffix, n) != 0)
		return false;
	*len -= (uint32_t)n;
	return true;
}

/*
 * Majors of terminals (Documentation/admin-guide/devices.txt): 2 and 3 BSD pseudo-terminals, 4 consoles and serial
 * lines, 5 tty, console and ptmx, 128-143 Unix98 pseudo-terminals, 166 ttyACM, 188 ttyUSB, 204 and 205 other serial
 * lines, 229 hvc.
 */
static bool is_terminal(uint64_t rdev)
{
	unsigned m = major(rdev);

	return (m >= 2 && m <= 5) || (m >= 128 && m <= 143) || m == 166 || m == 188 || m == 204 || m == 205 || m == 229;
}

static enum file_kind anon_kind(const char *name, size_t len)
{
	static const struct { const char *link; enum file_kind kind; } anon[] = {
		{ "anon_inode:[eventfd", FILE_EVENTFD }, { "anon_inode:[eventpoll", FILE_EPOLL }, { "anon_inode:[timerfd", FILE_TIMERFD },
		{ "anon_inode:[signalfd", FILE_SIGNALFD }, { "anon_inode:inotify", FILE_INOTIFY }, { "anon_inode:[inotify", FILE_INOTIFY },
		{ "anon_inode:[fanotify", FILE_FANOTIFY }, { "anon_inode:[pidfd", FILE_PIDFD }, { "pidfd:", FILE_PIDFD },
		{ "anon_inode:[io_uring", FILE_IO_URING }, { "pipe:", FILE_PIPE }, { "socket:", FILE_SOCKET },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(anon); i++)
		if (starts(name, len, anon[i].link))
			return anon[i].kind;
	return FILE_ANON;
}

/* name may be NULL, then mode alone decides. */
static enum file_kind kind_of(const struct record_fact *r, const char *name, uint32_t len)
{
	bool anonymous = len && name[0] != '/';

	if (len && starts(name, len, "/memfd:"))
		return FILE_MEMFD;
	switch (r->mode & S_IFMT) {
	case S_IFREG: return anonymous ? anon_kind(name, len) : FILE_REG;	/* not a file: net:[4026531840] */
	case S_IFDIR: return FILE_DIR;
	case S_IFBLK: return FILE_DEV;
	case S_IFIFO: return FILE_PIPE;
	case S_IFSOCK: return FILE_SOCKET;
	case S_IFCHR:
		return r->rdev					? (is_terminal(r->rdev) ? FILE_TTY : FILE_DEV) :
		       file_kind_of_path(name, len) == FILE_TTY ? FILE_TTY :
								  FILE_DEV;
	}
	return anonymous ? anon_kind(name, len) : len ? file_kind_of_path(name, len) : FILE_UNKNOWN;
}

enum file_kind fact_kind(const struct fact *a)
{
	return kind_of(a->r, a->name ? a->name->bytes : NULL, a->name ? a->name->len : 0);
}

/* As the model calls it; empty: by its number.  Lives until w->tmp is used again. */
static const char *name_of(struct world *w, const struct fact *a, const struct bytes *root, enum file_kind kind,
			   uint32_t *ret_len, bool *ret_deleted)
{
	const char *s = a->name ? a->name->bytes : NULL;

	*ret_len = a->name ? a->name->len : 0;
	*ret_deleted = s && s[0] == '/' && cut_suffix(ret_len, s, " (deleted)");
	if (kind == FILE_MEMFD && s) {		/* as memfd_create names it here */
		(*ret_len)--;
		*ret_deleted = false;
		return s + 1;
	}
	if (kind == FILE_PIDFD && a->r->pid) {	/* what it stands for says more */
		*ret_len = 0;
		return "";
	}
	if (s) {
		if (path_inside(root, &s, ret_len) || kind != FILE_REG)
			return s;
		buf_reset(&w->tmp);
		buf_add(&w->tmp, s, *ret_len);
		buf_putc(&w->tmp, '\0');	/* name_is_outside() */
		*ret_len = (uint32_t)w->tmp.len;
		return w->tmp.s;
	}
	buf_reset(&w->tmp);
	if (kind == FILE_PIPE || kind == FILE_SOCKET)
		buf_printf(&w->tmp, "%s:[%llu]", file_kind_name(kind), a->r->ino);
	*ret_len = (uint32_t)w->tmp.len;
	return w->tmp.len ? w->tmp.s : "";
}

static bool make_key(const struct record_fact *r, enum file_kind kind, struct snap_key *key)
{
	memset(key, 0, sizeof(*key));
	if (!r->ino ||
	    (kind != FILE_SOCKET && kind != FILE_PIPE && kind != FILE_REG && kind != FILE_TTY && kind != FILE_DEV))
		return false;
	*key = (struct snap_key){
		.dev = r->dev, .ino = r->ino, .pos = kind == FILE_SOCKET || kind == FILE_PIPE ? 0 : r->pos, .kind = kind
	};
	key->flags = kind == FILE_SOCKET ? 0 : kind == FILE_PIPE ? r->open_flags & 3 : r->open_flags & ~02000000u;
	return true;
}

static struct fnode *snap_find(struct world *w, const struct snap_key *key)
{
	struct snap *snap;

	HASH_FIND(hh, w->snaps, key, sizeof(*key), snap);
	return snap && !snap->file->dying ? snap->file : NULL;
}

static void forget(struct world *w, struct fnode *n)
{
	if (!n->snap)
		return;
	HASH_DEL(w->snaps, n->snap);
	free(n->snap);
	n->snap = NULL;
}

static void snap_set(struct world *w, const struct snap_key *key, struct fnode *n)
{
	struct snap *old;

	forget(w, n);
	HASH_FIND(hh, w->snaps, key, sizeof(*key), old);
	if (old)	/* its inode number is used again, or both are ends of one FIFO: the newer one counts */
		forget(w, old->file);
	n->snap = xcalloc(1, sizeof(*n->snap));
	n->snap->key = *key;
	n->snap->file = n;
	HASH_ADD(hh, w->snaps, key, sizeof(*key), n->snap);
}

/* The end of a pipe or FIFO for which n is the other one. */
static void find_other_end(struct world *w, struct fnode *n, struct snap_key key)
{
	struct fnode *other;

	if (key.kind != FILE_PIPE || key.flags > 1 || n->f.peer_file)
		return;
	key.flags ^= 1;		/* O_RDONLY ↔ O_WRONLY */
	other = snap_find(w, &key);
	if (other && other != n)
		file_link(&n->f, &other->f);
}

void fact_sock_learn(struct world *w, struct file *f, const struct record_sock *s)
{
	struct addr a;

	if (!f->sock->family)
		f->sock->family = (uint16_t)s->family;
	if (!f->sock->type)
		f->sock->type = s->type & 0xf;
	if (!f->sock->protocol)
		f->sock->protocol = (uint16_t)s->protocol;
	if (s->state)
		f->sock->now.state = CONN_LISTENING;
	if (decode_addr(s->local, s->local_len, &a))
		sock_set_local(w, f, &a);
	if (decode_addr(s->peer, s->peer_len, &a)) {
		if (f->sock->now.state == CONN_NONE)
			f->sock->now.state = CONN_CONNECTED;
		sock_set_peer(w, f, &a);
	}
	if (!f->sock->now.has_peer)
		sock_bound(w, f);
	sock_renamed(w, f);
}

void fact_learn(struct world *w, struct file *f, const struct fact *a, const struct bytes *root)
{
	struct record_fact r = *a->r;
	enum file_kind kind = fact_kind(a);
	struct snap_key key;
	bool deleted;
	uint32_t len;
	const char *name;

	if (!r.mode)
		return;
	f->dev = r.dev;
	f->ino = r.ino;
	if (kind != f->kind && kind != FILE_UNKNOWN && !f->sock && kind != FILE_SOCKET)
		file_set_kind(w, f, kind);
	if (f->kind == FILE_REG && !f->has_pos && !(f->open_flags & (O_APPEND | O_PATH))) {
		f->has_pos = true;
		f->pos = r.pos;
	}
	if (a->name || (f->kind == FILE_PIPE && f->name.s[0] != '/')) {
		name = name_of(w, a, root, f->kind, &len, &deleted);
		f->deleted = deleted;
		if (f->kind != FILE_SOCKET)
			file_set_name(w, f, name, len);
	}
	file_set_target(w, f, r.pid);
	if (a->sock && f->sock)
		fact_sock_learn(w, f, a->sock);
	else if (f->sock)
		sock_renamed(w, f);
	/*
	 * Two opens by name are two descriptions; the inode tells one that came in another way only where it stands for
	 * one.
	 */
	r.open_flags = f->open_flags;
	if ((f->kind == FILE_SOCKET || f->kind == FILE_PIPE) && make_key(&r, f->kind, &key)) {
		find_other_end(w, fnode_of(f), key);
		snap_set(w, &key, fnode_of(f));
	}
}

struct file *fact_file(struct world *w, const struct fact *a, const struct bytes *root)
{
	enum file_kind kind = fact_kind(a);
	struct snap_key key;
	bool shares = make_key(a->r, kind, &key), deleted;
	struct fnode *n = shares ? snap_find(w, &key) : NULL;
	uint32_t len;
	const char *name;
	struct file *f;

	if (n) {
		if (a->sock && n->f.sock)
			fact_sock_learn(w, &n->f, a->sock);
		return &n->f;
	}
	name = name_of(w, a, root, kind, &len, &deleted);
	f = file_new(w, kind, name, len);
	f->origin = a->name || len ? ORIGIN_NOTHING : ORIGIN_FD;
	f->origin_fd = a->r->fd;
	n = fnode_of(f);
	f->open_flags = a->r->open_flags;
	f->dev = a->r->dev;
	f->ino = a->r->ino;
	f->pos = a->r->pos;
	f->has_pos = kind == FILE_REG && !(a->r->open_flags & O_PATH);
	f->deleted = deleted && kind == FILE_REG;
	file_set_target(w, f, a->r->pid);
	n->user = w->cur_proc;
	n->user_pid = w->cur_pid;
	if (shares) {
		find_other_end(w, n, key);
		snap_set(w, &key, n);
	}
	if (kind == FILE_SOCKET)
		sock_init(w, f, a->sock ? a->sock->family : 0, a->sock ? a->sock->type : 0,
			  a->sock ? a->sock->protocol : 0);
	if (kind == FILE_SOCKET && a->sock)
		fact_sock_learn(w, f, a->sock);
	return f;
}

void facts_join(struct world *w) { on_file_gone(w, forget); }

/* What is known of the file does not contradict it. */
bool fact_fits(const struct file *f, const struct fact *a)
{
	return !f->ino || (f->ino == a->r->ino && f->dev == a->r->dev);
}
