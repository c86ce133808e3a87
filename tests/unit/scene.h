/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A traced world by hand: records are built, decoded and fed as a backend's
 * would be, and what is emitted is kept as copies.
 *
 *	CALL(s, 10, "openat", 3, AT_FDCWD, 0, O_RDONLY);	a call by thread 10 that returned 3
 *	str(s, 1, "/etc/hosts");				what its second argument pointed to
 *	const struct seen *e = go(s);				feed it; the event with the call
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "abi/spec.h"
#include "base/arena.h"
#include "base/buf.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "sink/words.h"

struct seen {
	enum event_kind kind;
	bool call;
	int err, fd, fd2, status, signo;
	uint32_t tid, pid, task, proc, child_tid, child, target_pid, target_proc, flags, sender_pid, sender_ns_pid;
	bool target_group;
	uint32_t target_pgid;
	bool sender_outside, found;
	uint64_t before_ns;
	char text[80];
	uint32_t file, file2, conn, conn2;	/* ids */
	uint32_t nrenamed, nwaited, waited;	/* waited: id of the first */
	char renamed[200];		/* the first: from, to */
	char name[300], name2[300], path[512], path2[512], raw[512], peer[160];
	uint64_t ts_ns, dur_ns, nbytes, addr, nread, nwritten;
	int64_t delta;
};

struct scene {
	struct world *w;
	struct arena arena;
	struct rec r;
	uint64_t now, took;		/* the next record's time; how long calls take */
	uint32_t pid_of[4096];
	struct seen *v;
	unsigned n, cap, from;		/* from: first of the last record */
};

static inline void copy_text(char *to, size_t max, const char *s, size_t len)
{
	len = s ? MIN(len, max - 1) : 0;
	if (len)
		memcpy(to, s, len);
	to[len] = '\0';
}

static inline void file_text(char *to, size_t max, const struct file *f)
{
	struct buf b = { 0 };

	file_name(&b, f);
	copy_text(to, max, b.s, b.len);
	buf_done(&b);
}

static inline void scene_event(void *ctx, const struct event *ev)
{
	struct scene *s = ctx;
	struct buf b = { 0 };

	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->v = xrealloc(s->v, s->cap * sizeof(*s->v));
	}

	struct seen *e = &s->v[s->n++];

	*e = (struct seen){ .kind = ev->kind, .call = ev->call, .err = ev->err, .fd = ev->fd, .fd2 = ev->fd2, .status = ev->status,
			    .target_group = ev->target_group, .target_pgid = ev->target_pgid,
			    .signo = ev->signo, .target_pid = ev->target_pid, .target_proc = ev->target_proc, .flags = ev->flags,
			    .sender_pid = ev->sender_pid, .sender_ns_pid = ev->sender_ns_pid, .sender_outside = ev->sender_outside, .found = ev->found, .before_ns = ev->before_ns,
			    .ts_ns = ev->ts_ns, .dur_ns = ev->dur_ns, .nbytes = ev->nbytes, .addr = ev->addr, .delta = ev->delta };
	assert_non_null(ev->item);
	if (ev->task) {
		e->tid = ev->task->tid;
		e->pid = ev->task->proc->pid;
		e->task = ev->task->id;
		e->proc = ev->task->proc->id;
	}
	if (ev->child) {
		e->child_tid = ev->child->tid;
		e->child = ev->child->id;
	}
	e->nrenamed = ev->nrenamed;
	e->nwaited = ev->nwaited;
	e->waited = ev->nwaited ? ev->waited[0].file->id : 0;
	if (ev->nrenamed)
		snprintf(e->renamed, sizeof(e->renamed), "%s %s", ev->renamed[0].from, ev->renamed[0].to);
	e->conn = ev->conn ? ev->conn->id : 0;
	e->conn2 = ev->conn2 ? ev->conn2->id : 0;
	if (ev->file) {
		e->file = ev->file->id;
		e->nread = ev->file->bytes_read;
		e->nwritten = ev->file->bytes_written;
		file_text(e->name, sizeof(e->name), ev->file);
	}
	if (ev->file2) {
		e->file2 = ev->file2->id;
		file_text(e->name2, sizeof(e->name2), ev->file2);
	}
	copy_text(e->text, sizeof(e->text), ev->text, ev->text_len);
	copy_text(e->path, sizeof(e->path), ev->path, ev->path_len);
	copy_text(e->path2, sizeof(e->path2), ev->path2, ev->path2_len);
	copy_text(e->raw, sizeof(e->raw), ev->raw, ev->raw_len);
	if (ev->peer) {
		addr_format(&b, ev->peer);
		copy_text(e->peer, sizeof(e->peer), b.s, b.len);
	}
	buf_done(&b);
}

