/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

struct buf;
struct totals;

/* What two runs differ in, as text that is safe to show, without colours.  names: of the recordings.  false: none. */
bool diff_text(struct buf *b, const struct totals *const runs[2], const char *const names[2]);
