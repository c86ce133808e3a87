#include "analyze/totals.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/human.h"
#include "base/macro.h"
#include "base/text.h"
#include "event/event.h"
#include "record/record.h"

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#define STRINGS_MAX (24u << 20)		/* bytes of names kept; further new rows go to `others` */
#define CMD_MAX 512
#define COMMAND_MAX 4096
#define CACHE 1024

/* Rows with their place in an index.  Allocated from the arena, freed together. */
struct file_row { struct totals_file row; struct bytes linked; /* a second name given to it */ UT_hash_handle hh; };
struct lookup_row { struct totals_lookup row; struct bytes key; UT_hash_handle hh; };
struct conn_row { struct totals_conn row; UT_hash_handle hh; };
struct proc_row { struct totals_proc row; unsigned pos; UT_hash_handle hh; };
struct error_key { const struct syscall_spec *spec; uint32_t nr; uint16_t arch; uint16_t err; };
struct error_row { struct totals_error row; struct error_key key; UT_hash_handle hh; };

/* Address spaces of living processes. */
struct mm_row { uint32_t id, nprocs; uint64_t heap, mapped; UT_hash_handle hh; };
struct live_row { uint32_t proc; struct mm_row *mm; UT_hash_handle hh; };

struct totals_index {
	struct arena arena;
	size_t strings;
	struct noise *noise;
	struct file_row *files;
	struct lookup_row *lookups;
	struct conn_row *conns;
	struct proc_row *procs;
	struct error_row *errors;
	struct mm_row *mms;
	struct live_row *lives;
	uint64_t heap, mapped;			/* now, over all living address spaces */
	struct { uint32_t id, renames; const char *name; struct totals_file *row; } file_cache[CACHE];
	uint32_t renames;			/* so far: cached rows may be another path's since */
	struct { uint32_t id; struct totals_conn *row; } conn_cache[CACHE];
	struct totals_proc *last_proc;
	struct totals_call *calls[3][SYSCALL_MAX + 1];
	uint32_t last_task;			/* whose call, entered when, was counted last */
	uint64_t last_enter_ns;
	unsigned nattached;
	bool targets;				/* t->command names them all */
	struct buf tmp;
};

struct totals *totals_new(void)
{
	struct totals *t = xcalloc(1, sizeof(*t));

	t->index = xcalloc(1, sizeof(*t->index));
	t->index->noise = noise_new();
	t->status = -1;
	return t;
}

void totals_free(struct totals *t)
{
	if (!t)
		return;
	struct totals_index *x = t->index;
	struct live_row *l, *lnext;
	struct mm_row *m, *mnext;

	HASH_CLEAR(hh, x->files);
	HASH_CLEAR(hh, x->lookups);
	HASH_CLEAR(hh, x->conns);
	HASH_CLEAR(hh, x->procs);
	HASH_CLEAR(hh, x->errors);
	HASH_ITER(hh, x->lives, l, lnext) {
		HASH_DEL(x->lives, l);
		free(l);
	}
	HASH_ITER(hh, x->mms, m, mnext) {
		HASH_DEL(x->mms, m);
		free(m);
	}
	arena_done(&x->arena);
	noise_free(x->noise);
	buf_done(&x->tmp);
	free(t->files.v);
	free(t->lookups.v);
	free(t->conns.v);
	free(t->procs.v);
	free(t->errors.v);
	free(t->calls.v);
	free(t->command.s);
	free(x);
	free(t);
}

static bool full(const struct totals *t, unsigned n) { return n >= TOTALS_ROWS || t->index->strings >= STRINGS_MAX; }

/* Appends to a table; evaluates to the row's number. */
#define TABLE_ADD(table, ptr) ({ \
	__typeof__(&(table)) t_ = &(table); \
	if (t_->n == t_->cap) { \
		t_->cap = t_->cap ? t_->cap * 2 : 64; \
		t_->v = xrealloc(t_->v, t_->cap * sizeof(*t_->v)); \
	} \
	t_->v[t_->n] = (ptr); \
	t_->n++; })

