/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

/*
 * An error that programs ask for: it says how things are (nothing there yet, in progress, no terminal), not that
 * something is wrong.
 */
bool errno_is_calm(int err);