static inline void feed(struct scene *s)
{
	struct record *h = (struct record *)s->r.mem;
	struct item item;

	s->from = s->n;
	assert_int_equal(decode_record(h, h->size, &s->arena, &item), 0);
	world_feed(s->w, &item);
	arena_reset(&s->arena);
	s->now += 1000;
}

static inline void *begin(struct scene *s, unsigned kind, size_t size, uint32_t tid)
{
	struct record *h = rec_begin(&s->r, kind, size);

	h->tid = tid;
	h->pid = tid < ARRAY_SIZE(s->pid_of) && s->pid_of[tid] ? s->pid_of[tid] : tid;
	h->ts_ns = s->now;
	return h;
}

/* Part of the record being built; call: of its argument. */
static inline void part(struct scene *s, unsigned arg, unsigned kind, unsigned flags, const void *p, size_t n)
{
	struct record *h = (struct record *)s->r.mem;

	rec_chunk(&s->r, arg, kind, flags, p, n);
	switch (h->kind) {
	case RECORD_CALL: ((struct record_call *)h)->nchunks++; break;
	case RECORD_WAITING: ((struct record_waiting *)h)->nchunks++; break;
	case RECORD_EXEC: ((struct record_exec *)h)->nchunks++; break;
	case RECORD_TASK: ((struct record_task *)h)->nchunks++; break;
	case RECORD_FD: ((struct record_fd *)h)->nchunks++; break;
	case RECORD_MAP: ((struct record_map *)h)->nchunks++; break;
	case RECORD_START: ((struct record_start *)h)->nchunks++; break;
	default: fail_msg("no parts in kind %u", h->kind);
	}
}

static inline void text_part(struct scene *s, unsigned kind, const char *text)
{
	part(s, 0, kind, 0, text, strlen(text));
}

static inline void str(struct scene *s, unsigned arg, const char *text)
{
	part(s, arg, PART_BYTES, 0, text, strlen(text));
}

static inline void in(struct scene *s, unsigned arg, const void *p, size_t n)
{
	part(s, arg, PART_BYTES, 0, p, n);
}

static inline void out(struct scene *s, unsigned arg, const void *p, size_t n)
{
	part(s, arg, PART_BYTES, CHUNK_AT_EXIT, p, n);
}

static inline struct record_call *call_begin(struct scene *s, uint32_t tid, const char *name, int64_t ret,
					     const uint64_t args[6])
{
	struct record_call *c = begin(s, RECORD_CALL, sizeof(*c), tid);
	int nr = syscall_number(name);

	if (nr < 0)
		fail_msg("no call %s", name);
	c->nr = (uint32_t)nr;
	c->ret = ret;
	c->exit_ns = s->now + s->took;
	memcpy(c->args, args, sizeof(c->args));
	return c;
}
#define CALL(s, tid, name, ret, ...) call_begin(s, tid, name, ret, (uint64_t[6]){ __VA_ARGS__ })

/* The last record's event with a call: exactly one. */
static inline const struct seen *go(struct scene *s)
{
	const struct seen *found = NULL;

	feed(s);
	for (unsigned i = s->from; i < s->n; i++)
		if (s->v[i].call) {
			assert_null(found);
			found = &s->v[i];
		}
	assert_non_null(found);
	return found;
}

/* The last record's nth event of that kind, NULL when it made none. */
static inline const struct seen *got(const struct scene *s, enum event_kind kind, unsigned nth)
{
	for (unsigned i = s->from; i < s->n; i++)
		if (s->v[i].kind == kind && nth-- == 0)
			return &s->v[i];
	return NULL;
}

