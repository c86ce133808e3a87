/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/site.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/macro.h"
#include "capture/inprocess/branch.h"
#include "capture/inprocess/flow.h"

/*
 * PADDING_MAX: a cache line; more is something else.  STRAY_MAX: so far behind a jump into the middle of an instruction
 * control has long come to where others begin: after one to three of them, mostly.
 */
enum { PADDING_MAX = 64, STRAY_MAX = 64, SHORT_MAX = 129, SYSCALL_LEN = 2 };

/* They return to another stack, or not at all, or ask where they come from, or change what the stub needs. */
static bool is_kept(uint32_t nr)
{
	static const unsigned short kept[] = {
		SYS_rt_sigreturn,
		SYS_clone,
		SYS_fork,
		SYS_vfork,
		SYS_execve,
		SYS_exit,
		SYS_arch_prctl,
		SYS_prctl,
		SYS_restart_syscall,
		SYS_exit_group,
		SYS_seccomp,
		SYS_execveat,
		SYS_rseq,
		SYS_clone3,
		335,
		336, /* uretprobe, uprobe */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] == nr)
			return true;
	return false;
}

struct find {
	const struct site_text *text;
	struct site_func *funcs; /* none overlaps the next */
	size_t nfuncs;
	uint8_t *entries, *near; /* a bit for each byte of the text: a function begins, a near jump may lead here */
	uint8_t *taken;		 /* padding that a site uses */
	struct flow **flows;	 /* of each function that was asked for: sites ask for their neighbours often */
	struct sites *to;
	size_t max;
};

static void set_bit(uint8_t *v, uint64_t at)
{
	v[at / 8] |= (uint8_t)(1 << at % 8);
}

static void forget(struct find *f, size_t i)
{
	if (f->flows[i])
		flow_done(f->flows[i]);
	free(f->flows[i]);
	f->flows[i] = NULL;
}

/* Entered where functions begin, and where near jumps lead. */
static int follow(const struct find *f, const struct site_func *fn, struct flow *ret)
{
	uint64_t size = fn->end - fn->start, n = 0, *v = malloc((size + 1) * sizeof(*v));
	int rc = -ENOMEM;

	for (uint64_t i = 0; v && i < size; i++)
		if (branch_bit(f->entries, fn->start + i) || branch_bit(f->near, fn->start + i))
			v[n++] = i;
	if (v)
		rc = flow_follow(f->text->bytes + fn->start, size, v, n, ret);
	free(v);
	return rc;
}

/* NULL: too large, or not enough memory. */
static const struct flow *flow_of(struct find *f, size_t i)
{
	struct flow *flow;

	if (f->flows[i] || f->funcs[i].end - f->funcs[i].start > SITE_FUNC_MAX)
		return f->flows[i];
	flow = malloc(sizeof(*flow));
	if (flow && follow(f, &f->funcs[i], flow) == 0)
		return f->flows[i] = flow;
	free(flow);
	return NULL;
}

/* The function that holds a place; nfuncs: none. */
static size_t func_at(const struct find *f, uint64_t at)
{
	size_t lo = 0, hi = f->nfuncs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->funcs[mid].end <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->nfuncs && f->funcs[lo].start <= at ? lo : f->nfuncs;
}

/* One instruction and nothing else. */
static bool stands_alone(const struct flow *flow, uint64_t at, unsigned len)
{
	if (at + len > flow->size || !(flow->mark[at] & FLOW_START))
		return false;
	for (unsigned i = 0; i < len; i++)
		if ((flow->mark[at + i] & FLOW_TWICE) || !(flow->mark[at + i] & FLOW_COVERED) ||
		    (i && (flow->mark[at + i] & FLOW_START)))
			return false;
	return true;
}

/* `mov $number, %eax` (or %rax) that ends at at: its length, 0 none. */
static unsigned number_before(const uint8_t *code, const struct flow *flow, uint64_t at, uint32_t *ret_nr)
{
	static const struct {
		uint8_t len, n, bytes[3];
	} movs[] = {
		{ 5, 1, { 0xb8 } },
		{ 6, 2, { 0xc7, 0xc0 } },
		{ 7, 3, { 0x48, 0xc7, 0xc0 } },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(movs); i++) {
		const uint8_t *p = code + at - movs[i].len;

		if (at < movs[i].len || memcmp(p, movs[i].bytes, movs[i].n) ||
		    !stands_alone(flow, at - movs[i].len, movs[i].len))
			continue;
		memcpy(ret_nr, code + at - 4, 4);
		return movs[i].len;
	}
	return 0;
}

