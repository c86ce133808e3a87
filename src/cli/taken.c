/* SPDX-License-Identifier: MIT */
#include "cli/taken.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/macro.h"
#include "cli/options.h"

/* Two may write to a terminal or /dev/null; in a file, or through a pipe, one spoils the other. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && !S_ISCHR(a->st_mode);
}

int take(struct taken *t, const char *option, const char *path, const struct stat *st, struct diag *diag)
{
	for (unsigned i = 0; i < t->n; i++)
		if (is_same(&t->v[i].st, st))
			return diag_set(diag, 125, EINVAL, "%s and %s name the same file, %s; give each its own",
					t->v[i].option, option, path);
	t->v = xrealloc(t->v, (t->n + 1) * sizeof(*t->v));
	t->v[t->n++] = (struct taken_file){ option, *st };
	return 0;
}

/* What is no output and must not become one: the recording that is read, a file that the terminal's text goes to. */
int take_others(struct taken *t, const struct options *opt, struct diag *diag)
{
	struct stat st;

	t->n = 0;
	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		take(t, "the standard error output", "", &st, diag);
	for (unsigned i = 0; i < opt->nreads; i++) {
		const char *path = opt->reads[i];

		if ((strcmp(path, "-") ? stat(path, &st) : fstat(STDIN_FILENO, &st)) == 0 &&
		    take(t, "--read", path, &st, diag) < 0)
			return -EINVAL;
	}
	return 0;
}