static inline unsigned count(const struct scene *s, enum event_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		n += s->v[i].kind == kind;
	return n;
}

/* ---- the usual ---- */

static inline void start(struct scene *s, unsigned mode)
{
	struct record_start *r = begin(s, RECORD_START, sizeof(*r), 0);

	r->version = RECORD_VERSION;
	r->page_size = 4096;
	r->mode = mode;
	feed(s);
}

/* A process as the snapshot of the command's own first process tells it, working in /home/me. */
static inline void task(struct scene *s, uint32_t pid, uint32_t tid)
{
	struct record_task *r;

	s->pid_of[tid] = pid;
	r = begin(s, RECORD_TASK, sizeof(*r), tid);
	r->ppid = 1;
	text_part(s, PART_COMM, "prog");
	text_part(s, PART_EXE, "/usr/bin/prog");
	text_part(s, PART_CWD, "/home/me");
	text_part(s, PART_ROOT, "/");
	text_part(s, PART_ARGV, "prog");
	feed(s);
}

static inline void fork_(struct scene *s, uint32_t by, uint32_t tid, uint64_t flags)
{
	uint32_t parent_pid = s->pid_of[by] ? s->pid_of[by] : by;
	struct record_fork *r;

	s->pid_of[tid] = flags & CLONE_THREAD ? parent_pid : tid;
	r = begin(s, RECORD_FORK, sizeof(*r), tid);
	r->parent_pid = parent_pid;
	r->parent_tid = by;
	r->clone_flags = flags;
	feed(s);
}
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static inline void exec(struct scene *s, uint32_t old_tid, const char *path, const char *argv1)
{
	uint32_t pid = s->pid_of[old_tid] ? s->pid_of[old_tid] : old_tid;
	struct record_exec *r = begin(s, RECORD_EXEC, sizeof(*r), pid);

	r->old_tid = old_tid;
	text_part(s, PART_PATH, path);
	text_part(s, PART_EXE, path);
	text_part(s, PART_ARGV, path);
	if (argv1)
		text_part(s, PART_ARGV, argv1);
	feed(s);
}

static inline void exit_(struct scene *s, uint32_t tid, int status)
{
	struct record_exit *r = begin(s, RECORD_EXIT, sizeof(*r), tid);

	r->status = status;
	feed(s);
}

static inline const struct seen *open_(struct scene *s, uint32_t tid, const char *path, int flags, int64_t ret)
{
	CALL(s, tid, "openat", ret, (uint64_t)AT_FDCWD, 0, (uint64_t)flags, 0644);
	str(s, 1, path);
	return go(s);
}

static inline const struct seen *io(struct scene *s, uint32_t tid, const char *name, int fd, int64_t ret)
{
	CALL(s, tid, name, ret, (uint64_t)fd, 0, 4096);
	return go(s);
}

static inline const struct seen *close_(struct scene *s, uint32_t tid, int fd)
{
	CALL(s, tid, "close", 0, (uint64_t)fd)->h.flags = CALL_NO_EXIT;
	return go(s);
}

static inline void pipe_(struct scene *s, uint32_t tid, int r, int w)
{
	CALL(s, tid, "pipe2", 0, 0, 0);
	out(s, 0, (int[]){ r, w }, 2 * sizeof(int));
	go(s);
}

static inline struct file *file_of(struct scene *s, uint32_t tid, int fd)
{
	struct task *t = world_task(s->w, tid);

	return t ? task_file(t, fd) : NULL;
}

static inline const char *name_of(struct scene *s, uint32_t tid, int fd)
{
	static char name[512];
	struct file *f = file_of(s, tid, fd);

	if (f)
		file_text(name, sizeof(name), f);
	return f ? name : "closed";
}

static inline int scene_setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));

	s->w = world_new(scene_event, s);
	s->now = 1000000;
	s->took = 500;
	start(s, START_COMMAND | START_ALL_CALLS);
	task(s, 10, 10);
	*state = s;
	return 0;
}

static inline int scene_teardown(void **state)
{
	struct scene *s = *state;

	world_free(s->w);
	arena_done(&s->arena);
	free(s->v);
	free(s);
	return 0;
}
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
