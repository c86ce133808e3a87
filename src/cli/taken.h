/* SPDX-License-Identifier: MIT */
#pragma once
/* No file twice: which files are in use, by device and inode, and for which option. */
#include <stdbool.h>
#include <sys/stat.h>

struct diag;
struct options;

struct taken_file { const char *option; struct stat st; };
struct taken { struct taken_file *v; unsigned n; };	/* v is freed by who has it */

/* One more file, for `option`, which calls it `path`.  -EINVAL with diag: another option has it. */
int take(struct taken *t, const char *option, const char *path, const struct stat *st, struct diag *diag);
/* Anew: what is no output and must not become one, the recording that is read and a file that stderr goes to. */
int take_others(struct taken *t, const struct options *opt, struct diag *diag);
