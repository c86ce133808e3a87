/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdint.h>

struct diag;
struct totals;

/*
 * The totals of a recording, to compare a run with.  What is wrong with it ends the comparison: -errno with diag, and
 * *ret_totals is NULL, or to be freed as always.
 */
struct options;
int before_open(const struct options *opt, struct totals *totals, struct diag *diag);	/* totals->before, by --diff */
int before_load(const char *path, uint32_t noise_shown, struct totals **ret_totals, struct diag *diag);
