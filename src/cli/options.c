/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/macro.h"
#include "base/nearest.h"
#include "filter/callset.h"

enum { USAGE = 125, REPORT_EVENTS_DEFAULT = 10000000 };

static int number(const char *option, const char *arg, uint64_t min, uint64_t max, uint64_t *ret, struct diag *diag)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(arg, &end, 10);
	if (!*arg || *end || strchr("+- \t", *arg) || errno || v < min || v > max)
		return diag_set(diag, USAGE, EINVAL, "%s takes a number from %llu to %llu, not \"%s\"", option, (unsigned long long)min, (unsigned long long)max, arg);
	*ret = v;
	return 0;
}

static int set_pid(struct options *o, const char *arg, struct diag *diag)
{
	uint64_t v = 0;
	int rc = number("--pid", arg, 1, INT32_MAX, &v, diag);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < o->npids; i++)
		if (o->pids[i] == (pid_t)v)
			return 0;
	o->pids = xrealloc(o->pids, (o->npids + 1) * sizeof(*o->pids));
	o->pids[o->npids++] = (pid_t)v;
	return 0;
}

static int file_name(const char *option, const char *arg, const char **ret, struct diag *diag)
{
	if (!*arg)
		return diag_set(diag, USAGE, EINVAL, "%s takes a file name, not an empty word", option);
	if (!strncmp(arg, "--", 2))	/* the next option, or the end of all: the name was forgotten */
		return diag_set(diag, USAGE, EINVAL, "%s takes a file name, not \"%.64s\"; a file that has this name is ./%.64s", option, arg, arg);
	*ret = arg;
	return 0;
}

static int add_output(struct options *o, enum output_kind kind, const char *option, const char *arg, struct diag *diag)
{
	struct output_option output = { .kind = kind };
	int rc = file_name(option, arg, &output.path, diag);

	if (rc < 0)
		return rc;
	o->outputs = xrealloc(o->outputs, (o->noutputs + 1) * sizeof(*o->outputs));
	o->outputs[o->noutputs++] = output;
	return 0;
}

static int set_report(struct options *o, const char *arg, struct diag *diag) { return add_output(o, OUTPUT_REPORT, "--report", arg ? arg : "report.html", diag); }
static int set_output(struct options *o, const char *arg, struct diag *diag) { return add_output(o, OUTPUT_TEXT, "--output", arg, diag); }
static int set_json(struct options *o, const char *arg, struct diag *diag) { return add_output(o, OUTPUT_JSON, "--json", arg, diag); }
static int set_record(struct options *o, const char *arg, struct diag *diag) { return add_output(o, OUTPUT_RECORDING, "--record", arg, diag); }
static int set_read(struct options *o, const char *arg, struct diag *diag) { return file_name("--read", arg, &o->read, diag); }

/* The forms of strace's -e that choose calls. */
static int set_trace(struct options *o, const char *arg, struct diag *diag)
{
	static const char *const forms[] = { "trace=", "t=" };
	struct callset_error e;
	const char *set = arg;
	size_t form = strcspn(arg, "=,/%!?");

	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++)
		if (!strncmp(arg, forms[i], strlen(forms[i])))
			set = arg + strlen(forms[i]);
	if (set == arg && arg[form] == '=')
		return diag_set(diag, USAGE, EINVAL, "-e chooses calls, as in -e open,%%network; \"%.*s\" is not taken", (int)form + 1, arg);
	if (o->calls)
		return diag_set(diag, USAGE, EINVAL, "-e was given twice; write one set: -e %s,%s", o->calls_text, set);
	if (callset_parse(set, &o->calls, &e) < 0)
		return diag_set(diag, USAGE, EINVAL, "-e: %s", e.why);
	o->calls_text = set;
	return 0;
}

static int set_max_events(struct options *o, const char *arg, struct diag *diag)
{
	return number("--max-report-events", arg, 1, UINT32_MAX, &o->max_report_events, diag);
}

