/* SPDX-License-Identifier: MIT */
/*
 * Files that compendium writes: private, emptied late, a failure remembered once, nothing left of what did not begin.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/behind.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/outfile.h"
#include "unit.h"

static const struct outfile_words words = { "the report", "name another file", "the first half can be read" };
static char dir[64], path[96];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-outfile-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void put(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static void expect(const char *text)
{
	char got[256] = "";
	FILE *f = fopen(path, "r");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, text);
}

static void test_refused(void **state)
{
	struct outfile f;
	struct diag d;

	(void)state;
	assert_int_equal(outfile_open("/tmp/no-such-folder/report.html", &words, &f, &d), -ENOENT);
	assert_string_equal(d.text, "cannot write the report /tmp/no-such-folder/report.html: No such file or "
				    "directory; name another file");
	assert_int_equal(d.exit_status, 125);
	assert_int_equal(outfile_open("/tmp", &words, &f, &d), -EISDIR);
	assert_int_equal(outfile_finish(&f, &words, &d), 0);	/* not open: nothing to do */
	outfile_remove(&f);
}

static void test_not_begun(void **state)
{
	struct outfile f;
	struct diag d;

	(void)state;
	assert_int_equal(outfile_open(path, &words, &f, &d), 0);
	expect("");
	outfile_remove(&f);			/* the command could not be started */
	assert_int_equal(access(path, F_OK), -1);
	put("an older one", 0644);
	assert_int_equal(outfile_open(path, &words, &f, &d), 0);
	outfile_remove(&f);
	expect("an older one");			/* survives, though private now */
	assert_int_equal(outfile_open(path, &words, &f, &d), 0);
	assert_int_equal(outfile_finish(&f, &words, &d), 0);
	expect("");				/* one that was written to its end with nothing in it */
}

static void test_removed_meanwhile(void **state)
{
	struct outfile f;
	struct diag d = { 0 };

	(void)state;
	put("an older one", 0600);
	assert_int_equal(outfile_open(path, &words, &f, &d), 0);
	unlink(path);
	assert_int_equal(outfile_write(&f, "all", 3), 0);
	assert_int_equal(outfile_finish(&f, &words, &d), 0);
	expect("all");
	assert_non_null(strstr(d.text, "was removed while the trace ran; it was written anew"));
	assert_int_equal(outfile_open(path, &words, &f, &d), 0);
	assert_int_equal(outfile_write(&f, "all", 3), 0);
	unlink(path);
	put("other", 0600);
	assert_int_equal(outfile_finish(&f, &words, &d), -EEXIST);
	expect("other");
	assert_non_null(strstr(d.text, "lost: another file took its place"));
	assert_int_equal(d.exit_status, 125);
}

static void test_full(void **state)
{
	struct outfile f;
	struct diag d;

	(void)state;
	assert_int_equal(outfile_open("/dev/full", &words, &f, &d), 0);
	assert_int_equal(outfile_write(&f, "1234", 4), -ENOSPC);
	f.fd = dup2(open("/dev/null", O_WRONLY), f.fd);	/* room again: what follows would leave a hole */
	assert_int_equal(outfile_write(&f, "5678", 4), -ENOSPC);
	assert_int_equal(f.lost, 8);
	assert_int_equal(outfile_finish(&f, &words, &d), -ENOSPC);
	assert_string_equal(d.text, "the report /dev/full is incomplete: No space left on device; the last 8 B are "
				    "missing; the first half can be read; "
				    "free some space, or name another file");
	assert_int_equal(outfile_finish(&f, &words, &d), -ENOSPC);	/* reported once; remembered */
}

static void test_nothing_written(void **state)
{
	struct outfile f;
	struct diag d;

	(void)state;
	assert_int_equal(outfile_open(path, &words, &f, &d), 0);
	f.err = -ENOSPC;
	assert_int_equal(outfile_finish(&f, &words, &d), -ENOSPC);
	assert_true(f.missing);
	assert_non_null(strstr(d.text, "could not be written: No space left"));
	assert_int_equal(access(path, F_OK), -1);
}

