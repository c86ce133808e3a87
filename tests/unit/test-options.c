/* SPDX-License-Identifier: MIT */
/* The command line: what is accepted, what is refused, and in which words. */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/macro.h"
#include "cli/formats.h"
#include "cli/options.h"
#include "unit.h"

static struct options opt;
static struct diag diag;

/* Words separated by blanks; "''" is an empty word. */
static int parse(const char *line)
{
	static char words[512];
	static char *argv[32];
	int argc = 0;

	options_done(&opt);
	diag = (struct diag){ 0 };
	snprintf(words, sizeof(words), "compendium %s", line);
	for (char *p = strtok(words, " "); p; p = strtok(NULL, " ")) {
		if (!strcmp(p, "''"))
			*p = '\0';
		argv[argc++] = p;
	}
	argv[argc] = NULL;
	return options_parse(argc, argv, &opt, &diag);
}

#define ACCEPT(line) assert_int_equal(parse(line), 0)
#define REFUSE(line, words) do {									\
		assert_true(parse(line) < 0);								\
		assert_int_equal(diag.exit_status, 125);						\
		if (!strstr(diag.text, words))								\
			fail_msg("'%s' says: %s", line, diag.text);					\
	} while (0)

static void test_command(void **state)
{
	(void)state;
	ACCEPT("ls -l --color=never");
	assert_string_equal(opt.argv[0], "ls");
	assert_string_equal(opt.argv[1], "-l");
	assert_int_equal(opt.color, COLOR_AUTO);		/* the command's, not ours */
	ACCEPT("-v -a -o x.txt -- -odd");
	assert_string_equal(opt.argv[0], "-odd");
	assert_true(opt.verbose && opt.all);
	assert_string_equal(options_output(&opt, OUTPUT_TEXT), "x.txt");
	assert_int_equal(opt.max_report_events, 10000000);
	ACCEPT("--max-report-events 5 --color always true");
	assert_int_equal(opt.max_report_events, 5);
	assert_int_equal(opt.color, COLOR_ALWAYS);
}

static void test_format(void **state)
{
	(void)state;
	ACCEPT("true");
	assert_int_equal(opt.format, TEXT_OURS);
	ACCEPT("--format strace true");
	assert_int_equal(opt.format, TEXT_STRACE);
	REFUSE("--format json true", "--format takes text or strace");
	REFUSE("--format strace -c true", "leave out -c");
}

static void test_report(void **state)
{
	(void)state;
	ACCEPT("--report -- ls");
	assert_string_equal(options_output(&opt, OUTPUT_REPORT), "report.html");
	assert_string_equal(opt.argv[0], "ls");
	ACCEPT("--report=r.html ls");
	assert_string_equal(options_output(&opt, OUTPUT_REPORT), "r.html");
	ACCEPT("--report out.html ls -l");
	assert_string_equal(options_output(&opt, OUTPUT_REPORT), "out.html");
	assert_string_equal(opt.argv[0], "ls");
	ACCEPT("--report -v ls");
	assert_string_equal(options_output(&opt, OUTPUT_REPORT), "report.html");
	assert_true(opt.verbose);
	ACCEPT("-p 1 --report x.html");
	assert_string_equal(options_output(&opt, OUTPUT_REPORT), "x.html");
	ACCEPT("--read t.cpd --report");
	assert_string_equal(options_output(&opt, OUTPUT_REPORT), "report.html");
	REFUSE("--report ls", "compendium --report -- ls");
	REFUSE("--report sh -c true", "compendium --report -- sh");	/* never swallows the command */
	REFUSE("--report x.html", "compendium --report=x.html -- COMMAND");
	REFUSE("--report= ls", "empty");
}

