/* SPDX-License-Identifier: MIT */
/* Lines leave in the order of the times they show, whoever made them when. */
#include "unit.h"

#include "base/buf.h"
#include "sink/line.h"
#include "sink/lines.h"

#define MS 1000000ull

static const struct line_who nobody;
static struct buf got;

static void write_cb(void *ctx UNUSED, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x20 || s[i] == '\n')	/* no style marks */
			buf_putc(&got, s[i]);
}

static struct lines *open_lines(void)
{
	buf_reset(&got);
	buf_puts(&got, "");
	return lines_new(write_cb, NULL);
}

static void add(struct lines *l, uint64_t ms, const char *s) { lines_add(l, ms * MS, &nobody, s, strlen(s)); }

static void waits_for_holders(void **state)
{
	struct lines *l = open_lines();

	(void)state;
	add(l, 1, "a");
	assert_string_equal(got.s, "[+0.001s] a\n");		/* nothing to wait for: at once */
	lines_hold(l, LINES_TEXT, 2 * MS);
	add(l, 2, "b");
	assert_string_equal(got.s, "[+0.001s] a\n[+0.002s] b\n");
	add(l, 5, "e");
	add(l, 6, "f");
	lines_hold(l, LINES_KERNEL, 4 * MS);
	lines_hold(l, LINES_TEXT, UINT64_MAX);
	assert_string_equal(got.s, "[+0.001s] a\n[+0.002s] b\n");
	add(l, 3, "c");		/* late, but nothing later was written */
	add(l, 4, "d");
	lines_hold(l, LINES_KERNEL, UINT64_MAX);
	assert_string_equal(got.s, "[+0.001s] a\n[+0.002s] b\n[+0.003s] c\n[+0.004s] d\n[+0.005s] e\n[+0.006s] f\n");
	lines_free(l);
}

/* Too late to be put where it belongs: it shows the time of the line before it. */
static void never_runs_backwards(void **state)
{
	struct lines *l = open_lines();

	(void)state;
	add(l, 10, "a");
	add(l, 7, "b");
	add(l, 11, "c");
	assert_string_equal(got.s, "[+0.010s] a\n[+0.010s] b\n[+0.011s] c\n");
	lines_free(l);
}

/* Of equal times the first to come is first; any order comes out sorted. */
static void sorts(void **state)
{
	enum { N = 5000 };
	struct lines *l = open_lines();
	unsigned long last = 0, ms, n = 0;
	unsigned lastk = 0, k;

	(void)state;
	lines_hold(l, LINES_TEXT, 0);
	for (unsigned i = 0; i < N; i++) {
		char s[16];

		snprintf(s, sizeof(s), "%u", i);
		add(l, 1 + i * 7919 % 97, s);
	}
	assert_string_equal(got.s, "");
	lines_flush(l);
	for (const char *p = got.s; *p; p = strchr(p, '\n') + 1, n++) {
		assert_int_equal(sscanf(p, "[+0.%lus] %u", &ms, &k), 2);
		assert_true(ms > last || (ms == last && k > lastk));
		last = ms;
		lastk = k;
	}
	assert_int_equal(n, N);
	lines_free(l);
}

/* What waits is bounded: with too much of it no thread is waited for. */
static void does_not_wait_for_ever(void **state)
{
	static char s[4000];
	struct lines *l = open_lines();

	(void)state;
	memset(s, 'x', sizeof(s) - 1);
	lines_hold(l, LINES_TEXT, 0);
	for (unsigned i = 1; i < 3000; i++)
		add(l, i % 2 ? i : i / 2, s);
	assert_true(got.len > 3 << 20);
	lines_free(l);
	buf_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(waits_for_holders), cmocka_unit_test(never_runs_backwards), cmocka_unit_test(sorts),
					    cmocka_unit_test(does_not_wait_for_ever) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