/* How many bytes of padding and nothing else lie in [at, end); 0: something else is there. */
static uint64_t padding(const struct find *f, uint64_t at, uint64_t end)
{
	uint64_t p = at;

	while (p < end) {
		struct flow_insn in;

		if (!flow_decode(f->text->bytes + p, end - p, &in) || !in.nop)
			return 0;
		p += in.len;
	}
	return end - at;
}

/* The byte belongs to an instruction that the flow has followed: it is no other jump. */
static bool is_known(void *ctx, uint64_t at)
{
	struct find *f = ctx;
	size_t func = func_at(f, at);
	const struct flow *flow = func < f->nfuncs ? flow_of(f, func) : NULL;

	return flow && (flow->mark[at - f->funcs[func].start] & FLOW_COVERED);
}

static bool is_target(struct find *f, uint64_t at, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if (branch_bit(f->near, at + i) || branch_short_to(f->text, at + i, is_known, f))
			return true;
	return false;
}

/* Room in a run of padding, not taken by another site, and in reach of a short jump from at. */
static bool room_in(struct find *f, uint64_t from, uint64_t len, uint64_t at, uint64_t *ret)
{
	for (uint64_t room = from; room + JMP32_LEN <= from + len; room += JMP32_LEN) {
		int64_t distance = (int64_t)(room - (at + JMP8_LEN));

		if (distance < INT8_MIN || distance > INT8_MAX || branch_bit(f->taken, room) ||
		    is_target(f, room, JMP32_LEN))
			continue;
		*ret = room;
		return true;
	}
	return false;
}

/*
 * Padding of function i: bytes behind an instruction that does not go on, up to the next instruction or the next
 * function. In a function that jumps through a register, what is not reached may be an instruction that does nothing
 * yet matters as the target: only what lies behind the function's end is padding then.
 */
static bool room_of(struct find *f, size_t i, uint64_t at, uint64_t *ret)
{
	const struct site_func *fn = &f->funcs[i];
	uint64_t next = i + 1 < f->nfuncs ? f->funcs[i + 1].start : f->text->size;
	const struct flow *flow = flow_of(f, i);

	for (size_t p = flow && flow->indirect ? flow->size : 0; flow && !flow->broken && p <= flow->size; p++) {
		uint64_t from = fn->start + p, to = p;

		if (!(flow->mark[p] & FLOW_AFTER_END) || (flow->mark[p] & FLOW_COVERED))
			continue;
		while (to < flow->size && !(flow->mark[to] & FLOW_COVERED))
			to++;
		to = to == flow->size ? next : fn->start + to;
		if (to - from <= PADDING_MAX && room_in(f, from, padding(f, from, to), at, ret))
			return true;
	}
	return false;
}

static bool room_near(struct find *f, size_t func, uint64_t at, uint64_t *ret)
{
	return room_of(f, func, at, ret) || (func > 0 && room_of(f, func - 1, at, ret)) ||
	       (func + 1 < f->nfuncs && room_of(f, func + 1, at, ret));
}

/*
 * Bytes just before a place, which nothing is known to reach, would be an instruction that goes on into it.  Padding is
 * left at its end, unless something may jump into the middle of it.
 */
static bool is_run_into(struct find *f, uint64_t at)
{
	uint64_t from = at;
	struct flow_insn in;
	bool padded;

	while (from > 0 && at - from < PADDING_MAX && !is_known(f, from - 1))
		from--;
	padded = padding(f, from, at) > 0;
	for (uint64_t i = MAX(from, at - MIN(at, FLOW_INSN_MAX - 1u)); i < at; i++)
		if (!is_known(f, i) && flow_decode(f->text->bytes + i, f->text->size - i, &in) && i + in.len > at &&
		    (!padded || branch_short_to(f->text, i, is_known, f)))
			return true;
	return false;
}

static bool is_start(struct find *f, uint64_t at)
{
	size_t func = func_at(f, at);
	const struct flow *flow = func < f->nfuncs ? flow_of(f, func) : NULL;

	return flow && (flow->mark[at - f->funcs[func].start] & FLOW_START);
}

/* From t on, where no known instruction begins: does control come into the len bytes from at, not at their begin? */
static bool strays(struct find *f, uint64_t t, uint64_t at, unsigned len)
{
	while (t < at && !is_start(f, t)) {
		struct flow_insn in;
		uint64_t target;

		if (!flow_decode(f->text->bytes + t, f->text->size - t, &in))
			return false;
		t += in.len;
		target = t + (uint64_t)in.displacement;
		if (in.jumps && target > at && target < at + len)
			return true;
		if (!in.goes_on)
			return false;
	}
	return t > at;
}

