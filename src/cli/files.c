/* SPDX-License-Identifier: MIT */
#include "cli/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/macro.h"
#include "cli/options.h"

/* Whether two names are one regular file; two that do not exist yet are, when they are spelled alike. */
static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;
	bool a_exists = stat(a, &sa) == 0, b_exists = stat(b, &sb) == 0;

	if (!a_exists || !b_exists)
		return !a_exists && !b_exists && !strcmp(a, b);
	return S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

int files_check(const struct options *opt, struct files *ret_files, struct diag *diag)
{
	const struct { const char *option, *path; } files[] = {
		{ "--read", opt->read }, { "--report", opt->report }, { "--output", opt->output }, { "--record", opt->record },
	};

	*ret_files = (struct files){ .path = { opt->report, opt->output, opt->record } };
	for (unsigned i = 0; i < FILES; i++)
		ret_files->missing[i] = ret_files->path[i] && access(ret_files->path[i], F_OK) < 0;

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
		for (unsigned k = i + 1; k < ARRAY_SIZE(files); k++)
			if (files[i].path && files[k].path && same_file(files[i].path, files[k].path))
				return diag_set(diag, 125, EINVAL, "%s and %s name the same file, %s; give each its own", files[i].option,
						files[k].option, files[k].path);
	return 0;
}

void files_remove_made(const struct files *f)
{
	for (unsigned i = 0; i < FILES; i++)
		if (f->missing[i])
			unlink(f->path[i]);
}
