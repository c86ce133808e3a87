/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/macro.h"

/*
 * What a person reads when something they can cause fails: one line, what
 * failed and what to do about it.  Library code fills it; only cli/ prints it.
 */
struct diag { int exit_status; char text[1024]; };	/* exit_status: 125 ours, 126 not executable, 127 not found */

/* Returns -err, so that "return diag_set(d, 125, ENOENT, …)" reads well.  The text is made safe by the printer. */
int diag_set(struct diag *d, int exit_status, int err, const char *fmt, ...) PRINTF(4, 5);
