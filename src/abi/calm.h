/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/* What an error says beyond that the call failed: the rows are in errno.c, an errno that has none says no more. */
enum {
	/* asked for, wherever it comes from: nothing there yet, in progress, no terminal */
	ERR_CALM = 1,
	/* how things are, not that something is wrong; of a connect or an open it is a failure */
	ERR_STATE = 2,
	ERR_UNDER_WAY = 4,	/* likewise, and a connect goes on, or is to be asked again */
	ERR_CONNECTED = 8,	/* a connect found it connected */
	ERR_ABSENT = 16,	/* a search went past a place where nothing was: calm where nothing failed for it */
	ERR_PRESENT = 32,	/* it is there already */
	ERR_REFUSED = 64,	/* a right or room is missing, whatever the call is */
	ERR_PENDING = 128,	/* the outcome is still to come */
	ERR_NO_SUCH_ATTRIBUTE = 256,	/* a look-up found the file, and that it has no such thing */
};
unsigned errno_says(int err);
/*
 * An error that programs ask for: it says how things are (nothing there yet, in progress, no terminal), not that
 * something is wrong.
 */
bool errno_is_calm(int err);
/* ERESTARTSYS and the like (include/linux/errno.h): a tracer sees them, the program never does. */
bool errno_is_internal(int err);
bool errno_is_absence(int err);
/*
 * What the call by that name was asked: no terminal (ioctl), not yet (futex), no link (readlink), not open (fcntl).
 * name may be NULL.
 */
bool errno_is_answer(int err, const char *call);
