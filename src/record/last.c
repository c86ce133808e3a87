/* SPDX-License-Identifier: MIT */
/* How long a recording is, without unpacking all of it: each block says where the next one begins. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/macro.h"
#include "record/file.h"
#include "record/format.h"
#include "record/last.h"
#include "record/made.h"
#include "record/record.h"

struct last_block { struct recording_block head; uint64_t at; };

/* All of n bytes at that place. */
static bool read_at(int fd, void *to, size_t n, uint64_t at)
{
	for (size_t got = 0; got < n;) {
		ssize_t rc = pread(fd, (char *)to + got, n - got, (off_t)(at + got));

		if (rc <= 0 && !(rc < 0 && errno == EINTR))
			return false;
		got += rc > 0 ? (size_t)rc : 0;
	}
	return true;
}

/* The newest time of a block's records, and END among them. */
static int unpack(int fd, const struct last_block *b, struct record_last *ret)
{
	char *packed = xmalloc(b->head.stored), *raw = xmalloc(b->head.raw + 1);
	bool whole = read_at(fd, packed, b->head.stored, b->at) &&
		     crc32(0, (const void *)packed, b->head.stored) == b->head.crc &&
		     ZSTD_decompress(raw, b->head.raw, packed, b->head.stored) == b->head.raw;

	*ret = (struct record_last){ 0 };
	for (size_t pos = 0; whole && pos + sizeof(struct record) <= b->head.raw;) {
		const struct record *r = (const struct record *)(raw + pos);

		if (r->size < sizeof(*r) || r->size % 8 || r->size > b->head.raw - pos)
			break;
		ret->made_ns = MAX(ret->made_ns, record_made_ns(r));
		if (r->kind == RECORD_END)
			ret->goes_on_ns = r->flags & END_GOES_ON ? r->ts_ns : 0;
		pos += r->size;
	}
	free(packed);
	free(raw);
	return whole && ret->made_ns ? 0 : -EBADMSG;
}

int record_last(int fd, struct record_last *ret)
{
	struct last_block last[2] = { 0 }, next = { .at = sizeof(struct recording_head) };
	unsigned n = 0;

	if (lseek(fd, 0, SEEK_CUR) < 0)
		return -ESPIPE;
	while (read_at(fd, &next.head, sizeof(next.head), next.at) && next.head.stored &&
	       next.head.raw <= RECORDING_RAW_MAX && next.head.stored <= ZSTD_compressBound(RECORDING_RAW_MAX)) {
		next.at += sizeof(next.head);
		last[n++ % 2] = next;
		next.at += next.head.stored;
	}
	/* the last one may be cut off: the one before it is whole */
	for (unsigned i = 1; i <= MIN(n, 2u); i++)
		if (unpack(fd, &last[(n - i) % 2], ret) == 0)
			return 0;
	return -EBADMSG;
}