/*
 * What is in another function, or not known to be reached, may jump between at and at + len, or into the middle of an
 * instruction before it, from where control runs into it.
 */
static bool is_strayed_into(struct find *f, uint64_t at, unsigned len)
{
	size_t func = func_at(f, at);
	uint64_t from = at - MIN(at, (uint64_t)STRAY_MAX + SHORT_MAX), t, to = MIN(at + len + SHORT_MAX, f->text->size);

	for (uint64_t i = from; i < to; i++)
		if (branch_short(f->text, i, &t) && t < at + len && t + STRAY_MAX >= at &&
		    !(func_at(f, i) == func && is_known(f, i)) && (t > at || strays(f, t, at, len)))
			return true;
	return false;
}

/*
 * The call is of any number.  `mov x(%rsp), %rax` just before it, which is the caller's: so makes glibc from 2.41 on
 * what could be cancelled, in a process of one thread (__internal_syscall_cancel).  `mov %r11, 8(%rsp)`: so it does in
 * others (__syscall_cancel_arch), and musl (__syscall_cp_asm), with whose begin and end a handler compares addresses.
 * `mov 8(%rsp), %r9`: the last argument of syscall(); `mov $AT_FDCWD, %edi`: where the number was loaded before it.
 */
static enum site_way any_number(const uint8_t *code, const struct flow *flow, uint64_t at)
{
	static const uint8_t load[] = { 0x48, 0x8b, 0x44, 0x24 }, store[] = { 0x4c, 0x89, 0x5c, 0x24, 0x08 };
	static const uint8_t last[] = { 0x4c, 0x8b, 0x4c, 0x24, 0x08 };
	enum { MOV_EDX = 0xba, MOV_ESI = 0xbe, MOV_EDI = 0xbf };
	const uint8_t *before = code + at - SITE_ANY_LEN;

	if (at < SITE_ANY_LEN || !stands_alone(flow, at - SITE_ANY_LEN, SITE_ANY_LEN))
		return SITE_NO_ROOM;
	if (!memcmp(before, store, sizeof(store)))
		return SITE_STORE;
	if (!memcmp(before, last, sizeof(last)) || *before == MOV_EDI || *before == MOV_ESI || *before == MOV_EDX)
		return SITE_HELD;
	return memcmp(before, load, sizeof(load)) ? SITE_NO_ROOM : SITE_LOAD;
}

static enum site_way look_inside(struct find *f, size_t func, const struct flow *flow, struct site *s)
{
	const struct site_func *fn = &f->funcs[func];
	uint64_t at = s->at - fn->start;
	enum site_way any;

	if (!(flow->mark[at] & FLOW_COVERED))
		return flow->broken ? SITE_BROKEN : SITE_UNREACHED;
	if (!stands_alone(flow, at, SYSCALL_LEN))
		return flow->mark[at] & FLOW_START ? SITE_TARGET : SITE_INSIDE;
	if (flow->broken)
		return SITE_BROKEN;
	s->len = (uint8_t)number_before(f->text->bytes + fn->start, flow, at, &s->nr);
	if (s->len && is_kept(s->nr))
		return SITE_KEPT;
	any = s->len ? SITE_MOV : any_number(f->text->bytes + fn->start, flow, at);
	if (any == SITE_LOAD || any == SITE_STORE || any == SITE_HELD)
		s->len = SITE_ANY_LEN;
	s->patch = s->at - s->len;
	if (!s->len)
		s->len = SYSCALL_LEN;
	if (is_target(f, s->patch + 1, s->len - 1u) || is_run_into(f, s->patch) ||
	    is_strayed_into(f, s->patch, s->len))
		return SITE_TARGET;
	if (s->patch < s->at)
		return any;
	return room_near(f, func, s->at, &s->room) ? SITE_PAD : SITE_NO_ROOM;
}

static void classify(struct find *f, struct site *s)
{
	size_t func = func_at(f, s->at);
	const struct flow *flow = func < f->nfuncs ? flow_of(f, func) : NULL;

	s->way = func == f->nfuncs ? SITE_NO_FUNCTION : SITE_LARGE;
	if (flow)
		s->way = look_inside(f, func, flow, s);
	for (unsigned i = 0; s->way == SITE_PAD && i < JMP32_LEN; i++)
		set_bit(f->taken, s->room + i);
}

