/* SPDX-License-Identifier: MIT */
/* A made-up recording of a few MB unpacks to anything: what the model takes of it is bounded by its own limits. */
#include "unit.h"

#include <sys/resource.h>

#include "base/arena.h"
#include "base/buf.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "heap.h"

#ifdef __SANITIZE_ADDRESS__
enum { MEMORY_MB = 1400 };	/* it keeps what was freed for a while, and shadows it */
#else
enum { MEMORY_MB = 600 };
#endif
enum { MANY = 1200, BIG = 900 << 10 };

static uint64_t nlost, longest_name, most_args;

static void on_event(void *ctx, const struct event *ev)
{
	(void)ctx;
	if (ev->kind == EV_LOST)
		nlost += ev->count;
	if (ev->file)
		longest_name = MAX(longest_name, (uint64_t)ev->file->name.len);
	longest_name = MAX(longest_name, (uint64_t)ev->path_len);
	if (ev->kind == EV_EXEC) {
		const struct proc *p = ev->task->proc;
		uint64_t n = 0;

		for (unsigned i = 0; i < p->argc; i++)
			n += p->argv[i].len;
		most_args = MAX(most_args, n);
		assert_true(p->argc_all >= p->argc);
	}
}

struct feeder { struct world *w; struct arena arena; struct buf b; uint64_t now; };

static void open_world(struct feeder *f)
{
	*f = (struct feeder){ .w = world_new(on_event, NULL), .now = 1000 };
	nlost = longest_name = most_args = 0;
}

static void *begin(struct feeder *f, unsigned kind, size_t size, uint32_t pid, uint32_t tid)
{
	buf_reset(&f->b);
	buf_grow(&f->b, 2 * BIG);
	memset(f->b.s, 0, size);
	f->b.len = size;
	*(struct record *)f->b.s = (struct record){ .kind = (rec_u16)kind, .pid = pid, .tid = tid, .ts_ns = f->now++ };
	return f->b.s;
}

static void chunk(struct feeder *f, unsigned arg, unsigned part, size_t len)
{
	static char text[BIG];
	struct record_chunk c = { (rec_u8)arg, (rec_u8)part, 0, (rec_u32)len };

	if (!text[0])
		*(char *)memset(text, 'a', sizeof(text)) = '/';
	buf_add(&f->b, &c, sizeof(c));
	buf_add(&f->b, text, ALIGN8(len));
}

static void feed(struct feeder *f)
{
	struct record *r = (struct record *)f->b.s;
	struct item item;

	r->size = (rec_u32)f->b.len;
	assert_int_equal(decode_record(r, r->size, &f->arena, &item), 0);
	world_feed(f->w, &item);
	arena_reset(&f->arena);
}

static void close_world(struct feeder *f)
{
	struct record_end *e = begin(f, RECORD_END, sizeof(*e), 0, 0);
	struct rusage u;

	feed(f);
	world_free(f->w);
	arena_done(&f->arena);
	buf_done(&f->b);
	getrusage(RUSAGE_SELF, &u);
	assert_true(u.ru_maxrss >> 10 < MEMORY_MB);
}

static void fork_one(struct feeder *f, uint32_t pid)
{
	struct record_fork *r = begin(f, RECORD_FORK, sizeof(*r), pid, pid);

	r->parent_pid = r->parent_tid = 100;
	feed(f);
}

static void long_arguments(void **state)
{
	struct feeder f;

	(void)state;
	open_world(&f);
	for (uint32_t i = 0; i < MANY; i++) {
		struct record_exec *r;

		fork_one(&f, 1000 + i);
		r = begin(&f, RECORD_EXEC, sizeof(*r), 1000 + i, 1000 + i);
		r->old_tid = 1000 + i;
		r->nchunks = 200;
		for (unsigned k = 0; k < 200; k++)
			chunk(&f, 0, PART_ARGV, 4000);
		feed(&f);
	}
	assert_int_equal(most_args, 200 * 4000);	/* while there is room, whole */
	close_world(&f);
}

/* No string is longer than what capture copies, whatever a recording says. */
static void long_names(void **state)
{
	struct feeder f;

	(void)state;
	open_world(&f);
	for (uint32_t i = 0; i < MANY; i++) {
		struct record_fd *r = begin(&f, RECORD_FD, sizeof(*r), 100, 100);
		struct record_call *c;

		r->fd = (rec_i32)i;
		r->ino = i;
		r->mode = 0100644;
		r->nchunks = 1;
		chunk(&f, 0, PART_PATH, BIG);
		feed(&f);
		c = begin(&f, RECORD_CALL, sizeof(*c), 100, 100);	/* openat */
		c->nr = 257;
		c->args[0] = (rec_u64)-100;
		c->ret = 100000 + i;
		c->nchunks = 1;
		chunk(&f, 1, PART_BYTES, BIG);
		feed(&f);
	}
	assert_true(longest_name > 0 && longest_name <= RECORD_STR_MAX);
	close_world(&f);
}

static void many_regions_and_names(void **state)
{
	struct feeder f;

	(void)state;
	open_world(&f);
	for (uint32_t i = 0; i < 120000; i++) {
		struct record_map *r = begin(&f, RECORD_MAP, sizeof(*r), 100, 100);

		r->h.flags = i ? 0 : MAP_FIRST;
		r->start = 8192ull * (i + 1);
		r->end = r->start + 4096;
		r->ino = i;
		r->prot = 1;
		r->flags = 2;
		r->nchunks = 1;
		chunk(&f, 0, PART_PATH, 4096);
		feed(&f);
	}
	close_world(&f);
}

/* More tasks than any system has at a time: those beyond are counted as lost, and reported. */
static void too_many_tasks(void **state)
{
	struct feeder f;

	(void)state;
	open_world(&f);
	for (uint32_t i = 0; i < (1 << 18) + 1000; i++)
		fork_one(&f, 1000 + i);
	assert_int_equal(nlost, 0);
	close_world(&f);
	assert_in_range(nlost, 990, 1010);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(long_arguments), cmocka_unit_test(long_names), cmocka_unit_test(many_regions_and_names),
					    cmocka_unit_test(too_many_tasks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
