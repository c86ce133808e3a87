/* SPDX-License-Identifier: MIT */
#pragma once
/* The files that the options name, looked at before any of them is opened. */
#include <stdbool.h>

struct diag;
struct options;

enum { FILES = 3 };
struct files { const char *path[FILES]; bool missing[FILES]; /* before the run */ };

/* Two outputs in one file would overwrite each other, and an output over the recording that is read would destroy it. */
int files_check(const struct options *opt, struct files *ret_files, struct diag *diag);
void files_remove_made(const struct files *f);		/* nothing is left of a run that did not begin */
