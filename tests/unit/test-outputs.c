/* SPDX-License-Identifier: MIT */
/* Any number of outputs at once: opened first, no file twice, finished in their order, each failure its own. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/totals.h"
#include "base/diag.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "event/event.h"
#include "unit.h"

__asm__(".section .rodata\n.globl html_page, html_page_end\n"
	"html_page: .ascii \"<title><!--cpd:title--></title><!--cpd:summary--><!--cpd:meta--><!--cpd:data-->\\n\"\n"
	"html_page_end: .byte 0\n.text");

static char dir[64];
static struct options opt;
static struct outputs *outputs;
static struct totals *totals;
static struct diag diag;
static char said[2048];
static unsigned nsaid;
static int saved_stderr;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-outputs-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	totals = totals_new();
	saved_stderr = dup(STDERR_FILENO);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	said[0] = '\0';
	nsaid = 0;
	return 0;
}

static int remove_one(const char *path, const struct stat *st UNUSED, int type UNUSED, struct FTW *ftw UNUSED)
{
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	outputs_free(outputs);
	outputs = NULL;
	totals_free(totals);
	options_done(&opt);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	return chdir("/") || nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void say(void *ctx, const struct diag *d)
{
	assert_ptr_equal(ctx, &opt);
	nsaid++;
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", d->text);
}

/* Words separated by blanks, before the command. */
static int open_outputs(const char *line)
{
	static char words[512];
	static char *argv[32];
	int argc = 0;

	options_done(&opt);
	snprintf(words, sizeof(words), "compendium %s", line);
	for (char *p = strtok(words, " "); p; p = strtok(NULL, " "))
		argv[argc++] = p;
	argv[argc] = NULL;
	diag = (struct diag){ 0 };
	assert_int_equal(options_parse(argc, argv, &opt, &diag), 0);
	return outputs_open(&opt, NULL, NULL, totals, NULL, say, &opt, &outputs, &diag);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static char *get(const char *path, off_t *ret_size)
{
	static char got[65536];
	int fd = open(path, O_RDONLY);
	struct stat st;
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	if (ret_size)
		*ret_size = st.st_size;
	n = read(fd, got, sizeof(got) - 1);
	assert_true(n >= 0);
	got[n] = '\0';
	close(fd);
	return got;
}

static void trace(void)
{
	static struct rec rec;
	const struct record *r = rec_begin(&rec, RECORD_END, sizeof(struct record));

	outputs_record(outputs, r);
	outputs_event(outputs, &(struct event){ .kind = EV_STOP, .ts_ns = 1000, .fd = -1, .fd2 = -1 });
	outputs_tick(outputs, 2000);
	outputs_finish(outputs, say, &opt);
}

static unsigned count(const char *s, const char *word)
{
	unsigned n = 0;

	for (; (s = strstr(s, word)); s++)
		n++;
	return n;
}

static void test_many(void **state)
{
	static const char *const files[] = { "a.txt", "b.html", "c.cpd", "d.txt", "e.html", "f.cpd", "g.txt" };
	off_t size;

	(void)state;
	assert_int_equal(open_outputs("-o a.txt --report=b.html --record c.cpd -o d.txt --report=e.html --record f.cpd "
				      "-o g.txt true"),
			 0);
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		get(files[i], &size);		/* before the command runs */
		assert_int_equal(size, 0);
	}
	trace();
	assert_string_equal(said, "");
	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		const char *text = get(files[i], &size);

		assert_true(size > 20);
		if (strstr(files[i], ".txt")) {
			assert_int_equal(count(text, " FINAL"), 1);
			/* the reports were finished before the summary that names them, and the text after it */
			assert_non_null(strstr(text, " Report: b.html, 1 event\n Report: e.html, 1 event\n"));
		} else if (strstr(files[i], ".html")) {
			assert_int_equal(count(text, "cpd(\"end\",1)"), 1);
		} else {
			assert_memory_equal(text, "CPDREC\r\n", 8);
		}
	}
}

static void expect_same(const char *line, const char *words)
{
	if (open_outputs(line) == 0)
		fail_msg("'%s' is accepted", line);
	assert_int_equal(diag.exit_status, 125);
	if (strcmp(diag.text, words))
		fail_msg("'%s' says: %s", line, diag.text);
	assert_null(outputs);
}

