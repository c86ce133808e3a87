/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/macro.h"
#include "base/nearest.h"
#include "cli/options_set.h"
#include "filter/callset.h"

enum {
	USAGE = 125, REPORT_EVENTS_DEFAULT = 10000000, STRING_BYTES_DEFAULT = 32,
	FIRST_LONG = 256,	/* what getopt_long returns for the first row's long name; a letter is below */
	ROWS_MAX = 128,
};

static int unknown_option(const char *word, struct diag *diag)
{
	char name[64];
	struct nearest near = nearest_to(name);
	const char *best;

	if (word[0] == '-' && word[1] != '-' && strace_letter(word[1]))
		return diag_set(diag, USAGE, EINVAL, "strace's %s: %s", word, strace_letter(word[1]));
	if (word[0] == '-' && word[1] != '-')
		return diag_set(diag, USAGE, EINVAL, "unknown option \"%s\"; try 'compendium --help'", word);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	if (strace_name(name))
		return diag_set(diag, USAGE, EINVAL, "strace's --%s: %s", name, strace_name(name));
	for (unsigned i = 0; i < option_nrows; i++)
		nearest_try(&near, option_rows[i].name);
	best = nearest_best(&near);
	if (best)
		return diag_set(diag, USAGE, EINVAL, "unknown option \"--%s\"; did you mean --%s?", name, best);
	return diag_set(diag, USAGE, EINVAL, "unknown option \"--%s\"; try 'compendium --help'", name);
}

