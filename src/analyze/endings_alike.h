/* SPDX-License-Identifier: MIT */
#pragma once
/* Which processes failed in the same way: a retry, workers, all that one Ctrl-C reached. */
#include "analyze/endings.h"

struct alike { unsigned first, n; };	/* the first row of those; n: how many they are, at the first */
void endings_alike(const struct totals_ending *const *v, unsigned n, struct alike *ret_alike);	/* n of them */
