/* SPDX-License-Identifier: MIT */
/* Files of a snapshot: several descriptors of several processes name one, by the id that it has there. */
#include <sys/stat.h>

#include "model/fact.h"
#include "model/file.h"
#include "model/gone.h"
#include "model/peer.h"
#include "model/restore.h"
#include "model/sock.h"
#include "model/world.h"

struct restored { uint32_t id; struct fnode *file; UT_hash_handle hh; };

static struct file *find(struct world *w, uint32_t id)
{
	struct restored *r;

	HASH_FIND_INT(w->restored, &id, r);
	return r ? &r->file->f : NULL;
}

static void set_connection(struct conn *c, const struct record_file *r)
{
	if (r->conn <= CONN_ACCEPTED)
		c->state = (enum conn_state)r->conn;
	c->err = (int)r->conn_err;
	c->connect_ns = r->connect_ns;
	c->connected_ns = r->connected_ns;
}

static struct file *make(struct world *w, const struct record_file *r, int fd, const struct part *name)
{
	enum file_kind kind = r->kind < _FILE_KIND_MAX ? (enum file_kind)r->kind : FILE_UNKNOWN;
	struct file *f = file_new(w, kind, name ? name->bytes : "", name ? name->len : 0);

	if (r->flags & RECORD_FILE_OUTSIDE && f->name.len) {
		buf_reset(&w->tmp);
		buf_add(&w->tmp, f->name.s, f->name.len);
		buf_putc(&w->tmp, '\0');	/* name_is_outside() */
		file_set_name(w, f, w->tmp.s, w->tmp.len);
	}
	f->origin = f->name.len || kind == FILE_SOCKET ? ORIGIN_NOTHING : ORIGIN_FD;
	f->origin_fd = fd;
	f->open_flags = r->open_flags;
	file_set_target(w, f, r->target_pid);
	f->pos = r->pos;
	f->has_pos = r->flags & RECORD_FILE_HAS_POS;
	f->deleted = r->flags & RECORD_FILE_DELETED;
	fnode_of(f)->user = w->cur_proc;
	fnode_of(f)->user_pid = w->cur_pid;
	return f;
}

struct file *file_restore(struct world *w, const struct record_file *r, int fd, const struct part *name,
			  const struct record_sock *sock, const struct bytes *root)
{
	struct file *f = find(w, r->id), *peer = r->peer ? find(w, r->peer) : NULL;
	struct record_fact fact = { .fd = fd, .dev = r->dev, .ino = r->ino, .open_flags = r->open_flags };
	struct restored *known;

	if (f)
		return f;
	f = make(w, r, fd, name);
	f->dev = r->dev;
	f->ino = r->ino;
	if (f->kind == FILE_SOCKET) {
		sock_init(w, f, sock ? sock->family : 0, sock ? sock->type : 0, sock ? sock->protocol : 0);
		if (sock)
			fact_sock_learn(w, f, sock);
		set_connection(&f->sock->now, r);
	}
	fact.mode = f->kind == FILE_SOCKET ? S_IFSOCK : f->kind == FILE_PIPE && f->name.s[0] != '/' ? S_IFIFO : 0;
	if (fact.mode && r->ino)	/* so that the kernel's next answer about it finds it */
		fact_learn(w, f, &(struct fact){ &fact, NULL, NULL }, root);
	known = xcalloc(1, sizeof(*known));
	known->id = r->id;
	known->file = fnode_of(f);
	fnode_of(f)->restored = known;
	HASH_ADD_INT(w->restored, id, known);
	if (peer && peer != f && !f->peer_file && !peer->peer_file)
		file_link(f, peer);
	return f;
}

static void forget(struct world *w, struct fnode *n)
{
	if (!n->restored)
		return;
	HASH_DEL(w->restored, n->restored);
	free(n->restored);
	n->restored = NULL;
}

void restored_join(struct world *w) { on_file_gone(w, forget); }

void restored_clear(struct world *w)
{
	struct restored *r, *next;

	HASH_ITER(hh, w->restored, r, next) {
		HASH_DEL(w->restored, r);
		free(r);
	}
}
