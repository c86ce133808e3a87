/* SPDX-License-Identifier: MIT */
/* The filter language: every line of tests/filter/queries.txt but those of words, and where the complaints point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "filter/query.h"
#include "filter/role.h"

enum { FIELDS = 5 };

static void is_number(double got, const char *want, const char *text)
{
	if (!strcmp(want, "-") ? !isnan(got) : got != strtod(want, NULL))
		fail_msg("%s: %g instead of %s", text, got, want);
}

static void parses(const char *text, const char *terms, const char *count, const char *errors)
{
	struct buf b = { 0 };
	struct query q;

	query_parse(text, &q);
	query_format(&b, &q);
	if (strcmp(b.s ? b.s : "", terms) != 0)
		fail_msg("%s: %s instead of %s", text, b.s ? b.s : "", terms);
	if (q.nterms != strtoul(count, NULL, 10) || q.nerrors != strtoul(errors, NULL, 10))
		fail_msg("%s: %u terms, %u errors", text, q.nterms, q.nerrors);
	query_done(&q);
	buf_done(&b);
}

static void passes(const char *text, const char *number, const char *want)
{
	struct query q;

	query_parse(text, &q);
	assert_int_equal(q.nterms, 1);
	if (query_compares(&q.terms[0], strtod(number, NULL)) != !strcmp(want, "yes"))
		fail_msg("%s with %s: not %s", text, number, want);
	query_done(&q);
}

static unsigned keys;	/* lines of the fixture so far */

static void try_case(char *field[FIELDS], unsigned n)
{
	if (!strcmp(field[0], "word"))
		return; /* test-chooser.c */
	if (!strcmp(field[0], "parse")) {
		/* Where there are no terms the field is empty, and strsep() keeps it. */
		assert_int_equal(n, 5);
		parses(field[1], field[2], field[3], field[4]);
	} else if (!strcmp(field[0], "time")) {
		is_number(query_time_ns(field[1]), field[2], field[1]);
	} else if (!strcmp(field[0], "size")) {
		is_number(query_size(field[1]), field[2], field[1]);
	} else if (!strcmp(field[0], "number")) {
		is_number(query_number(field[1]), field[2], field[1]);
	} else if (!strcmp(field[0], "path")) {
		if (query_path_matches(field[1], field[2], strlen(field[2])) != !strcmp(field[3], "yes"))
			fail_msg("%s of %s: not %s", field[1], field[2], field[3]);
	} else if (!strcmp(field[0], "name")) {
		assert_string_equal(field[1] + query_name_at(field[1], strlen(field[1])), field[2]);
	} else if (!strcmp(field[0], "role")) {
		enum role role = role_of(field[1], strlen(field[1]));

		assert_string_equal(role ? role_name(role) : "-", field[2]);
	} else if (!strcmp(field[0], "passes")) {
		passes(field[1], field[2], field[3]);
	} else if (!strcmp(field[0], "key")) {
		keys++;
		assert_true(keys >= 1 && keys < _QUERY_FIELDS);
		assert_string_equal(query_fields[keys].name, field[1]);
		assert_string_equal(query_fields[keys].help, field[2]);
	} else {
		fail_msg("what is a case of %s?", field[0]);
	}
}

static void fixture(void **state)
{
	FILE *f = fopen(getenv("QUERIES"), "re");
	char *line = NULL;
	size_t room = 0;
	unsigned cases = 0;

	(void)state;
	assert_non_null(f);
	while (getline(&line, &room, f) > 0) {
		char *at = line, *field[FIELDS] = { 0 };
		unsigned n = 0;

		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		while (n < FIELDS && (field[n] = strsep(&at, "\t")))
			n++;
		assert_true(n >= 3 && !at);
		try_case(field, n);
		cases++;
	}
	free(line);
	fclose(f);
	assert_true(cases > 100);
}

static void complains(const char *text, size_t at, const char *why)
{
	struct query q;

	query_parse(text, &q);
	assert_int_equal(q.nerrors, 1);
	assert_int_equal(q.errors[0].at, at);
	if (!strstr(q.errors[0].why, why))
		fail_msg("%s: %s", text, q.errors[0].why);
	query_done(&q);
}

static void places(void **state)
{
	(void)state;
	complains("foo:b", 0, "no field \"foo\"");
	complains("type:read !foo:b", 11, "no field \"foo\"");
	complains("type:read dur>fast", 14, "\"fast\" is not a time");
	complains("dur>1ms,soon", 8, "\"soon\" is not a time");
	complains("x bytes>much", 8, "not a number");
	complains("type>3", 4, "type takes \":\", not \">\"");
	complains("type:", 0, "what?");
	complains("type:open !", 10, "nothing follows \"!\"");
	complains("! x", 0, "nothing follows \"!\"");
	complains("type:open path:\"/a b", 15, "the quote is not closed");
	complains("\"", 0, "the quote is not closed");
}

static void many(void **state)
{
	struct buf b = { 0 };
	struct query q;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		buf_puts(&b, "dur>x ");
	query_parse(b.s, &q);
	assert_int_equal(q.nerrors, 1000);
	assert_int_equal(q.nterms, 0);
	query_done(&q);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fixture), cmocka_unit_test(places),
					    cmocka_unit_test(many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