/* One of "auto|always|never", by its place. */
static int choice(const char *option, const char *choices, const char *arg, unsigned *ret, struct diag *diag)
{
	size_t len = strlen(arg);
	char words[64];
	unsigned n = 0;

	for (const char *p = choices; *p; p += strcspn(p, "|"), p += *p == '|', n++)
		if (len && strcspn(p, "|") == len && !strncmp(p, arg, len)) {
			*ret = n;
			return 0;
		}
	words[0] = '\0';
	for (const char *p = choices; *p; p += len, p += *p == '|') {
		len = strcspn(p, "|");
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%.*s", p == choices ? "" : p[len] ? ", " : " or ", (int)len, p);
	}
	return diag_set(diag, USAGE, EINVAL, "%s takes %s, not \"%s\"", option, words, arg);
}

#define COLORS "auto|always|never"	/* enum color_mode */
#define BACKENDS "auto|ptrace|bpf"	/* enum backend */
static int set_color(struct options *o, const char *arg, struct diag *diag)
{
	unsigned v;
	int rc = choice("--color", COLORS, arg, &v, diag);

	if (rc == 0)
		o->color = (enum color_mode)v;
	return rc;
}

static int set_backend(struct options *o, const char *arg, struct diag *diag)
{
	unsigned v = 0;
	int rc = choice("--backend", BACKENDS, arg, &v, diag);

	if (rc == 0)
		o->backend = (enum backend)v;
	return rc;
}

static int set_cgroup(struct options *o, const char *arg, struct diag *diag) { return file_name("--cgroup", arg, &o->cgroup, diag); }

/* A number with k, M or G; the kernel takes powers of two of at least a page. */
static int set_ring_size(struct options *o, const char *arg, struct diag *diag)
{
	uint64_t n = 0, size = 4096;
	char word[32];
	size_t len = strlen(arg);
	int shift = !len ? 0 : strchr("kK", arg[len - 1]) ? 10 : strchr("mM", arg[len - 1]) ? 20 : strchr("gG", arg[len - 1]) ? 30 : 0;
	struct diag ignored;

	snprintf(word, sizeof(word), "%.*s", (int)(shift ? len - 1 : len), arg);
	if (len >= sizeof(word) || number("--ring-size", word, 1, 1u << 30, &n, &ignored) < 0 || n << shift > 1u << 30 || n << shift < 65536)
		return diag_set(diag, USAGE, EINVAL, "--ring-size takes a size from 64k to 1G, as 16M, not \"%s\"", arg);
	while (size < n << shift)
		size <<= 1;
	o->ring_bytes = size;
	o->ring_rounded = size != n << shift;
	return 0;
}

#define FLAG(fn, field) static int fn(struct options *o, const char *arg UNUSED, struct diag *diag UNUSED) { o->field = true; return 0; }
FLAG(set_verbose, verbose)
FLAG(set_quiet, quiet)
FLAG(set_count_only, count_only)
FLAG(set_count_too, count_too)
static int set_by(struct options *o, const char *arg, struct diag *diag UNUSED) { o->by = arg; return 0; }
static int set_sort(struct options *o, const char *arg, struct diag *diag UNUSED) { o->sort = arg; return 0; }
FLAG(set_all, all)
FLAG(set_show_comm, show_comm)
FLAG(set_descendants, descendants)
FLAG(set_no_seccomp, no_seccomp)
FLAG(set_system, system)
FLAG(set_lossy, lossy)
FLAG(set_ebpf, ebpf)
FLAG(set_faults, faults)
static int set_sched_kept(struct options *o, const char *arg, struct diag *diag) { return number("--sched-min", arg, 0, UINT32_MAX, &o->sched_kept_us, diag); }
static int set_sched_shown(struct options *o, const char *arg, struct diag *diag) { return number("--sched-show", arg, 0, UINT32_MAX, &o->sched_shown_us, diag); }
static int set_help(struct options *o, const char *arg, struct diag *diag)
{
	if (arg && strcmp(arg, "all"))
		return diag_set(diag, USAGE, EINVAL, "--help takes nothing or all, not \"%s\"", arg);
	o->help = true;
	o->help_all = arg != NULL;
	return 0;
}

