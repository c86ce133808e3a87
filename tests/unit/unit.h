/* SPDX-License-Identifier: MIT */
#pragma once
/* What cmocka wants before it, and records made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* cmocka 2 has two others for it and warns of this one; cmocka 1 has only this. */
#undef assert_in_range
#define assert_in_range(value, min, max) assert_true((value) >= (min) && (value) <= (max))

#include "base/macro.h"
#include "record/record.h"

/* A record under construction; reuse with rec_begin. */
struct rec { _Alignas(8) char mem[65536]; };

static inline struct record *rec_begin(struct rec *r, unsigned kind, size_t body_size)
{
	memset(r->mem, 0, body_size);
	*(struct record *)r->mem = (struct record){
		.size = (rec_u32)body_size, .kind = (rec_u16)kind, .pid = 7, .tid = 7, .ts_ns = 1000
	};
	return (struct record *)r->mem;
}

/* The caller counts nchunks. */
static inline struct record_chunk *rec_chunk(struct rec *r, unsigned arg, unsigned part, unsigned flags,
					     const void *bytes, size_t len)
{
	struct record *h = (struct record *)r->mem;
	struct record_chunk *c = (struct record_chunk *)(r->mem + h->size);

	memset(c, 0, sizeof(*c) + ALIGN8(len));
	*c = (struct record_chunk){
		.arg = (rec_u8)arg, .part = (rec_u8)part, .flags = (rec_u16)flags, .len = (rec_u32)len
	};
	if (len)
		memcpy(c + 1, bytes, len);
	h->size += (rec_u32)(sizeof(*c) + ALIGN8(len));
	return c;
}

static inline struct record_call *rec_call(struct rec *r, unsigned nr, const uint64_t args[6], int64_t ret)
{
	struct record_call *c = (struct record_call *)rec_begin(r, RECORD_CALL, sizeof(*c));

	c->nr = nr;
	c->exit_ns = 2000;
	c->ret = ret;
	for (int i = 0; i < 6; i++)
		c->args[i] = args[i];
	return c;
}

static inline void rec_call_chunk(struct rec *r, unsigned arg, unsigned part, unsigned flags, const void *bytes,
				  size_t len)
{
	rec_chunk(r, arg, part, flags, bytes, len);
	((struct record_call *)r->mem)->nchunks++;
}
