/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>

struct buf;
struct totals;

/*
 * What two runs differ in, as text that is safe to show, without colours.  names: of the recordings; noise: also in
 * what the noise filter hides.  false: in nothing.
 */
bool diff_text(struct buf *b, const struct totals *const runs[2], const char *const names[2], bool noise);
/* The same as one object of JSON, and a line's end. */
bool diff_json(struct buf *b, const struct totals *const runs[2], const char *const names[2], bool noise);
