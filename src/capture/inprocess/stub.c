/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/stub.h"

#include "base/macro.h"
#include "capture/inprocess/stub_code.h"

#include <string.h>

static unsigned off(const uint8_t *label) { return (unsigned)(label - stub_code); }

unsigned stub_call_end(void) { return off(stub_made); }
unsigned stub_stat_end(void) { return off(stub_statted); }
unsigned stub_asked_end(void) { return off(stub_asked); }

static void put_jump(uint8_t code[STUB_BLOCK], const uint8_t *from, const uint8_t *to)
{
	enum { JMP32 = 0xe9 };
	uint32_t distance = off(to) - (off(from) + JMP32_LEN);

	code[off(from)] = JMP32;
	memcpy(code + off(from) + 1, &distance, 4);
}

/* Of rdi, rsi, rdx, r10, r8, r9 for arguments: its number, which has a bit in a byte before the code. */
static const uint8_t reg_of[] = { 7, 6, 2, 10, 8, 9 };
enum { REX_W = 0x48, REX_R = 4, REX_B = 1, MOD_REGS = 0xc0 };

/* mov, sub, add, cmp between rsi and another register, which end at `end`, become those between that of arg and it. */
static void take_from(uint8_t code[STUB_BLOCK], const uint8_t *end, unsigned arg, bool narrow)
{
	uint8_t *p = code + off(end), reg = reg_of[arg];

	p[-3] = (uint8_t)((narrow ? 0x40 : REX_W) | (reg > 7 ? REX_R : 0));
	p[-1] = (uint8_t)(MOD_REGS | (reg & 7) << 3 | (p[-1] & 7));
}

static void test_null(uint8_t code[STUB_BLOCK], const uint8_t *end, unsigned arg)
{
	uint8_t *p = code + off(end), reg = reg_of[arg];

	p[-3] = (uint8_t)(REX_W | (reg > 7 ? REX_R | REX_B : 0));
	p[-1] = (uint8_t)(MOD_REGS | (reg & 7) << 3 | (reg & 7));
}

/* A load of four bytes whose base is that register. */
static void load_from(uint8_t code[STUB_BLOCK], const uint8_t *end, unsigned arg)
{
	uint8_t *p = code + off(end), reg = reg_of[arg];

	p[-4] = (uint8_t)(p[-4] | (reg > 7 ? REX_B : 0));
	p[-1] = (uint8_t)((p[-1] & ~7) | (reg & 7));
}

static void put_paths(uint8_t code[STUB_BLOCK], const int8_t path[2])
{
	static const uint8_t *const ends[2][3] = { { stub_from, stub_length, stub_resume },
						   { stub_from2, stub_length2, stub_resume2 } };

	for (int n = 0; n < 2; n++)
		for (unsigned i = 0; i < 3 && path[n] >= 0; i++)
			take_from(code, ends[n][i], (unsigned)path[n], false);
}

static void put_max(uint8_t code[STUB_BLOCK], const uint8_t *end, uint32_t max)
{
	memcpy(code + off(end) - 4, &max, 4);
}

/* stc; nop: below whatever it is, as cmp leaves it. */
static void put_in(uint8_t code[STUB_BLOCK], const struct which_bytes *b)
{
	static const uint8_t *const lens[] = { stub_in_len1, stub_in_len2, stub_in_len3 };
	static const uint8_t stc_nop[] = { 0xf9, 0x66, 0x90 };
	unsigned arg = (unsigned)b->arg;

	test_null(code, stub_in_null, arg);
	load_from(code, stub_loaded7, arg);
	load_from(code, stub_loaded8, arg);
	for (unsigned i = 0; i < 3; i++)
		if (b->by == BY_LEN)
			take_from(code, lens[i], b->len, b->narrow);
		else
			memcpy(code + off(lens[i]) - sizeof(stc_nop), stc_nop, sizeof(stc_nop));
	put_max(code, stub_in_max1, b->max);
	put_max(code, stub_in_max2, b->max);
	put_max(code, stub_in_max3, b->max);
}

/* or $127, %al, in the place of what makes eax the bytes that are left. */
static void put_out(uint8_t code[STUB_BLOCK], const struct which_bytes *b)
{
	static const uint8_t or_127[] = { 0x0c, 0x7f };
	static const uint8_t *const lefts[] = { stub_out_left1, stub_out_left2, stub_out_left3 };
	unsigned arg = (unsigned)b->arg;

	test_null(code, stub_out_null, arg);
	load_from(code, stub_loaded9, arg);
	load_from(code, stub_loaded10, arg);
	for (unsigned i = 0; i < 3 && b->by == BY_SIZE; i++)
		memcpy(code + off(lefts[i]) - sizeof(or_127), or_127, sizeof(or_127));
	if (b->more)
		put_max(code, stub_out_most, b->max);
	put_max(code, stub_out_max1, b->max);
	put_max(code, stub_out_max2, b->max - 8u);
	put_max(code, stub_out_max3, b->max);
	put_jump(code, stub_made, stub_out);
}

