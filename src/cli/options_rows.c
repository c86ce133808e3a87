/* SPDX-License-Identifier: MIT */
/*
 * The options, one row each: the parser, --help, the man page and the completions are made of them.  What a row does
 * with its argument is in options_set.c.
 */
#include <stddef.h>

#include "base/macro.h"
#include "cli/formats.h"
#include "cli/options.h"
#include "cli/options_set.h"

/* --export and the short form of each format (cli/formats.h) */
#define FORMAT(id, name, arg, file, open, sink, wants, what, cut, help, ...)	\
	{ name, NULL, 0, OPT_WRITE, TAKES_ONE, arg, help, OUTPUT(OUTPUT_##id), NULL },
#define NAMED(id, name, ...) name ", "
#define EXPORT_HELP "write the trace in a format: " EXPORT_FORMATS(NAMED)	\
	"to FILE or to the name that help, in place of a format, lists; any number of times"

const struct option_row option_rows[] = {
	{ "pid", NULL, 'p', OPT_TARGET, TAKES_ONE, "PID", "attach to a running process, all its threads; several in one word are separated by commas or blanks; may be given more than once", SET(set_pid),
	  "attach to a running process, all its threads" },
	{ "env", NULL, 'E', OPT_TARGET, TAKES_ONE, "VAR=VALUE", "put a variable into the command's environment; VAR alone removes it; may be given more than once", SET(set_env) },
	{ "user", NULL, 'u', OPT_TARGET, TAKES_ONE, "USER", "run the command as this user, by name or number; needs root", WORD(user) },
	{ "descendants", NULL, 0, OPT_TARGET, TAKES_NONE, NULL, "with -p: also all its running descendants", FLAG(descendants) },
	{ "cgroup", NULL, 0, OPT_TARGET, TAKES_ONE, "DIR", "trace what runs in this cgroup (v2) and below; needs the bpf backend", FILE_NAME(cgroup) },
	{ "system", NULL, 0, OPT_TARGET, TAKES_NONE, NULL, "trace everything but compendium; needs the bpf backend", FLAG(system) },
	{ "read", NULL, 0, OPT_TARGET, TAKES_ONE, "FILE", "replay a recording instead of tracing (-: standard input, also while it is still being written); several are merged by time: --read a.cpd b.cpd", SET(set_read),
	  "replay a recording instead of tracing" },
	{ "from", NULL, 0, OPT_TARGET, TAKES_ONE, "TIME", "with --read: begin there: 90s, +1.5 or 2m after the start of the recording, -10s before its end, 50%, 13:30 or 13:30:00.25 as the clock on the wall had it, 2026-11-29T13:30, @EPOCH; names stay right", MOMENT(from) },
	{ "to", NULL, 0, OPT_TARGET, TAKES_ONE, "TIME", "with --read: end there, likewise; with --record FILE that part becomes a recording", MOMENT(to) },
	{ "about", NULL, 0, OPT_TARGET, TAKES_NONE, NULL, "with --read: print where, when and how the recording was made, and what is in it, and end", FLAG(about) },
	{ "diff", NULL, 0, OPT_TARGET, TAKES_ONE, "FILE", "print what is different from this recording in the run, as a part of the summary; with --read A: what is different in FILE from A, and end with 0 when nothing is, with 1 when something is; --summary=json, --summary=ndjson: as JSON; -a: also what is hidden by default", FILE_NAME(diff) },

	{ "duration", NULL, 0, OPT_TARGET, TAKES_ONE, "TIME", "end tracing after TIME, as 5s, 500ms or 2m, and let everything go; a command runs on, and compendium ends with it", SET(set_duration) },
	{ "events", NULL, 0, OPT_TARGET, TAKES_ONE, "N", "end tracing after N events, shown or hidden, likewise", NUMBER(events, 1, UINT64_MAX) },

	{ "trace", NULL, 'e', OPT_SHOW, TAKES_ONE, "SET", "trace and show only these system calls: names, %classes as %file or %network, /regular expressions; ! before all: all others", SET(set_trace),
	  "only these calls: open,%network,/^stat or !%memory" },
	{ "filter", NULL, 0, OPT_SHOW, TAKES_ONE, "EXPR", "show, count and export only what meets EXPR, in the language of the report's filter box: type:open,read path:*.conf !path:/usr dur>1ms err:any proc:gcc; calls that it excludes are not captured", SET(set_filter),
	  "type:open path:*.conf dur>1ms err:any proc:gcc" },
	{ "only", NULL, 0, OPT_SHOW, TAKES_ONE, "LIST", "only events that are any of these: a category (network, file, memory, …), what a call does (accept, open, …), a call, failed; adds is:LIST to the filter", SET(set_only) },
	{ "path", "trace-path", 'P', OPT_SHOW, TAKES_ONE, "GLOB", "only events about this file or peer: *.conf, /etc (and what is in it), or a part of the name; adds path:GLOB to the filter", SET(set_path) },
	{ "failed", "failed-only", 'Z', OPT_SHOW, TAKES_NONE, NULL, "only what failed; adds err:any to the filter", SET(set_failed) },
	{ "successful", "successful-only", 'z', OPT_SHOW, TAKES_NONE, NULL, "only what did not fail; adds !err:any to the filter", SET(set_successful) },
	{ "slower", NULL, 0, OPT_SHOW, TAKES_ONE, "TIME", "only what took at least so long, waits too: 10ms, 20us, 1.5s; adds dur>=TIME to the filter", SET(set_slower) },
	{ "verbose", NULL, 'v', OPT_SHOW, TAKES_NONE, NULL, "also show every system call, with arguments, result and time", FLAG(verbose),
	  "every system call, with arguments, result and time" },
	{ "quiet", NULL, 'q', OPT_SHOW, TAKES_NONE, NULL, "no lines while it runs, only the summary", FLAG(quiet), "no lines, only the summary" },
	{ "progress", NULL, 0, OPT_SHOW, TAKES_NONE, NULL, "on a terminal, one line that is kept up to date: time, events, processes, the call that blocks longest", FLAG(progress) },
	{ "summary-only", NULL, 'c', OPT_SHOW, TAKES_NONE, NULL, "only a table of the calls: how often, how many failed, how long", FLAG(count_only),
	  "only a table of calls, errors, times" },
	{ "summary", NULL, 'C', OPT_SHOW, TAKES_OPTIONAL, "json", "lines, and the table of -c in place of the summary; --summary=json: the summary, or the table of -c, as one object of JSON", SET(set_summary) },
	{ "summary-wall-clock", NULL, 'w', OPT_SHOW, TAKES_NONE, NULL, "as strace's; always so: the times of -c are wall time", FLAG(as_always) },
	{ "by", NULL, 0, OPT_SHOW, TAKES_ONE, "call|process|file|peer|errno", "what the table of -c counts by (default call)", WORD(by) },
	{ "sort", "summary-sort-by", 'S', OPT_SHOW, TAKES_ONE, "COLUMN", "order of the table of -c: calls, errors, total, min, average, p50, p95, p99, max, call (default total)", WORD(sort) },
	{ "all", NULL, 'a', OPT_SHOW, TAKES_NONE, NULL, "show everything, including what is hidden by default (/proc, /sys, /dev, shared libraries, localhost, Go's SIGURG)", FLAG(all),
	  "also what is hidden by default: /proc, libraries" },
	{ "clock", "absolute-timestamps", 't', OPT_SHOW, TAKES_NONE, NULL, "begin each line with the time of day; -tt: with microseconds; -ttt: seconds since 1970", COUNT(clock) },
	{ "relative-timestamps", NULL, 'r', OPT_SHOW, TAKES_NONE, NULL, "begin each line with the time since the line before", FLAG(relative) },
	{ "syscall-times", NULL, 'T', OPT_SHOW, TAKES_NONE, NULL, "end each line of a call with the time spent in it, in seconds", FLAG(call_times) },
	{ "stack-traces", "stack", 'k', OPT_SHOW, TAKES_OPTIONAL, "all|failed", "below each call, the functions that the program was in, the innermost first; failed: only of calls that failed; uses the ptrace backend", SET(set_stacks) },
	{ "string-limit", NULL, 's', OPT_SHOW, TAKES_ONE, "N", "with -v: show at most N bytes of a string (default 32, at most 16384)", NUMBER(string_bytes, 0, 16384) },
	{ "strings-in-hex", NULL, 'x', OPT_SHOW, TAKES_NONE, NULL, "with -v: show strings that are not ASCII in hexadecimal; -xx: all strings", COUNT(hex) },
	{ "syscall-number", NULL, 'n', OPT_SHOW, TAKES_NONE, NULL, "begin each call with its number", FLAG(call_numbers) },
	{ "follow-forks", NULL, 'f', OPT_SHOW, TAKES_NONE, NULL, "as strace's; always so: children and threads are followed", COUNT(follows) },
	{ "decode-fds", NULL, 'y', OPT_SHOW, TAKES_NONE, NULL, "as strace's, -yy too; always so: descriptors have their names", FLAG(as_always) },
	{ "noise", NULL, 0, OPT_SHOW, TAKES_ONE, "CLASS,…", "show these classes of what is hidden by default: system, loader, preload, hwcaps, locale, gconv, nsswitch, localhost, preemption, all", WORD(noise) },
	{ "show-comm", NULL, 'Y', OPT_SHOW, TAKES_NONE, NULL, "name the thread in each line: [pid<name>]", FLAG(show_comm) },
	{ "ebpf", NULL, 0, OPT_SHOW, TAKES_NONE, NULL, "also show waits for a CPU and block I/O; needs root, or CAP_BPF and CAP_PERFMON", FLAG(ebpf) },
	{ "sched-show", NULL, 0, OPT_SHOW, TAKES_ONE, "USEC", "with --ebpf: print a line for each wait for a CPU of at least USEC microseconds (default 100)", NUMBER(sched_shown_us, 0, UINT32_MAX) },
	{ "sched-min", NULL, 0, OPT_SHOW, TAKES_ONE, "USEC", "with --ebpf: do not record waits for a CPU shorter than USEC microseconds (default 10)", NUMBER(sched_kept_us, 0, UINT32_MAX) },
	{ "faults", "page-faults", 0, OPT_SHOW, TAKES_NONE, NULL, "also show page faults in heap and anonymous memory; with -a in all memory", FLAG(faults) },
	{ "format", NULL, 0, OPT_SHOW, TAKES_ONE, FORMATS, "what the lines look like; strace: every call as strace -f -y -ttt -T writes it, and no summary", CHOICE(format) },
	{ "color", NULL, 0, OPT_SHOW, TAKES_ONE, COLORS, "colour by category; auto: on a terminal, unless NO_COLOR is set", CHOICE(color) },

	{ "report", NULL, 0, OPT_WRITE, TAKES_OPTIONAL, "FILE", "write one interactive HTML page (default report.html)", { set_report, 0, OUTPUT_REPORT, 0 },
	  "write one interactive HTML page (report.html)" },
	{ "max-report-events", NULL, 0, OPT_WRITE, TAKES_ONE, "N", "keep at most N events in the report (default 10000000); process exits are always kept", NUMBER(max_report_events, 1, UINT32_MAX) },
	{ "output", NULL, 'o', OPT_WRITE, TAKES_ONE, "FILE", "also write the live lines and the summary to FILE (-: standard output)", { set_text, 0, OUTPUT_TEXT, 0 },
	  "also write the lines and the summary to FILE" },
	{ "export", NULL, 0, OPT_WRITE, TAKES_ONE, "FORMAT[:FILE]", EXPORT_HELP, SET(set_export),
	  "JSON and others: --export help lists them" },
	EXPORT_FORMATS(FORMAT)
	{ "record", NULL, 0, OPT_WRITE, TAKES_ONE, "FILE", "save everything captured, for --read (-: standard output, as for | zstd or | ssh; the command's own output then goes to standard error)", OUTPUT(OUTPUT_RECORDING),
	  "save everything captured, for --read" },

	{ "rotate", NULL, 0, OPT_WRITE, TAKES_ONE, "SIZE|TIME", "with --record FILE: begin the next file after so much, as 100MB or 1h; finished ones are FILE with a number in its name, and each can be read alone", SET(set_rotate) },
	{ "keep", NULL, 0, OPT_WRITE, TAKES_ONE, "N", "with --rotate: keep the newest N finished files", NUMBER(keep, 1, UINT32_MAX) },
	{ "last", NULL, 0, OPT_WRITE, TAKES_ONE, "TIME|SIZE", "with --record FILE: keep only the newest part, as 30s or 64MB, and write it, with the report and other files, when the program fails or is killed, on SIGUSR1 to compendium, and for --dump-when", SET(set_last) },
	{ "dump-when", NULL, 0, OPT_WRITE, TAKES_ONE, "EXPR", "with --last: also when an event matches this filter, as --filter takes it", WORD(dump_when) },
	{ "redact", NULL, 0, OPT_WRITE, TAKES_OPTIONAL, "paths", "in all outputs, leave out contents of buffers, and mask what looks like a secret in arguments, environment and names; paths: also home directories, and names of users and of this host", SET(set_redact) },

	{ "backend", NULL, 0, OPT_CAPTURE, TAKES_ONE, BACKEND_CHOICES, "how calls are captured: ptrace stops the program at each, bpf (root, or CAP_BPF and CAP_PERFMON) records them in the kernel; auto uses bpf when permitted, otherwise ptrace", CHOICE(backend) },
	{ "ring-size", NULL, 0, OPT_CAPTURE, TAKES_ONE, "SIZE", "bpf: memory between kernel and compendium (default 16M)", SET(set_ring_size) },
	{ "lossy", NULL, 0, OPT_CAPTURE, TAKES_NONE, NULL, "bpf: when the ring is full, drop records and count them instead of slowing the program down", FLAG(lossy) },
	{ "seccomp-bpf", NULL, 0, OPT_CAPTURE, TAKES_NONE, NULL, "as strace's; always so, where not every call is traced", FLAG(as_always) },
	{ "in-process", NULL, 0, OPT_CAPTURE, TAKES_ONE, "auto|on|off", "ptrace, for a command: see calls of the C library of which nothing but numbers, paths and a short buffer is recorded (open, close, read, write, stat, rename) inside it, without a stop; on prints how many, and why not where it cannot be; auto uses it where it can be, and prints that with -v; off: each call stops (default auto)", CHOICE(in_process) },
	{ "no-seccomp", NULL, 0, OPT_CAPTURE, TAKES_NONE, NULL, "ptrace: stop at every call instead of filtering in the kernel; slower, but invisible to programs that inspect seccomp", FLAG(no_seccomp) },

	{ "help", NULL, 'h', OPT_INFO, TAKES_OPTIONAL, "all", "show the options used most, with examples; all: every option", SET(set_help),
	  "this help; all: every option, in groups" },
	{ "json-schema", NULL, 0, OPT_INFO, TAKES_NONE, NULL, "print the JSON Schema of the lines of --json", FLAG(json_schema) },
	{ "version", NULL, 'V', OPT_INFO, TAKES_NONE, NULL, "show the version and what is built in", FLAG(version) },
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
