/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/macro.h"

/*
 * What a person reads when something they can cause fails: one line, what
 * failed and what to do about it.  Library code fills it; only cli/ prints it.
 */
/* exit_status: 125 ours, 126 not executable, 127 not found.  place: what was typed, and where in it; or empty */
struct diag { int exit_status; char text[1024], place[256]; };

/* Returns -err, so that "return diag_set(d, 125, ENOENT, …)" reads well.  The text is made safe by the printer. */
int diag_set(struct diag *d, int exit_status, int err, const char *fmt, ...) PRINTF(4, 5);
/* Sets place: the typed text around at (bytes), safe, with a caret below.  Returns err. */
int diag_at(struct diag *d, const char *typed, size_t at, int err);
