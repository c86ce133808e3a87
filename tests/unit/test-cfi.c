/* SPDX-License-Identifier: MIT */
/* Rows of .eh_frame, made by hand: which one an instruction has, what it says of the caller; and damaged bytes. */
#include "capture/stack/cfi.h"
#include "unit.h"

enum { HDR = 0x1000, TABLE = HDR + 12, FRAME = HDR + 0x20, TEXT = 0x5000 };

/* A segment at HDR: the header with a table of one function, then its CIE and FDE. */
struct made { uint8_t p[512]; size_t n; };

static void put(struct made *m, uint64_t v, unsigned n)
{
	memcpy(m->p + m->n, &v, n);
	m->n += n;
}

static void put_bytes(struct made *m, const void *p, size_t n)
{
	memcpy(m->p + m->n, p, n);
	m->n += n;
}

static void patch(struct made *m, size_t at, uint32_t v) { memcpy(m->p + at, &v, sizeof(v)); }

static void end_entry(struct made *m, size_t at)
{
	while (m->n % 8)
		put(m, 0, 1);	/* DW_CFA_nop */
	patch(m, at, (uint32_t)(m->n - at - 4));
}

/* code: of the function, which has 0x100 bytes from TEXT on. */
static struct cfi make(struct made *m, const char *augmentation, const uint8_t *code, size_t ncode)
{
	static const uint8_t first[] = { 0x0c, 7, 8, 0x90, 1 };	/* CFA = rsp + 8; rip at CFA - 8 */
	size_t cie, fde;

	*m = (struct made){ .n = 0 };
	/* version 1; 4 bytes each: eh_frame, from there; the count; the table's, from the header */
	put(m, 0x3b031b01, 4);
	put(m, FRAME - (HDR + 4), 4);
	put(m, 1, 4);
	put(m, TEXT - HDR, 4);
	put(m, 0, 4);
	m->n = FRAME - HDR;
	cie = m->n;
	put(m, 0, 8);
	put(m, 1, 1);
	put_bytes(m, augmentation, strlen(augmentation) + 1);
	put_bytes(m, "\x01\x78\x10", 3);	/* code 1, data -8, return address 16 */
	put_bytes(m, "\x01\x1b", 2);		/* one byte: pointers are pcrel, 4 bytes */
	put_bytes(m, first, sizeof(first));
	end_entry(m, cie);
	fde = m->n;
	patch(m, TABLE - HDR + 4, (uint32_t)fde);
	put(m, 0, 4);
	put(m, m->n - cie, 4);
	put(m, TEXT - (HDR + m->n), 4);
	put(m, 0x100, 4);
	put(m, 0, 1);
	put_bytes(m, code, ncode);
	end_entry(m, fde);
	put(m, 0, 4);
	return (struct cfi){ { m->p, m->n, HDR }, HDR, 0 };
}

/* push rbp; mov rbp, rsp; …; pop rbp; ret */
static const uint8_t framed[] = { 0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x02, 0x20,
				  0x0a, 0x0c, 7,  8,	0xc6, 0x41, 0x0b };

static void test_rows(void **state)
{
	struct made m;
	struct cfi c = make(&m, "zR", framed, sizeof(framed));
	struct cfi_row r;

	(void)state;
	for (unsigned table = 0; table < 2; table++) {
		assert_true(cfi_find(&c, TEXT, &r));
		assert_int_equal(r.cfa.reg, CFI_RSP);
		assert_int_equal(r.cfa.off, 8);
		assert_int_equal(r.regs[CFI_RIP].how, CFI_AT);
		assert_int_equal(r.regs[CFI_RIP].off, -8);
		assert_int_equal(r.regs[CFI_RBP].how, CFI_SAME);
		assert_false(r.signal);
		assert_true(cfi_find(&c, TEXT + 1, &r));
		assert_int_equal(r.cfa.off, 16);
		assert_int_equal(r.regs[CFI_RBP].off, -16);
		assert_true(cfi_find(&c, TEXT + 4 + 0x1f, &r));
		assert_int_equal(r.cfa.reg, CFI_RBP);
		assert_true(cfi_find(&c, TEXT + 4 + 0x20, &r));	/* behind its pop */
		assert_int_equal(r.cfa.reg, CFI_RSP);
		assert_int_equal(r.cfa.off, 8);
		assert_int_equal(r.regs[CFI_RBP].how, CFI_SAME);
		assert_true(cfi_find(&c, TEXT + 0xff, &r));	/* what was remembered */
		assert_int_equal(r.cfa.reg, CFI_RBP);
		assert_int_equal(r.regs[CFI_RBP].how, CFI_AT);
		assert_false(cfi_find(&c, TEXT + 0x100, &r));
		assert_false(cfi_find(&c, TEXT - 1, &r));
		c.hdr = 0;	/* the same without the table */
		c.eh_frame = FRAME;
	}
}

static uint64_t memory[8];	/* at 0x7000 */

