/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Copies bytes, strings and vectors of strings. */
#pragma once
#include "capture/bpf/work.bpf.h"

/*
 * want bytes of addr, at most max.  Returns 0, or 1 when part of them is not there (then as many as are in the first
 * page).
 */
__noinline int copy_bytes(u32 arg_part, u64 addr, u64 want, u64 max)
{
	struct work *w = work_get();
	struct record_chunk *c;
	u32 n, flags;
	int faulted = 0;

	if (!w || !(c = chunk_at(w)))
		return 0;
	n = want > max ? (u32)max : (u32)want;
	if (n > COPY_MAX)
		n = COPY_MAX;
	flags = w->flags | (n < want ? CHUNK_TRUNC : 0);
	if (WITHIN(n, 1, COPY_MAX) && bpf_probe_read_user(c + 1, n, (void *)addr)) {
		u32 first = PAGE_BYTES - (addr & (PAGE_BYTES - 1));

		faulted = 1;
		flags |= CHUNK_FAULT;
		if (first >= n || first > PAGE_BYTES || bpf_probe_read_user(c + 1, first, (void *)addr))
			first = 0;
		n = first;
	}
	chunk_done(w, c, arg_part & 0xff, arg_part >> 8, flags, n);
	return faulted;
}

__noinline int copy_str(u32 arg_part, u64 addr)
{
	struct work *w = work_get();
	struct record_chunk *c;
	u32 flags;
	long n;

	if (!w || !(c = chunk_at(w)))
		return 0;
	flags = w->flags & ~CHUNK_AT_EXIT;
	n = read_string(c + 1, RECORD_STR_MAX + 1, (void *)addr);
	if (n > 0) {
		n--;
		if (n >= RECORD_STR_MAX)
			flags |= CHUNK_TRUNC;
	} else {
		u32 first = PAGE_BYTES - (addr & (PAGE_BYTES - 1));

		flags |= CHUNK_FAULT;
		n = first && first < PAGE_BYTES ? read_string(c + 1, first + 1, (void *)addr) : 0;
		n = n > 0 ? n - 1 : 0;
	}
	if (n > RECORD_STR_MAX)
		n = RECORD_STR_MAX;
	chunk_done(w, c, arg_part & 0xff, arg_part >> 8, flags, (u32)n);
	return (flags & CHUNK_FAULT) != 0;
}

__noinline int put_number(u32 arg_part, u64 n)
{
	struct work *w = work_get();
	struct record_chunk *c;

	if (!w || !(c = chunk_at(w)))
		return 0;
	*(u64 *)(c + 1) = n;
	chunk_done(w, c, arg_part & 0xff, arg_part >> 8, 0, sizeof(n));
	return 0;
}

struct rest_ctx { u64 addr, n; u8 compat; };

/* One page of a string that goes on; what is read stands behind the chunks for a moment. */
static long rest_page(u32 i, struct rest_ctx *x)
{
	struct work *w = work_get();
	struct record_chunk *c;
	long n;

	if (!w || !(c = chunk_at(w)))
		return 1;
	n = read_string(c + 1, PAGE_BYTES + 1, (void *)(x->addr + x->n));
	if (n <= 0)
		return 1;
	x->n += n - 1;
	return n <= PAGE_BYTES;
}

/* A string of a vector, with its whole length where it is cut.  exec(2) takes none longer than 32 pages. */
__noinline int copy_item(u32 arg, u64 addr)
{
	struct work *w = work_get();
	struct rest_ctx x = { .addr = addr, .n = RECORD_STR_MAX };
	struct record_chunk *c;

	if (!w || !(c = chunk_at(w)))
		return 0;
	if (copy_str(arg | PART_ITEM << 8, addr))
		return 1;
	if (!(c->flags & CHUNK_TRUNC))
		return 0;
	bpf_loop(32, rest_page, &x, 0);
	if (x.n > RECORD_STR_MAX)
		put_number(arg | PART_WHOLE << 8, x.n);
	else
		c->flags &= ~CHUNK_TRUNC;
	return 0;
}