FLAG(set_version, version)

const struct option_row option_rows[] = {
	{ "pid", NULL, 'p', OPT_TARGET, TAKES_ONE, "PID", "attach to a running process, all its threads; may be given more than once", set_pid,
	  "attach to a running process, all its threads" },
	{ "descendants", NULL, 0, OPT_TARGET, TAKES_NONE, NULL, "with -p: also all its running descendants", set_descendants },
	{ "cgroup", NULL, 0, OPT_TARGET, TAKES_ONE, "DIR", "trace what runs in this cgroup (v2) and below; needs the bpf backend", set_cgroup,
	  "trace what runs in this cgroup (root)" },
	{ "system", NULL, 0, OPT_TARGET, TAKES_NONE, NULL, "trace everything but compendium; needs the bpf backend", set_system,
	  "trace everything (root)" },
	{ "read", NULL, 0, OPT_TARGET, TAKES_ONE, "FILE", "replay a recording instead of tracing", set_read,
	  "replay a recording instead of tracing" },

	{ "trace", NULL, 'e', OPT_SHOW, TAKES_ONE, "SET", "trace and show only these system calls: names, %classes as %file or %network, /regular expressions; ! before all: all others", set_trace,
	  "only these calls: open,%network,/^stat,!%memory" },
	{ "verbose", NULL, 'v', OPT_SHOW, TAKES_NONE, NULL, "also show every system call, with arguments, result and time", set_verbose,
	  "every system call, with arguments, result and time" },
	{ "quiet", NULL, 'q', OPT_SHOW, TAKES_NONE, NULL, "no lines while it runs, only the summary", set_quiet, "no lines, only the summary" },
	{ "summary-only", NULL, 'c', OPT_SHOW, TAKES_NONE, NULL, "only a table of the calls: how often, how many failed, how long", set_count_only,
	  "only a table of calls, errors, times" },
	{ "summary", NULL, 'C', OPT_SHOW, TAKES_NONE, NULL, "lines, and the table of -c in place of the summary", set_count_too },
	{ "by", NULL, 0, OPT_SHOW, TAKES_ONE, "call|process|file|peer|errno", "what the table of -c counts by (default call)", set_by },
	{ "sort", "summary-sort-by", 0, OPT_SHOW, TAKES_ONE, "COLUMN", "order of the table of -c: calls, errors, total, min, average, p50, p95, p99, max, call (default total)", set_sort },
	{ "all", NULL, 'a', OPT_SHOW, TAKES_NONE, NULL, "show everything, including what is hidden by default (/proc, /sys, /dev, shared libraries, localhost, Go's SIGURG)", set_all,
	  "also what is hidden by default: /proc, libraries" },
	{ "show-comm", NULL, 'Y', OPT_SHOW, TAKES_NONE, NULL, "name the thread in each line: [pid<name>]", set_show_comm },
	{ "ebpf", NULL, 0, OPT_SHOW, TAKES_NONE, NULL, "also show waits for a CPU and block I/O; needs root, or CAP_BPF and CAP_PERFMON", set_ebpf,
	  "also waits for a CPU and block I/O (root)" },
	{ "sched-show", NULL, 0, OPT_SHOW, TAKES_ONE, "USEC", "with --ebpf: print a line for each wait for a CPU of at least USEC microseconds (default 100)", set_sched_shown },
	{ "sched-min", NULL, 0, OPT_SHOW, TAKES_ONE, "USEC", "with --ebpf: do not record waits for a CPU shorter than USEC microseconds (default 10)", set_sched_kept },
	{ "faults", "page-faults", 0, OPT_SHOW, TAKES_NONE, NULL, "also show page faults in heap and anonymous memory; with -a in all memory", set_faults,
	  "also page faults" },
	{ "color", NULL, 0, OPT_SHOW, TAKES_ONE, COLORS, "colour by category; auto: on a terminal, unless NO_COLOR is set", set_color },

	{ "report", NULL, 0, OPT_WRITE, TAKES_OPTIONAL, "FILE", "write one interactive HTML page (default report.html)", set_report,
	  "write one interactive HTML page (report.html)" },
	{ "max-report-events", NULL, 0, OPT_WRITE, TAKES_ONE, "N", "keep at most N events in the report (default 10000000); process exits are always kept", set_max_events },
	{ "output", NULL, 'o', OPT_WRITE, TAKES_ONE, "FILE", "also write the live lines and the summary to FILE", set_output,
	  "also write the lines and the summary to FILE" },
	{ "json", NULL, 0, OPT_WRITE, TAKES_ONE, "FILE", "write events, processes, files and connections to FILE as NDJSON, one object a line (-: standard output, with what the command itself writes there); with -v also the arguments of calls", set_json,
	  "write everything as NDJSON (-: stdout)" },
	{ "record", NULL, 0, OPT_WRITE, TAKES_ONE, "FILE", "save everything captured, for --read", set_record,
	  "save everything captured, for --read" },

	{ "backend", NULL, 0, OPT_CAPTURE, TAKES_ONE, BACKENDS, "how calls are captured: ptrace stops the program at each, bpf (root, or CAP_BPF and CAP_PERFMON) records them in the kernel; auto uses bpf when permitted, otherwise ptrace", set_backend },
	{ "ring-size", NULL, 0, OPT_CAPTURE, TAKES_ONE, "SIZE", "bpf: memory between kernel and compendium (default 16M)", set_ring_size },
	{ "lossy", NULL, 0, OPT_CAPTURE, TAKES_NONE, NULL, "bpf: when the ring is full, drop records and count them instead of slowing the program down", set_lossy },
	{ "no-seccomp", NULL, 0, OPT_CAPTURE, TAKES_NONE, NULL, "ptrace: stop at every call instead of filtering in the kernel; slower, but invisible to programs that inspect seccomp", set_no_seccomp },

	{ "help", NULL, 'h', OPT_INFO, TAKES_OPTIONAL, "all", "show the options used most, with examples; all: every option", set_help,
	  "this help; all: with every option" },
	{ "version", NULL, 'V', OPT_INFO, TAKES_NONE, NULL, "show the version and what is built in", set_version,
	  "the version and what is built in" },
};
const unsigned option_nrows = ARRAY_SIZE(option_rows);