static bool read_memory(void *ctx, uint64_t addr, uint64_t *ret)
{
	(void)ctx;
	if (addr < 0x7000 || addr % 8 || addr >= 0x7000 + sizeof(memory))
		return false;
	*ret = memory[(addr - 0x7000) / 8];
	return true;
}

static bool step(const uint8_t *code, size_t n, const char *augmentation, uint64_t pc, uint64_t *regs, bool *end)
{
	struct made m;
	struct cfi c = make(&m, augmentation, code, n);
	struct cfi_row r;

	memset(regs, 0, CFI_REGS * sizeof(*regs));
	regs[CFI_RSP] = 0x7000;
	regs[CFI_RBP] = 0x7010;
	regs[CFI_RIP] = pc;
	assert_true(cfi_find(&c, pc, &r));
	return cfi_step(&r, regs, read_memory, NULL, end);
}

static void test_steps(void **state)
{
	/* of the plt: rsp + 8 + 8 * ((rip & 15) >= 11) */
	static const uint8_t plt[] = { 0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22 },
			     outermost[] = { 0x07, 16 }, all[] = { 0x10, 16, 2, 0x77, 0x18, 0x10, 7, 2, 0x77, 0x20 },
			     /* rsp + 8, then 250 and 300 operations that do nothing: 0x96 */
			     long_one[] = { 0x0f, 0xfc, 1, 0x77, 8, [5 ... 254] = 0x96 },
			     too_long[] = { 0x0f, 0xae, 2, 0x77, 8, [5 ... 304] = 0x96 },
			     nowhere[] = { 0x0e, 0xff, 0xff, 0x7f };
	uint64_t regs[CFI_REGS];
	bool end;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(memory); i++)
		memory[i] = 0x100 + i;
	assert_true(step(framed, sizeof(framed), "zR", TEXT, regs, &end));
	assert_int_equal(regs[CFI_RIP], 0x100);
	assert_int_equal(regs[CFI_RSP], 0x7008);
	assert_int_equal(regs[CFI_RBP], 0x7010);
	assert_true(step(framed, sizeof(framed), "zR", TEXT + 8, regs, &end));	/* by rbp */
	assert_int_equal(regs[CFI_RIP], 0x103);
	assert_int_equal(regs[CFI_RBP], 0x102);
	assert_int_equal(regs[CFI_RSP], 0x7020);
	assert_true(step(plt, sizeof(plt), "zR", TEXT + 5, regs, &end));
	assert_int_equal(regs[CFI_RIP], 0x100);
	assert_true(step(plt, sizeof(plt), "zR", TEXT + 11, regs, &end));
	assert_int_equal(regs[CFI_RIP], 0x101);
	assert_true(step(all, sizeof(all), "zRS", TEXT, regs, &end));
	assert_int_equal(regs[CFI_RIP], 0x103);
	assert_int_equal(regs[CFI_RSP], 0x104);
	assert_false(step(outermost, sizeof(outermost), "zR", TEXT, regs, &end));
	assert_true(end);
	assert_true(step(long_one, sizeof(long_one), "zR", TEXT, regs, &end));
	assert_int_equal(regs[CFI_RIP], 0x100);
	assert_false(step(too_long, sizeof(too_long), "zR", TEXT, regs, &end));
	assert_false(end);
	assert_false(step(nowhere, sizeof(nowhere), "zR", TEXT, regs, &end));
}

static void test_signal(void **state)
{
	struct made m;
	struct cfi c = make(&m, "zRS", framed, sizeof(framed));
	struct cfi_row r;

	(void)state;
	assert_true(cfi_find(&c, TEXT, &r));
	assert_true(r.signal);
}

/* Each byte another one, and every length: whatever is found, nothing outside the bytes is read (ASan). */
static void test_damage(void **state)
{
	struct cfi_row r;
	struct made m;

	(void)state;
	for (unsigned table = 0; table < 2; table++)
		for (size_t at = 0; at < 160; at++)
			for (unsigned v = 0; v < 256; v += 5) {
				struct cfi c = make(&m, "zRS", framed, sizeof(framed));
				uint8_t *copy;

				m.p[at] = (uint8_t)v;
				copy = malloc(m.n);
				memcpy(copy, m.p, m.n);
				c.bytes.p = copy;
				c.hdr = table ? HDR : 0;
				c.eh_frame = FRAME;
				cfi_find(&c, TEXT + 0x50, &r);
				free(copy);
			}
	for (size_t n = 0; n < 160; n++) {
		struct cfi c = make(&m, "zR", framed, sizeof(framed));
		uint8_t *copy = malloc(n + 1);

		memcpy(copy, m.p, n);
		c.bytes = (struct cfi_bytes){ copy, n, HDR };
		assert_false(n < FRAME - HDR && cfi_find(&c, TEXT, &r));
		cfi_find(&c, TEXT + 0x50, &r);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
