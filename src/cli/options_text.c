/* SPDX-License-Identifier: MIT */
/* --help, made of the option rows. */
#include <string.h>

#include "base/macro.h"
#include "cli/options.h"

/* "-o, --output FILE" */
static int heading(char *to, size_t max, const struct option_row *r)
{
	char letter[8] = "    ";

	if (r->letter)
		snprintf(letter, sizeof(letter), "-%c, ", r->letter);
	return snprintf(to, max, "%s--%s%s%s%s", letter, r->name,
			r->takes == TAKES_OPTIONAL ? "[=" :
			r->arg			   ? " " :
						     "",
			r->arg ? r->arg : "", r->takes == TAKES_OPTIONAL ? "]" : "");
}

enum { WIDTH = 80, INDENT = 26 };

/* Words of s wrapped at 80 columns, continued under column `indent`. */
static void wrapped(FILE *f, const char *s, int col, int indent)
{
	while (*s) {
		int n = (int)strcspn(s, " ");

		if (col + n > WIDTH - 1 && col > indent)
			col = fprintf(f, "\n%*s", indent, "") - 1;
		fprintf(f, "%.*s", n, s);
		col += n;
		s += n;
		if (*s == ' ') {
			s++;
			if (*s && col + 1 + (int)strcspn(s, " ") <= WIDTH - 1)
				fputc(' ', f), col++;
			else if (*s)
				col = WIDTH;
		}
	}
	fputc('\n', f);
}

static void usage(FILE *f)
{
	fputs("Usage: compendium [OPTIONS] [--] COMMAND [ARG...] | -p PID | --read FILE\n"
	      "Shows in words what a program does: files, connections, memory, I/O, processes.\n", f);
}

/* In the order of what is asked first. */
static const struct { const char *command, *what; } examples[] = {
	{ "compendium -- ls", "which files does it open, or fail to find?" },
	{ "compendium -p 1234", "what does it do now? Ctrl-C detaches" },
	{ "compendium -v -- curl URL", "what does it connect to, and what is slow?" },
	{ "compendium --report -- make", "as an HTML page to read or send: report.html" },
	{ "compendium --record t.cpd -- CMD", "read later: compendium --read t.cpd" },
};

static void put_examples(FILE *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "  %-32s %s\n", examples[i].command, examples[i].what);
}

void options_hint(FILE *f)
{
	fputs("compendium: nothing to trace. Type, for example:\n", f);
	put_examples(f, 4);
	fprintf(f, "  %-32s %s\n", "compendium --help", "the options");
}

static void put_row(FILE *f, const struct option_row *r, const char *help)
{
	char head[80];
	int col;

	heading(head, sizeof(head), r);
	col = fprintf(f, "  %s", head);
	if (col < INDENT - 1)
		fprintf(f, "%*s", INDENT - col, "");
	else if (col + 2 + strlen(help) < WIDTH)	/* the rest of the line is enough */
		fputs("  ", f);
	else
		fprintf(f, "\n%*s", INDENT, "");
	wrapped(f, help, INDENT, INDENT);
}

static void put_group(FILE *f, enum option_group g, bool all)
{
	for (unsigned i = 0; i < option_nrows; i++) {
		const struct option_row *r = &option_rows[i];

		if (r->group == g && (all || r->brief))
			put_row(f, r, all ? r->help : r->brief);
	}
}

/* The brief one is for a terminal of 24 lines, the prompt below it too: no titles, and the examples stay in view. */
void options_help(FILE *f, bool all)
{
	usage(f);
	if (!all)
		fputc('\n', f);
	for (int g = 0; g < _OPT_GROUPS; g++) {
		if (all)
			fprintf(f, "\n%s:\n", option_group_title((enum option_group)g));
		put_group(f, (enum option_group)g, all);
	}
	if (all)
		fputs("\nOptions end at the command or at --.  The exit status is the command's own; 125,\n"
		      "126, 127: compendium failed, the command cannot be executed, was not found.\n", f);
	fputs("\nExamples:\n", f);
	put_examples(f, ARRAY_SIZE(examples));
}