static void test_same_file(void **state)
{
	(void)state;
	assert_int_equal(mkdir("sub", 0700), 0);
	assert_int_equal(symlink("sub", "link"), 0);
	put("old", "precious");
	assert_int_equal(chmod("old", 0600), 0);
	assert_int_equal(link("old", "hard"), 0);
	assert_int_equal(symlink("old", "soft"), 0);
	expect_same("-o new --record new true", "--output and --record name the same file, new; give each its own");
	expect_same("--record new --record ./new true",
		    "--record and --record name the same file, ./new; give each its own");
	expect_same("--report=sub/new -o link/new true",
		    "--report and --output name the same file, link/new; give each its own");
	expect_same("-o old --report=hard true", "--output and --report name the same file, hard; give each its own");
	expect_same("-o soft --record old true", "--output and --record name the same file, old; give each its own");
	expect_same("--read old -o hard", "--read and --output name the same file, hard; give each its own");
	expect_same("--read=old --report=soft", "--read and --report name the same file, soft; give each its own");
	assert_int_equal(access("new", F_OK), -1);
	assert_int_equal(access("sub/new", F_OK), -1);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	expect_same("-o pipe --record pipe true", "--output and --record name the same file, pipe; give each its own");
	assert_string_equal(get("old", NULL), "precious");
}

static void test_stderr_is_a_file(void **state)
{
	int fd = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)state;
	dup2(fd, STDERR_FILENO);
	expect_same("-o log true", "the standard error output and --output name the same file, log; give each its own");
	close(fd);
}

static void test_may_repeat(void **state)
{
	(void)state;
	assert_int_equal(open_outputs("-o /dev/null --record /dev/null --report=/dev/null -o /dev/null true"), 0);
	trace();
	assert_string_equal(said, "");
}

static void test_not_begun(void **state)
{
	(void)state;
	put("old.txt", "precious");
	put("old.cpd", "precious");
	put("old.html", "precious");
	assert_int_equal(open_outputs("-o old.txt --record old.cpd --report=old.html -o new.txt --record new.cpd "
				      "--report=new.html true"),
			 0);
	outputs_free(outputs);			/* the command could not be started */
	outputs = NULL;
	assert_string_equal(get("old.txt", NULL), "precious");
	assert_string_equal(get("old.cpd", NULL), "precious");
	assert_string_equal(get("old.html", NULL), "precious");
	assert_int_equal(open_outputs("-o new.txt --record new.cpd --report=no-such-folder/x true"), -ENOENT);
	outputs = NULL;
	assert_int_equal(access("new.txt", F_OK), -1);
	assert_int_equal(access("new.cpd", F_OK), -1);
	assert_int_equal(access("new.html", F_OK), -1);
}

static void test_one_is_full(void **state)
{
	const char *text;

	(void)state;
	assert_int_equal(open_outputs("-o a.txt --report=/dev/full --record /dev/full -o /dev/full --report=b.html "
				      "true"),
			 0);
	trace();
	assert_int_equal(nsaid, 3);
	assert_int_equal(count(said, "the report /dev/full is incomplete: No space left on device"), 1);
	assert_int_equal(count(said, "the recording /dev/full is incomplete: No space left on device"), 1);
	assert_int_equal(count(said, "the text /dev/full is incomplete: No space left on device"), 1);
	text = get("a.txt", NULL);
	assert_non_null(strstr(text, " Report: /dev/full, 1 event (incomplete, see below)\n Report: b.html, 1 "
				     "event\n"));
	assert_non_null(strstr(get("b.html", NULL), "cpd(\"end\",1)"));
}

static void test_wants(void **state)
{
	(void)state;
	assert_int_equal(open_outputs("-o a true"), 0);
	assert_int_equal(outputs_wants(&opt), 0);
	outputs_free(outputs);
	assert_int_equal(open_outputs("--report=b -o a true"), 0);
	assert_int_equal(outputs_wants(&opt), WANTS_CALLS);
	outputs_free(outputs);
	assert_int_equal(open_outputs("--report=b --record c true"), 0);
	assert_int_equal(outputs_wants(&opt), WANTS_CALLS | WANTS_PAYLOAD | WANTS_ENV);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many), TEST(test_same_file), TEST(test_stderr_is_a_file), TEST(test_may_repeat), TEST(test_not_begun), TEST(test_one_is_full),
		TEST(test_wants),
	};

	return cmocka_run_group_tests_name("outputs", tests, NULL, NULL);
}
