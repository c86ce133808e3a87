/* SPDX-License-Identifier: MIT */
#pragma once
/* What is in a recording, as its end says it, or counted while it is read. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/format.h"

/* Whole records, n bytes of them; all of a recording, in order. */
void index_count(struct recording_index *x, const void *records, size_t n);
/* Of an open recording, whose position is not moved.  false: it has none that is whole, or is no file. */
bool index_read(int fd, struct recording_index *ret);
