/* SPDX-License-Identifier: MIT */
/*
 * Any stream of records is survived, and what events point to is there.  What begins with START is taken as records;
 * anything else as a dense notation in which few bytes make a well-formed record that touches what earlier ones made:
 * the same few threads, descriptors and pages again and again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long sum;	/* so that reading is not optimised away */
static uint64_t nevents, ncalls;

static void read_all(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += ((const unsigned char *)p)[i];
}

static void read_file(const struct file *f)
{
	if (!f)
		return;
	read_all(f->name.s, f->name.len);
	sum += (unsigned long)file_kind_name(f->kind)[0] + f->id + f->bytes_read;
	if ((f->kind == FILE_SOCKET) != (f->sock != NULL) || (f->sock && !sock_proto_name(f->sock)))
		abort();
}

static void read_task(const struct task *t)
{
	const struct fdent *e;

	if (!t)
		return;
	read_all(t->comm.s, t->comm.len);
	read_all(t->proc->exe.s, t->proc->exe.len);
	for (unsigned i = 0; i < t->proc->argc; i++)
		read_all(t->proc->argv[i].s, t->proc->argv[i].len);
	for (int fd = t->fds ? fdtab_next(t->fds, 0, &e) : -1, last = -1; fd >= 0 && fd < INT32_MAX;
	     last = fd, fd = fdtab_next(t->fds, fd + 1, &e)) {
		if (fd <= last || !e->file || e->file->refs < 1)
			abort();
		read_file(e->file);
	}
}

static void check_mm(const struct mm *mm)
{
	uint64_t end = 0, counted = 0;

	for (unsigned i = 0; i < mm->n; i++) {
		const struct region *r = mm->v[i];

		if (r->start < end || r->end <= r->start)
			abort();
		end = r->end;
		counted += r->counted ? r->end - r->start : 0;
		read_all(r->path.s, r->path.len);
	}
	if (counted != mm->mapped)
		abort();
}

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	nevents++;
	ncalls += ev->call && ev->kind != EV_WAITING;	/* it is in one, which has an event of its own later */
	if (!ev->item || !event_info(ev->kind)->name)
		abort();
	read_task(ev->task);
	read_task(ev->child);
	read_file(ev->file);
	read_file(ev->file2);
	read_all(ev->path, ev->path_len);
	read_all(ev->path2, ev->path2_len);
	read_all(ev->raw, ev->raw_len);
	read_all(ev->text, ev->text_len);
	read_all(ev->peer, ev->peer ? sizeof(*ev->peer) : 0);
	if (ev->task && ev->task->proc->mm)
		check_mm(ev->task->proc->mm);
}

static void feed(struct world *w, struct arena *arena, const struct record *r, size_t size)
{
	struct item item;

	if (decode_record(r, size, arena, &item) == 0) {
		ncalls = 0;
		world_feed(w, &item);
		if (ncalls != (item.kind == RECORD_CALL))
			abort();
	}
	arena_reset(arena);
}

/* ---- the dense notation ---- */

struct input { const uint8_t *p; size_t left; };

static uint8_t byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

/* Mostly small, sometimes an address, seldom anything. */
static uint64_t word(struct input *in)
{
	uint8_t b = byte(in);
	uint64_t v = 0;

	if (b < 0xa0)
		return b % 24;
	if (b < 0xd0)
		return 0x7f0000000000 + (uint64_t)(b & 31) * 4096;
	if (b < 0xe0)
		return (uint64_t)(b & 15) * 4096;
	if (b < 0xf0)
		return 1ull << (byte(in) & 63);
	if (b < 0xf8)
		return (uint64_t)-(int64_t)byte(in);
	for (int i = 0; i < 8; i++)
		v = v << 8 | byte(in);
	return v;
}

static _Alignas(8) char mem[RECORD_MAX];

static void chunk(struct input *in, struct record *h, bool call)
{
	static const char *const paths[] = { "/a", "b", "/a/b", "..", "/proc/self/fd/3", "/dev/fd/4", "/proc/5/cwd/x",
					     "/",  "" };
	struct record_chunk *c = (struct record_chunk *)(mem + h->size);
	uint8_t kind = byte(in);

	memset(c, 0, sizeof(*c) + 512);
	c->arg = call ? byte(in) % 6 : 0;
	c->part = kind % (PART_MSGVEC + 4);
	if (c->part > PART_MSGVEC)
		c->part += PART_FACT - PART_MSGVEC - 1;		/* and its name and socket */
	c->flags = kind & 0x80 ? CHUNK_AT_EXIT : 0;
	if (kind & 0x40) {
		const char *s = paths[byte(in) % ARRAY_SIZE(paths)];

		c->len = (rec_u32)strlen(s);
		memcpy(c + 1, s, c->len);
	} else {
		c->len = byte(in) % 200;
		if (c->part == PART_SOCK || c->part == PART_FACT_SOCK)
			c->len = sizeof(struct record_sock);
		if (c->part == PART_FACT)
			c->len = sizeof(struct record_fact);
		for (unsigned i = 0; i < c->len; i++)
			((uint8_t *)(c + 1))[i] = byte(in);
	}
	h->size += (rec_u32)(sizeof(*c) + ALIGN8(c->len));
}

