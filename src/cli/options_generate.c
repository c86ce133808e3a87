/* SPDX-License-Identifier: MIT */
/* The man page's OPTIONS and the completions of shells, made of the option rows. */
#include <ctype.h>
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

/* "auto|always|never": the words that may follow; NULL: any, also where capitals name kinds of values ("SIZE|TIME") */
static const char *words_of(const struct option_row *r)
{
	if (r->set.fn == set_export)
		return export_names();
	if (!r->arg || !islower((unsigned char)r->arg[0]))
		return NULL;
	return r->takes == TAKES_OPTIONAL || strchr(r->arg, '|') ? r->arg : NULL;
}

/* These, separated by sep. */
static void choices(FILE *f, const struct option_row *r, char sep)
{
	for (const char *arg = words_of(r); *arg; arg++)
		fputc(*arg == '|' ? sep : *arg, f);
}

/*
 * readline takes "--name=value" for three words.  What a command completes is bash-completion's to say; without it
 * there are names of commands and of files.
 */
static const char bash_head[] =
	"# bash completion for compendium; made from its option table\n"
	"_compendium_command() {\n"
	"\tif declare -F _comp_command_offset >/dev/null; then _comp_command_offset \"$1\"\n"
	"\telif declare -F _command_offset >/dev/null; then _command_offset \"$1\"\n"
	"\telif (($1 == COMP_CWORD)); then mapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
	"\telse _compendium_names -f\n"
	"\tfi\n"
	"}\n"
	"_compendium_names() {\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
	"}\n"
	"_compendium() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur='' prev+='='\n"
	"\telif [[ $prev == = ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}=\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t--) _compendium_command $((i + 1)); return ;;\n"
	"\t\t=) i=$((i + 1)) ;;\n"
	"\t\t";

static const char bash_tail[] = "\" -- \"$cur\")\n"
	"\telse\n"
	"\t\t_compendium_command \"$COMP_CWORD\"\n"
	"\tfi\n"
	"}\n"
	"complete -F _compendium compendium\n";

/* What completes the value of an option that takes one. */
static void bash_value(FILE *f, const struct option_row *r)
{
	if (takes_file(r)) {
		fputs("_compendium_names -f", f);
	} else if (takes_folder(r)) {
		fputs("_compendium_names -d", f);
	} else if (!strcmp(r->arg, "PID")) {
		fputs("mapfile -t COMPREPLY < <(compgen -W \"$(ps -eo pid=)\" -- \"$cur\")", f);
	} else if (words_of(r)) {
		fputs("mapfile -t COMPREPLY < <(compgen -W \"", f);
		choices(f, r, ' ');
		fputs("\" -- \"$cur\")", f);
	} else {
		fputs("COMPREPLY=()", f);
	}
}

static void generate_bash(FILE *f)
{
	fputs(bash_head, f);
	for (unsigned i = 0, first = 1; i < option_nrows; i++)
		if (option_rows[i].takes == TAKES_ONE) {
			fprintf(f, "%s--%s", first ? "" : "|", option_rows[i].name);
			if (option_rows[i].letter)
				fprintf(f, "|-%c", option_rows[i].letter);
			first = 0;
		}
	fputs(") [[ ${COMP_WORDS[i+1]} == = ]] || i=$((i + 1)) ;;\n"
	      "\t\t-*) ;;\n"
	      "\t\t*) _compendium_command \"$i\"; return ;;\n"
	      "\t\tesac\n\tdone\n\tcase $prev in\n", f);
	for (unsigned i = 0; i < option_nrows; i++) {
		const struct option_row *r = &option_rows[i];

		if (r->takes == TAKES_NONE)
			continue;
		fprintf(f, "\t--%s=", r->name);
		if (r->takes == TAKES_ONE)
			fprintf(f, "|--%s", r->name);
		if (r->takes == TAKES_ONE && r->letter)
			fprintf(f, "|-%c", r->letter);
		fputs(") ", f);
		bash_value(f, r);
		fputs("; return ;;\n", f);
	}
	fputs("\t-*=) return ;;\n\tesac\n\tif [[ $cur == -* ]]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W \"", f);
	for (unsigned i = 0; i < option_nrows; i++) {
		fprintf(f, "%s--%s", i ? " " : "", option_rows[i].name);
		if (option_rows[i].letter)
			fprintf(f, " -%c", option_rows[i].letter);
	}
	fputs(bash_tail, f);
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
					words_of(r) ? r->name : r->arg);
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
