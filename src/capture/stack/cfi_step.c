/* SPDX-License-Identifier: MIT */
/* From a function's registers to those of its caller. */
#include <string.h>

#include "base/macro.h"
#include "capture/stack/cfi.h"

enum { DEPTH = 32, STEPS_MAX = 256 };	/* of an expression's stack; of its operations */

struct eval {
	const uint64_t *regs;
	cfi_read_fn *read;
	void *ctx;
	const uint8_t *p, *end;
	uint64_t v[DEPTH];
	unsigned n;
	bool bad;
};

static uint64_t operand(struct eval *e, unsigned n)
{
	uint64_t v = 0;

	if ((size_t)(e->end - e->p) < n) {
		e->bad = true;
		return 0;
	}
	memcpy(&v, e->p, n);
	e->p += n;
	return v;
}

static uint64_t operand_signed(struct eval *e, unsigned n)
{
	unsigned unused = 64 - 8 * n;

	return (uint64_t)((int64_t)(operand(e, n) << unused) >> unused);
}

static uint64_t operand_leb(struct eval *e, bool is_signed)
{
	uint64_t v = 0, byte;
	unsigned at = 0;

	do {
		byte = operand(e, 1);
		if (at < 64)
			v |= (byte & 0x7f) << at;
		at += 7;
	} while (byte & 0x80);
	return is_signed && byte & 0x40 && at < 64 ? v | ~0ull << at : v;
}

static void push(struct eval *e, uint64_t v)
{
	if (e->n == DEPTH)
		e->bad = true;
	else
		e->v[e->n++] = v;
}

static uint64_t pop(struct eval *e)
{
	if (!e->n) {
		e->bad = true;
		return 0;
	}
	return e->v[--e->n];
}

static void push_register(struct eval *e, uint64_t reg, uint64_t off)
{
	e->bad |= reg >= CFI_REGS;
	push(e, reg < CFI_REGS ? e->regs[reg] + off : 0);
}

static void push_memory(struct eval *e, unsigned bytes)
{
	uint64_t v = 0;

	e->bad |= bytes > 8 || !e->read(e->ctx, pop(e), &v);
	push(e, bytes < 8 ? v & ((1ull << 8 * bytes) - 1) : v);
}

static void pick(struct eval *e, uint64_t i)
{
	e->bad |= i >= e->n;
	push(e, i < e->n ? e->v[e->n - 1 - i] : 0);
}

/* DW_OP_* of two operands; b was on top. */
static void binary(struct eval *e, unsigned op)
{
	uint64_t b = pop(e), a = pop(e);

	switch (op) {
	case 0x1a: push(e, a & b); break;
	case 0x1c: push(e, a - b); break;
	case 0x1e: push(e, a * b); break;
	case 0x21: push(e, a | b); break;
	case 0x22: push(e, a + b); break;
	case 0x24: push(e, b < 64 ? a << b : 0); break;
	case 0x25: push(e, b < 64 ? a >> b : 0); break;
	case 0x26: push(e, (uint64_t)((int64_t)a >> MIN(b, (uint64_t)63))); break;
	case 0x27: push(e, a ^ b); break;
	case 0x29: push(e, a == b); break;
	case 0x2a: push(e, (int64_t)a >= (int64_t)b); break;
	case 0x2b: push(e, (int64_t)a > (int64_t)b); break;
	case 0x2c: push(e, (int64_t)a <= (int64_t)b); break;
	case 0x2d: push(e, (int64_t)a < (int64_t)b); break;
	case 0x2e: push(e, a != b); break;
	default: e->bad = true;
	}
}

