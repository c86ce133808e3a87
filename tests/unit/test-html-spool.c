/* SPDX-License-Identifier: MIT */
/* What a report's data waits in: order, random access, and a disk that is full. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "sink/html_spool.h"

static void test_merge(void **state)
{
	enum { N = RUN_ROWS * 3 + 1000 };
	struct row_spool s;
	const struct html_row *r;
	uint64_t n = 0, before_start = 0, before_ret = 0, x = 88172645463325252u;

	(void)state;
	assert_int_equal(row_spool_init(&s, "/tmp/x"), 0);
	/*
	 * nearly sorted, as calls are that end in another order than they began; many equal starts; some very late ends
	 */
	for (uint64_t i = 0; i < N; i++) {
		struct html_row row = { .ret = (int64_t)i };

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		row.start = i / 4 * 10;
		row.start -= MIN(row.start, i % 50000 == 7 ? x % 4000000 : x % 300 / 10 * 10);
		row.dur = row.start;	/* goes with the row */
		row_spool_add(&s, &row);
	}
	assert_int_equal(s.nrows, N);
	for (; (r = row_spool_next(&s)); n++) {
		assert_true(r->start >= before_start);
		if (n && r->start == before_start)
			assert_true((uint64_t)r->ret > before_ret);	/* in the order they came */
		assert_int_equal(r->start, r->dur);
		before_start = r->start;
		before_ret = (uint64_t)r->ret;
	}
	assert_int_equal(n, N);
	assert_int_equal(s.err, 0);
	row_spool_done(&s);
}

static void test_merge_empty(void **state)
{
	struct row_spool s;

	(void)state;
	assert_int_equal(row_spool_init(&s, "/tmp/x"), 0);
	assert_null(row_spool_next(&s));
	row_spool_done(&s);
	assert_int_equal(row_spool_init(&s, "/tmp/x"), 0);
	row_spool_done(&s);	/* never read */
}

static void test_table(void **state)
{
	struct row { uint64_t a; char pad[20]; uint32_t b; };
	enum { N = 200000 };	/* many times the cache */
	struct store t;

	(void)state;
	assert_int_equal(store_init(&t, sizeof(struct row), "/tmp/x"), 0);
	for (uint64_t i = 0; i < N; i += 2) {
		struct row *r = store_row(&t, i);

		assert_int_equal(r->a, 0);
		r->a = i * 3;
		r->b = (uint32_t)i;
	}
	for (uint64_t i = 0; i < N; i += 1000)	/* far back, while the front is elsewhere */
		((struct row *)store_row(&t, i))->a++;
	for (uint64_t i = 0; i < N; i++) {
		const struct row *r = store_row(&t, i);

		assert_int_equal(r->a, i % 2 ? 0 : i * 3 + (i % 1000 == 0));
		assert_int_equal(r->b, i % 2 ? 0 : i);
	}
	assert_int_equal(t.nrows, N);
	assert_int_equal(t.err, 0);
	store_done(&t);
}

static void test_spool(void **state)
{
	struct spool s;
	char big[300000], got[16];

	(void)state;
	memset(big, 'b', sizeof(big));
	assert_int_equal(spool_init(&s, "/nonexistent-folder/report.html"), 0);	/* falls back to /tmp */
	spool_add(&s, "first", 5);
	spool_add(&s, big, sizeof(big));
	spool_add(&s, "last", 4);
	spool_read(&s, 0, got, 5);
	assert_memory_equal(got, "first", 5);
	spool_read(&s, 5 + sizeof(big), got, 4);
	assert_memory_equal(got, "last", 4);
	spool_read(&s, 5 + sizeof(big) - 2, got, 4);
	assert_memory_equal(got, "bbla", 4);
	assert_int_equal(s.nbytes, 9 + sizeof(big));
	spool_done(&s);
}

/* A file size limit is the nearest a test comes to a full disk. */
static void test_full(void **state)
{
	struct rlimit old, small = { 1 << 20, 1 << 20 };
	struct row_spool s;
	struct html_row row = { .start = 1 };
	uint64_t n = 0;

	(void)state;
	assert_int_equal(row_spool_init(&s, "/tmp/x"), 0);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	for (unsigned i = 0; i < RUN_ROWS * 2; i++)
		row_spool_add(&s, &row);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(s.err, -EFBIG);
	assert_int_equal(s.nrows, 0);	/* what was lost is not counted as kept */
	while (row_spool_next(&s))
		n++;
	assert_int_equal(n, 0);
	row_spool_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge), cmocka_unit_test(test_merge_empty), cmocka_unit_test(test_table), cmocka_unit_test(test_spool),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("html-spool", tests, NULL, NULL);
}
