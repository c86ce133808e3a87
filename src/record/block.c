/* SPDX-License-Identifier: MIT */
#include "record/block.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/macro.h"
#include "record/columns.h"

bool block_fits(const struct recording_block *b)
{
	size_t most = b->raw & RECORDING_IS_COLUMNS ? RECORDING_COLUMNS_MAX : RECORDING_RAW_MAX;

	return (block_is_index(b) || block_raw(b) <= RECORDING_RAW_MAX) && b->stored <= ZSTD_compressBound(most);
}

bool block_is_whole(const struct recording_block *b, const char *stored)
{
	return crc32(0, (const void *)stored, b->stored) == b->crc;
}

static unsigned count_columns(const struct recording_block *b)
{
	return b->raw & RECORDING_HAS_SAME ? _COLUMNS : b->raw & RECORDING_HAS_WORDS ? _COLUMNS_3 : _COLUMNS_2;
}

int block_unpack(const struct recording_block *b, const char *stored, char **columns, char *to)
{
	size_t n;

	if (!block_is_whole(b, stored))
		return -EBADMSG;
	if (!(b->raw & RECORDING_IS_COLUMNS))
		return ZSTD_decompress(to, block_raw(b), stored, b->stored) == block_raw(b) ? 0 : -EBADMSG;
	if (!*columns)
		*columns = xmalloc(RECORDING_COLUMNS_MAX);
	n = ZSTD_decompress(*columns, RECORDING_COLUMNS_MAX, stored, b->stored);
	return ZSTD_isError(n) ? -EBADMSG
			       : columns_unpack(*columns, n, count_columns(b), to, block_raw(b));
}

bool block_read_at(int fd, void *to, size_t n, uint64_t at)
{
	for (size_t got = 0; got < n;) {
		ssize_t rc = pread(fd, (char *)to + got, n - got, (off_t)(at + got));

		if (rc <= 0 && !(rc < 0 && errno == EINTR))
			return false;
		got += rc > 0 ? (size_t)rc : 0;
	}
	return true;
}