static void test_pids(void **state)
{
	(void)state;
	ACCEPT("-p 12 --pid=13 -p 12");
	assert_int_equal(opt.npids, 2);
	assert_int_equal(opt.pids[1], 13);
	ACCEPT("-p 1,2 -p 3");
	assert_int_equal(opt.npids, 3);
	assert_int_equal(opt.pids[2], 3);
	REFUSE("-p 1,x", "not \"x\"");
	REFUSE("-p ,", "--pid needs a process");
	REFUSE("-p x", "not \"x\"");
	REFUSE("-p -1", "not \"-1\"");
	REFUSE("-p 0", "from 1 to");
	REFUSE("-p 99999999999", "from 1 to");
	REFUSE("-p 12abc", "12abc");
	REFUSE("-p 1 ls", "one or the other");
	REFUSE("--descendants ls", "--pid");
	ACCEPT("--ring-size 3M ls");
	assert_int_equal(opt.ring_bytes, 4 << 20);
	assert_true(opt.ring_rounded);
	ACCEPT("--ring-size 16MB ls");
	assert_int_equal(opt.ring_bytes, 16 << 20);
	ACCEPT("--ring-size 65536 ls");
	REFUSE("--ring-size 0x100000 ls", "from 64k to 1G");
	/* a path that was given twice is one term; what the filter has itself stays */
	ACCEPT("--filter path:/etcetera -P /etc --failed -P /usr ls");
	assert_string_equal(opt.filter, "path:/etcetera err:any path:/etc,/usr");
	REFUSE("-P , ls", "needs");
	ACCEPT("--system --backend bpf");
	assert_int_equal(opt.backend, BACKEND_BPF);
}

static void test_letters(void **state)
{
	(void)state;
	ACCEPT("-ttt -r -T -xx -s 7 -n -f -y -yy -w --seccomp-bpf -E A=1 -E B -u root ls");
	assert_int_equal(opt.clock, 3);
	assert_true(opt.relative && opt.call_times && opt.call_numbers);
	assert_int_equal(opt.hex, 2);
	assert_int_equal(opt.string_bytes, 7);
	assert_int_equal(opt.nenv, 2);
	assert_string_equal(opt.env[1], "B");
	assert_null(opt.env[2]);
	assert_string_equal(opt.user, "root");
	ACCEPT("-k ls");
	assert_int_equal(opt.stacks, STACKS_ALL);
	ACCEPT("--stack-trace ls");
	assert_int_equal(opt.stacks, STACKS_ALL);
	ACCEPT("--stack=failed ls");
	assert_int_equal(opt.stacks, STACKS_FAILED);
	REFUSE("--stack=some ls", "takes all, failed or nothing");
	ACCEPT("ls");
	assert_int_equal(opt.stacks, STACKS_NONE);
	assert_int_equal(opt.string_bytes, 32);
	REFUSE("-E =x ls", "VAR=VALUE");
	REFUSE("-s 20000 ls", "from 0 to 16384");
	REFUSE("-u root -p 1", "started here");
	/* those that are not here have a line of their own */
	REFUSE("-b execve ls", "strace's -b: ");
	REFUSE("-ff ls", "strace's -ff: every line names its process");
	REFUSE("-a 40 ls", "strace's -a 40: ");
	REFUSE("-i ls", "strace's -i: ");
	REFUSE("-I 2 ls", "strace's -I: ");
	REFUSE("-O 5 ls", "strace's -O: ");
	REFUSE("-U time ls", "strace's -U: ");
	REFUSE("-X raw ls", "strace's -X: ");
	REFUSE("-A ls", "strace's -A: ");
	REFUSE("-D ls", "strace's -D: ");
	REFUSE("--daemonize ls", "strace's --daemonize: ");
	REFUSE("-e inject=read:error=EIO ls", "strace's -e inject=: ");
	REFUSE("-o |cat ls", "in bash: -o >(cat)");
	REFUSE("--record ls", "compendium --record FILE -- ls");
	REFUSE("--record ls -l", "--record=ls -- COMMAND");
	REFUSE("--json ls /tmp", "--json=ls -- COMMAND");
	ACCEPT("--record ls -- ls");
	ACCEPT("--record ls -v -p 1");
	ACCEPT("--record=ls ls");
	ACCEPT("--record ls ls -l");
	ACCEPT("--record t.cpd ls");
}

static void test_limits(void **state)
{
	(void)state;
	ACCEPT("--duration 1.5s --events 7 ls");
	assert_int_equal(opt.duration_ns, 1500000000);
	assert_int_equal(opt.events, 7);
	ACCEPT("--duration 2m -p 1");
	assert_int_equal(opt.duration_ns, 120000000000);
	REFUSE("--duration 0 ls", "as 5s");
	REFUSE("--duration -1s ls", "as 5s");
	REFUSE("--duration 5x ls", "not \"5x\"");
	REFUSE("--duration 400d ls", "365d");
	REFUSE("--events 0 ls", "from 1 to");
	REFUSE("--read x --duration 5s", "--duration ends a tracing");
}

