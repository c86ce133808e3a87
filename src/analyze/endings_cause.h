/* SPDX-License-Identifier: MIT */
#pragma once
/* Which child a process failed for. */
#include "analyze/endings.h"

/* Joins each ending with the child's that it follows from; needs .fatal.init_proc. */
void endings_find_causes(const struct totals *t);
bool ending_is_explained(const struct totals_ending *e);	/* by more than an exit code */
