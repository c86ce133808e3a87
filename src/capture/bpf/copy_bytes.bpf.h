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
	struct work *w = work_here();
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
	struct work *w = work_here();
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
	struct work *w = work_here();
	struct record_chunk *c;

	if (!w || !(c = chunk_at(w)))
		return 0;
	*(u64 *)(c + 1) = n;
	chunk_done(w, c, arg_part & 0xff, arg_part >> 8, 0, sizeof(n));
	return 0;
}

/* One page of a string that goes on; what is read stands behind the chunks for a moment. */
static long rest_page(u32 i, struct work **to)
{
	struct work *w = *to;
	struct record_chunk *c;
	long n;

	if (!(c = chunk_at(w)))
		return 1;
	n = read_string(c + 1, PAGE_BYTES + 1, (void *)(w->rest.addr + w->rest.n));
	if (n <= 0)
		return 1;
	w->rest.n += n - 1;
	return n <= PAGE_BYTES;
}

/* A string of a vector, with its whole length where it is cut.  exec(2) takes none longer than 32 pages. */
__noinline int copy_item(u32 arg, u64 addr)
{
	struct work *w = work_get();
	struct record_chunk *c;

	if (!w || !(c = chunk_at(w)))
		return 0;
	if (copy_str(arg | PART_ITEM << 8, addr))
		return 1;
	if (!(c->flags & CHUNK_TRUNC))
		return 0;
	w->rest = (struct rest){ addr, RECORD_STR_MAX };
	seldom_loop(w, 32, rest_page, &w);
	if (w->rest.n > RECORD_STR_MAX)
		put_number(arg | PART_WHOLE << 8, w->rest.n);
	else
		c->flags &= ~CHUNK_TRUNC;
	return 0;
}

static long rest_pointers(u32 i, struct work **to)
{
	struct work *w = *to;
	u64 v[16];
	u32 *half = (u32 *)v;

	if (bpf_probe_read_user(v, sizeof(v), (void *)w->rest.addr)) {
		v[0] = 0;
		if (bpf_probe_read_user(v, w->compat ? 4 : 8, (void *)w->rest.addr) || !v[0])
			return 1;
		w->rest.addr += w->compat ? 4 : 8;
		w->rest.n++;
		return 0;
	}
	for (u32 k = 0; k < 16 && !w->compat; k++)
		if (!v[k]) {
			w->rest.n += k;
			return 1;
		}
	for (u32 k = 0; k < 32 && w->compat; k++)
		if (!half[k]) {
			w->rest.n += k;
			return 1;
		}
	w->rest.n += w->compat ? 32 : 16;
	w->rest.addr += sizeof(v);
	return 0;
}

/* A vector that goes on at addr: how many strings it has in all. */
__noinline int put_count(u32 arg, u64 addr, u64 before)
{
	struct work *w = work_get();

	if (!w)
		return 0;
	w->rest = (struct rest){ addr, before };
	seldom_loop(w, 1 << 17, rest_pointers, &w);
	return put_number(arg | PART_COUNT << 8, w->rest.n);
}

/* The pointer behind the n-th is of a string that does not stand close behind: n is the last.  Counts w->nstrings. */
static long next_string(u32 n, struct work **to)
{
	struct work *w = *to;
	struct record_chunk *c;
	const u64 *p;

	if (!(c = chunk_at(w)) || n >= STRINGS - 1)
		return 1;
	p = (const u64 *)(c + 1) + n;
	if (!p[1] || p[1] - p[0] - 1 >= STRING_GAP)
		return 1;
	w->nstrings = n + 1;
	return 0;
}

/* Does a NUL stand before where the next string begins?  Counts w->texts. */
static long whole_string(u32 i, struct work **to)
{
	struct work *w = *to;
	struct record_chunk *c;
	const u64 *p;
	u64 last;
	u32 n;

	if (!(c = chunk_at(w)) || i >= w->nstrings || i >= STRINGS - 1)
		return 1;
	p = (const u64 *)(c + 1);
	last = p[i + 1] - p[0] - 1;
	n = w->nstrings;
	SAME(last);
	SAME(n);
	if (last >= STRINGS_MAX || n >= STRINGS || ((const char *)(p + n + 1))[last])
		return 1;	/* one that goes on behind the next one's beginning */
	w->texts = i + 1;
	return 0;
}

/*
 * The strings of an argument vector mostly stand side by side (xargs, a shell's expansions, what exec itself put
 * there): one copy for up to 31 of them, instead of one each.  Returns how many, 0 when it is not so.
 */
__noinline int copy_strings(u32 arg, u64 addr)
{
	struct work *w = work_get();
	struct record_chunk *c;
	u64 *p, span;
	u32 n;

	if (!w || !(c = chunk_at(w)))
		return 0;
	p = (u64 *)(c + 1);
	if (bpf_probe_read_user(p, STRINGS * sizeof(*p), (void *)addr))
		return 0;
	w->nstrings = 0;
	w->texts = 0;
	seldom_loop(w, STRINGS - 1, next_string, &w);
	n = w->nstrings;
	SAME(n);
	if (n < 2 || n >= STRINGS)
		return 0;
	span = p[n] - p[0];
	if (!WITHIN(span, 1, STRINGS_MAX) || bpf_probe_read_user(p + n + 1, (u32)span, (void *)p[0]))
		return 0;
	seldom_loop(w, STRINGS - 1, whole_string, &w);
	if (w->texts < n)
		return 0;
	chunk_done(w, c, arg, WIRE_STRINGS, n, (n + 1) * sizeof(*p) + (u32)span);
	return (int)n;
}

static long vec_item(u32 i, struct work **to)
{
	struct work *w = *to;
	struct record_chunk *c;
	struct vec *v;
	bool full;
	u64 p = 0;
	u32 n;

	v = &w->vec;
	full = w->off - v->start > v->max;
	if (w->packs && !w->compat && !v->singles && !full) {
		n = (u32)copy_strings(v->arg, v->addr + (u64)v->n * 8);
		v->n += n;
		if (n)
			return 0;
		v->singles = SINGLES;
	}
	if (v->singles)
		v->singles--;
	if (bpf_probe_read_user(&p, w->compat ? 4 : 8, (void *)(v->addr + (u64)v->n++ * (w->compat ? 4 : 8)))) {
		v->faulted = 1;
		if ((c = chunk_at(w)))
			chunk_done(w, c, v->arg, PART_ITEM, CHUNK_FAULT, 0);
		return 1;
	}
	if (!p)
		return 1;
	if (full) {
		put_count(v->arg, v->addr + (u64)(v->n - 1) * (w->compat ? 4 : 8), v->n - 1);
		return 1;
	}
	if (copy_item(v->arg, p)) {
		v->faulted = 1;
		return 1;
	}
	return 0;
}

__noinline int copy_vector(u32 arg, u64 addr, u32 max)
{
	struct work *w = work_get();

	if (!w)
		return 0;
	w->vec = (struct vec){ .addr = addr, .arg = arg & 7, .start = w->off, .max = max };
	if (max > VECTOR_MAX)
		w->vec.max = VECTOR_MAX;
	seldom_loop(w, VECTOR_MAX / sizeof(u64) + 2, vec_item, &w);
	return w->vec.faulted != 0;
}