static struct bytes keep(struct totals *t, const char *s, uint32_t len)
{
	t->index->strings += len + 1;
	return (struct bytes){ arena_memdup0(&t->index->arena, s, len), len };
}

/* ---- files ---- */

static struct totals_file *file_by_path(struct totals *t, const char *path, uint32_t len, uint8_t kind)
{
	struct totals_index *x = t->index;
	struct file_row *r;

	HASH_FIND(hh, x->files, path, len, r);
	if (!r) {
		if (full(t, t->files.n)) {
			t->files.nothers++;
			return &t->files.others;
		}
		r = arena_alloc(&x->arena, sizeof(*r));
		r->row.path = keep(t, path, len);
		r->row.kind = kind;
		r->row.noise = (uint8_t)t->noise;
		HASH_ADD_KEYPTR(hh, x->files, r->row.path.s, len, r);
		TABLE_ADD(t->files, &r->row);
	}
	/* A library that was also copied is no noise. */
	if (t->noise == NOISE_NONE)
		r->row.noise = NOISE_NONE;
	if (r->row.kind == FILE_UNKNOWN)
		r->row.kind = kind;
	return &r->row;
}

static bool is_path(const struct file *f) { return f->name.len && (f->name.s[0] == '/' || f->kind == FILE_MEMFD); }

/* NULL: nothing with a name of its own (pipes, sockets, …). */
static struct totals_file *file_of(struct totals *t, const struct file *f)
{
	__typeof__(&t->index->file_cache[0]) c = &t->index->file_cache[f->id % CACHE];

	if (!is_path(f))
		return NULL;
	if (c->id != f->id || c->renames != t->index->renames || c->name != f->name.s) {
		c->row = file_by_path(t, f->name.s, f->name.len, (uint8_t)f->kind);
		c->id = f->id;
		c->renames = t->index->renames;
		c->name = f->name.s;
	} else if (t->noise == NOISE_NONE) {
		c->row->noise = NOISE_NONE;
	}
	return c->row;
}

static bool same(struct bytes a, struct bytes b) { return a.len == b.len && memcmp(a.s, b.s, a.len) == 0; }

/* What was read and written under one name is found under the one it ended with: tmp_obj_x became objects/ab/cd. */
static void file_renamed(struct totals *t, struct file_row *from, const char *to, uint32_t len)
{
	struct totals_index *x = t->index;
	struct totals_file *r = &from->row;
	struct bytes was = r->was.len ? r->was : r->path;
	struct file_row *there;

	HASH_FIND(hh, x->files, to, len, there);
	if (there == from || (!there && x->strings >= STRINGS_MAX) || !(r->opens || r->nreads || r->nwrites))
		return;
	if (!there) {
		HASH_DEL(x->files, from);
		r->path = keep(t, to, len);
		HASH_ADD_KEYPTR(hh, x->files, r->path.s, len, from);
	} else {
		struct totals_file *d = &there->row;

		d->opens += r->opens;
		d->nreads += r->nreads;
		d->nwrites += r->nwrites;
		d->nread += r->nread;
		d->nwritten += r->nwritten;
		d->io_ns += r->io_ns;
		d->noise = MIN(d->noise, r->noise);
		*r = (struct totals_file){ .path = r->path, .kind = r->kind, .noise = r->noise };
		r = d;
	}
	r->was = same(was, r->path) ? (struct bytes){ 0 } : was;
}

static void file_event(struct totals *t, const struct event *ev)
{
	struct totals_index *x = t->index;
	struct file_row *r = NULL;

	if (ev->kind == EV_OPEN) {
		t->opens += !ev->err;
		t->failed_opens += ev->err != 0;
		if (!ev->err && ev->path)
			file_by_path(t, ev->path, ev->path_len, ev->file ? (uint8_t)ev->file->kind : FILE_UNKNOWN)->opens++;
		return;
	}
	if (ev->err || !ev->path || (ev->kind != EV_RENAME && ev->kind != EV_LINK && ev->kind != EV_UNLINK))
		return;
	x->renames++;
	HASH_FIND(hh, x->files, ev->path, ev->path_len, r);
	if (!r)
		return;
	if (ev->kind == EV_RENAME && ev->path2 && !(ev->flags & RENAME_EXCHANGE))
		file_renamed(t, r, ev->path2, ev->path2_len);
	else if (ev->kind == EV_LINK && ev->path2 && x->strings < STRINGS_MAX)
		r->linked = keep(t, ev->path2, ev->path2_len);
	if (ev->kind == EV_UNLINK && r->linked.len)
		file_renamed(t, r, r->linked.s, r->linked.len);
	if (ev->kind != EV_LINK)
		r->linked = (struct bytes){ 0 };
}

