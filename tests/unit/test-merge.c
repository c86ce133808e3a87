/* SPDX-License-Identifier: MIT */
/* Several recordings as one source: one clock for all their times, and each damage is named. */
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/outfile.h"
#include "capture/source.h"
#include "record/build.h"
#include "record/file.h"
#include "record/made.h"
#include "unit.h"

/* With the process's number: other builds may be tested at the same time. */
static char names[2][64];
static const char *const paths[] = { names[0], names[1] };
static const struct outfile_words words = { "the recording", "x", NULL };

struct writing { struct outfile file; struct record_writer *w; struct buf rec; };

static void open_one(struct writing *o, const char *path, uint64_t ts_ns, uint64_t wall_ns)
{
	struct diag diag;
	struct record_start *r;

	*o = (struct writing){ 0 };
	assert_int_equal(outfile_open(path, &words, &o->file, &diag), 0);
	o->w = record_writer_new(&o->file);
	r = record_begin(&o->rec, RECORD_START, sizeof(*r), 0, 0, ts_ns);
	r->version = RECORD_VERSION;
	r->wall_ns = wall_ns;
	record_writer_add(o->w, record_finish(&o->rec));
}

static void put(struct writing *o) { record_writer_add(o->w, record_finish(&o->rec)); }

static void close_one(struct writing *o, bool whole)
{
	if (whole)
		record_writer_finish(o->w);
	else
		record_writer_flush(o->w);
	record_writer_free(o->w);
	outfile_close(&o->file);
	buf_done(&o->rec);
}

static void put_file(struct writing *o, uint64_t ts_ns, uint64_t connect_ns, uint64_t connected_ns)
{
	struct record_file file = { .id = 1, .connect_ns = connect_ns, .connected_ns = connected_ns };
	struct record_fd *r = record_begin(&o->rec, RECORD_FD, sizeof(*r), 7, 7, ts_ns);

	r->nchunks = 2;
	record_chunk(&o->rec, 0, PART_PATH, 0, "socket", 6);
	record_chunk(&o->rec, 0, PART_FILE, 0, &file, sizeof(file));
	put(o);
}

struct seen { unsigned n; uint64_t last_ns; struct record_file file; rec_u64 fd_ns; unsigned kinds[16], order[16]; };

static void see(void *ctx, const struct record *r)
{
	struct seen *s = ctx;

	assert_true(s->n < ARRAY_SIZE(s->order));
	s->order[s->n++] = r->kind;
	if (r->kind == RECORD_FD) {
		s->fd_ns = r->ts_ns;
		memcpy(&s->file, (const char *)r + r->size - sizeof(s->file), sizeof(s->file));
	}
}

static struct source *read_both(struct seen *s)
{
	struct source *source;
	struct diag diag;

	*s = (struct seen){ 0 };
	assert_int_equal(source_replay_open_many(paths, 2, &source, &diag), 0);
	while (source->ops->step(source, see, s) == 1)
		;
	return source;
}

static void test_times(void **state)
{
	struct writing a, b;
	struct source *source;
	struct seen s;

	(void)state;
	open_one(&a, paths[0], 1000, 5000000);
	close_one(&a, true);
	/* begins 100 later, by a clock that is 9000 ahead */
	open_one(&b, paths[1], 10100, 5000100);
	put_file(&b, 10200, 10050, 0);
	close_one(&b, true);
	source = read_both(&s);
	assert_int_equal(s.fd_ns, 1200);
	assert_int_equal(s.file.connect_ns, 1050);
	assert_int_equal(s.file.connected_ns, 0);	/* none stays none */
	source->ops->free(source);
}

/* Any numbers are some order: nothing overflows (UBSan is the judge), and a time stays one. */
static void test_wild_times(void **state)
{
	static const uint64_t wild[] = { 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX };
	struct writing a, b;
	struct seen s;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wild); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(wild); j++) {
			struct source *source;

			open_one(&a, paths[0], wild[i], 1);
			close_one(&a, true);
			open_one(&b, paths[1], 1, wild[j]);
			put_file(&b, wild[i], wild[j], wild[i]);
			close_one(&b, true);
			source = read_both(&s);
			assert_int_equal(s.n, 4);
			source->ops->free(source);
		}
}

/* What waited for a CPU is in the stream when it no longer does. */
static void test_order(void **state)
{
	struct record_sched *wait;
	struct writing a, b;
	struct source *source;
	struct seen s;

	(void)state;
	open_one(&a, paths[0], 1000, 5000);
	wait = record_begin(&a.rec, RECORD_SCHED, sizeof(*wait), 7, 7, 1100);
	wait->delay_ns = 500;
	put(&a);
	close_one(&a, true);
	open_one(&b, paths[1], 1000, 5000);
	record_begin(&b.rec, RECORD_DETACH, sizeof(struct record), 7, 7, 1300);
	put(&b);
	close_one(&b, true);
	source = read_both(&s);
	assert_int_equal(s.n, 5);
	assert_int_equal(s.order[2], RECORD_DETACH);
	assert_int_equal(s.order[3], RECORD_SCHED);
	source->ops->free(source);
}

static void test_damage(void **state)
{
	struct source *source;
	struct writing o;
	struct seen s;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_one(&o, paths[i], 1000, 5000);
		close_one(&o, false);
	}
	source = read_both(&s);
	for (unsigned i = 0; i < 2; i++) {
		assert_non_null(source->ops->damage(source, i));
		assert_non_null(strstr(source->ops->damage(source, i)->text, paths[i]));
	}
	assert_null(source->ops->damage(source, 2));
	source->ops->free(source);
}

/* A body that is too short for its kind has no end to read, and sums that wrap are none. */
static void test_made(void **state)
{
	struct record_block block = {
		.h = { sizeof(block), RECORD_BLOCK, 0, 0, 0, 100 }, .queue_ns = 20, .device_ns = 3
	};
	struct record_sched sched = { .h = { sizeof(sched), RECORD_SCHED, 0, 0, 0, 100 }, .delay_ns = UINT64_MAX };
	struct record_call call = { .h = { sizeof(call), RECORD_CALL, 0, 0, 0, 100 }, .exit_ns = 150 };
	struct record *alone = xcalloc(1, sizeof(*alone));

	(void)state;
	assert_int_equal(record_made_ns(&block.h), 123);
	assert_int_equal(record_made_ns(&sched.h), 100);
	assert_int_equal(record_made_ns(&call.h), 150);
	for (unsigned kind = 0; kind < _RECORD_KIND_MAX; kind++) {
		*alone = (struct record){ sizeof(*alone), (rec_u16)kind, 0, 0, 0, 100 };
		assert_int_equal(record_made_ns(alone), 100);	/* ASan is the judge, too */
	}
	free(alone);
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		unlink(paths[i]);
	return 0;
}

int main(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(paths); i++)
		snprintf(names[i], sizeof(names[i]), "/tmp/test-merge.%d.%c.cpd", (int)getpid(), 'a' + (int)i);

	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_times, teardown), cmocka_unit_test_teardown(test_wild_times, teardown),
		cmocka_unit_test_teardown(test_order, teardown), cmocka_unit_test_teardown(test_damage, teardown),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
