/* SPDX-License-Identifier: MIT */
/* Who has the other end of a pipe or a socket. */
#include "model/file.h"
#include "model/peer.h"
#include "model/world.h"

void file_set_peer(struct file *f, const struct file *peer)
{
	f->peer_file = peer ? peer->id : 0;
	f->peer_proc = peer ? fnode_of(peer)->user : 0;
	f->peer_pid = peer ? fnode_of(peer)->user_pid : 0;
}

void file_link(struct file *a, struct file *b)
{
	file_set_peer(a, b);
	file_set_peer(b, a);
}

static void set_holder(struct file *f, const struct pnode *p)
{
	f->peer_proc = p->p.id;
	f->peer_pid = p->p.pid;
}

static bool holds(const struct pnode *p, const struct file *f)
{
	const struct fdent *e;

	FDTAB_EACH(p->p.fds, 0, fd, e)
		if (e->file == f)
			return true;
	return false;
}

static void find_peer_proc(struct world *w, struct file *f, const struct pnode *self)
{
	struct file *peer = file_by_id(w, f->peer_file);
	struct pnode *p, *tmp;
	bool mine = false;

	if (!peer)
		return;		/* closed: who had it last stays */
	HASH_ITER(hh, w->procs, p, tmp) {
		if (!holds(p, peer))
			continue;
		if (p != self) {
			set_holder(f, p);
			return;
		}
		mine = true;
	}
	if (mine)
		set_holder(f, self);
}

void file_used_anew(struct world *w, struct file *f, const struct pnode *p)
{
	struct fnode *n = fnode_of(f);

	if (n->peer_stale) {
		n->peer_stale = false;
		find_peer_proc(w, f, p);
	}
	if (n->user == p->p.id)
		return;
	n->user = p->p.id;
	n->user_pid = p->p.pid;

	struct file *peer = f->peer_file ? file_by_id(w, f->peer_file) : NULL;

	if (peer)
		set_holder(peer, p);
}
