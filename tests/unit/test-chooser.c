/* SPDX-License-Identifier: MIT */
/* Words that a filter does not know: the lines of tests/filter/queries.txt that the page's box is tried with, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/totals.h"
#include "base/diag.h"
#include "sink/chooser.h"

static void refuses(const char *filter, const char *complaint)
{
	static const char before[] = "filter: ";
	struct totals *totals = totals_new();
	struct chooser_wish wish = { .filter = filter };
	struct diag diag = { 0 };
	struct chooser *c = NULL;
	int rc = chooser_new(&wish, totals, &c, &diag);

	if (!strcmp(complaint, "-")) {
		if (rc || !c)
			fail_msg("%s: %s", filter, diag.text);
	} else if (rc != -EINVAL || strncmp(diag.text, before, strlen(before)) != 0 ||
		   strcmp(diag.text + strlen(before), complaint) != 0) {
		fail_msg("%s: %d, \"%s\" instead of \"%s\"", filter, rc, diag.text, complaint);
	}
	chooser_free(c);
	totals_free(totals);
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
		char *at = line, *word = strsep(&at, "\t"), *filter = strsep(&at, "\t");

		if (strcmp(word, "word") != 0)
			continue;
		assert_non_null(at);
		at[strcspn(at, "\n")] = '\0';
		refuses(filter, at);
		cases++;
	}
	free(line);
	fclose(f);
	assert_true(cases > 20);
}

static bool count(void *ctx, const char *word)
{
	(*(unsigned *)ctx)++;
	return !strcmp(word, "openat");
}

static void words_run_until_one_fits(void **state)
{
	unsigned calls = 0, errors = 0;

	(void)state;
	assert_true(chooser_each_word(QUERY_TYPE, count, &calls));
	assert_false(chooser_each_word(QUERY_ERR, count, &errors));
	assert_true(calls > 200 && calls < 300 && errors > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixture),
		cmocka_unit_test(words_run_until_one_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