void totals_file_name(struct buf *b, const struct totals_file *f)
{
	const char *dir = memrchr(f->path.s, '/', f->path.len);
	size_t n = dir ? (size_t)(dir + 1 - f->path.s) : 0;

	buf_add(b, f->path.s, f->path.len);
	if (!f->was.len)
		return;
	n = n < f->was.len && memcmp(f->was.s, f->path.s, n) == 0 && !memchr(f->was.s + n, '/', f->was.len - n) ? n : 0;
	buf_puts(b, " (was ");
	buf_add(b, f->was.s + n, f->was.len - n);
	buf_putc(b, ')');
}

static void lookup_failed(struct totals *t, const struct event *ev)
{
	struct totals_index *x = t->index;
	struct buf *key = &x->tmp;
	struct lookup_row *r;

	if (!ev->path)
		return;
	buf_reset(key);
	buf_add(key, &ev->err, sizeof(ev->err));
	buf_add(key, ev->path, ev->path_len);
	HASH_FIND(hh, x->lookups, key->s, key->len, r);
	if (r) {
		r->row.count++;
		if (t->noise == NOISE_NONE)
			r->row.noise = NOISE_NONE;
		return;
	}
	if (full(t, t->lookups.n)) {
		t->lookups.nothers++;
		t->lookups.others.count++;
		return;
	}
	r = arena_alloc(&x->arena, sizeof(*r));
	r->key = keep(t, key->s, (uint32_t)key->len);
	r->row = (struct totals_lookup){
		.path = { r->key.s + sizeof(ev->err), ev->path_len }, .err = ev->err, .kind = (uint8_t)ev->kind,
		.noise = (uint8_t)t->noise, .count = 1,
	};
	HASH_ADD_KEYPTR(hh, x->lookups, r->key.s, r->key.len, r);
	TABLE_ADD(t->lookups, &r->row);
}

/* ---- connections ---- */

static bool is_network(int family) { return family != AF_UNIX && family != AF_NETLINK && family != AF_UNSPEC; }

/* What is counted as a connection: datagram sockets have none. */
static bool is_connection(const struct sock *s) { return is_network(s->family) && s->type != SOCK_DGRAM && s->type != SOCK_RAW; }

static void conn_update(struct totals_conn *c, const struct event *ev, const struct file *f)
{
	const struct sock *s = f->sock;

	c->family = s->family;
	c->type = s->type;
	c->protocol = s->protocol;
	if (s->state != CONN_NONE)
		c->state = (uint8_t)s->state;
	c->err = s->err;
	if ((c->has_local = s->has_local))
		c->local = s->local;
	if (s->has_peer && !c->many_peers) {
		c->has_peer = true;
		c->peer = s->peer;
	}
	if (f->peer_proc)
		c->peer_proc = f->peer_proc;
	c->unknown_start = s->state == CONN_CONNECTED && !s->connect_ns && s->type == SOCK_STREAM;
	if (s->connected_ns && s->connect_ns)
		c->connect_ns = s->connected_ns - s->connect_ns;
	if (!c->start_ns)
		c->start_ns = f->opened_ns ? f->opened_ns : ev->ts_ns;
}

static struct totals_conn *conn_of(struct totals *t, const struct event *ev, const struct file *f)
{
	struct totals_index *x = t->index;
	__typeof__(&x->conn_cache[0]) c = &x->conn_cache[f->id % CACHE];
	struct conn_row *r;

