/* SPDX-License-Identifier: MIT */
/* Moments of a recording, as --from and --to take them. */
#include <stdlib.h>
#include <time.h>

#include "base/diag.h"
#include "base/macro.h"
#include "cli/when.h"
#include "unit.h"

#define S 1000000000ull

/* From Monday, 2026-03-02 22:30:00 UTC on, for three hours; its clock had 1,000 s then. */
static const struct when_span span = {
	.start_ns = 1000 * S, .end_ns = (1000 + 3 * 3600) * S, .wall_ns = 1772490600 * S,
};
static const struct when_span stream = { .start_ns = 1000 * S, .wall_ns = 1772490600 * S };

static int zoned(void **state UNUSED)
{
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static uint64_t at(const char *text, const struct when_span *of)
{
	struct when w;
	struct diag diag = { 0 };
	uint64_t ns = 0;

	if (when_parse(text, &w) < 0)
		fail_msg("%s is no time", text);
	if (when_resolve(&w, "from", of, &ns, &diag) < 0)
		fail_msg("%s: %s", text, diag.text);
	return ns;
}

static void test_in_a_recording(void **state UNUSED)
{
	static const struct { const char *text; uint64_t after_ns; } cases[] = {
		{ "0", 0 }, { "1.5s", 3 * S / 2 }, { "+1.5", 3 * S / 2 }, { "2m", 120 * S }, { "250ms", S / 4 },
		{ "+7us", 7000 },
		{ "-10s", (3 * 3600 - 10) * S }, { "-0s", 3 * 3600 * S }, { "-9h", 0 }, { "50%", 5400 * S }, { "0%", 0 }, { "12.5%", 1350 * S },
		{ "22:30", 0 }, { "22:30:01.25", S + S / 4 }, { "22:29", 0 }, { "23:00", 1800 * S },
		/* behind midnight, within the recording; 02:00 of the next day is not */
		{ "01:00", 9000 * S }, { "02:00", 0 },
		{ "2026-03-02T22:30:00.000000001", 1 }, { "2026-03-02 22:31", 60 * S }, { "2026-03-02T23:31Z", 3660 * S },
		{ "2026-03-02T23:31+01:00", 60 * S }, { "2026-03-02T23:31+01", 60 * S }, { "2026-03-02T17:01:02-0530", 62 * S },
		{ "@1772490600", 0 }, { "@1772490601.5", 3 * S / 2 }, { "@0", 0 }, { "1999-01-01T00:00", 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = at(cases[i].text, &span);

		if (ns != span.start_ns + cases[i].after_ns)
			fail_msg("%s: %.9f s after the start", cases[i].text,
				 ((double)ns - (double)span.start_ns) / 1e9);
	}
	/* what still runs began in the evening: of the next day */
	assert_int_equal(at("02:00", &stream), (1000 + 12600) * S);
	assert_int_equal(at("22:29", &stream), 1000 * S);
}

static void test_no_moments(void **state UNUSED)
{
	static const char *const words[] = {
		"", "x", "-", "+", "%", "101%", "-5%", "5%%", "1.5x", "--1", "+-1", "24:00", "13:60", "13:5", "13:30:61", "13:30:", "1:2:3:4",
		"2026-13-01T10:00", "2026-03-02", "2026-03-02T", "2026-03-02T10:00+", "2026-03-02T10:00X", "2026-3-2T10:00", "@", "@x", "@1.5s",
		"@123456789012", "1e9999", "nan", "inf", "0x10", "13:30 ", "99999999999999999999", "2026-03-02T10:00+25:00",
	};
	struct when w;

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (when_parse(words[i], &w) == 0)
			fail_msg("\"%s\" is taken for a time", words[i]);
}

/* A stream has no end yet; a recording may not say when it was made. */
static void test_not_known(void **state UNUSED)
{
	static const struct when_span nameless = { .start_ns = S, .end_ns = 2 * S };
	static const struct { const char *text; const struct when_span *of; } cases[] = {
		{ "-1s", &stream }, { "50%", &stream }, { "13:30", &nameless }, { "@1", &nameless },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag diag = { 0 };
		struct when w;
		uint64_t ns;

		assert_int_equal(when_parse(cases[i].text, &w), 0);
		assert_true(when_resolve(&w, "to", cases[i].of, &ns, &diag) < 0);
		assert_non_null(strstr(diag.text, cases[i].text));
	}
	assert_int_equal(at("1s", &nameless), 2 * S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_in_a_recording, zoned),
		cmocka_unit_test(test_no_moments),
		cmocka_unit_test(test_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
