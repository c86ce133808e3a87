/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/*
 * An error that programs ask for: it says how things are (nothing there yet, in progress, no terminal), not that
 * something is wrong.
 */
bool errno_is_calm(int err);
/* ERESTARTSYS and the like (include/linux/errno.h): a tracer sees them, the program never does. */
bool errno_is_internal(int err);
/* A search went past a place where nothing was: calm, too, where nothing failed for it. */
bool errno_is_absence(int err);