const char *option_group_title(enum option_group g)
{
	static const char *const titles[_OPT_GROUPS] = {
		[OPT_TARGET] = "What to trace", [OPT_SHOW] = "What to show", [OPT_WRITE] = "What to write",
		[OPT_CAPTURE] = "How to trace", [OPT_INFO] = "About",
	};

	return titles[g];
}

static int unknown_option(const char *word, struct diag *diag)
{
	char name[64];
	struct nearest near = nearest_to(name);
	const char *best;

	if (word[0] == '-' && word[1] != '-')
		return diag_set(diag, USAGE, EINVAL, "unknown option \"%s\"; try 'compendium --help'", word);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
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
static int report_word(struct options *o, const char *word, bool last, struct diag *diag)
{
	bool html = ends_in(word, ".html") || ends_in(word, ".htm");

	if (!html && (last || (!strchr(word, '/') && is_command(word))))
		return diag_set(diag, USAGE, EINVAL, "--report %s: is \"%s\" the report's name or the command?  Type: compendium --report -- %s   or: compendium --report=%s -- COMMAND",
				word, word, word, word);
	return set_report(o, word, diag);
}

static int check(const struct options *o, const char *report_given, struct diag *diag)
{
	unsigned targets = !!o->argv + !!o->npids + !!o->cgroup + o->system;

	if (o->system && targets > 1)
		return diag_set(diag, USAGE, EINVAL, "--system traces everything; give it alone, without a command, --pid or --cgroup");
	if (o->cgroup && targets > 1)
		return diag_set(diag, USAGE, EINVAL, "--cgroup names what to trace; it takes no command and no --pid");
	if (o->read && targets)
		return diag_set(diag, USAGE, EINVAL, "--read replays a recording; it takes no command and nothing else to trace");
	if (o->read && options_output(o, OUTPUT_RECORDING))
		return diag_set(diag, USAGE, EINVAL, "--read and --record do not go together: the recording exists already; copy the file");
	if (o->argv && o->npids)
		return diag_set(diag, USAGE, EINVAL, "--pid attaches to a running process; it takes no command (\"%s\"): give one or the other", o->argv[0]);
	if (o->descendants && !o->npids)
		return diag_set(diag, USAGE, EINVAL, "--descendants goes with --pid; the children of a command are followed anyway");
	if (!targets && !o->read && report_given)
		return diag_set(diag, USAGE, EINVAL, "--report %s: nothing to trace follows; type: compendium --report=%s -- COMMAND", report_given, report_given);
	if (!targets && !o->read)
		return diag_set(diag, USAGE, EINVAL, "nothing to trace; type: compendium -- COMMAND   or: compendium -p PID   (more: compendium --help)");
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret_options, struct diag *diag)
{
	struct option longs[2 * ARRAY_SIZE(option_rows) + 1] = { 0 };
	char shorts[4 * ARRAY_SIZE(option_rows) + 3] = "+:", *sp = shorts + 2;
	struct options *o = ret_options;
	const char *report_given = NULL;
	unsigned n = 0;
	int c, rc;

	*o = (struct options){ .max_report_events = REPORT_EVENTS_DEFAULT, .sched_kept_us = 10, .sched_shown_us = 100 };
	for (unsigned i = 0; i < option_nrows; i++) {
		const struct option_row *r = &option_rows[i];

		longs[n++] = (struct option){ r->name, r->takes, NULL, 256 + (int)i };
		if (r->alias)
			longs[n++] = (struct option){ r->alias, r->takes, NULL, 256 + (int)i };
		if (r->letter) {
			*sp++ = r->letter;
			if (r->takes == TAKES_ONE)
				*sp++ = ':';
		}
	}
	opterr = 0;
	optind = 0;	/* GNU: start afresh, also after an earlier parse */
	for (;;) {
		int at = optind ? optind : 1;
		const struct option_row *row = NULL;

		c = getopt_long(argc, argv, shorts, longs, NULL);
		if (c == -1)
			break;
		if (c == ':') {
			return diag_set(diag, USAGE, EINVAL, "%s needs a value after it; try 'compendium --help'", argv[optind - 1]);
		} else if (c == '?') {
			const char *word = argv[at];
			char letter[3] = { '-', (char)optopt, 0 };
			const char *eq = word ? strchr(word, '=') : NULL;

			for (unsigned i = 0; word && eq && i < option_nrows; i++)
				if (!strncmp(word + 2, option_rows[i].name, (size_t)(eq - word - 2)) && strlen(option_rows[i].name) == (size_t)(eq - word - 2))
					return diag_set(diag, USAGE, EINVAL, "--%s takes no value", option_rows[i].name);
			return unknown_option(word && word[0] == '-' && word[1] == '-' ? word : letter, diag);
		}
		for (unsigned i = 0; i < option_nrows && !row; i++)
			if (c == 256 + (int)i || (c < 256 && c == option_rows[i].letter))
				row = &option_rows[i];
		if (!row)
			return unknown_option("-?", diag);
		if (row->apply == set_report && !optarg && optind < argc && argv[optind][0] != '-') {
			report_given = argv[optind];
			rc = report_word(o, argv[optind], optind + 1 == argc && !o->npids && !o->cgroup && !o->system && !o->read, diag);
			optind++;
		} else {
			rc = row->apply(o, optarg, diag);
		}
		if (rc < 0)
			return rc;
		if (o->help || o->version)
			return 0;
	}
	if (optind < argc)
		o->argv = argv + optind;
	return check(o, report_given, diag);
}

void options_done(struct options *o)
{
	free(o->pids);
	o->pids = NULL;
	callset_free(o->calls);
	o->calls = NULL;
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