static void test_stream(void **state)
{
	struct outfile f;
	struct diag d;
	int pipe_fds[2], saved = dup(STDOUT_FILENO);
	char got[8] = "";

	(void)state;
	fflush(stdout);
	assert_int_equal(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDOUT_FILENO);
	assert_int_equal(outfile_open_stream(STDOUT_FILENO, "on the standard output", &words, &f, &d), 0);
	dup2(saved, STDOUT_FILENO);
	assert_int_equal(outfile_write(&f, "row\n", 4), 0);
	assert_int_equal(outfile_finish(&f, &words, &d), 0);
	assert_int_equal(read(pipe_fds[0], got, sizeof(got)), 4);
	assert_string_equal(got, "row\n");
	close(STDOUT_FILENO);
	assert_int_equal(outfile_open_stream(STDOUT_FILENO, "on the standard output", &words, &f, &d), -EBADF);
	dup2(saved, STDOUT_FILENO);
	assert_string_equal(d.text, "cannot write the report on the standard output: it is closed; name another file");
	close(saved);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* Pieces of many lengths, each given while the one before may be on its way: all of them, in order. */
static void test_behind(void **state)
{
	enum { PIECES = 3000 };
	struct buf bytes = { 0 }, there = { 0 }, all = { 0 };
	struct behind *b;
	struct outfile f;
	struct diag diag;
	ssize_t n;
	int fd;

	(void)state;
	assert_int_equal(outfile_open(path, &words, &f, &diag), 0);
	b = behind_new(&f);
	if (!b) {
		outfile_close(&f);
		skip();
	}
	for (unsigned i = 0; i < PIECES; i++) {
		assert_int_equal(bytes.len, 0);
		for (unsigned k = 0; k < i * 37 % 900; k++)
			buf_printf(&bytes, "%u,", i + k);
		buf_add(&all, bytes.s ? bytes.s : "", bytes.len);
		behind_give(b, &bytes);
		if (i % 500 == 499) {
			struct stat st;

			behind_settle(b);
			assert_int_equal(fstat(f.fd, &st), 0);
			assert_int_equal(st.st_size, all.len);
			assert_int_equal(f.err, 0);
		}
	}
	behind_free(b);		/* without settling before */
	assert_int_equal(outfile_finish(&f, &words, &diag), 0);
	fd = open(path, O_RDONLY);
	buf_grow(&there, all.len + 1);
	while ((n = read(fd, there.s + there.len, all.len + 1 - there.len)) > 0)
		there.len += (size_t)n;
	close(fd);
	assert_int_equal(there.len, all.len);
	assert_memory_equal(there.s, all.s, all.len);
	buf_done(&bytes);
	buf_done(&there);
	buf_done(&all);
}

/* The first failure is known when it is settled, and what was given after it is counted. */
static void test_behind_full(void **state)
{
	struct outfile f = { .fd = open("/dev/full", O_WRONLY), .begun = true };
	struct behind *b = behind_new(&f);
	struct buf bytes = { 0 };

	(void)state;
	assert_true(f.fd >= 0);
	for (unsigned i = 0; b && i < 10; i++) {
		buf_puts(&bytes, "0123456789");
		behind_give(b, &bytes);
	}
	if (b) {
		behind_settle(b);
		assert_int_equal(f.err, -ENOSPC);
		assert_int_equal(f.lost, 100);
	}
	behind_free(b);
	behind_free(NULL);
	buf_done(&bytes);
	close(f.fd);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused), TEST(test_not_begun), TEST(test_removed_meanwhile), TEST(test_full),
		TEST(test_nothing_written), TEST(test_stream), TEST(test_behind), TEST(test_behind_full),
	};

	return cmocka_run_group_tests_name("outfile", tests, NULL, NULL);
}