	if (c->id == f->id)
		return c->row;
	HASH_FIND(hh, x->conns, &f->id, sizeof(f->id), r);
	if (!r) {
		if (full(t, t->conns.n)) {
			t->conns.nothers++;
			return &t->conns.others;
		}
		r = arena_alloc(&x->arena, sizeof(*r));
		r->row.file = f->id;
		r->row.proc = ev->task->proc ? ev->task->proc->id : 0;
		r->row.noise = (uint8_t)t->noise;
		conn_update(&r->row, ev, f);
		HASH_ADD(hh, x->conns, row.file, sizeof(f->id), r);
		TABLE_ADD(t->conns, &r->row);
	}
	c->id = f->id;
	c->row = &r->row;
	return c->row;
}

static void conn_event(struct totals *t, const struct event *ev)
{
	const struct file *f = ev->file;
	struct totals_conn *c;

	if (!f || !f->sock)
		return;
	switch (ev->kind) {
	case EV_ACCEPT:		/* the listening socket and the new one, in either order */
		if (ev->err)
			return;
		for (unsigned i = 0; i < 2; i++) {
			const struct file *s = i ? ev->file2 : ev->file;

			if (!s || !s->sock)
				continue;
			c = conn_of(t, ev, s);
			conn_update(c, ev, s);
			if (s->sock->state == CONN_LISTENING)
				c->accepted++;
			else if (is_connection(s->sock))
				t->nconns++;
		}
		return;
	case EV_CONNECT:
		c = conn_of(t, ev, f);
		conn_update(c, ev, f);
		if (ev->peer && !c->has_peer) {	/* refused: the socket itself has no peer */
			c->has_peer = true;
			c->peer = *ev->peer;
		}
		c->noise = (uint8_t)t->noise;
		if (c->state == CONN_FAILED && !c->connect_ns)
			c->connect_ns = ev->dur_ns;
		if (is_connection(f->sock)) {
			t->nconns += f->sock->state == CONN_CONNECTED;
			t->nfailed_conns += f->sock->state == CONN_FAILED;
		}
		return;
	case EV_CONNECTED:
		conn_update(conn_of(t, ev, f), ev, f);
		if (is_connection(f->sock)) {
			t->nconns += !ev->err;
			t->nfailed_conns += ev->err != 0;
		}
		return;
	case EV_LISTEN:
		conn_update(conn_of(t, ev, f), ev, f);
		return;
	default:
		return;
	}
}

static void conn_release(struct totals *t, const struct event *ev)
{
	struct conn_row *r;

	if (!ev->file || !ev->file->sock)
		return;
	HASH_FIND(hh, t->index->conns, &ev->file->id, sizeof(ev->file->id), r);
	if (!r)
		return;
	conn_update(&r->row, ev, ev->file);
	r->row.end_ns = ev->ts_ns + ev->dur_ns;
}

/* ---- bytes ---- */

static bool is_file_kind(uint8_t kind) { return kind == FILE_REG || kind == FILE_DIR || kind == FILE_MEMFD; }

static void moved(struct totals *t, const struct event *ev, const struct file *f, bool in)
{
	struct totals_proc *p = t->index->last_proc;
	uint64_t n = ev->nbytes;

	if (f && f->kind == FILE_SOCKET && f->sock) {
		struct totals_conn *c = conn_of(t, ev, f);

		*(is_network(f->sock->family) ? in ? &t->net_received : &t->net_sent : in ? &t->local_received : &t->local_sent) += n;
		*(in ? &c->received : &c->sent) += n;
		*(in ? &c->nrecvs : &c->nsends) += 1;
		*(in ? &p->received : &p->sent) += n;
		*(in ? &t->hidden[t->noise].received : &t->hidden[t->noise].sent) += n;
		if (t->noise != NOISE_NONE)
			c->noise = (uint8_t)t->noise;
		if (ev->peer && ev->peer->family) {
			if (!c->has_peer) {
				c->has_peer = true;
				c->peer = *ev->peer;
			} else if (f->sock->type != SOCK_STREAM && !f->sock->has_peer && !c->many_peers) {
				c->many_peers = memcmp(&c->peer, ev->peer, sizeof(c->peer)) != 0;
			}
		}
		return;
	}
	struct totals_file *row = f ? file_of(t, f) : NULL;

	*(f && is_file_kind((uint8_t)f->kind) ? in ? &t->file_read : &t->file_written : in ? &t->other_read : &t->other_written) += n;
	*(in ? &p->nread : &p->nwritten) += n;
	*(in ? &t->hidden[t->noise].nread : &t->hidden[t->noise].nwritten) += n;
	if (row) {
		*(in ? &row->nread : &row->nwritten) += n;
		*(in ? &row->nreads : &row->nwrites) += 1;
		row->io_ns += ev->dur_ns;
	}
}

