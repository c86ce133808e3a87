/* SPDX-License-Identifier: MIT */
/* The rows of "Where the time went" fit into the terminal: names give way, what a part is called does not. */
#include "analyze/spent.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/text.h"
#include "sink/spent_words.h"
#include "sink/totals_words.h"
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
	expect(SPENT_UNKNOWN, none, 58, "not explained (ptrace's stops; page faults: --faults)");
}

/* BPF stops nothing: its recordings blame no stops. */
static void test_no_stops(void **state UNUSED)
{
	const struct budget_part part = { .what = SPENT_UNKNOWN, .ns = 1, .no_stops = true };
	struct buf b = {0};

	spent_words_within(&b, &part, 58);
	buf_putc(&b, '\0');
	assert_string_equal(b.s, "not explained (page faults: --faults)");
	buf_done(&b);
}

/* Where no words say that it is a pipe, its name does, before it is cut. */
static void test_brief(void **state UNUSED)
{
	char pipe[] = "pipe:[43113981]", bash[] = "bash";
	struct totals_proc peer = { .comm = { .s = bash, .len = 4 } };
	const struct totals_wait wait = {
		.what = SPENT_PIPE, .name = { .s = pipe, .len = sizeof(pipe) - 1 }, .peer = &peer, .peer_pid = 31397,
	};
	struct budget_part part = {
		.what = SPENT_PIPE, .ns = 4, .named = { { .wait = &wait, .ns = 4 } }, .nthings = 20,
	};
	struct buf b = {0};

	spent_mostly(&b, &part);
	buf_putc(&b, '\0');
	assert_string_equal(b.s, "pipe of 31397 (bash) +19");
	buf_done(&b);
}

/* A command line that is cut keeps the file it is about: no folder of an option, no file between two passes. */
static void test_command(void **state UNUSED)
{
	static const struct { unsigned n; const char *argv[10], *want; } of[] = {
		{ 8, { "/usr/lib/gcc/cc1", "-quiet", "-I", ".", "-imultiarch", "x86_64-linux-gnu", "slow.c", "-O2" },
		  "cc1 -quiet -I . … slow.c …" },
		{ 8, { "cc1", "-quiet", "-isystem", "/opt/include", "-MF", "slow.d", "src/slow.c", "-dumpbase" },
		  "cc1 -quiet … src/slow.c …" },
		{ 7, { "as", "-I", "..", "--64", "-o", "slow.o", "/tmp/ccAbCdEf.s" }, "as -I .. --64 -o slow.o …" },
		{ 6, { "cc", "-Wall", "-Wextra", "-o", "slow.o", "/tmp/build/slow.c" }, "cc … /tmp/build/slow.c" },
		{ 4, { "sh", "-c", "sleep 1; cat a.c b.c d.c", "." }, "sh -c 'sleep …a.c b.c d.c' ." },
		{ 5, { "ld", "-pie", "-o", "prog", "/usr/lib/x86_64-linux-gnu/Scrt1.o" }, "ld -pie -o prog …" },
		{ 6, { "nginx", "-p", "/srv/app", "-c", "n.conf", "-g daemon" }, "nginx -p /srv/app -c …" },
		{ 3, { "as", "/tmp/ccAbCdEf.s", "--a-long-option-behind" }, "as /tmp/ccAbCdEf.s …" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
		struct buf words = {0}, b = {0};
		struct totals_proc p = {0};

		for (unsigned k = 0; k < of[i].n; k++) {
			buf_putc(&words, '\0');	/* it is whole */
			buf_puts(&words, of[i].argv[k]);
			buf_putc(&words, '\0');
		}
		p.argv = (struct totals_words){
			.s = words.s, .len = (uint32_t)words.len, .n = of[i].n, .all = of[i].n,
		};
		totals_proc_command_within(&b, &p, 28);
		buf_putc(&b, '\0');
		assert_string_equal(b.s, of[i].want);
		buf_done(&words);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_width), cmocka_unit_test(test_no_stops), cmocka_unit_test(test_brief),
		cmocka_unit_test(test_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
