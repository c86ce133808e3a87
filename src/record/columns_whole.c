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

	while (n + 256 <= most && !memcmp(theirs - n - 256, ours - n - 256, 256))
		n += 256;
	while (n + 8 <= most && !memcmp(theirs - n - 8, ours - n - 8, 8))
		n += 8;
	return n;
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

/* Where the next chunk of the last long record is; at == end: it has no more. */
struct cursor { const char *at, *end; };

static struct cursor chunks_of_last(const struct columns *c)
{
	const struct record *last = (const struct record *)c->last_long.s;
	size_t body = c->last_long.len ? body_size(last) : 0;

	return body ? (struct cursor){ c->last_long.s + body, c->last_long.s + last->size } : (struct cursor){ 0 };
}

/* The next one, which it goes past, has that length and these bytes, which are filled up with 0. */
static bool is_alike(struct cursor *k, const char *bytes, uint32_t len)
{
	const char *theirs = k->at;
	struct record_chunk head;

	if ((size_t)(k->end - theirs) < sizeof(head)) {
		k->at = k->end;
		return false;
	}
	memcpy(&head, theirs, sizeof(head));
	theirs += sizeof(head);
	if (ALIGN8((size_t)head.len) > (size_t)(k->end - theirs)) {
		k->at = k->end;
		return false;
	}
	k->at = theirs + ALIGN8((size_t)head.len);
	return head.len == len && !memcmp(theirs, bytes, ALIGN8((size_t)len));
}

/* A list that is being written: what the chunk before was, and how many that are alike are not written yet. */
struct list { struct cursor last; uint32_t what; unsigned other; uint64_t alike; };

static void put_alike(struct columns *c, struct list *l)
{
	if (l->alike)
		put_varint(c, COLUMN_LIST, l->alike << LIST_SHIFT | LIST_ALIKE | l->other);
	l->alike = 0;
}

static void put_chunk(struct columns *c, struct list *l, uint32_t what, const char *bytes, uint32_t len)
{
	bool alike = is_alike(&l->last, bytes, len), other = what != l->what;

	if (!alike || other)
		put_alike(c, l);
	if (!l->alike)
		l->other = other ? LIST_OTHER : 0;
	if (other)
		put_bytes(c, COLUMN_RECORDS, &what, sizeof(what));
	l->what = what;
	if (alike) {
		l->alike++;
		return;
	}
	put_varint(c, COLUMN_LIST, (uint64_t)len << LIST_SHIFT | l->other);
	put_padded(c, COLUMN_TEXT, bytes, len);
}

/*
 * Thousands of strings: their lengths and their bytes apart.  The arguments of an execve(2) are there three times, as
 * those of a call that failed, of EXEC, and of the call: those that are where they were the last time are counted.
 */
static bool add_list(struct columns *c, const struct record *r)
{
	size_t body = body_size(r);
	ssize_t n = body && r->size >= LONG_RECORD ? count_chunks(r, body) : -1;
	const char *p = (const char *)r + body;
	struct list l = { .last = chunks_of_last(c) };

	if (n < 0)
		return false;
	put_byte(c, COLUMN_SHAPE, SHAPE_ALIKE);
	put_bytes(c, COLUMN_RECORDS, r, body);
	put_varint(c, COLUMN_LIST, body);
	put_varint(c, COLUMN_LIST, (uint64_t)n);
	for (ssize_t i = 0; i < n; i++) {
		uint32_t what, len;

		memcpy(&what, p, sizeof(what));
		memcpy(&len, p + sizeof(what), sizeof(len));
		p += sizeof(struct record_chunk);
		put_chunk(c, &l, what, p, len);
		p += ALIGN8((size_t)len);
	}
	put_alike(c, &l);
	return true;
}

/* execvp(3) tries each directory of PATH with the same arguments: all but its first record are next to nothing. */
void columns_add_whole(struct columns *c, const struct record *r)
{
	size_t same = r->size >= LONG_RECORD && c->last_long.len ? common_end(c, r) : 0;

	if (same > r->size / 2) {
		put_byte(c, COLUMN_SHAPE, SHAPE_AGAIN);
		put_varint(c, COLUMN_AGAIN, same);
		c->again += same;
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
