/* SPDX-License-Identifier: MIT */
/* The man page's OPTIONS and the completions of shells, made of the option rows. */
#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "cli/formats.h"
#include "cli/options.h"
#include "cli/options_set.h"

/* A star is no mark of scdoc's in a help sentence, but part of a pattern. */
static void man_text(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '*')
			fputc('\\', f);
		fputc(*s, f);
	}
}

static void generate_man(FILE *f)
{
	for (int g = 0; g < _OPT_GROUPS; g++) {
		fprintf(f, "## %s\n\n", option_group_title((enum option_group)g));
		for (unsigned i = 0; i < option_nrows; i++) {
			const struct option_row *r = &option_rows[i];

			if (r->group != g)
				continue;
			if (r->letter)
				fprintf(f, "*-%c*, ", r->letter);
			fprintf(f, "*--%s*", r->name);
			if (r->alias)
				fprintf(f, ", *--%s*", r->alias);
			if (r->arg)
				fprintf(f, r->takes == TAKES_OPTIONAL ? "[=_%s_]" : " _%s_", r->arg);
			fputs("\n\t", f);
			man_text(f, r->help);
			fputs(".\n\n", f);
		}
	}
}

static bool takes_file(const struct option_row *r) { return r->arg && !strcmp(r->arg, "FILE"); }

static bool takes_folder(const struct option_row *r) { return r->arg && !strcmp(r->arg, "DIR"); }

/* "auto|always|never": the words that may follow; NULL: any */
static const char *words_of(const struct option_row *r)
{
	if (r->set.fn == set_export)
		return export_names();
	return r->arg && strchr(r->arg, '|') ? r->arg : NULL;
}

/* These, separated by sep. */
static void choices(FILE *f, const struct option_row *r, char sep)
{
	for (const char *arg = words_of(r); *arg; arg++)
		fputc(*arg == '|' ? sep : *arg, f);
}

static void generate_bash(FILE *f)
{
	fputs("# bash completion for compendium; made from its option table\n"
	      "_compendium() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t--) _command_offset $((i + 1)); return ;;\n\t\t", f);
	for (unsigned i = 0, first = 1; i < option_nrows; i++)
		if (option_rows[i].takes == TAKES_ONE) {
			fprintf(f, "%s--%s", first ? "" : "|", option_rows[i].name);
			if (option_rows[i].letter)
				fprintf(f, "|-%c", option_rows[i].letter);
			first = 0;
		}
	fputs(") i=$((i + 1)) ;;\n\t\t-*) ;;\n\t\t*) _command_offset \"$i\"; return ;;\n\t\tesac\n\tdone\n\tcase $prev "
	      "in\n",
	      f);
	for (unsigned i = 0; i < option_nrows; i++) {
		const struct option_row *r = &option_rows[i];
		char letter[8] = "";

		if (r->takes != TAKES_ONE)
			continue;
		if (r->letter)
			snprintf(letter, sizeof(letter), "|-%c", r->letter);
		fprintf(f, "\t--%s%s) ", r->name, letter);
		if (takes_file(r)) {
			fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")", f);
		} else if (takes_folder(r)) {
			fputs("mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")", f);
		} else if (!strcmp(r->arg, "PID")) {
			fputs("mapfile -t COMPREPLY < <(compgen -W \"$(ps -eo pid=)\" -- \"$cur\")", f);
		} else if (words_of(r)) {
			fputs("mapfile -t COMPREPLY < <(compgen -W \"", f);
			choices(f, r, ' ');
			fputs("\" -- \"$cur\")", f);
		} else {
			fputs("COMPREPLY=()", f);
		}
		fputs("; return ;;\n", f);
	}
	fputs("\tesac\n\tif [[ $cur == -* ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W \"", f);
	for (unsigned i = 0; i < option_nrows; i++) {
		fprintf(f, "%s--%s", i ? " " : "", option_rows[i].name);
		if (option_rows[i].letter)
			fprintf(f, " -%c", option_rows[i].letter);
	}
	fputs("\" -- \"$cur\")\n\telse\n\t\t_command_offset \"$COMP_CWORD\"\n\tfi\n}\ncomplete -F _compendium "
	      "compendium\n",
	      f);
}

static void generate_zsh(FILE *f)
{
	fputs("#compdef compendium\n# made from compendium's option table\n_arguments -S \\\n", f);
	for (unsigned i = 0; i < option_nrows; i++) {
		const struct option_row *r = &option_rows[i];
		char help[256];

		/* [ ] and : are special in a spec */
		snprintf(help, sizeof(help), "%s", r->help);
		for (char *p = help; *p; p++)
			if (strchr("[]:'", *p))
				*p = ' ';
		for (int form = r->letter ? 0 : 1; form < 2; form++) {
			fputs("  '", f);
			if (r->arg && !strcmp(r->arg, "PID"))
				fputc('*', f);
			if (form)
				fprintf(f, "--%s%s", r->name,
					r->takes == TAKES_NONE	   ? "" :
					r->takes == TAKES_OPTIONAL ? "=-" :
								     "=");
			else
				fprintf(f, "-%c%s", r->letter, r->takes == TAKES_NONE ? "" : "+");
			fprintf(f, "[%s]", help);
			if (r->arg) {
				fprintf(f, "%s%s:", r->takes == TAKES_OPTIONAL ? "::" : ":",
					words_of(r) ? "when" : r->arg);
				if (takes_file(r))
					fputs("_files", f);
				else if (takes_folder(r))
					fputs("_files -/", f);
				else if (!strcmp(r->arg, "PID"))
					fputs("_pids", f);
				else if (words_of(r))
					fputs("(", f), choices(f, r, ' '), fputs(")", f);
			}
			fputs("' \\\n", f);
		}
	}
	fputs("  '(-)1:command:_command_names -e' \\\n  '*::arguments:_normal'\n", f);
}

static void fish_quoted(FILE *f, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
}

static void generate_fish(FILE *f)
{
	fputs("# fish completion for compendium; made from its option table\n"
	      "complete -c compendium -f -a '(__fish_complete_subcommand)'\n", f);
	for (unsigned i = 0; i < option_nrows; i++) {
		const struct option_row *r = &option_rows[i];

		fprintf(f, "complete -c compendium -l %s", r->name);
		if (r->letter)
			fprintf(f, " -s %c", r->letter);
		if (r->takes == TAKES_ONE)
			fputs(takes_file(r) ? " -rF" : " -x", f);
		if (takes_folder(r))
			fputs(" -a '(__fish_complete_directories)'", f);
		if (words_of(r))
			fputs(" -a '", f), choices(f, r, ' '), fputs("'", f);
		if (r->arg && !strcmp(r->arg, "PID"))
			fputs(" -a '(__fish_complete_pids)'", f);
		fputs(" -d '", f);
		fish_quoted(f, r->help);
		fputs("'\n", f);
	}
}

int options_generate(FILE *f, const char *what)
{
	static const struct { const char *name; void (*fn)(FILE *); } makers[] = {
		{ "man", generate_man }, { "bash", generate_bash }, { "zsh", generate_zsh }, { "fish", generate_fish },
		{ "formats", formats_doc },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(makers); i++)
		if (!strcmp(makers[i].name, what)) {
			makers[i].fn(f);
			return 0;
		}
	return -EINVAL;
}