/* An operation of DWARF 5, 2.5, that unwinding uses; jumps are in none that a compiler writes. */
static void operation(struct eval *e, unsigned op)
{
	switch (op) {
	case 0x06: push_memory(e, 8); return;
	case 0x94: push_memory(e, (unsigned)operand(e, 1)); return;
	case 0x03: case 0x0e: case 0x0f: push(e, operand(e, 8)); return;	/* addr, const8u, const8s */
	case 0x08: push(e, operand(e, 1)); return;
	case 0x09: push(e, operand_signed(e, 1)); return;
	case 0x0a: push(e, operand(e, 2)); return;
	case 0x0b: push(e, operand_signed(e, 2)); return;
	case 0x0c: push(e, operand(e, 4)); return;
	case 0x0d: push(e, operand_signed(e, 4)); return;
	case 0x10: push(e, operand_leb(e, false)); return;
	case 0x11: push(e, operand_leb(e, true)); return;
	case 0x12: pick(e, 0); return;						/* dup */
	case 0x13: pop(e); return;						/* drop */
	case 0x14: pick(e, 1); return;						/* over */
	case 0x15: pick(e, operand(e, 1)); return;
	case 0x1f: push(e, 0 - pop(e)); return;					/* neg */
	case 0x20: push(e, ~pop(e)); return;
	case 0x23: push(e, pop(e) + operand_leb(e, false)); return;		/* plus_uconst */
	case 0x92: {								/* bregx */
		uint64_t reg = operand_leb(e, false);

		push_register(e, reg, operand_leb(e, true));
		return;
	}
	case 0x96: case 0x9f: return;						/* nop; stack_value */
	default:
		if (op >= 0x30 && op <= 0x4f)					/* lit0… */
			push(e, op - 0x30);
		else if (op >= 0x70 && op <= 0x8f)				/* breg0… */
			push_register(e, op - 0x70, operand_leb(e, true));
		else
			binary(e, op);
	}
}

/* An expression; of a register, cfa is what it begins with. */
static bool evaluate(struct eval *e, const struct cfi_rule *r, const uint64_t *cfa, uint64_t *ret)
{
	e->p = r->expr;
	e->end = r->expr + r->len;
	e->n = 0;
	e->bad = false;
	if (cfa)
		push(e, *cfa);
	for (unsigned i = 0; e->p < e->end && !e->bad; i++) {
		if (i == STEPS_MAX)
			return false;
		operation(e, (unsigned)operand(e, 1));
	}
	*ret = pop(e);
	return !e->bad;
}

static bool apply(struct eval *e, const struct cfi_rule *r, uint64_t cfa, uint64_t *reg)
{
	uint64_t at;

	switch (r->how) {
	case CFI_AT: return e->read(e->ctx, cfa + (uint64_t)r->off, reg);
	case CFI_IS: *reg = cfa + (uint64_t)r->off; return true;
	case CFI_REG:
		if (r->reg >= CFI_REGS)
			return false;
		*reg = e->regs[r->reg] + (uint64_t)r->off;
		return true;
	case CFI_AT_EXPR: return evaluate(e, r, &cfa, &at) && e->read(e->ctx, at, reg);
	case CFI_IS_EXPR: return evaluate(e, r, &cfa, reg);
	default: return true;
	}
}

bool cfi_step(const struct cfi_row *row, uint64_t regs[CFI_REGS], cfi_read_fn *read, void *ctx, bool *ret_end)
{
	uint64_t old[CFI_REGS], cfa;
	struct eval e = {.regs = old, .read = read, .ctx = ctx};
	const struct cfi_rule *rip = &row->regs[CFI_RIP];

	memcpy(old, regs, sizeof(old));
	*ret_end = rip->how == CFI_UNDEFINED;
	if (*ret_end)
		return false;
	if (row->cfa.how == CFI_REG ? !apply(&e, &row->cfa, 0, &cfa) : !evaluate(&e, &row->cfa, NULL, &cfa))
		return false;
	for (unsigned i = 0; i < CFI_REGS; i++)
		if (!apply(&e, &row->regs[i], cfa, &regs[i]) && (i == CFI_RIP || i == CFI_RSP))
			return false;
	if (row->regs[CFI_RSP].how == CFI_SAME)
		regs[CFI_RSP] = cfa;
	return rip->how != CFI_SAME;
}