/* ---- memory ---- */

static void mm_set(struct totals_index *x, struct mm_row *m, uint64_t heap, uint64_t mapped)
{
	x->heap += heap - m->heap;
	x->mapped += mapped - m->mapped;
	m->heap = heap;
	m->mapped = mapped;
}

static void mm_drop(struct totals_index *x, struct mm_row *m)
{
	if (!m || --m->nprocs)
		return;
	mm_set(x, m, 0, 0);
	HASH_DEL(x->mms, m);
	free(m);
}

/* Brings the sums up to what the process's address space is now; mm NULL: the process is gone. */
static void memory_update(struct totals *t, const struct proc *proc, const struct mm *mm)
{
	struct totals_index *x = t->index;
	struct live_row *l;
	struct mm_row *m = NULL;

	HASH_FIND(hh, x->lives, &proc->id, sizeof(proc->id), l);
	if (!mm) {
		if (l) {
			mm_drop(x, l->mm);
			HASH_DEL(x->lives, l);
			free(l);
		}
		return;
	}
	if (!l) {
		l = xcalloc(1, sizeof(*l));
		l->proc = proc->id;
		HASH_ADD(hh, x->lives, proc, sizeof(l->proc), l);
	}
	if (!l->mm || l->mm->id != mm->id) {
		HASH_FIND(hh, x->mms, &mm->id, sizeof(mm->id), m);
		if (!m) {
			m = xcalloc(1, sizeof(*m));
			m->id = mm->id;
			HASH_ADD(hh, x->mms, id, sizeof(m->id), m);
		}
		m->nprocs++;
		mm_drop(x, l->mm);
		l->mm = m;
	}
	mm_set(x, l->mm, mm->heap, mm->mapped);
	t->heap_peak = MAX(t->heap_peak, x->heap);
	t->mapped_peak = MAX(t->mapped_peak, x->mapped);
	t->memory_peak = MAX(t->memory_peak, x->heap + x->mapped);
}

void totals_memory(struct buf *b, const struct totals *t, enum totals_memory what)
{
	const uint64_t peaks[] = { t->heap_peak, t->mapped_peak, t->memory_peak };
	const uint64_t befores[] = { t->heap_before, t->mapped_before, t->heap_before + t->mapped_before };
	uint64_t peak = peaks[what], before = befores[what];
	bool attached = t->heap_before || t->mapped_before, regions = what == MEMORY_MMAP;

	human_bytes(b, peak);
	if (!attached && !regions)
		return;
	buf_puts(b, " (");
	if (attached) {
		human_bytes(b, before);
		buf_puts(b, " when attached, +");
		human_bytes(b, peak > before ? peak - before : 0);
		buf_puts(b, regions ? "; " : "");
	}
	if (regions)
		human_counted(b, t->nmaps, "region", "regions");
	buf_puts(b, attached && regions ? " since)" : ")");
}

/* ---- processes ---- */

void totals_command(struct buf *b, const struct bytes *argv, unsigned argc, size_t max)
{
	size_t from = b->len;

	for (unsigned i = 0; i < argc; i++) {
		if (i)
			buf_putc(b, ' ');
		text_shell(b, argv[i].s, argv[i].len);
		if (b->len - from > max) {
			size_t end = from + max;

			while (end > from && ((unsigned char)b->s[end] & 0xc0) == 0x80)
				end--;
			b->len = end;
			buf_puts(b, "…");
			return;
		}
	}
}