/* At most two of them: rather one twice. */
static void put_nulls(uint8_t code[STUB_BLOCK], unsigned nulls)
{
	unsigned first = (unsigned)__builtin_ctz(nulls), more = nulls & (nulls - 1);

	test_null(code, stub_null1, first);
	test_null(code, stub_null2, more ? (unsigned)__builtin_ctz(more) : first);
}

/* What is looked at and copied before the call, one behind the other. */
static void put_stages(uint8_t code[STUB_BLOCK], const struct stub_call *c)
{
	const struct which_copies *w = &c->copies;
	const uint8_t *next = stub_ready;

	if (w->in.arg >= 0)
		next = stub_in;
	if (w->path[1] >= 0) {
		put_jump(code, stub_pathed2, next);
		next = stub_path2;
	}
	if (w->path[0] >= 0) {
		put_jump(code, stub_pathed, next);
		next = stub_path;
	}
	if (c->six) {
		put_jump(code, stub_sixed, next);
		next = stub_six;
	}
	if (w->nulls) {
		put_nulls(code, w->nulls);
		put_jump(code, stub_nulled, next);
		next = stub_nulls;
	}
	/* in the place of the look at the descriptor, or behind it */
	put_jump(code, c->words && w->path[0] < 0 ? stub_worded : stub_two, next);
}

void stub_block(uint8_t code[STUB_BLOCK], const struct stub_call *c)
{
	const uint32_t nr = c->nr, ends = nr | RING_ENDS, path = nr | RING_PATH, nothing = RING_NOTHING;
	const uint32_t path2 = nr | RING_PATH2, in = nr | RING_IN, filled = nr | RING_OUT;

	_Static_assert(RING_PATH_MAX == 192, "the stub knows it");
	memset(code, 0xcc, STUB_BLOCK);
	memcpy(code, stub_code, off(stub_end));
	/* immediate operands are the last bytes of their instructions */
	memcpy(code + off(stub_nr0) - 4, &nr, 4);
	memcpy(code + off(stub_nr1) - 4, &nr, 4);
	memcpy(code + off(stub_nr2) - 4, &ends, 4);
	memcpy(code + off(stub_nr3) - 4, &path, 4);
	memcpy(code + off(stub_nr4) - 4, &nr, 4);
	memcpy(code + off(stub_nr5) - 4, &nothing, 4);
	memcpy(code + off(stub_nr6) - 4, &path2, 4);
	memcpy(code + off(stub_nr7) - 4, &in, 4);
	memcpy(code + off(stub_nr8) - 4, &filled, 4);
	memcpy(code + off(stub_back), &c->back, 8);
	memcpy(code + off(stub_own), &c->own_way, 8);
	put_stages(code, c);
	put_paths(code, c->copies.path);
	if (c->copies.in.arg >= 0)
		put_in(code, &c->copies.in);
	if (c->copies.out.arg >= 0)
		put_out(code, &c->copies.out);
	if (!c->opens) {
		memset(code + off(stub_dot), 0x90, off(stub_no_dot) - off(stub_dot));
		return;
	}
	put_jump(code, stub_made, stub_stat);
	put_jump(code, stub_base2, stub_fill);
}

struct out { uint8_t *v; unsigned n; uint64_t at; };

static void put(struct out *o, const void *bytes, unsigned n)
{
	memcpy(o->v + o->n, bytes, n);
	o->n += n;
}

#define BYTES(o, ...) put((o), (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
static void put32(struct out *o, uint32_t v) { put(o, &v, 4); }

/* The distance from the end of an instruction that has `more` bytes after it. */
static void put_to(struct out *o, uint64_t target, unsigned more)
{
	put32(o, (uint32_t)(target - (o->at + o->n + 4 + more)));
}

unsigned stub_spring(uint8_t code[STUB_SPRING], const struct stub_spring *s)
{
	const bool calls = s->own == STUB_OWN_CALL;
	struct out o = { code, 0, s->at };
	unsigned way;

	memset(code, 0xcc, STUB_SPRING);
	if (s->number == STUB_HELD)
		put(&o, s->was, SITE_ANY_LEN);
	BYTES(&o, 0x80, 0x3d);			/* cmpb $0, on(%rip) */
	put_to(&o, s->on, 1);
	BYTES(&o, 0, 0x74, 9);			/* je: past the next two */
	BYTES(&o, 0x41, 0xbb);			/* mov $block, %r11d */
	put32(&o, STUB_BLOCKS + s->n * STUB_BLOCK);
	BYTES(&o, 0x41, 0xff, 0xe3);		/* jmp *%r11 */
	way = o.n;
	if (s->number == STUB_LOADED) {
		put(&o, s->was, SITE_ANY_LEN);
	} else if (s->number == STUB_NUMBER) {
		BYTES(&o, 0xb8);		/* mov $nr, %eax */
		put32(&o, s->nr);
	}
	if (calls)
		BYTES(&o, 0x0f, 0x05);		/* syscall */
	BYTES(&o, 0xe9);			/* jmp: behind the site, or to its call */
	put_to(&o, s->site + (calls ? 2 : 0), 0);
	return way;
}

