/* SPDX-License-Identifier: MIT */
/* Which backend is tried, which is tried instead, and what the user reads of it: with rows made for the test. */
#include <errno.h>
#include <string.h>

#include "base/diag.h"
#include "base/macro.h"
#include "capture/backend.h"
#include "unit.h"

/* What an open does, and how often it was asked to. */
static struct { int err, exit_status; const char *text, *note; unsigned asked; } good, plain;
static struct source source_good, source_plain;

static int answer(__typeof__(good) *a, struct source *is, struct source **ret, struct diag *note, struct diag *diag)
{
	a->asked++;
	if (a->note)
		diag_set(note, 0, 0, "%s", a->note);
	if (a->err)
		return diag_set(diag, a->exit_status, a->err, "%s", a->text);
	*ret = is;
	return 0;
}

static int open_good(const struct capture_options *opt, struct source **ret, struct diag *note, struct diag *diag)
{
	(void)opt;
	return answer(&good, &source_good, ret, note, diag);
}

static int open_plain(const struct capture_options *opt, struct source **ret, struct diag *note, struct diag *diag)
{
	(void)opt;
	return answer(&plain, &source_plain, ret, note, diag);
}

static struct backend_row rows[] = {
	{ BACKEND_BPF, true, CAN_CGROUP | CAN_SYSTEM | CAN_LATENCY, true, open_good },
	{ BACKEND_PTRACE, true, 0, false, open_plain },
};
static struct diag note, why;
static struct source *got;

static int open_among(enum backend wanted, const struct capture_options *opt)
{
	note.text[0] = why.text[0] = '\0';
	good.asked = plain.asked = 0;
	got = NULL;
	return backend_open_among(rows, ARRAY_SIZE(rows), wanted, opt, &got, &note, &why);
}

static int setup(void **state)
{
	(void)state;
	memset(&good, 0, sizeof(good));
	memset(&plain, 0, sizeof(plain));
	rows[0].built_in = true;
	return 0;
}

static void refuse(int err, int exit_status)
{
	good.err = err;
	good.exit_status = exit_status;
	good.text = "forbidden here";
}

static void test_best_first(void **state)
{
	const struct capture_options opt = { 0 };

	(void)state;
	good.note = "less than usual";
	assert_int_equal(open_among(BACKEND_AUTO, &opt), 0);
	assert_ptr_equal(got, &source_good);
	assert_int_equal(plain.asked, 0);
	assert_string_equal(note.text, "less than usual");
	assert_int_equal(open_among(BACKEND_PTRACE, &opt), 0);
	assert_ptr_equal(got, &source_plain);
	assert_int_equal(good.asked, 0);
	assert_string_equal(note.text, "");
}

static void test_passed_over(void **state)
{
	const struct capture_options opt = { 0 }, without = { .no_seccomp = true }, cgroup = { .cgroup = "x" };

	(void)state;
	assert_int_equal(open_among(BACKEND_AUTO, &without), 0);
	assert_int_equal(good.asked, 0);
	assert_int_equal(open_among(BACKEND_BPF, &without), 0);
	assert_ptr_equal(got, &source_good);
	rows[0].built_in = false;
	assert_int_equal(open_among(BACKEND_AUTO, &opt), 0);
	assert_int_equal(good.asked, 0);
	/* the only one that can is asked, so that it says how to get it */
	refuse(ENOTSUP, 125);
	assert_int_equal(open_among(BACKEND_AUTO, &cgroup), -ENOTSUP);
	assert_string_equal(why.text, "--cgroup needs the bpf backend: forbidden here");
	assert_int_equal(plain.asked, 0);
}

static void test_another_instead(void **state)
{
	const struct capture_options opt = { 0 }, latency = { .latency = true };

	(void)state;
	refuse(ENOTSUP, 125);
	assert_int_equal(open_among(BACKEND_AUTO, &opt), 0);
	assert_ptr_equal(got, &source_plain);
	assert_string_equal(note.text, "the bpf backend cannot be used, so ptrace is: forbidden here");
	/* also when it was asked for by name */
	assert_int_equal(open_among(BACKEND_BPF, &latency), 0);
	assert_string_equal(note.text,
			    "the bpf backend cannot be used, so ptrace is, without what --ebpf shows: forbidden here");
	plain.err = EPERM;
	plain.exit_status = 125;
	plain.text = "nor this";
	assert_int_equal(open_among(BACKEND_AUTO, &opt), -EPERM);
	assert_string_equal(why.text, "nor this");
	assert_string_equal(note.text, "");	/* one line */
}

static void test_final(void **state)
{
	const struct capture_options opt = { 0 }, system = { .system = true };

	(void)state;
	refuse(ENOENT, 127);			/* the command's fault */
	assert_int_equal(open_among(BACKEND_AUTO, &opt), -ENOENT);
	assert_int_equal(plain.asked, 0);
	assert_int_equal(why.exit_status, 127);
	refuse(ENOTSUP, 126);
	assert_int_equal(open_among(BACKEND_AUTO, &opt), -ENOTSUP);
	assert_int_equal(plain.asked, 0);
	assert_int_equal(open_among(BACKEND_PTRACE, &system), -EINVAL);
	assert_string_equal(why.text, "--system needs the bpf backend; leave out --backend ptrace");
	assert_int_equal(good.asked + plain.asked, 0);
}

static void test_words(void **state)
{
	const struct capture_options opt = { 0 };

	(void)state;
	assert_string_equal(BACKEND_CHOICES, "auto|ptrace|bpf");
	assert_non_null(strstr(backend_built_in(), "ptrace"));
	assert_false(backend_first_can(BACKEND_PTRACE, &opt, CAN_LATENCY));
	assert_true(backend_first_can(BACKEND_BPF, &opt, CAN_LATENCY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_best_first, setup), cmocka_unit_test_setup(test_passed_over, setup),
		cmocka_unit_test_setup(test_another_instead, setup), cmocka_unit_test_setup(test_final, setup),
		cmocka_unit_test_setup(test_words, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