static void proc_describe(struct totals *t, struct totals_proc *r, const struct proc *p)
{
	struct buf *b = &t->index->tmp;

	r->pid = p->pid;
	r->ppid = p->ppid;
	r->nthreads = MAX(p->nthreads_ever, 1);
	r->nexecs = p->nexecs;
	r->attached = p->attached;
	buf_reset(b);
	if (p->argc) {
		unsigned argc = p->argc;

		while (p->attached && argc > 1 && !p->argv[argc - 1].len)	/* setproctitle(3) leaves an empty tail */
			argc--;
		totals_command(b, p->argv, argc, CMD_MAX);
	} else {
		buf_putc(b, '[');
		text_safe(b, p->comm.s, p->comm.len);
		buf_putc(b, ']');
	}
	if (r->cmd && r->cmd_len == b->len && !memcmp(r->cmd, b->s, b->len))
		return;
	struct bytes cmd = keep(t, b->s, (uint32_t)b->len);

	r->cmd = cmd.s;
	r->cmd_len = cmd.len;
	r->comm = keep(t, p->comm.s, p->comm.len);
}

static struct totals_proc *proc_of(struct totals *t, const struct proc *p)
{
	struct totals_index *x = t->index;
	struct proc_row *r, *parent;

	if (x->last_proc && x->last_proc->id == p->id)
		return x->last_proc;
	HASH_FIND(hh, x->procs, &p->id, sizeof(p->id), r);
	if (r)
		return &r->row;
	bool is_new = p->id > t->nprocs;	/* ids grow by one */

	t->nprocs = MAX(t->nprocs, p->id);
	t->nalive += is_new;
	if (full(t, t->procs.n)) {
		t->procs.nothers += is_new;
		return &t->procs.others;
	}
	r = arena_alloc(&x->arena, sizeof(*r));
	r->row = (struct totals_proc){ .id = p->id, .parent = p->parent, .status = -1, .start_ns = p->start_ns };
	proc_describe(t, &r->row, p);
	HASH_ADD(hh, x->procs, row.id, sizeof(p->id), r);
	r->pos = t->procs.n;
	TABLE_ADD(t->procs, &r->row);
	if (!t->main_proc)
		t->main_proc = p->id;
	HASH_FIND(hh, x->procs, &p->parent, sizeof(p->parent), parent);
	if (parent) {
		if (parent->row.last_child)
			t->procs.v[parent->row.last_child - 1]->next_sibling = r->pos + 1;
		else
			parent->row.first_child = r->pos + 1;
		parent->row.last_child = r->pos + 1;
	}
	return &r->row;
}

const struct totals_proc *totals_proc(const struct totals *t, uint32_t id)
{
	struct proc_row *r;

	HASH_FIND(hh, t->index->procs, &id, sizeof(id), r);
	return r ? &r->row : NULL;
}

static void proc_event(struct totals *t, const struct event *ev, struct totals_proc *p)
{
	const struct proc *proc = ev->task->proc;

	switch (ev->kind) {
	case EV_FORK:
		if (ev->child && ev->child->proc && !ev->err) {
			proc_of(t, ev->child->proc);
			memory_update(t, ev->child->proc, ev->child->proc->mm);
		}
		break;
	case EV_ATTACH:
		if (!ev->task->is_thread)
			t->index->nattached++;
		/* fall through */
	case EV_EXEC:
		if (!ev->err) {
			proc_describe(t, p, proc);
			memory_update(t, proc, proc->mm);
		}
		break;
	case EV_THREAD:
		p->nthreads = MAX(proc->nthreads_ever, 1);
		break;
	case EV_EXIT:
		t->nalive--;
		p->status = ev->status;
		p->end_ns = ev->ts_ns;
		p->nthreads = MAX(proc->nthreads_ever, 1);
		memory_update(t, proc, NULL);
		break;
	case EV_DETACH:
		p->detached = true;
		break;
	default:
		break;
	}
}

/* ---- calls ---- */