static bool is_command(const char *word)
{
	const char *p = getenv("PATH");
	char path[4096];

	for (; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
		snprintf(path, sizeof(path), "%.*s/%s", (int)strcspn(p, ":"), p, word);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

/*
 * `--report WORD`: the report's name or the command?  A name is taken when it cannot be meant otherwise; a word that
 * would run, with no .html to it, is asked about instead of swallowed.
 */
static int report_word(struct options *o, const struct option_row *r, const char *word, bool last, struct diag *diag)
{
	bool html = ends_in(word, ".html") || ends_in(word, ".htm");

	if (!html && (last || (!strchr(word, '/') && is_command(word))))
		return diag_set(diag, USAGE, EINVAL,
				"--report %s: is \"%s\" the report's name or the command?  Type: compendium --report "
				"-- %s   or: compendium --report=%s -- COMMAND",
				word, word, word, word);
	return set_report(o, r, word, diag);
}

/* Does a command or another target follow, so that the word before can only be a file's name? */
static bool target_follows(char *const *words)
{
	static const char *const others[] = { "--", "-p", "--pid", "--cgroup", "--system", "--read" };

	struct stat st;

	if (*words && **words != '-')
		return strchr(*words, '/') ? stat(*words, &st) == 0 && S_ISREG(st.st_mode) : is_command(*words);
	for (; *words; words++)
		for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
			if (!strncmp(*words, others[i], i ? strlen(others[i]) : 3))
				return true;
	return false;
}

/* `--record ls`: a command and nothing to run, which is asked about as `--report ls` is. */
static int ask_output(const struct option_row *r, const char *word, char *const *rest, struct diag *diag)
{
	bool output = r->set.fn == set_output || r->set.fn == set_text;

	if (!output || !is_command(word) || strchr(word, '/') || target_follows(rest))
		return 0;
	return diag_set(diag, USAGE, EINVAL,
			"--%s %s: is \"%s\" the file's name or the command?  Type: compendium --%s FILE -- %s   "
			"or: compendium --%s=%s -- COMMAND", r->name, word, word, r->name, word, r->name, word);
}

static bool is_part(const struct options *o) { return o->from.kind || o->to.kind; }
static bool has_target(const struct options *o) { return o->npids || o->cgroup || o->system || o->read; }

static int check_about(const struct options *o, struct diag *diag)
{
	if (o->about && !o->read)
		return diag_set(diag, USAGE, EINVAL, "--about describes a recording: give --read FILE, too");
	if (o->about && (o->noutputs || o->diff))
		return diag_set(diag, USAGE, EINVAL, "--about prints to the standard output and does nothing else");
	if (o->diff && o->nreads > 1)
		return diag_set(diag, USAGE, EINVAL, "--diff compares one recording with one: give one --read");
	if ((o->about || o->diff) && is_part(o))
		return diag_set(diag, USAGE, EINVAL,
				"--%s looks at whole recordings; write the part first: --read FILE --from TIME "
				"--record NEW",
				o->about ? "about" : "diff");
	if ((o->about || o->diff) && (o->redact || o->filter || o->calls))
		return diag_set(diag, USAGE, EINVAL,
				"--%s looks at whole recordings: it takes no --redact, no --filter and no -e%s",
				o->about ? "about" : "diff",
				o->redact ? "; write one without secrets first: --read FILE --redact --record NEW" :
					    "");
	return 0;
}

/* --rotate, --last and what belongs to them. */
static int check_parts(const struct options *o, struct diag *diag)
{
	const char *record = options_output(o, OUTPUT_RECORDING);
	bool rotate = o->rotate_bytes || o->rotate_ns, last = o->last_bytes || o->last_ns;
	struct stat st;

	if (rotate && last)
		return diag_set(diag, USAGE, EINVAL, "--rotate keeps all and --last the newest part: give one of them");
	if (o->keep && !rotate)
		return diag_set(diag, USAGE, EINVAL,
				"--keep says how many files of --rotate are kept: give --rotate, too");
	if (o->dump_when && !last)
		return diag_set(diag, USAGE, EINVAL,
				"--dump-when says when what --last keeps is written: give --last, too");
	if (!rotate && !last)
		return 0;
	if (o->read)
		return diag_set(diag, USAGE, EINVAL, "--%s is for a trace that runs; --read has ended",
				last ? "last" : "rotate");
	if (!record || !strcmp(record, "-"))
		return diag_set(diag, USAGE, EINVAL, "--%s needs a file to write to: give --record FILE, too",
				last ? "last" : "rotate");
	/* nor a link: it would be renamed, not the file (and /dev/stdout is one) */
	if (rotate && lstat(record, &st) == 0 && !S_ISREG(st.st_mode))
		return diag_set(diag, USAGE, EINVAL,
				"--rotate renames each file that is finished, and %s is no regular file: choose "
				"another --record FILE", record);
	return 0;
}

/* -k where no output has a place for what it finds. */
static int check_stacks(const struct options *o, struct diag *diag)
{
	bool data = false;

	for (unsigned i = 0; i < o->noutputs; i++)
		data |= o->outputs[i].kind != OUTPUT_TEXT;
	if (!o->stacks || data || !(o->quiet || o->count_only))
		return 0;
	return diag_set(diag, USAGE, EINVAL,
			"-k shows the functions below each line, and -%c has no lines: leave one of them out, or give "
			"--record FILE, too", o->quiet ? 'q' : 'c');
}

static int check(const struct options *o, const char *report_given, struct diag *diag)
{
	unsigned targets = !!o->argv + !!o->npids + !!o->cgroup + o->system;

	if (o->system && targets > 1)
		return diag_set(diag, USAGE, EINVAL,
				"--system traces everything; give it alone, without a command, --pid or --cgroup");
	if (o->cgroup && targets > 1)
		return diag_set(diag, USAGE, EINVAL, "--cgroup names what to trace; it takes no command and no --pid");
	if (o->diff && !o->read && !targets)
		return diag_set(diag, USAGE, EINVAL,
				"--diff compares a recording with another one, or with a run: name that with "
				"--read, or give a command");
	if (o->diff && !o->read && (o->count_only || o->count_too || o->format == TEXT_STRACE))
		return diag_set(diag, USAGE, EINVAL,
				"--diff is a part of the summary: leave out -c, -C and --format strace");
	if (o->summary_ndjson && !(o->diff && o->read))
		return diag_set(diag, USAGE, EINVAL,
				"--summary=ndjson has a line for each difference of --read A --diff B; of a run "
				"there is --summary=json");
	if (o->diff && o->read && o->noutputs && !strcmp(o->diff, "-"))
		return diag_set(diag, USAGE, EINVAL,
				"--diff - is read once: to write a report, too, store that recording in a file");
	if (o->read && targets)
		return diag_set(diag, USAGE, EINVAL,
				"--read replays a recording; it takes no command and nothing else to trace");
	if (o->nreads > 1 && options_output(o, OUTPUT_RECORDING))
		return diag_set(diag, USAGE, EINVAL,
				"--record takes one --read: in one recording equal pids of two hosts would be one "
				"process; write one for each, and give all of them to --read");
	if (o->read && options_output(o, OUTPUT_RECORDING) && !o->redact && !is_part(o))
		return diag_set(diag, USAGE, EINVAL,
				"--read and --record do not go together: the recording exists already; copy the file, "
				"or give --redact, too, to write one without secrets, or --from and --to for a part");
	if (is_part(o) && !o->read)
		return diag_set(diag, USAGE, EINVAL, "--%s is for a recording: give --read FILE, too",
				o->from.kind ? "from" : "to");
	if (o->read && (o->duration_ns || o->events))
		return diag_set(diag, USAGE, EINVAL,
				"--%s ends a tracing; with --read there is none: the recording has ended",
				o->events ? "events" : "duration");
	if (o->argv && o->npids)
		return diag_set(diag, USAGE, EINVAL,
				"--pid attaches to a running process; it takes no command (\"%s\"): give one or the "
				"other",
				o->argv[0]);
	if ((o->nenv || o->user) && !o->argv && targets)
		return diag_set(diag, USAGE, EINVAL,
				"--%s is for a command that is started here; what runs already has its own",
				o->user ? "user" : "env");
	if (o->follows > 1)
		return diag_set(diag, USAGE, EINVAL, "strace's -ff: %s", strace_name("output-separately"));
	if (o->all && o->argv && strspn(o->argv[0], "0123456789") == strlen(o->argv[0]) && !is_command(o->argv[0]))
		return diag_set(diag, USAGE, EINVAL, "strace's -a %s: %s; -a shows everything", o->argv[0],
				strace_name("columns"));
	if (o->format == TEXT_STRACE && (o->count_only || o->count_too))
		return diag_set(diag, USAGE, EINVAL, "--format strace writes lines and no table; leave out -c and -C");
	if (o->count_only && o->count_too)
		return diag_set(diag, USAGE, EINVAL, "-c prints only the table, -C lines, too; give one of them");
	if (o->descendants && !o->npids)
		return diag_set(diag, USAGE, EINVAL,
				"--descendants goes with --pid; the children of a command are followed anyway");
	if (!targets && !o->read && report_given)
		return diag_set(diag, USAGE, EINVAL,
				"--report %s: nothing to trace follows; type: compendium --report=%s -- COMMAND",
				report_given, report_given);
	if (!targets && !o->read)
		return diag_set(diag, USAGE, EINVAL,
				"nothing to trace; type: compendium -- COMMAND   or: compendium -p PID   (more: "
				"compendium --help)");
	return 0;
}

/* Room for what getopt_long needs of every row: its letter with a colon, its names. */
struct getopt_tables { struct option longs[2 * ROWS_MAX + 1]; char shorts[2 * ROWS_MAX + 3]; };

static void fill_tables(struct getopt_tables *t)
{
	char *sp = t->shorts + sprintf(t->shorts, "+:");
	unsigned n = 0;

	for (unsigned i = 0; i < option_nrows && i < ROWS_MAX; i++) {
		const struct option_row *r = &option_rows[i];

		t->longs[n++] = (struct option){ r->name, r->takes, NULL, FIRST_LONG + (int)i };
		if (r->alias)
			t->longs[n++] = (struct option){ r->alias, r->takes, NULL, FIRST_LONG + (int)i };
		if (r->letter) {
			*sp++ = r->letter;
			if (r->takes == TAKES_ONE)
				*sp++ = ':';
		}
	}
}

static const struct option_row *row_of(int c)
{
	for (unsigned i = 0; i < option_nrows; i++)
		if (c == FIRST_LONG + (int)i || (c < FIRST_LONG && c == option_rows[i].letter))
			return &option_rows[i];
	return NULL;
}

/* What getopt_long calls '?': a value for an option that takes none, or an option that is not there. */
static int refused(const char *word, struct diag *diag)
{
	char letter[3] = { '-', (char)optopt, 0 };
	const char *eq = word ? strchr(word, '=') : NULL;

	for (unsigned i = 0; word && eq && i < option_nrows; i++)
		if (!strncmp(word + 2, option_rows[i].name, (size_t)(eq - word - 2)) &&
		    strlen(option_rows[i].name) == (size_t)(eq - word - 2)) {
			const char *say = strace_name(option_rows[i].name);

			return diag_set(diag, USAGE, EINVAL, "--%s takes no value%s%s", option_rows[i].name,
					say ? ": " : "", say ? say : "");
		}
	return unknown_option(word && word[0] == '-' && word[1] == '-' ? word : letter, diag);
}

/* --read a.cpd b.cpd: a word behind is one more of them; behind "--" it would be a command.  1: taken; 0: it is none.
 */
static int one_more_recording(struct options *o, int argc, char **argv, struct diag *diag)
{
	const struct option_row *row = option_rows;
	int rc;

	while (row->set.fn != set_read)
		row++;
	if (!o->read || optind >= argc || !strcmp(argv[optind - 1], "--"))
		return 0;
	rc = set_read(o, row, argv[optind++], diag);
	return rc < 0 ? rc : 1;
}

/* "--" or an option: in place of a value that was forgotten.  A value that looks so is written behind "=". */
static bool is_no_value(const char *word)
{
	size_t n = strcspn(word, "=");

	if (strncmp(word, "--", 2) != 0 || !word[2])
		return !strcmp(word, "--");
	for (unsigned i = 0; i < option_nrows; i++) {
		const struct option_row *r = &option_rows[i];

		if ((strlen(r->name) == n - 2 && !strncmp(word + 2, r->name, n - 2)) ||
		    (r->alias && strlen(r->alias) == n - 2 && !strncmp(word + 2, r->alias, n - 2)))
			return true;
	}
	return false;
}

static int no_value(const struct option_row *r, const char *word, struct diag *diag)
{
	return diag_set(diag, USAGE, EINVAL, "--%s needs a value, and \"%s\" follows; a value that looks so: --%s=%s",
			r->name, word, r->name, word);
}

int options_parse(int argc, char **argv, struct options *ret_options, struct diag *diag)
{
	struct getopt_tables tables = { 0 };
	struct options *o = ret_options;
	const char *report_given = NULL;
	int c, rc;

	*o = (struct options){ .max_report_events = REPORT_EVENTS_DEFAULT, .sched_kept_us = 10, .sched_shown_us = 100,
		.string_bytes = STRING_BYTES_DEFAULT,
	};
	fill_tables(&tables);
	opterr = 0;
	optind = 0;	/* GNU: start afresh, also after an earlier parse */
	for (;;) {
		int at = optind ? optind : 1;
		const struct option_row *row;

		c = getopt_long(argc, argv, tables.shorts, tables.longs, NULL);
		if (c == -1) {
			rc = one_more_recording(o, argc, argv, diag);
			if (rc < 0)
				return rc;
			if (rc)
				continue;
			break;
		}
		if (c == ':')
			return diag_set(diag, USAGE, EINVAL, "%s needs a value after it; try 'compendium --help'",
					argv[optind - 1]);
		if (c == '?')
			return refused(argv[at], diag);
		row = row_of(c);
		if (!row)
			return unknown_option("-?", diag);
		if (optarg && optarg == argv[optind - 1] && is_no_value(optarg))
			return no_value(row, optarg, diag);
		if (row->set.fn == set_report && !optarg && optind < argc && argv[optind][0] != '-') {
			report_given = argv[optind];
			rc = report_word(o, row, argv[optind], optind + 1 == argc && !has_target(o), diag);
			optind++;
		} else {
			rc = optarg && optarg == argv[optind - 1] && !has_target(o) ?
				     ask_output(row, optarg, argv + optind, diag) : 0;
			rc = rc < 0 ? rc : row->set.fn(o, row, optarg, diag);
		}
		if (rc < 0)
			return rc;
		if (o->help || o->version || o->json_schema)
			return 0;
	}
	if (optind < argc)
		o->argv = argv + optind;
	options_add_paths(o);
	rc = check(o, report_given, diag);
	if (rc == 0)
		rc = check_stacks(o, diag);
	if (rc == 0)
		rc = check_about(o, diag);
	return rc == 0 ? check_parts(o, diag) : rc;
}

void options_done(struct options *o)
{
	free(o->pids);
	o->pids = NULL;
	callset_free(o->calls);
	o->calls = NULL;
	free(o->filter);
	o->filter = NULL;
	free(o->filter_parts);
	o->filter_parts = NULL;
	o->nfilter_parts = 0;
	free(o->paths);
	o->paths = NULL;
	free(o->reads);
	o->reads = NULL;
	free(o->env);
	o->env = NULL;
	free(o->outputs);
	o->outputs = NULL;
}

const char *options_output(const struct options *o, enum output_kind kind)
{
	for (unsigned i = 0; i < o->noutputs; i++)
		if (o->outputs[i].kind == kind)
			return o->outputs[i].path;
	return NULL;
}