static void test_refused(void **state)
{
	(void)state;
	REFUSE("", "nothing to trace");
	REFUSE("--verbos3 ls", "did you mean --verbose");
	REFUSE("--ouptut x ls", "did you mean --output");
	REFUSE("--zzzzzz ls", "--help");
	REFUSE("-Q ls", "\"-Q\"");
	REFUSE("--verbose=1 ls", "takes no value");
	REFUSE("-o", "needs a value");
	REFUSE("-P -- ls", "--path needs a value, and \"--\" follows; a value that looks so: --path=--");
	REFUSE("--filter --failed -- ls", "--filter needs a value, and \"--failed\" follows");
	REFUSE("-e --trace-path=/etc ls", "--trace needs a value");
	ACCEPT("--path=-- ls");
	ACCEPT("-P--failed ls");
	ACCEPT("-P --no-option ls");
	for (unsigned i = 0; i < option_nrows; i++) {
		char line[64];

		if (option_rows[i].takes != TAKES_ONE)
			continue;
		snprintf(line, sizeof(line), "--%s -- ls", option_rows[i].name);
		REFUSE(line, "needs a value, and \"--\" follows");
	}
	REFUSE("--color=blue ls", "auto, always or never");
	REFUSE("--backend kernel ls", "auto, ptrace or bpf");
	REFUSE("--ring-size 1 ls", "from 64k to 1G");
	REFUSE("--ring-size 16Q ls", "16Q");
	REFUSE("--ring-size 4G ls", "4G");
	REFUSE("--system ls", "--system");
	REFUSE("--cgroup /x ls", "--cgroup");
	REFUSE("--cgroup /x -p 1", "--cgroup");
	REFUSE("--max-report-events 0 ls", "from 1 to");
	REFUSE("--max-report-events 1e6 ls", "1e6");
	REFUSE("--read x -- ls", "--read");
	REFUSE("--read x -p 1", "--read");
	REFUSE("--read x --record y", "--record");
	REFUSE("-o '' ls", "empty");
	REFUSE("-o --json - ls", "\"--json\" follows");
	REFUSE("-k -c ls", "-c has no lines");
	REFUSE("-k -q -o x ls", "-q has no lines");
	ACCEPT("-k -q --record x ls");
	ACCEPT("-k -C ls");
	REFUSE("-o --nosuch ls", "not \"--nosuch\"");
}

static char *help_text(bool all)
{
	static char *text;	/* static: gcc cannot see that a closed stream no longer has their addresses */
	static size_t len;
	FILE *f = open_memstream(&text, &len);

	options_help(f, all);
	fclose(f);
	return text;
}

/* Returns how many lines, each of at most 80 columns. */
static unsigned lines_of(const char *text)
{
	unsigned n = 0;

	for (; *text; n++) {
		size_t len = strcspn(text, "\n");

		assert_true(len <= 80);
		text += len + (text[len] == '\n');
	}
	return n;
}

static bool has_option(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = text; (p = strstr(p, name)); p += n)
		if (!strchr("abcdefghijklmnopqrstuvwxyz-", p[n]))
			return true;
	return false;
}

/* Everything derived from the rows: on 80 columns, every option in it. */
static void test_help(void **state)
{
	char *all = help_text(true), *brief = help_text(false);

	(void)state;
	lines_of(all);
	assert_true(lines_of(brief) <= 23);	/* a terminal of 24 lines, the last of them the prompt */
	for (unsigned i = 0; i < option_nrows; i++) {
		const struct option_row *r = &option_rows[i];
		char name[64];

		snprintf(name, sizeof(name), " --%s", r->name);
		assert_true(has_option(all, name));
		assert_int_equal(has_option(brief, name), r->brief != NULL);
		if (r->brief)	/* on one line */
			assert_non_null(strstr(brief, r->brief));
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(r->name, option_rows[j].name);
			assert_true(!r->letter || r->letter != option_rows[j].letter);
		}
	}
	assert_non_null(strstr(brief, "\nExamples:\n"));
	assert_non_null(strstr(strstr(brief, "\nExamples:\n"), "compendium -- "));
	free(all);
	free(brief);
	assert_true(options_generate(stderr, "nonsense") < 0);
	ACCEPT("--help");
	assert_true(opt.help && !opt.help_all);
	ACCEPT("--help=all");
	assert_true(opt.help && opt.help_all);
	ACCEPT("-h ls");
	assert_true(opt.help && !opt.help_all);
	REFUSE("--help=most", "nothing or all");
}