static void call_event(struct totals *t, const struct event *ev)
{
	struct totals_index *x = t->index;
	const struct call *c = ev->call;
	unsigned arch = MIN(c->arch, 2u), nr = MIN(c->nr, (uint32_t)SYSCALL_MAX);
	struct totals_call *row = x->calls[arch][nr];

	/* One call can be several events (close_range), one after the other. */
	if (x->last_task == ev->task->id && x->last_enter_ns == c->enter_ns)
		return;
	x->last_task = ev->task->id;
	x->last_enter_ns = c->enter_ns;
	t->ncalls++;
	if (!row) {
		row = x->calls[arch][nr] = arena_alloc(&x->arena, sizeof(*row));
		*row = (struct totals_call){ .spec = c->spec, .nr = c->nr, .arch = c->arch };
		TABLE_ADD(t->calls, row);
	}
	row->count++;
	if (c->exit_ns >= c->enter_ns)
		hist_add(&row->dur, c->exit_ns - c->enter_ns);
	/* The program never sees ERESTARTSYS, and work in progress is no error. */
	if (!c->err || c->restarted || c->err == EINPROGRESS)
		return;
	row->errors++;
	struct error_key key;
	struct error_row *r;

	memset(&key, 0, sizeof(key));	/* hashed as bytes, padding too */
	key.spec = c->spec;
	key.nr = nr;
	key.arch = (uint16_t)arch;
	key.err = (uint16_t)c->err;
	HASH_FIND(hh, x->errors, &key, sizeof(key), r);
	if (!r) {
		r = arena_alloc(&x->arena, sizeof(*r));
		r->key = key;
		r->row = (struct totals_error){ row, c->err, 0 };
		HASH_ADD(hh, x->errors, key, sizeof(key), r);
		TABLE_ADD(t->errors, &r->row);
	}
	r->row.count++;
}

/* ---- the trace ---- */

static void start_event(struct totals *t, const struct event *ev)
{
	const struct item *item = ev->item;
	struct bytes argv[64];
	const struct part *p;
	unsigned n = 0;
	struct buf b = { 0 };

	t->start_ns = ev->ts_ns;
	t->wall_ns = ev->item->start->wall_ns;
	t->start_mode = ev->item->start->mode;
	for (; n < ARRAY_SIZE(argv) && (p = parts_find(item->parts, item->nparts, -1, PART_ARGV, n)); n++)
		argv[n] = (struct bytes){ (char *)p->bytes, p->len };
	totals_command(&b, argv, n, COMMAND_MAX);
	if (n == ARRAY_SIZE(argv))
		buf_puts(&b, " …");
	for (n = 0; (p = parts_find(item->parts, item->nparts, -1, PART_TARGET, n)) && b.len < COMMAND_MAX; n++) {
		buf_puts(&b, n ? ", pid " : "pid ");
		text_safe(&b, p->bytes, p->len);
		t->index->targets = true;
	}
	if (n && p)
		buf_puts(&b, ", …");
	buf_puts(&b, "");
	t->command = (struct bytes){ b.s, (uint32_t)b.len };
}

/* Who was asked for is not said in older recordings, nor known of a cgroup before its processes are found. */
static void attached_command(struct totals *t, const struct event *ev)
{
	struct buf b = { 0 };

	if (!(t->start_mode & START_ATTACH) || t->index->targets || ev->kind != EV_ATTACH || ev->task->is_thread || t->index->nattached > 8)
		return;
	buf_add(&b, t->command.s, t->command.len);
	if (t->index->nattached == 8) {
		buf_puts(&b, ", …");
	} else {
		buf_printf(&b, b.len ? ", pid %u (" : "pid %u (", ev->task->proc ? ev->task->proc->pid : ev->task->tid);
		text_safe(&b, ev->task->comm.s, ev->task->comm.len);
		buf_puts(&b, ")");
	}
	free(t->command.s);
	t->command = (struct bytes){ b.s, (uint32_t)b.len };
}

static void count_hidden(struct totals *t, const struct event *ev)
{
	struct totals_hidden *h = &t->hidden[t->noise];

	h->events++;
	h->opens += ev->kind == EV_OPEN && !ev->err;
	h->lookups += (ev->kind == EV_OPEN && ev->err) || ev->kind == EV_LOOKUP;
	h->conns += (ev->kind == EV_CONNECT || ev->kind == EV_CONNECTED || ev->kind == EV_ACCEPT) && !ev->err;
}