static long rest_pointers(u32 i, struct rest_ctx *x)
{
	u64 v[16];
	u32 *half = (u32 *)v;

	if (bpf_probe_read_user(v, sizeof(v), (void *)x->addr)) {
		v[0] = 0;
		if (bpf_probe_read_user(v, x->compat ? 4 : 8, (void *)x->addr) || !v[0])
			return 1;
		x->addr += x->compat ? 4 : 8;
		x->n++;
		return 0;
	}
	for (u32 k = 0; k < 16 && !x->compat; k++)
		if (!v[k]) {
			x->n += k;
			return 1;
		}
	for (u32 k = 0; k < 32 && x->compat; k++)
		if (!half[k]) {
			x->n += k;
			return 1;
		}
	x->n += x->compat ? 32 : 16;
	x->addr += sizeof(v);
	return 0;
}

/* A vector that goes on at addr: how many strings it has in all. */
__noinline int put_count(u32 arg, u64 addr, u64 before, u32 compat)
{
	struct rest_ctx x = { .addr = addr, .n = before, .compat = compat != 0 };

	bpf_loop(1 << 17, rest_pointers, &x, 0);
	return put_number(arg | PART_COUNT << 8, x.n);
}

struct vec_ctx { u64 addr; u32 arg, start, n, singles; u8 compat, faulted; };

/*
 * The strings of an argument vector mostly stand side by side (xargs, a shell's expansions, what exec itself put
 * there): one copy for up to 31 of them, instead of one each.  Returns how many, 0 when it is not so.
 */
__noinline int copy_strings(u32 arg, u64 addr)
{
	struct work *w = work_get();
	struct record_chunk *c;
	const char *text;
	u64 *p, span;
	u32 n;

	if (!w || !(c = chunk_at(w)))
		return 0;
	p = (u64 *)(c + 1);
	if (bpf_probe_read_user(p, STRINGS * sizeof(*p), (void *)addr))
		return 0;
	for (n = 0; n < STRINGS - 1; n++)
		if (!p[n + 1] || p[n + 1] - p[n] - 1 >= STRING_GAP)
			break;
	/* By way of memory, or the verifier goes through what follows once for each number it may be. */
	*(volatile u32 *)&w->nstrings = n;
	n = *(volatile u32 *)&w->nstrings;
	if (n < 2 || n >= STRINGS)
		return 0;
	span = p[n] - p[0];
	if (!WITHIN(span, 1, STRINGS_MAX) || bpf_probe_read_user(p + n + 1, (u32)span, (void *)p[0]))
		return 0;
	text = (const char *)(p + n + 1);
	for (u32 i = 1; i <= n && i < STRINGS; i++) {
		u64 last = p[i] - p[0] - 1;

		SAME(last);
		if (last >= STRINGS_MAX || text[last])
			return 0;	/* one that goes on behind the next one's beginning */
	}
	chunk_done(w, c, arg, WIRE_STRINGS, n, (n + 1) * sizeof(*p) + (u32)span);
	return (int)n;
}

static long vec_item(u32 i, struct vec_ctx *v)
{
	struct work *w = work_get();
	struct record_chunk *c;
	bool full;
	u64 p = 0;
	u32 n;

	if (!w)
		return 1;
	full = w->off - v->start > VECTOR_MAX;
	if (w->packs && !v->compat && !v->singles && !full) {
		n = (u32)copy_strings(v->arg, v->addr + (u64)v->n * 8);
		v->n += n;
		if (n)
			return 0;
		v->singles = SINGLES;
	}
	if (v->singles)
		v->singles--;
	if (bpf_probe_read_user(&p, v->compat ? 4 : 8, (void *)(v->addr + (u64)v->n++ * (v->compat ? 4 : 8)))) {
		v->faulted = 1;
		if ((c = chunk_at(w)))
			chunk_done(w, c, v->arg, PART_ITEM, CHUNK_FAULT, 0);
		return 1;
	}
	if (!p)
		return 1;
	if (full) {
		put_count(v->arg, v->addr + (u64)(v->n - 1) * (v->compat ? 4 : 8), v->n - 1, v->compat);
		return 1;
	}
	if (copy_item(v->arg, p)) {
		v->faulted = 1;
		return 1;
	}
	return 0;
}

__noinline int copy_vector(u32 arg, u64 addr, u32 compat)
{
	struct work *w = work_get();
	struct vec_ctx v = { .addr = addr, .arg = arg & 7, .compat = compat != 0 };

	if (!w)
		return 0;
	v.start = w->off;
	bpf_loop(VECTOR_MAX / sizeof(u64) + 2, vec_item, &v, 0);
	return v.faulted;
}
