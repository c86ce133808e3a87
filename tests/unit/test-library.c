/* SPDX-License-Identifier: MIT */
/* Libraries that are loaded at first use: what is called before, one that is not there, one that lacks a function. */
#include "base/library.h"
#include "unit.h"

#if LIBRARIES_LINKED
int main(void) { return 77; }
#else
double cbrt(double x);
double nearbyint(double x);
int no_function_of_libm(void);
int no_function_at_all(void);

#define WHOLE(ROW) ROW(cbrt)
LIBRARY(whole, "libm.so.6", WHOLE);

#define LACKS(ROW) ROW(nearbyint) ROW(no_function_of_libm)
LIBRARY(lacks, "libm.so.6", LACKS);

#define MISSING(ROW) ROW(no_function_at_all)
LIBRARY(missing, "libcompendium-has-no-such.so.1", MISSING);

static void test_loads(void **state)
{
	(void)state;
	assert_true(library_load(&whole));
	assert_true(library_load(&whole));
	assert_true(cbrt(27.0) > 2.9 && cbrt(27.0) < 3.1);
}

static void test_lacks(void **state)
{
	(void)state;
	assert_int_equal(no_function_of_libm(), 0);
	assert_false(library_load(&lacks));
	assert_string_equal(lacks.why, "libm.so.6 has no no_function_of_libm()");
	assert_false(library_load(&lacks));
	assert_int_equal(no_function_of_libm(), 0);
}

static void test_missing(void **state)
{
	(void)state;
	assert_false(library_load(&missing));
	assert_non_null(strstr(missing.why, "libcompendium-has-no-such.so.1"));
	assert_int_equal(no_function_at_all(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_lacks),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