static bool add(struct find *f, uint64_t at)
{
	struct sites *to = f->to;
	struct site *s;

	if (to->n == f->max) {
		size_t max = f->max ? f->max * 2 : 64;
		struct site *more = reallocarray(to->v, max, sizeof(*more));

		if (!more)
			return false;
		to->v = more;
		f->max = max;
	}
	s = &to->v[to->n++];
	*s = (struct site){ .at = at, .patch = at, .nr = SITE_NR_UNKNOWN };
	classify(f, s);
	return true;
}

/* A function that begins inside another is an entry of that one, which then reaches as far as both. */
static bool sort_out(struct find *f, const struct site_func *funcs, size_t nfuncs)
{
	f->funcs = malloc((nfuncs + 1) * sizeof(*f->funcs));
	f->entries = calloc(1, f->text->size / 8 + 1);
	f->taken = calloc(1, f->text->size / 8 + 1);
	f->near = branch_near_targets(f->text);
	f->flows = calloc(nfuncs + 1, sizeof(struct flow *));
	if (!f->funcs || !f->entries || !f->taken || !f->near || !f->flows)
		return false;
	for (size_t i = 0; i < nfuncs; i++) {
		struct site_func fn = funcs[i], *last = f->nfuncs ? &f->funcs[f->nfuncs - 1] : NULL;

		fn.end = MIN(fn.end, f->text->size);
		if (fn.start >= fn.end)
			continue;
		set_bit(f->entries, fn.start);
		if (last && fn.start < last->end)
			last->end = MAX(last->end, fn.end);
		else
			f->funcs[f->nfuncs++] = fn;
	}
	return true;
}

static uint64_t next_syscall(const struct site_text *t, uint64_t from)
{
	/* by its second byte, which is the rarer one */
	for (uint64_t at = from + 1; at < t->size; at++) {
		const uint8_t *p = memchr(t->bytes + at, 0x05, t->size - at);

		if (!p)
			break;
		at = (uint64_t)(p - t->bytes);
		if (p[-1] == 0x0f)
			return at - 1;
	}
	return t->size;
}

/* Is control in one of two neighbours known to go into the middle of the other? */
static bool are_one(struct find *f, size_t i)
{
	uint64_t end = f->funcs[i].end, next = f->funcs[i + 1].start;
	const struct flow *a = flow_of(f, i), *b = flow_of(f, i + 1);

	if (!a || !b) /* too large: what belongs to it is not known */
		return false;
	return a->above || a->cut || b->below || (a->falls_off && end < next && !padding(f, end, next));
}

static void unite(struct find *f, size_t i)
{
	forget(f, i);
	forget(f, i + 1);
	f->funcs[i].end = f->funcs[i + 1].end;
	memmove(&f->funcs[i + 1], &f->funcs[i + 2], (f->nfuncs - i - 2) * sizeof(*f->funcs));
	memmove(&f->flows[i + 1], &f->flows[i + 2], (f->nfuncs - i - 2) * sizeof(struct flow *));
	f->flows[--f->nfuncs] = NULL;
}

static bool unite_at(struct find *f, size_t i)
{
	if (i + 1 >= f->nfuncs || !are_one(f, i))
		return false;
	unite(f, i);
	return true;
}

/*
 * Neighbours that jump into each other (parts of one assembly routine) become one: around each site, and around its
 * neighbours, whose padding it may use.
 */
static void unite_neighbours(struct find *f)
{
	for (uint64_t at = next_syscall(f->text, 0); at < f->text->size; at = next_syscall(f->text, at + 1)) {
		bool again;

		do {
			size_t i = func_at(f, at), from = i - MIN(i, 2u);

			again = false;
			for (size_t k = from; i < f->nfuncs && k <= i + 1 && !again; k++)
				again = unite_at(f, k);
		} while (again);
	}
}

int sites_find(const struct site_text *text, const struct site_func *funcs, size_t nfuncs, struct sites *ret)
{
	struct find f = { .text = text, .to = ret };
	bool ok;

	*ret = (struct sites){ 0 };
	ok = sort_out(&f, funcs, nfuncs);
	if (ok)
		unite_neighbours(&f);
	for (uint64_t at = next_syscall(text, 0); ok && at < text->size; at = next_syscall(text, at + 1))
		ok = add(&f, at);
	for (size_t i = 0; f.flows && i < f.nfuncs; i++)
		forget(&f, i);
	free(f.flows);
	free(f.funcs);
	free(f.entries);
	free(f.near);
	free(f.taken);
	return ok ? 0 : -ENOMEM;
}

void sites_done(struct sites *sites)
{
	free(sites->v);
	*sites = (struct sites){ 0 };
}
