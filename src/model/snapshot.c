/* SPDX-License-Identifier: MIT */
/* The model as records: what a recording begins with that is cut out of a longer trace. */
#include <string.h>

#include "model/world.h"
#include "record/build.h"

struct put { struct world *w; struct buf rec; uint64_t ts_ns; world_put_fn *fn; void *ctx; };

static void done(struct put *p) { p->fn(p->ctx, record_finish(&p->rec)); }

static unsigned add(struct put *p, enum chunk_part part, const struct bytes *s)
{
	if (!s->s)
		return 0;
	record_chunk(&p->rec, 0, part, 0, s->s, MIN(s->len, (uint32_t)RECORD_STR_MAX));
	return 1;
}

/* A path that the model has as the program sees it, as it is from the tracer's root. */
static unsigned add_outside(struct put *p, enum chunk_part part, const struct bytes *root, const struct bytes *path)
{
	struct buf b = { 0 };
	bool outside;

	if (!path->s)
		return 0;
	outside = name_is_outside(path->s, path->len);
	if (root->len > 1 && path->len && path->s[0] == '/' && !outside)
		buf_add(&b, root->s, root->len);
	buf_add(&b, path->s, path->len - outside);
	record_chunk(&p->rec, 0, part, 0, b.s ? b.s : "", MIN(b.len, (size_t)RECORD_STR_MAX));
	buf_done(&b);
	return 1;
}

static unsigned add_argv(struct put *p, const struct proc *proc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < proc->argc; i++) {
		const struct bytes *s = &proc->argv[i];

		if (!s->cut) {
			n += record_vector_string(&p->rec, 0, PART_ARGV, s->s, s->len);
			continue;
		}
		record_chunk(&p->rec, 0, PART_ARGV, CHUNK_TRUNC, s->s, MIN(s->len, (uint32_t)RECORD_STR_MAX));
		record_number(&p->rec, 0, PART_WHOLE, (uint64_t)s->len + s->cut);
		n += 2;
	}
	if (proc->argc_all <= proc->argc)
		return n;
	record_number(&p->rec, 0, PART_COUNT, proc->argc_all);
	return n + 1;
}

static const struct fs *some_fs(const struct pnode *p)
{
	for (const struct tnode *t = p->threads; t; t = t->next)
		if (t->t.fs)
			return t->t.fs;
	return NULL;
}

static void put_task(struct put *p, const struct pnode *of, const struct tnode *t)
{
	const struct proc *proc = &of->p;
	const struct fs *fs = t->t.fs ? t->t.fs : some_fs(of);
	struct record_task *r = record_begin(&p->rec, RECORD_TASK, sizeof(*r), proc->pid, t->t.tid, p->ts_ns);
	unsigned n;

	r->ppid = proc->ppid;
	r->ns_tid = t->t.ns_tid;
	r->start_ns = t->t.start_ns;
	r->nexecs = proc->nexecs;
	r->brk = t->t.is_thread || !proc->mm ? 0 : proc->mm->brk_start;
	n = add(p, PART_COMM, &t->t.comm);
	if (!t->t.is_thread && fs) {
		n += add_outside(p, PART_EXE, &fs->root, &proc->exe);
		n += add_outside(p, PART_CWD, &fs->root, &fs->cwd);
		n += add(p, PART_ROOT, &fs->root);
		n += add_argv(p, proc);
	}
	((struct record_task *)p->rec.s)->nchunks = n;
	done(p);
}

static void put_ended_leader(struct put *p, const struct pnode *of)
{
	struct record_exit *r = record_begin(&p->rec, RECORD_EXIT, sizeof(*r), of->p.pid, of->p.pid, p->ts_ns);

	r->status = of->leader_status;
	done(p);
}

/* ---- descriptors ---- */

