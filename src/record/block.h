/* SPDX-License-Identifier: MIT */
#pragma once
/* One block of a recording. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/format.h"

static inline bool block_is_index(const struct recording_block *b) { return b->raw == RECORDING_IS_INDEX; }
/* Without the marks of columns. */
static inline size_t block_raw(const struct recording_block *b)
{
	return b->raw & ~(b->raw & RECORDING_IS_COLUMNS ? RECORDING_COLUMNS : 0);
}
bool block_fits(const struct recording_block *b);	/* its sizes are within the limits */
bool block_is_whole(const struct recording_block *b, const char *stored);	/* as its checksum says */
/*
 * block_raw() bytes of records, out of b->stored bytes; *columns is NULL at first, then room to be freed in the end.
 * -EBADMSG: the checksum, or what is in it, is wrong; to may be overwritten.
 */
int block_unpack(const struct recording_block *b, const char *stored, char **columns, char *to);
/* All of n bytes at that place of a file. */
bool block_read_at(int fd, void *to, size_t n, uint64_t at);
