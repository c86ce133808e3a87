/* SPDX-License-Identifier: MIT */
/* When there is colour, and how wide a stream is. */
#include "unit.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "base/term.h"

static int pty(unsigned short columns)
{
	struct winsize ws = { .ws_row = 24, .ws_col = columns };
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	if (fd >= 0)
		assert_int_equal(ioctl(fd, TIOCSWINSZ, &ws), 0);
	return fd;
}

static void test_color(void **state)
{
	int null = open("/dev/null", O_WRONLY), tty = pty(100);

	(void)state;
	assert_true(null >= 0);
	if (tty < 0)
		skip();		/* no pseudo-terminals here */
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	assert_true(term_wants_color(tty, COLOR_AUTO));
	assert_false(term_wants_color(null, COLOR_AUTO));
	assert_true(term_wants_color(null, COLOR_ALWAYS));
	assert_false(term_wants_color(tty, COLOR_NEVER));
	setenv("NO_COLOR", "", 1);	/* empty counts as unset */
	assert_true(term_wants_color(tty, COLOR_AUTO));
	setenv("NO_COLOR", "1", 1);
	assert_false(term_wants_color(tty, COLOR_AUTO));
	assert_true(term_wants_color(tty, COLOR_ALWAYS));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(term_wants_color(tty, COLOR_AUTO));
	close(tty);
	close(null);
}

static void test_columns(void **state)
{
	int null = open("/dev/null", O_WRONLY), tty = pty(100);

	(void)state;
	assert_true(null >= 0);
	unsetenv("COLUMNS");
	assert_int_equal(term_columns(null), 80);
	setenv("COLUMNS", "132", 1);
	assert_int_equal(term_columns(null), 132);
	setenv("COLUMNS", "zero", 1);
	assert_int_equal(term_columns(null), 80);
	if (tty < 0)
		skip();
	assert_int_equal(term_columns(tty), 100);
	close(tty);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_color), cmocka_unit_test(test_columns) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
