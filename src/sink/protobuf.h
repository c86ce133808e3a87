/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Protobuf's wire format (protobuf.dev, "Encoding"), as much as a fixed schema needs: numbers, bytes, and messages
 * whose length is put in when they are closed.  A length takes one byte where it is known
 * to be short, else four: a varint may have leading zeros, and no message is 2^28 bytes long.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"

enum protobuf_wire { PROTOBUF_VARINT = 0, PROTOBUF_FIXED64 = 1, PROTOBUF_BYTES = 2 };
enum { PROTOBUF_VARINT_MAX = 10, PROTOBUF_LENGTH = 4 };

/* There is room for it. */
static inline void protobuf_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		b->s[b->len++] = (char)(v | 0x80);
	b->s[b->len++] = (char)v;
}

static inline void protobuf_tag(struct buf *b, unsigned field, enum protobuf_wire wire)
{
	protobuf_varint(b, field << 3 | wire);
}

/* int64, too: a negative number takes ten bytes. */
static inline void protobuf_u64(struct buf *b, unsigned field, uint64_t v)
{
	buf_grow(b, 2 * PROTOBUF_VARINT_MAX);
	protobuf_tag(b, field, PROTOBUF_VARINT);
	protobuf_varint(b, v);
}

static inline void protobuf_fixed64(struct buf *b, unsigned field, uint64_t v)
{
	buf_grow(b, PROTOBUF_VARINT_MAX + sizeof(v));
	protobuf_tag(b, field, PROTOBUF_FIXED64);
	memcpy(b->s + b->len, &v, sizeof(v));	/* little-endian, as we are */
	b->len += sizeof(v);
}

static inline void protobuf_bytes(struct buf *b, unsigned field, const void *s, size_t n)
{
	buf_grow(b, 2 * PROTOBUF_VARINT_MAX + n);
	protobuf_tag(b, field, PROTOBUF_BYTES);
	protobuf_varint(b, n);
	if (n)
		memcpy(b->s + b->len, s, n);
	b->len += n;
}

/* A message, or a string written piece by piece, until it is closed with what this returned. */
static inline size_t protobuf_open(struct buf *b, unsigned field)
{
	buf_grow(b, PROTOBUF_VARINT_MAX + PROTOBUF_LENGTH);
	protobuf_tag(b, field, PROTOBUF_BYTES);
	b->len += PROTOBUF_LENGTH;
	return b->len;
}

/* A message that is less than 128 bytes long, which takes one of them to say. */
static inline size_t protobuf_open_short(struct buf *b, unsigned field)
{
	buf_grow(b, PROTOBUF_VARINT_MAX + 1);
	protobuf_tag(b, field, PROTOBUF_BYTES);
	return ++b->len;
}

static inline void protobuf_close_short(struct buf *b, size_t at)
{
	assert(b->len - at < 0x80);
	b->s[at - 1] = (char)(b->len - at);
}

static inline void protobuf_close(struct buf *b, size_t at)
{
	size_t n = b->len - at;
	char *to = b->s + at - PROTOBUF_LENGTH;

	assert(n < 1u << 7 * PROTOBUF_LENGTH);
	for (unsigned i = 0; i < PROTOBUF_LENGTH; i++)
		to[i] = (char)((n >> 7 * i & 0x7f) | (i + 1 < PROTOBUF_LENGTH ? 0x80 : 0));
}
