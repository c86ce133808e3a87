/* SPDX-License-Identifier: MIT */
/* The rows of "Where the time went" fit into the terminal: names give way, what a part is called does not. */
#include "analyze/spent.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/text.h"
#include "sink/spent_words.h"
#include "unit.h"

static void expect_of(enum spent what, char *name, struct totals_proc *peer, size_t columns, const char *want)
{
	const struct totals_wait wait = {
		.what = what, .name = { .s = name, .len = (uint32_t)strlen(name) }, .peer = peer,
		.peer_pid = peer ? 31397 : 0,
	};
	const struct budget_part part = {
		.what = what, .ns = 4000000, .named = { { .wait = &wait, .ns = 1510000 } },
	};
	struct buf b = {0};

	spent_words_within(&b, &part, columns);
	buf_putc(&b, '\0');
	assert_string_equal(b.s, want);
	assert_true(text_width(b.s, b.len - 1) <= columns);
	buf_done(&b);
}

static void expect(enum spent what, char *name, size_t columns, const char *want)
{
	expect_of(what, name, NULL, columns, want);
}

static void test_width(void **state UNUSED)
{
	char file[] = "/usr/lib/locale/C.utf8/LC_CTYPE", event[] = "anon_inode:[eventfd]", none[] = "",
	     pipe[] = "pipe:[43113981]", bash[] = "bash";
	struct totals_proc peer = { .comm = { .s = bash, .len = 4 } };

	expect(SPENT_FILE, file, 98, "in files and directories: /usr/lib/locale/C.utf8/LC_CTYPE 1.51ms");
	/* a terminal of 80 columns, less time and share */
	expect(SPENT_FILE, file, 58, "in files and directories: /usr/lib/loc…tf8/LC_CTYPE 1.51ms");
	expect(SPENT_EVENT, event, 98, "waiting for an event (eventfd, io_uring, epoll): anon_inode:[eventfd] 1.51ms");
	expect(SPENT_EVENT, event, 58, "waiting for an event: anon_inode:[eventfd] 1.51ms");
	/* its number gives way to whose it is */
	expect_of(SPENT_PIPE, pipe, &peer, 98, "waiting for a pipe: pipe:[43113981] of 31397 (bash) 1.51ms");
	expect_of(SPENT_PIPE, pipe, &peer, 48, "waiting for a pipe: 31397 (bash) 1.51ms");
	expect(SPENT_UNKNOWN, none, 58, "not explained (the tracer's stops; page faults: --faults)");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_width) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