/* readlink of what is no link, getxattr-like questions answered "no": not lookups that failed. */
bool totals_failed_lookup(const struct event *ev)
{
	switch (ev->kind) {
	case EV_OPEN: case EV_EXEC_FAILED: case EV_CHDIR: return true;
	case EV_LOOKUP: return ev->err != EINVAL && ev->err != ENODATA && ev->err != ERANGE && ev->err != EOPNOTSUPP;
	default: return false;
	}
}

/* Rings that were there before tracing began: told of by nothing but the descriptor. */
static void old_rings(struct totals *t, const struct event *ev)
{
	const struct fdent *e;

	for (int fd = ev->task && ev->task->fds ? fdtab_next(ev->task->fds, 0, &e) : -1; fd >= 0 && fd < INT32_MAX; fd = fdtab_next(ev->task->fds, fd + 1, &e))
		t->nrings += e->file->kind == FILE_IO_URING && !e->file->opener_proc;
}

void totals_event(struct totals *t, const struct event *ev)
{
	struct totals_index *x = t->index;
	struct totals_proc *p;

	if (ev->kind == EV_RELEASE) {
		conn_release(t, ev);
		return;
	}
	if (ev->kind == EV_FOUND) {
		t->heap_before += (uint64_t)ev->delta;
		t->mapped_before += ev->nbytes;
		memory_update(t, ev->task->proc, ev->task->proc->mm);
		return;
	}
	if (ev->kind == EV_EXIT || ev->kind == EV_DETACH)
		old_rings(t, ev);
	t->nevents++;
	t->noise = noise_event(x->noise, ev);
	t->end_ns = MAX(t->end_ns, ev->ts_ns + ev->dur_ns);
	if (ev->kind == EV_START && !t->command.s)	/* a second one is a damaged recording's */
		start_event(t, ev);
	if (ev->kind == EV_END) {
		t->ended = true;
		t->interrupted = ev->item && ev->item->head && (ev->item->head->flags & END_INTERRUPTED);
		t->status = ev->status;
	}
	if (ev->kind == EV_LOST) {
		t->nlost += ev->count;
		t->nlost_events++;
	}
	if (!ev->task || !ev->task->proc)
		return;
	t->ntasks = MAX(t->ntasks, MAX(ev->task->id, ev->child ? ev->child->id : 0));
	p = x->last_proc = proc_of(t, ev->task->proc);
	if (ev->call) {
		call_event(t, ev);
		if (ev->call->unfinished || ev->call->restarted)
			return;		/* nothing has come of it */
	}
	switch (event_info(ev->kind)->category) {
	case CAT_PROCESS:
		proc_event(t, ev, p);
		attached_command(t, ev);
		break;
	case CAT_MEMORY:
		if (!ev->err && ev->task->proc->mm)
			memory_update(t, ev->task->proc, ev->task->proc->mm);
		t->nmaps += ev->kind == EV_MMAP && !ev->err;
		break;
	case CAT_NET:
	case CAT_IO:
		if (ev->err)
			conn_event(t, ev);
		else if (ev->kind == EV_READ || ev->kind == EV_RECV)
			moved(t, ev, ev->file, true);
		else if (ev->kind == EV_WRITE || ev->kind == EV_SEND)
			moved(t, ev, ev->file, false);
		else if (ev->kind == EV_TRANSFER && (ev->file || ev->file2)) {	/* neither: another process's memory */
			moved(t, ev, ev->file, true);
			moved(t, ev, ev->file2, false);
		} else
			conn_event(t, ev);
		break;
	case CAT_FILE:
		t->nrings += ev->kind == EV_ANONFD && !ev->err && ev->file && ev->file->kind == FILE_IO_URING;
		file_event(t, ev);
		break;
	case CAT_SIGNAL:
		t->nsignals += ev->kind == EV_SIGNAL;
		break;
	default:
		break;
	}
	if (ev->err && totals_failed_lookup(ev))
		lookup_failed(t, ev);
	if (t->noise != NOISE_NONE)
		count_hidden(t, ev);
}
