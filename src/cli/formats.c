/* SPDX-License-Identifier: MIT */
#include "cli/formats.h"

#include <string.h>

#include "base/macro.h"

#define FORMAT(id, name, arg, file, open, sink, wants, what, cut, help, brief) \
	{ OUTPUT_##id, name, arg, file, brief },
const struct export_format export_formats[] = { EXPORT_FORMATS(FORMAT) };
const unsigned export_nformats = ARRAY_SIZE(export_formats);

/* An option's name and what it takes: "--json FILE". */
static const char *form(char to[32], const struct export_format *e)
{
	snprintf(to, 32, "--%s %s", e->name, e->arg);
	return to;
}

void formats_list(FILE *f)
{
	char option[32];

	fputs("--export FORMAT[:FILE], any number of times, or the option of a format:\n\n", f);
	for (unsigned i = 0; i < export_nformats; i++) {
		const struct export_format *e = &export_formats[i];

		fprintf(f, "  %-13s %s\n  %-13s %s; without :FILE %s\n", e->name, e->brief, "",
			form(option, e), e->file);
	}
}

void formats_doc(FILE *f)
{
	char option[32];

	fputs("| format | option | what it is | without a name |\n|---|---|---|---|\n", f);
	for (unsigned i = 0; i < export_nformats; i++) {
		const struct export_format *e = &export_formats[i];

		fprintf(f, "| `%s` | `%s` | %s | `%s` |\n", e->name, form(option, e), e->brief, e->file);
	}
}