/* Every row is in the man page and in all completions, which its help does not break. */
static void test_generated(void **state)
{
	static const char *const kinds[] = { "man", "bash", "zsh", "fish" };
	char name[64];

	(void)state;
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		char *text = NULL;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		assert_int_equal(options_generate(f, kinds[k]), 0);
		fclose(f);
		for (unsigned i = 0; i < option_nrows; i++) {
			snprintf(name, sizeof(name), k == 3 ? "-l %s" : "--%s", option_rows[i].name);
			if (!strstr(text, name))
				fail_msg("%s has no %s", kinds[k], name);
		}
		for (char *line = text; k >= 2 && *line; line = strchrnul(line, '\n'), line += *line == '\n') {
			unsigned quotes = 0;

			for (const char *p = line; *p && *p != '\n'; p++)
				quotes += *p == '\'' && (p == line || p[-1] != '\\');
			if (quotes % 2 && *line != '#')
				fail_msg("%s: %.*s", kinds[k], (int)strcspn(line, "\n"), line);
		}
		free(text);
	}
}

/* --export NAME[:FILE] is the format's own option. */
static void test_export(void **state)
{
	char line[128];

	(void)state;
	assert_true(export_nformats > 0);
	for (unsigned i = 0; i < export_nformats; i++) {
		const struct export_format *f = &export_formats[i];

		snprintf(line, sizeof(line), "--export %s --export %s:a:b --%s c true", f->name, f->name, f->name);
		ACCEPT(line);
		assert_int_equal(opt.noutputs, 3);
		for (unsigned n = 0; n < 3; n++)
			assert_int_equal(opt.outputs[n].kind, f->kind);
		assert_string_equal(opt.outputs[0].path, f->file);
		assert_string_equal(opt.outputs[1].path, "a:b");
		assert_string_equal(opt.outputs[2].path, "c");
	}
	ACCEPT("--export help");
	assert_true(opt.help && opt.help_formats);
	REFUSE("--export jsn true", "unknown format \"jsn\"; did you mean json?");
	REFUSE("--export jso:x true", "did you mean json?");
	REFUSE("--export xyzzy true", "--export help lists them");
	REFUSE("--export json: true", "not an empty word");
}

static void test_recordings(void **state)
{
	(void)state;
	assert_int_equal(parse("--read a b -v --read c d"), 0);
	assert_int_equal(opt.nreads, 4);
	assert_string_equal(opt.read, "a");
	assert_string_equal(opt.reads[3], "d");
	assert_true(opt.verbose);
	assert_null(opt.argv);
	assert_int_equal(parse("--last 5m --record x ls"), 0);
	assert_int_equal(opt.last_ns, 300000000000);
	assert_int_equal(opt.last_bytes, 0);
	assert_int_equal(parse("--rotate 64MB --keep 3 --record x ls"), 0);
	assert_int_equal(opt.rotate_bytes, 64 << 20);
	REFUSE("--last 5m ls", "--record");
	REFUSE("--last 5m --record - ls", "--record");
	REFUSE("--last 5m --rotate 1h --record x ls", "one of them");
	REFUSE("--last 5x --record x ls", "a time");
	REFUSE("--last 1k --record x ls", "64k");
	REFUSE("--keep 3 --record x ls", "--rotate");
	REFUSE("--dump-when err:any --record x ls", "--last");
	REFUSE("--last 0.05 --record x ls", "a time");
	REFUSE("--about ls", "--read");
	REFUSE("--about --read a --json b", "nothing else");
	REFUSE("--about --read a --redact", "without secrets");
	REFUSE("--read a --diff b --redact", "without secrets");
	REFUSE("--read a --diff b c", "one --read");
	REFUSE("--diff b", "give a command");
	REFUSE("--diff b -c ls", "a part of the summary");
	REFUSE("--diff b --filter err:any ls", "no --filter");
	REFUSE("--summary=ndjson --diff b ls", "--summary=json");
	REFUSE("--read a --diff - --report c", "in a file");
	ACCEPT("--diff b --record c ls");
	REFUSE("--read a --diff b --failed", "no --filter");
	REFUSE("--redact --read a b --record c", "one --read");
	REFUSE("--redact=all ls", "paths");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_recordings),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_generated),
		cmocka_unit_test(test_export),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	options_done(&opt);
	return rc;
}
