/* SPDX-License-Identifier: MIT */
/* Vectors of strings in a tracee: arguments and environments. */
#include <string.h>

#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "record/build.h"

enum { PAGE = 4096, STRV_MAX = 30000 };

/* How far a string that goes on at addr still goes.  exec(2) takes none longer than this (MAX_ARG_STRLEN). */
static uint64_t string_rest(pid_t tid, uint64_t addr)
{
	char s[PAGE];
	uint64_t done = 0;

	for (size_t n = 1; n && done < 32 * PAGE;) {
		size_t len;

		n = mem_read(tid, addr + done, s, PAGE - (addr + done) % PAGE);
		len = strnlen(s, n);
		done += len;
		if (len < n)
			break;
	}
	return done;
}

static void copy_item(struct buf *b, unsigned arg, unsigned part, pid_t tid, uint64_t addr)
{
	size_t at = b->len;
	struct record_chunk *c;
	uint64_t rest;

	mem_copy_str(b, arg, part, tid, addr, RECORD_STR_MAX);
	c = (struct record_chunk *)(b->s + at);
	if (!(c->flags & CHUNK_TRUNC))
		return;
	rest = string_rest(tid, addr + c->len);
	if (rest)
		record_number(b, arg, PART_WHOLE, c->len + rest);
	else
		c->flags &= (rec_u16)~CHUNK_TRUNC;
}

/*
 * The strings of a vector mostly lie behind each other: what is left of a page is read at once, and serves those that
 * end in it.  For thousands of arguments that are few reads in the place of thousands.
 */
struct ahead { uint64_t addr; size_t n; char s[PAGE]; };

static void copy_item_ahead(struct buf *b, unsigned arg, unsigned part, pid_t tid, uint64_t addr, struct ahead *a)
{
	size_t at, len;

	if (addr < a->addr || addr >= a->addr + a->n) {
		a->addr = addr;
		a->n = mem_read(tid, addr, a->s, PAGE - addr % PAGE);
	}
	at = (size_t)(addr - a->addr);
	len = strnlen(a->s + at, a->n - at);
	if (len == a->n - at || len >= RECORD_STR_MAX)
		copy_item(b, arg, part, tid, addr);
	else
		record_chunk(b, arg, (enum chunk_part)part, 0, a->s + at, len);
}

/* How many pointers stand from addr up to a NULL, w bytes each.  exec(2) takes fewer: they count against its 6 MB. */
static uint64_t count_pointers(pid_t tid, uint64_t addr, size_t w)
{
	char words[PAGE];
	uint64_t count = 0;

	for (size_t n = PAGE; n >= w && count < 1 << 20; addr += n) {
		n = mem_read(tid, addr, words, (PAGE - addr % PAGE) / w * w);
		for (size_t i = 0; i + w <= n; i += w, count++) {
			uint64_t p = 0;

			memcpy(&p, words + i, w);
			if (!p)
				return count;
		}
	}
	return count;
}

void mem_copy_strv(struct buf *b, unsigned arg, unsigned part, pid_t tid, bool compat, uint64_t addr, size_t max)
{
	size_t start = b->len, w = compat ? 4 : 8, seen = 0;
	struct ahead ahead;	/* 4 KB, not cleared */

	ahead.addr = ahead.n = 0;
	for (;;) {
		char words[64 * 8];
		/* never across a page, so that the end of a vector at the end of a mapping is read */
		size_t n = mem_read(tid, addr, words, MIN(sizeof(words), (size_t)(PAGE - addr % PAGE)) / w * w);

		if (!n)
			n = mem_read(tid, addr, words, w);
		for (size_t i = 0; i + w <= n; i += w) {
			uint64_t p = 0;

			memcpy(&p, words + i, w);
			if (!p)
				return;
			if (seen++ >= STRV_MAX || b->len - start > max) {
				record_number(b, arg, PART_COUNT, seen - 1 + count_pointers(tid, addr + i, w));
				return;
			}
			copy_item_ahead(b, arg, part, tid, p, &ahead);
		}
		if (n < w) {
			record_chunk(b, arg, (enum chunk_part)part, CHUNK_FAULT, NULL, 0);
			return;
		}
		addr += n;
	}
}
