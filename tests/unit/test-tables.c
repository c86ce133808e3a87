/* SPDX-License-Identifier: MIT */
/* Tables of results, of what a hostile program makes. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>

#include "analyze/table.h"
#include "analyze/tables_more.h"
#include "analyze/totals.h"
#include "fake.h"

enum { ALL = 100000, LEVELS = ALL / 2, LEAVES = TOTALS_ROWS - LEVELS /* that have a row */ };
enum { ROOM = 2 * TOTALS_ROWS, STACK = 128 << 10, FEW = 10 };

struct filled { struct totals *totals; unsigned room; struct table *table; };

/* Each process is the child of the one before; then each of these, from the first on, makes another. */
static struct totals *one_after_the_other(void)
{
	struct totals *t = totals_new();
	struct fake_task p;
	struct item item = { .kind = RECORD_TASK };

	for (uint32_t i = 1; i <= ALL; i++) {
		fake_proc(&p, i, i <= LEVELS ? i - 1 : i - LEVELS, "x");

		struct event ev = fake_event(EV_EXEC, &p, &item, FAKE_T0 + i);

		totals_event(t, &ev);
	}
	return t;
}

static void *fill(void *arg)
{
	struct filled *f = arg;

	f->table = table_new(&table_processes, f->totals, true, f->room);
	return NULL;
}

static void test_a_tree_of_any_depth(void **state)
{
	struct filled f = { .totals = one_after_the_other(), .room = ROOM };
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, STACK), 0);
	assert_int_equal(pthread_create(&thread, &attr, fill, &f), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
	assert_int_equal(f.table->nall, ALL);
	assert_int_equal(f.table->nrows, TOTALS_ROWS);
	for (unsigned i = 0; i < LEVELS; i++) {
		assert_int_equal(f.table->rows[i].depth, i);
		assert_int_equal(f.table->rows[i].last, i == 0 || i > LEAVES);
	}
	for (unsigned i = 0; i < LEAVES; i++) {
		assert_int_equal(f.table->rows[LEVELS + i].depth, LEAVES - i);
		assert_true(f.table->rows[LEVELS + i].last);
	}
	table_free(f.table);
	f.room = FEW;	/* the chain down to the last does not fit */
	fill(&f);
	assert_int_equal(f.table->nrows, FEW);
	assert_int_equal(f.table->rows[FEW - 1].depth, FEW - 1);
	table_free(f.table);
	totals_free(f.totals);
}

/* Brothers, and a child of the first: the next one goes on where the first stands. */
static void test_a_tree_goes_on_above(void **state)
{
	static const uint32_t parent[] = { 0, 1, 2, 1, 0 };
	static const struct { uint32_t pid, depth; bool last; } want[] = {
		{ 101, 0, true }, { 102, 1, false }, { 103, 2, true }, { 104, 1, true }, { 105, 0, true },
	};
	struct totals *t = totals_new();
	struct item item = { .kind = RECORD_TASK };
	struct table *table;
	struct fake_task p;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(parent); i++) {
		fake_proc(&p, i + 1, parent[i], "x");

		struct event ev = fake_event(EV_EXEC, &p, &item, FAKE_T0 + i);

		totals_event(t, &ev);
	}
	table = table_new(&table_processes, t, true, ROOM);
	assert_int_equal(table->nrows, ARRAY_SIZE(want));
	for (unsigned i = 0; i < table->nrows; i++) {
		assert_int_equal(table->rows[i].cells[0].n, want[i].pid);
		assert_int_equal(table->rows[i].depth, want[i].depth);
		assert_int_equal(table->rows[i].last, want[i].last);
	}
	table_free(table);
	totals_free(t);
}

/* Errors that are the answer which was asked for are calm, those of other calls by the same number are not. */
static void test_answers_are_calm(void **state)
{
	static const struct { const char *call; int err; bool calm; } of[] = {
		{ "fcntl", EBADF, true }, { "write", EBADF, false }, { "readlink", EINVAL, true }, { "readlinkat", EINVAL, true },
		{ "mount", EINVAL, false }, { "ioctl", ENOTTY, true }, { "fcntl", EACCES, false },
	};
	struct totals *t = totals_new();
	const uint64_t args[6] = { 0 };
	struct table *table;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++)
		for (unsigned times = 0; times < 20 - i; times++) {
			struct item item = { .kind = RECORD_CALL };
			struct fake_task f;
			struct event ev;

			fake_proc(&f, 1, 0, "x");
			fake_call(&item.call, of[i].call, FAKE_T0 + 10000 * (100 * i + times), 1000, -of[i].err, args);
			ev = fake_event(EV_CALL, &f, &item, FAKE_T0);
			ev.call = &item.call;
			totals_event(t, &ev);
		}
	table = table_new(&table_errors, t, true, ROOM);
	assert_int_equal(table->nrows, ARRAY_SIZE(of));
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
		assert_int_equal(table->rows[i].cells[2].n, of[i].err);
		assert_int_equal(table->rows[i].cells[2].calm, of[i].calm);
	}
	table_free(table);
	totals_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tree_of_any_depth), cmocka_unit_test(test_a_tree_goes_on_above),
		cmocka_unit_test(test_answers_are_calm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