static void dense(struct world *w, struct arena *arena, struct input *in)
{
	static const struct { uint16_t kind, size, nchunks; } kinds[] = {
#define BODY(kind, type) { kind, sizeof(struct type), offsetof(struct type, nchunks) }
		BODY(RECORD_START, record_start), BODY(RECORD_FORK, record_fork), BODY(RECORD_EXEC, record_exec),
		{ RECORD_EXIT, sizeof(struct record_exit), 0 }, { RECORD_SIGNAL, sizeof(struct record_signal), 0 },
		{ RECORD_STOP, sizeof(struct record_stop), 0 }, BODY(RECORD_TASK, record_task), BODY(RECORD_FD, record_fd),
		BODY(RECORD_MAP, record_map), { RECORD_DETACH, sizeof(struct record), 0 },
	};
	uint64_t now = 1000;

	while (in->left) {
		struct record *h = (struct record *)mem;
		uint8_t what = byte(in);
		unsigned nchunks = what >> 6;
		uint8_t who = byte(in);

		memset(mem, 0, 512);
		h->tid = 3 + (who & 7);
		h->pid = who & 0x80 ? h->tid : 3 + (who >> 3 & 7);
		h->ts_ns = now += 10;
		if ((what & 63) < 44) {
			struct record_call *c = (struct record_call *)mem;

			h->kind = RECORD_CALL;
			h->size = sizeof(*c);
			c->nr = byte(in) + (what & 1) * 256u;
			c->exit_ns = now + 5;
			for (int i = 0; i < 6; i++)
				c->args[i] = word(in);
			c->ret = (rec_i64)word(in);
			h->flags = what & 32 ? byte(in) & 7 : 0;
			c->nchunks = (rec_u16)nchunks;
		} else {
			unsigned k = what % ARRAY_SIZE(kinds);
			uint32_t n = nchunks;

			h->kind = kinds[k].kind;
			h->size = kinds[k].size;
			for (size_t i = sizeof(*h); i + 8 <= kinds[k].size; i += 8) {
				uint64_t v = word(in);

				memcpy(mem + i, &v, 8);
			}
			if (h->kind == RECORD_FORK) {
				((struct record_fork *)mem)->parent_tid %= 11;
				((struct record_fork *)mem)->clone_flags |= (uint64_t)(byte(in) & 0x3f) << 8 |
									    (uint64_t)(byte(in) & 1) << 16;
			}
			if (h->kind == RECORD_FD)
				((struct record_fd *)mem)->mode = (uint32_t)byte(in) << 9;
			if (kinds[k].nchunks)
				memcpy(mem + kinds[k].nchunks, &n, sizeof(n));
			else
				nchunks = 0;
		}
		for (unsigned i = 0; i < nchunks; i++)
			chunk(in, h, h->kind == RECORD_CALL);
		feed(w, arena, h, h->size);
	}
}

struct restore { struct world *w; struct arena arena; };

/* Whatever the world is like, how it stands can be read. */
static void restore(void *ctx, const struct record *r)
{
	struct restore *to = ctx;
	struct item item;

	if (decode_record(r, r->size, &to->arena, &item) < 0)
		abort();
	world_feed(to->w, &item);
	arena_reset(&to->arena);
}

static void nothing(void *ctx, const struct event *ev) { (void)ctx, (void)ev; }

static void snapshot(struct world *w)
{
	struct restore to = { .w = world_new(nothing, NULL) };

	world_snapshot(w, 1, restore, &to);
	world_free(to.w);
	arena_done(&to.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = world_new(on_event, NULL);
	struct arena arena = { 0 };

	if (size < sizeof(struct record) || data[4] != RECORD_START || data[5]) {
		dense(w, &arena, &(struct input){ data, size });
	} else {
		for (size_t off = 0; off + sizeof(struct record) <= size;) {
			const struct record *r = (const struct record *)mem;
			size_t left = size - off;

			memcpy(mem, data + off, sizeof(*r));	/* aligned, as sources hand them over */
			left = MIN(left, MIN(sizeof(mem), MAX(r->size, sizeof(*r))));
			memcpy(mem, data + off, left);
			feed(w, &arena, r, left);
			off += r->size >= sizeof(*r) && r->size <= left ? r->size : sizeof(*r);
		}
	}
	snapshot(w);
	world_free(w);
	arena_done(&arena);
	return 0;
}
