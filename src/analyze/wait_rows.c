/* SPDX-License-Identifier: MIT */
#include "analyze/wait_rows.h"

#include <string.h>

#include "analyze/subject.h"
#include "analyze/totals_index.h"

/* What makes waits be for the same: on is what kind of number obj is. */
enum wait_on { ON_ID, ON_PATH, ON_SEMAPHORES };
struct wait_key {
	uint32_t proc;
	uint16_t what, on;
	uint64_t obj, addr;
};
struct wait_row {
	struct totals_wait row;
	struct wait_key key;
	UT_hash_handle hh;
};
/* An end of a pipe. */
struct pipe_row {
	uint32_t file;
	uint64_t ns;
	UT_hash_handle hh;
};


struct wait_rows {
	struct wait_row *waits;
	struct pipe_row *pipes; /* by file */
};

struct wait_rows *wait_rows_new(void) { return xcalloc(1, sizeof(struct wait_rows)); }

void wait_rows_free(struct wait_rows *s)
{
	HASH_CLEAR(hh, s->waits);
	HASH_CLEAR(hh, s->pipes);
	free(s);
}

uint64_t wait_rows_pipe_ns(const struct wait_rows *s, uint32_t file)
{
	struct pipe_row *r;

	HASH_FIND(hh, s->pipes, &file, sizeof(file), r);
	return r ? r->ns : 0;
}

/* It is made with a row of what was waited for, and so bounded as these are. */
static uint64_t *pipe_ns(struct wait_rows *s, struct totals *t, uint32_t file)
{
	struct pipe_row *r;

	HASH_FIND(hh, s->pipes, &file, sizeof(file), r);
	if (!r) {
		r = arena_alloc(&t->index->arena, sizeof(*r));
		*r = (struct pipe_row){.file = file};
		HASH_ADD(hh, s->pipes, file, sizeof(file), r);
	}
	return &r->ns;
}

static void describe(struct wait_rows *s, struct totals *t, const struct subject *sub, struct totals_wait *w)
{
	const struct file *f = sub->file;

	if (f && f->sock)
		w->conn = totals_conn_known(t, f->sock->now.id);
	if (f && f->kind == FILE_PIPE) {
		w->pipe_ns = pipe_ns(s, t, f->id);
	}
	if (f && f->name.len)
		w->name = totals_keep(t, f->name.s, f->name.len);
	else if (sub->path)
		w->name = totals_keep(t, sub->path, sub->path_len);
	if (f && f->kind == FILE_PIDFD)
		w->target_pid = f->target_pid;
	if (sub->what == SPENT_CHILD && sub->target)
		w->target_proc = totals_proc(t, sub->target);
}

/* However often it is opened, it is one thing to wait for: a long run has no row for each time. */
static bool has_path(const struct file *f)
{
	return f && f->kind != FILE_PIPE && f->kind != FILE_SOCKET && f->name.len && f->name.s[0] == '/';
}

static struct wait_key key_of(const struct event *ev, const struct subject *sub)
{
	struct wait_key key;

	memset(&key, 0, sizeof(key)); /* hashed as bytes */
	key.proc = ev->task->proc->id;
	key.what = (uint16_t)sub->what;
	key.obj = sub->obj;
	if (has_path(sub->file)) {
		key.on = ON_PATH;
		key.obj = hash_bytes64(sub->file->name.s, sub->file->name.len);
	} else if (!key.obj && sub->path) {
		key.on = ON_PATH;
		key.obj = hash_bytes64(sub->path, sub->path_len);
	}
	if (sub->semaphores)
		key.on = ON_SEMAPHORES;
	if (sub->shared) /* of whatever process */
		key.proc = 0;
	key.addr = sub->addr;
	if (sub->file && sub->file->sock && sub->file->sock->now.id) /* one that is connected anew has another peer */
		key.addr = sub->file->sock->now.id;
	return key;
}

static struct totals_wait *by_key(const struct wait_rows *s, const struct wait_key *key)
{
	struct wait_row *r;

	HASH_FIND(hh, s->waits, key, sizeof(*key), r);
	return r ? &r->row : NULL;
}

struct totals_wait *wait_row_known(const struct wait_rows *s, const struct event *ev, const struct subject *sub)
{
	struct wait_key key = key_of(ev, sub);

	return by_key(s, &key);
}

struct totals_wait *wait_row(struct wait_rows *s, struct totals *t, const struct event *ev, const struct subject *sub)
{
	struct wait_key key = key_of(ev, sub);
	struct totals_wait *known = by_key(s, &key);
	struct wait_row *r;

	if (known || totals_full(t, t->waits.n))
		return known;
	r = arena_alloc(&t->index->arena, sizeof(*r));
	r->key = key;
	r->row = (struct totals_wait){.what = sub->what,
				      .proc = ev->task->proc->id,
				      .target = sub->target,
				      .addr = sub->addr,
				      .shared = sub->shared,
				      .semaphores = sub->semaphores,
				      .held = sub->semaphores,
				      .semid = sub->semaphores ? sub->obj : 0};
	if (ev->kind == EV_FUTEX && sub->what == SPENT_LOCK)
		r->row.turns = arena_alloc(&t->index->arena, sizeof(*r->row.turns));
	describe(s, t, sub, &r->row);
	HASH_ADD(hh, s->waits, key, sizeof(key), r);
	TABLE_ADD(t->waits, &r->row);
	return &r->row;
}
