/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The command line.  One table of rows (options_rows.c) makes the parser, --help,
 * the completions and the man page's OPTIONS.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/term.h"
#include "capture/backend.h"
#include "cli/when.h"

struct diag;

/* What can be written, any number of each: cli/outputs.c has a row for every kind. */
enum output_kind {
	OUTPUT_TEXT, OUTPUT_REPORT, OUTPUT_RECORDING,
	/* from here on: cli/formats.h has a row for each */
	OUTPUT_JSON, OUTPUT_CSV, OUTPUT_SQLITE, OUTPUT_CLICKHOUSE,
	OUTPUT_PERFETTO, OUTPUT_CHROME_TRACE, OUTPUT_FOLDED, OUTPUT_STRACE,
	_OUTPUT_KINDS,
};
enum text_format { TEXT_OURS, TEXT_STRACE };	/* of the lines */
struct output_option { enum output_kind kind; const char *path; };

enum stacks_of { STACKS_NONE, STACKS_ALL, STACKS_FAILED };	/* calls */
enum redact_how { REDACT_NOT, REDACT_SECRETS, REDACT_PLACES };

struct options {
	char **argv;		/* the command, NULL-terminated, or NULL */
	pid_t *pids; unsigned npids;
	bool descendants, system;
	const char *cgroup, *diff;
	const char *before;		/* compared with what is traced or read: --diff without --read */
	const char **reads; unsigned nreads;	/* --read, and the words behind the options then */
	const char *read;	/* the first one, NULL: none */
	struct when from, to;	/* --from, --to */
	bool verbose, all, show_comm, ebpf, faults;
	bool no_seccomp, lossy, ring_rounded;
	unsigned in_process;			/* enum in_process */
	bool help, help_all, help_formats, version, json_schema;
	enum backend backend;
	uint64_t ring_bytes, sched_kept_us, sched_shown_us;
	struct callset *calls; const char *calls_text;	/* -e; NULL: what matters */
	char *paths;		/* of --path, separated by commas; they are one term of the filter */
	char *filter;		/* --filter and its short forms, one text; NULL: none */
	struct chooser_part *filter_parts; unsigned nfilter_parts;	/* what each of them added */
	uint64_t signals_hidden;	/* -e signal=: a bit a number */
	unsigned choices_given;	/* forms of -e so far: cli/options_choose.c */
	bool summary_json, summary_ndjson;
	bool progress;		/* --progress */
	const char *noise;	/* --noise: classes to show; NULL: none */
	bool quiet, count_only, count_too;	/* -q, -c, -C */
	const char *by, *sort;	/* of the table of -c; NULL: call, time */
	unsigned clock;		/* how often -t was given: time of day, with microseconds, since 1970 */
	bool relative, call_times;	/* -r, -T */
	enum stacks_of stacks;	/* -k */
	unsigned hex;		/* how often -x was given: strings that are not ASCII in hexadecimal, all strings */
	bool call_numbers;	/* -n */
	uint64_t string_bytes;	/* -s: how much of a string is shown */
	char **env; unsigned nenv;	/* -E: VAR=VAL to set, VAR to remove */
	const char *user;	/* -u */
	enum redact_how redact;	/* --redact, --redact=paths */
	uint64_t duration_ns, events;	/* --duration, --events; 0: without end */
	unsigned follows;	/* how often -f was given */
	bool as_always;		/* -y, -w, --seccomp-bpf: of no effect */
	enum text_format format;
	enum color_mode color;
	struct output_option *outputs; unsigned noutputs;	/* in the order given */
	uint64_t max_report_events;
	uint64_t rotate_bytes, rotate_ns, keep;		/* --rotate, --keep; 0: not */
	uint64_t last_bytes, last_ns;			/* --last; 0: all */
	const char *dump_when;				/* --dump-when */
	bool about;		/* --about */
	bool no_terminal;	/* no option: what is written to files is made of a recording that was shown already */
};

enum option_group { OPT_TARGET, OPT_SHOW, OPT_WRITE, OPT_CAPTURE, OPT_INFO, _OPT_GROUPS };
enum option_arg { TAKES_NONE, TAKES_ONE, TAKES_OPTIONAL };

struct option_row;
typedef int option_set_fn(struct options *o, const struct option_row *r, const char *arg, struct diag *diag);

struct option_row {
	const char *name;	/* long form, without dashes */
	const char *alias;	/* another long form, or NULL */
	char letter;		/* 0: none */
	uint8_t group;		/* enum option_group */
	uint8_t takes;		/* enum option_arg */
	const char *arg;	/* what the argument is called: FILE, PID, N, "auto|always|never" */
	const char *help;	/* a sentence without a full stop */
	/* What is done with the argument, in which field of struct options (an offset), within which bounds. */
	struct { option_set_fn *fn; size_t at; uint64_t min, max; } set;
	const char *brief;	/* of --help, at most 50 columns; NULL: only --help=all has it */
};
extern const struct option_row option_rows[];
extern const unsigned option_nrows;
const char *option_group_title(enum option_group g);

/* The words of argv (argv[0] is ours).  Strings are borrowed; options_done() frees the rest. */
int options_parse(int argc, char **argv, struct options *ret_options, struct diag *diag);
void options_done(struct options *o);
const char *options_output(const struct options *o, enum output_kind kind);	/* the first one's path; NULL: none */
/* The options used most and examples, on one screen; all: every option. */
void options_help(FILE *f, bool all);
/* What to type, for someone who typed nothing. */
void options_hint(FILE *f);
/*
 * "man": scdoc OPTIONS; "bash", "zsh", "fish": completions; "formats": the table of docs/exports.md.  -EINVAL for
 * anything else.
 */
int options_generate(FILE *f, const char *what);