static bool make_sock(const struct sock *s, struct record_sock *r)
{
	*r = (struct record_sock){ .family = s->family, .type = s->type, .protocol = s->protocol,
				   .state = s->now.state == CONN_LISTENING };
	if (s->has_local)
		r->local_len = (rec_u32)encode_addr(&s->local, r->local);
	if (s->now.has_peer)
		r->peer_len = (rec_u32)encode_addr(&s->now.peer, r->peer);
	return s->family;
}

static struct record_file make_file(const struct file *f)
{
	struct record_file r = {
		.id = f->id, .peer = f->peer_file, .kind = f->kind, .open_flags = f->open_flags, .target_pid = f->target_pid,
		.pos = f->pos, .dev = f->dev, .ino = f->ino,
		.flags = (f->deleted ? RECORD_FILE_DELETED : 0) | (f->has_pos ? RECORD_FILE_HAS_POS : 0) |
			 (name_is_outside(f->name.s, f->name.len) ? RECORD_FILE_OUTSIDE : 0),
	};

	if (f->sock) {
		r.conn = f->sock->now.state;
		r.conn_err = (rec_u32)f->sock->now.err;
		r.connect_ns = f->sock->now.connect_ns;
		r.connected_ns = f->sock->now.connected_ns;
	}
	return r;
}

static void put_fd(struct put *p, const struct proc *proc, int fd, const struct fdent *e)
{
	const struct record_file file = make_file(e->file);
	struct record_fd *r = record_begin(&p->rec, RECORD_FD, sizeof(*r), proc->pid, proc->pid, p->ts_ns);
	struct record_sock sock;
	unsigned n;

	r->fd = fd;
	r->open_flags = file.open_flags;
	r->pos = file.pos, r->dev = file.dev, r->ino = file.ino;
	r->h.flags = e->cloexec ? FD_CLOEXEC_SET : 0;
	n = add(p, PART_PATH, &e->file->name);
	if (e->file->sock && make_sock(e->file->sock, &sock)) {
		record_chunk(&p->rec, 0, PART_SOCK, 0, &sock, sizeof(sock));
		n++;
	}
	record_chunk(&p->rec, 0, PART_FILE, 0, &file, sizeof(file));
	((struct record_fd *)p->rec.s)->nchunks = n + 1;
	done(p);
}

/* ---- memory ---- */

static void put_map(struct put *p, const struct pnode *of, const struct region *m, bool first)
{
	struct record_map *r = record_begin(&p->rec, RECORD_MAP, sizeof(*r), of->p.pid, of->p.pid, p->ts_ns);
	const struct fs *fs = some_fs(of);
	static const struct bytes none;
	unsigned n;

	r->h.flags = (rec_u16)((first ? MAP_FIRST : 0) | (m->counted ? MAP_COUNTED : 0));
	r->start = m->start, r->end = m->end, r->offset = m->offset;
	r->dev = m->dev, r->ino = m->ino;
	r->prot = m->prot, r->flags = m->flags, r->kind = m->kind;
	n = m->path.len ? add_outside(p, PART_PATH, fs ? &fs->root : &none, &m->path) : 0;
	((struct record_map *)p->rec.s)->nchunks = n;
	done(p);
}

static void put_process(struct put *p, const struct pnode *of)
{
	const struct mm *mm = of->p.mm;
	const struct fdent *e;

	for (const struct tnode *t = of->threads; t; t = t->next)
		put_task(p, of, t);
	if (of->leader_ended)
		put_ended_leader(p, of);
	FDTAB_EACH(of->p.fds, 0, fd, e)
		put_fd(p, &of->p, fd, e);
	for (unsigned i = 0; mm && i < mm->n; i++)
		put_map(p, of, mm->v[i], i == 0 && !mm->incomplete);
}

void world_snapshot(struct world *w, uint64_t ts_ns, world_put_fn *put, void *ctx)
{
	struct put p = { .w = w, .ts_ns = ts_ns, .fn = put, .ctx = ctx };
	const struct pnode *of, *next;

	HASH_ITER(hh, w->procs, of, next)	/* in the order in which they began: parents first */
		put_process(&p, of);
	buf_done(&p.rec);
}
