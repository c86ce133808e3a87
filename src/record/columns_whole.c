/* SPDX-License-Identifier: MIT */
/* Records that are no call, or have no shape: as they are, or as long lists of strings. */
#include <string.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/macro.h"
#include "record/columns_part.h"
#include "record/record.h"

/* How many bytes at its end, whole words behind the head, are those of the last long record. */
static size_t common_end(const struct columns *c, const struct record *r)
{
	const char *theirs = c->last_long.s + c->last_long.len, *ours = (const char *)r + r->size;
	size_t n = 0, most = MIN(c->last_long.len, r->size - sizeof(*r));

	while (n + 8 <= most && !memcmp(theirs - n - 8, ours - n - 8, 8))
		n += 8;
	return n;
}

/* Those that can be long. */
static size_t body_size(const struct record *r)
{
	return r->kind == RECORD_CALL   ? sizeof(struct record_call)
	       : r->kind == RECORD_EXEC ? sizeof(struct record_exec)
					: 0;
}

/* How many chunks are behind its body; -1: there is more to its bytes than these say. */
static ssize_t count_chunks(const struct record *r, size_t body)
{
	const char *p = (const char *)r + body, *end = (const char *)r + r->size;
	struct record_chunk chunk;
	ssize_t n = 0;

	for (; p < end; n++) {
		uint64_t tail = 0;

		if ((size_t)(end - p) < sizeof(chunk))
			return -1;
		memcpy(&chunk, p, sizeof(chunk));
		p += sizeof(chunk);
		if (ALIGN8((size_t)chunk.len) > (size_t)(end - p))
			return -1;
		p += ALIGN8((size_t)chunk.len);
		if (chunk.len % 8)
			memcpy(&tail, p - 8, 8);
		if (tail >> chunk.len % 8 * 8)
			return -1;
	}
	return n;
}

/* Thousands of strings: their lengths and their bytes apart. */
static bool add_list(struct columns *c, const struct record *r)
{
	size_t body = body_size(r);
	ssize_t n = body && r->size >= LONG_RECORD ? count_chunks(r, body) : -1;
	const char *p = (const char *)r + body;
	uint32_t what = 0;

	if (n < 0)
		return false;
	put_byte(c, COLUMN_SHAPE, SHAPE_LIST);
	put_bytes(c, COLUMN_RECORDS, r, body);
	put_varint(c, COLUMN_LIST, body);
	put_varint(c, COLUMN_LIST, (uint64_t)n);
	for (ssize_t i = 0; i < n; i++) {
		uint32_t now, len;

		memcpy(&now, p, sizeof(now));
		memcpy(&len, p + sizeof(now), sizeof(len));
		p += sizeof(struct record_chunk);
		put_varint(c, COLUMN_LIST, (uint64_t)len << 1 | (now != what));
		if (now != what)
			put_bytes(c, COLUMN_RECORDS, &now, sizeof(now));
		what = now;
		put_padded(c, COLUMN_TEXT, p, len);
		p += ALIGN8((size_t)len);
	}
	return true;
}

/* execvp(3) tries each directory of PATH with the same arguments: all but its first record are next to nothing. */
void columns_add_whole(struct columns *c, const struct record *r)
{
	size_t same = r->size >= LONG_RECORD && c->last_long.len ? common_end(c, r) : 0;

	if (same > r->size / 2) {
		put_byte(c, COLUMN_SHAPE, SHAPE_AGAIN);
		put_varint(c, COLUMN_AGAIN, same);
		put_bytes(c, COLUMN_RECORDS, r, r->size - same);
		return;
	}
	if (!add_list(c, r)) {
		put_byte(c, COLUMN_SHAPE, SHAPE_RECORD);
		put_bytes(c, COLUMN_RECORDS, r, r->size);
	}
	if (r->size >= LONG_RECORD) {
		c->last_long.len = 0;
		buf_add(&c->last_long, r, r->size);
	}
}