void stub_choice(uint8_t code[STUB_BLOCK], unsigned n, const uint8_t *load, const uint32_t *nrs, unsigned nnrs,
		 uint64_t own_way)
{
	struct out o = { code, 0, STUB_BLOCKS + n * STUB_BLOCK };

	_Static_assert(SITE_ANY_LEN + 12 * STUB_CHOICES_MAX + 14 <= STUB_BLOCK, "all fit");
	memset(code, 0xcc, STUB_BLOCK);
	if (load)
		put(&o, load, SITE_ANY_LEN);
	for (unsigned i = 0; i < nnrs && i < STUB_CHOICES_MAX; i++) {
		BYTES(&o, 0x48, 0x3d);		/* cmp $nr, %rax */
		put32(&o, nrs[i]);
		BYTES(&o, 0x0f, 0x84);		/* je */
		put_to(&o, STUB_BLOCKS + (n + 1 + i) * STUB_BLOCK, 0);
	}
	BYTES(&o, 0xff, 0x25, 0, 0, 0, 0);	/* jmp *0(%rip) */
	put(&o, &own_way, sizeof(own_way));
}

/*
 * Where a slot is taken, as far as r11 is about it: its number, and within it or just behind (from cursor on), its
 * beginning again (filled), not any more (put).
 */
struct taking { const uint8_t *taken, *masked, *shifted, *slot, *cursor, *filled, *put; };

static void find_slot(unsigned at, uint64_t r11, const struct taking *t, struct stub_undo *ret)
{
	uint64_t index = r11;

	ret->taken = at >= off(t->taken);
	ret->put = at >= off(t->put);
	if (!ret->taken || ret->put)
		return;
	if (t->cursor && at >= off(t->cursor) && at < off(t->filled))
		index = (r11 - 1 - STUB_RING - RING_SLOTS) / RING_SLOT;
	else if (at >= off(t->slot))
		index = (r11 - STUB_RING - RING_SLOTS) / RING_SLOT;
	else if (at >= off(t->shifted))
		index = r11 / RING_SLOT;
	ret->slot = (uint32_t)(index % RING_NSLOTS);
}

#define TAKING(n, ...) { stub_taken##n, stub_masked##n, stub_shifted##n, stub_slot##n, __VA_ARGS__ }

/* From `from` on, up to the next: whether the call was made, what takes a slot there. */
struct stretch { const uint8_t *from; bool made; struct taking taking; };
static const struct stretch stretches[] = {
	{ stub_code, false, TAKING(1, NULL, NULL, stub_put1) },
	{ stub_made, true, TAKING(2, NULL, NULL, stub_put2) },
	{ stub_go_own, false, TAKING(3, stub_cursor, stub_filled, stub_put3) },
	{ stub_load_dot, false, { stub_load_dot, stub_load_dot, stub_load_dot, stub_load_dot, stub_load_dot, stub_up, stub_put4 } },
	{ stub_stat, true, { stub_fill, stub_fill, stub_fill, stub_fill, NULL, NULL, stub_fill } },
	{ stub_fill, true, { stub_fill, stub_fill, stub_fill, stub_fill, NULL, NULL, stub_path2 } },
	{ stub_path2, false, TAKING(6, stub_cursor6, stub_filled6, stub_put6) },
	{ stub_in, false, TAKING(7, stub_cursor7, stub_filled7, stub_put7) },
	{ stub_out, true, TAKING(8, stub_cursor8, stub_filled8, stub_put8) },
};

static bool is_load(unsigned at)
{
	static const uint8_t *const loads[] = { stub_load, stub_load_dot, stub_load6, stub_load7, stub_load8, stub_load9,
						stub_load10 };

	for (unsigned i = 0; i < ARRAY_SIZE(loads); i++)
		if (at == off(loads[i]))
			return true;
	return false;
}

void stub_undo(unsigned at, const struct stub_regs *r, struct stub_undo *ret)
{
	const bool packed = at >= off(stub_out_packed) && at < off(stub_out_unpacked);
	const bool in_rax = at == off(stub_made) || at == off(stub_stat) || at == off(stub_out);
	unsigned n = 0;

	while (n + 1 < ARRAY_SIZE(stretches) && at >= off(stretches[n + 1].from))
		n++;
	*ret = (struct stub_undo){ .made = stretches[n].made,
				   .inside = at == off(stub_made),
				   .load = is_load(at),
				   .stashed = at >= off(stub_stashed) && at < off(stub_unstashed),
				   .ret_stashed = at >= off(stub_stashed) && at < off(stub_go_kept),
				   .ret = (int64_t)(in_rax ? r->rax : packed ? r->rcx >> 32 : r->rcx),
				   .rdx = r->rdx };
	if (at >= off(stub_saved1) && at < off(stub_restored1))
		ret->rdx = r->rcx;
	if (at >= off(stub_saved2) && at < off(stub_restored2))
		ret->rdx = r->r11;
	find_slot(at, r->r11, &stretches[n].taking, ret);
}
