/* SPDX-License-Identifier: MIT */
/* Options of strace 6.1 and newer, or values of them, that compendium does not have: what to type instead. */
#include <string.h>

#include "base/macro.h"
#include "cli/options_set.h"

/* form: of -e. */
static const struct { char letter; const char *name, *form, *say; } hints[] = {
	{ 'A', "output-append-mode", NULL, "a file is always begun anew here; to append: compendium -o NEW …; cat NEW >>FILE" },
	{ 'b', "detach-on", NULL, "a program is followed through execve here; --duration and --events end the tracing" },
	{ 'd', "debug", NULL, "compendium has no debugging output of its own" },
	{ 'D', "daemonize", NULL, "compendium stays the parent of the command; --backend bpf is no tracer that the command could notice" },
	{ 'i', "instruction-pointer", NULL, "-k shows the functions that a call was made from" },
	{ 'I', "interruptible", NULL, "there is nothing to choose: Ctrl-C reaches the command, and the summary is written" },
	{ 'O', "summary-syscall-overhead", NULL, "nothing is subtracted from times here; --backend bpf takes them in the kernel" },
	{ 'U', "summary-columns", NULL, "the table of -c has the columns that fit; --by and --sort choose what is in it" },
	{ 'X', "const-print-style", NULL, "constants have their names here; with -v --json has the numbers, too" },
	{ 'F', NULL, NULL, "forks are always followed here" },
	{ 0, "attach", NULL, "-p PID, several with commas" },
	{ 0, "absolute-timestamps", NULL, "-t, -tt or -ttt" },
	{ 0, "timestamps", NULL, "-t, -tt or -ttt" },
	{ 0, "relative-timestamps", NULL, "-r, always with microseconds" },
	{ 0, "syscall-times", NULL, "-T, always with microseconds; without it lines have times in words" },
	{ 0, "strings-in-hex", NULL, "-x: strings that are not ASCII; -xx: all strings" },
	{ 0, "argv0", NULL, "bash -c 'exec -a NAME COMMAND'" },
	{ 0, "secontext", NULL, "security contexts are not captured" },
	{ 0, "syscall-limit", NULL, "--events N ends the tracing after N events" },
	{ 0, "trace-fds", NULL, "-e fd=N" },
	{ 0, "no-abbrev", NULL, "structures are shown with all their members here; -s N shows more of strings" },
	{ 0, "signal", NULL, "-e signal=SET" },
	{ 0, "status", NULL, "-e status=SET" },
	{ 0, "output-separately", NULL, "every line names its process; to part them: grep -F '[PID]' FILE, or --report, which has a lane for each" },
	{ 0, "columns", NULL, "results follow their calls here; there is no column to set" },
	{ 0, "decode-pids", NULL, "-Y names threads; process numbers are always those that compendium sees" },
	{ 0, "tips", NULL, "try compendium --help=all" },
	{ 0, "abbrev", "abbrev", "structures are shown with all their members here; -s N shows more of strings" },
	{ 0, "raw", "raw", "with -v --json has the numbers of arguments beside their names" },
	{ 0, "read", "read", "--record keeps the beginnings of what is read, -s N of them; -v shows them, and the page of --report" },
	{ 0, "write", "write", "--record keeps the beginnings of what is written, -s N of them; -v shows them, and the page of --report" },
	{ 0, "verbose", "verbose", "structures are always decoded here" },
	{ 0, "silent", NULL, "messages of tracing are few here; -q leaves only the summary" },
	{ 0, "quiet", "quiet", "messages of tracing are few here; -q leaves only the summary" },
	{ 0, "kvm", "kvm", "exits of virtual CPUs are not captured" },
	{ 0, "decode-fds", "decode-fds", "descriptors always have their names here" },
	{ 0, "fault", "fault", "compendium only looks; strace -e fault=… makes calls fail" },
	{ 0, "inject", "inject", "compendium only looks; strace -e inject=… changes calls" },
};

const char *strace_letter(char letter)
{
	for (unsigned i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].letter == letter)
			return hints[i].say;
	return NULL;
}

const char *strace_name(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].name && !strcmp(hints[i].name, name))
			return hints[i].say;
	return NULL;
}

const char *strace_form(const char *form, size_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].form && strlen(hints[i].form) == len && !strncmp(hints[i].form, form, len))
			return hints[i].say;
	return NULL;
}
