/* SPDX-License-Identifier: MIT */
/* Quantities read the same everywhere, and never change unit in mid-air: 1024.0 KB is 1.0 MB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/human.h"

#define assert_reads(fn, value, text) do { \
	struct buf b = { 0 }; \
	fn(&b, value); \
	assert_string_equal(b.s, text); \
	buf_done(&b); \
} while (0)

static void bytes(void **state)
{
	(void)state;
	assert_reads(human_bytes, 0, "0 B");
	assert_reads(human_bytes, 1023, "1023 B");
	assert_reads(human_bytes, 1024, "1.0 KB");
	assert_reads(human_bytes, 1434, "1.4 KB");
	assert_reads(human_bytes, 1024 * 1024 - 1, "1.0 MB");
	assert_reads(human_bytes, 8912896, "8.5 MB");
	assert_reads(human_bytes, UINT64_MAX, "16.0 EB");
}

static void durations(void **state)
{
	(void)state;
	assert_reads(human_ns, 0, "0ns");
	assert_reads(human_ns, 999, "999ns");
	assert_reads(human_ns, 12345, "12.3µs");
	assert_reads(human_ns, 999499, "999µs");
	assert_reads(human_ns, 999500, "1.00ms");
	assert_reads(human_ns, 3200000000, "3.20s");
	assert_reads(human_ns, 125000000000, "2m05s");
	assert_reads(human_ns, 5400000000000, "1h30m");
}

static void counts(void **state)
{
	(void)state;
	assert_reads(human_count, 0, "0");
	assert_reads(human_count, 999, "999");
	assert_reads(human_count, 1000, "1,000");
	assert_reads(human_count, 1234567, "1,234,567");
	assert_reads(human_count, UINT64_MAX, "18,446,744,073,709,551,615");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bytes), cmocka_unit_test(durations),
					    cmocka_unit_test(counts) };

	return cmocka_run_group_tests_name("human", tests, NULL, NULL);
}
