/* SPDX-License-Identifier: MIT */
#include "capture/stack/cfi.h"

#include <string.h>

#include "base/macro.h"

/* DW_EH_PE_*: how a pointer is written */
enum { FORM = 0x0f, FORM_ULEB = 1, FORM_U16 = 2, FORM_U32 = 3, FORM_U64 = 4, FORM_SLEB = 9, FORM_S16 = 10,
       FORM_S32 = 11, FORM_S64 = 12, BASE = 0x70, BASE_PC = 0x10, BASE_DATA = 0x30, INDIRECT = 0x80, OMIT = 0xff };
/* States that are remembered within each other; instructions of a function; letters; bytes of a number. */
enum { STATES_MAX = 8, OPS_MAX = 1 << 16, LETTERS_MAX = 16, LEB_MAX = 10 };

/* Reads on; what is not there is 0, and bad says so. */
struct cursor { const uint8_t *p, *end; uint64_t addr; bool bad; };

static uint64_t take(struct cursor *c, unsigned n)
{
	uint64_t v = 0;

	if ((size_t)(c->end - c->p) < n) {
		c->bad = true;
		c->p = c->end;
		return 0;
	}
	memcpy(&v, c->p, n);
	c->p += n;
	c->addr += n;
	return v;
}

static int64_t take_signed(struct cursor *c, unsigned n)
{
	unsigned unused = 64 - 8 * n;

	return (int64_t)(take(c, n) << unused) >> unused;
}

static uint64_t take_leb(struct cursor *c, bool is_signed)
{
	uint64_t v = 0;
	unsigned at = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)take(c, 1);
		v |= (uint64_t)(byte & 0x7f) << at;
		at += 7;
	} while (byte & 0x80 && at < 7 * LEB_MAX);
	c->bad |= byte & 0x80;
	return is_signed && byte & 0x40 && at < 64 ? v | ~0ull << at : v;
}

static uint64_t uleb(struct cursor *c) { return take_leb(c, false); }
static int64_t sleb(struct cursor *c) { return (int64_t)take_leb(c, true); }

static const uint8_t *skip(struct cursor *c, uint64_t n)
{
	const uint8_t *at = c->p;

	if (n > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		n = (uint64_t)(c->end - c->p);
	}
	c->p += n;
	c->addr += n;
	return at;
}

/* data: what BASE_DATA counts from. */
static uint64_t take_pointer(struct cursor *c, unsigned how, uint64_t data)
{
	uint64_t base = (how & BASE) == BASE_PC ? c->addr : (how & BASE) == BASE_DATA ? data : 0, v;

	switch (how & FORM) {
	case 0: case FORM_U64: case FORM_S64: v = take(c, 8); break;
	case FORM_ULEB: v = uleb(c); break;
	case FORM_SLEB: v = (uint64_t)sleb(c); break;
	case FORM_U16: v = take(c, 2); break;
	case FORM_S16: v = (uint64_t)take_signed(c, 2); break;
	case FORM_U32: v = take(c, 4); break;
	case FORM_S32: v = (uint64_t)take_signed(c, 4); break;
	default: c->bad = true; return 0;
	}
	if (how & INDIRECT || ((how & BASE) && (how & BASE) != BASE_PC && (how & BASE) != BASE_DATA))
		c->bad = true;
	return base + v;
}

static bool cursor_at(const struct cfi *cfi, uint64_t addr, struct cursor *ret)
{
	const struct cfi_bytes *b = &cfi->bytes;

	if (addr < b->addr || addr - b->addr >= b->n)
		return false;
	*ret = (struct cursor){b->p + (addr - b->addr), b->p + b->n, addr, false};
	return true;
}

/* ---- entries ---- */

/* What stands behind the length of an entry, which ends there; id: 0 of a CIE, of an FDE how far back its CIE is. */
struct entry { struct cursor body; uint64_t id, id_addr, next; };

static bool read_entry(const struct cfi *cfi, uint64_t addr, struct entry *ret)
{
	struct cursor c;
	uint64_t len;
	bool is_long;

	if (!cursor_at(cfi, addr, &c))
		return false;
	len = take(&c, 4);
	is_long = len == UINT32_MAX;
	if (is_long)
		len = take(&c, 8);
	if (c.bad || !len || len > (uint64_t)(c.end - c.p))	/* 0 ends .eh_frame */
		return false;
	ret->next = c.addr + len;
	c.end = c.p + len;
	ret->id_addr = c.addr;
	ret->id = take(&c, is_long ? 8 : 4);
	ret->body = c;
	return !c.bad;
}

struct cie { struct cursor code; uint64_t code_align, ra; int64_t data_align; unsigned pointers; bool sized, signal; };

/* What the letters of its augmentation stand for. */
static void read_augmentation(struct cursor *c, const uint8_t *letters, struct cie *ret)
{
	struct cursor data;
	uint64_t n = uleb(c);
	const uint8_t *at = c->p;

	data = (struct cursor){at, at, c->addr, false};
	skip(c, n);
	data.end = c->p;
	for (letters++; *letters && !data.bad; letters++)
		switch (*letters) {
		case 'L': take(&data, 1); break;
		case 'R': ret->pointers = (unsigned)take(&data, 1); break;
		case 'S': ret->signal = true; break;
		case 'P': take_pointer(&data, (unsigned)take(&data, 1) & ~(unsigned)INDIRECT, 0); break;
		default: return;	/* what follows it is not known, and not needed */
		}
}

static bool read_cie(const struct cfi *cfi, uint64_t addr, struct cie *ret)
{
	const uint8_t *letters, *end;
	struct entry e;
	uint64_t version;

	if (!read_entry(cfi, addr, &e) || e.id)
		return false;
	*ret = (struct cie){0};
	version = take(&e.body, 1);
	letters = e.body.p;
	end = memchr(letters, 0, MIN((size_t)(e.body.end - letters), (size_t)LETTERS_MAX));
	if (!end || (version != 1 && version != 3))
		return false;
	skip(&e.body, (uint64_t)(end + 1 - letters));
	ret->code_align = uleb(&e.body);
	ret->data_align = sleb(&e.body);
	ret->ra = version == 1 ? take(&e.body, 1) : uleb(&e.body);
	ret->sized = *letters == 'z';
	if (ret->sized)
		read_augmentation(&e.body, letters, ret);
	else if (*letters)
		return false;
	ret->code = e.body;
	return !e.body.bad && ret->ra == CFI_RIP;
}

struct fde { struct cie cie; struct cursor code; uint64_t begin, size; };

static bool read_fde(const struct cfi *cfi, const struct entry *e, struct fde *ret)
{
	struct cursor c = e->body;

	if (!e->id || e->id > e->id_addr || !read_cie(cfi, e->id_addr - e->id, &ret->cie))
		return false;
	ret->begin = take_pointer(&c, ret->cie.pointers, 0);
	ret->size = take_pointer(&c, ret->cie.pointers & FORM, 0);
	if (ret->cie.sized)
		skip(&c, uleb(&c));
	ret->code = c;
	return !c.bad;
}

static bool covers(const struct fde *f, uint64_t pc) { return pc >= f->begin && pc - f->begin < f->size; }

/* ---- which entry ---- */

/* The table of .eh_frame_hdr: pairs of an instruction and an entry, sorted, counted from the header. */
static bool find_in_table(const struct cfi *cfi, uint64_t pc, struct fde *ret)
{
	struct cursor c;
	unsigned frame, count, table;
	uint64_t n, low = 0;
	struct entry e;
	int32_t pair[2];

	if (!cfi->hdr || !cursor_at(cfi, cfi->hdr, &c) || take(&c, 1) != 1)
		return false;
	frame = (unsigned)take(&c, 1);
	count = (unsigned)take(&c, 1);
	table = (unsigned)take(&c, 1);
	take_pointer(&c, frame, cfi->hdr);
	if (count == OMIT || table != (BASE_DATA | FORM_S32))	/* that is what linkers write */
		return false;
	n = take_pointer(&c, count, cfi->hdr);
	if (c.bad)
		return false;
	n = MIN(n, (uint64_t)(c.end - c.p) / sizeof(pair));
	for (uint64_t high = n; low < high;) {
		uint64_t mid = low + (high - low) / 2;

		memcpy(pair, c.p + mid * sizeof(pair), sizeof(pair));
		if (cfi->hdr + (uint64_t)(int64_t)pair[0] <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	memcpy(pair, c.p + (low - 1) * sizeof(pair), sizeof(pair));
	return read_entry(cfi, cfi->hdr + (uint64_t)(int64_t)pair[1], &e) && read_fde(cfi, &e, ret) &&
	       covers(ret, pc);
}

static bool find_one_by_one(const struct cfi *cfi, uint64_t pc, struct fde *ret)
{
	struct entry e;

	if (cfi->hdr || !cfi->eh_frame)
		return false;
	for (uint64_t at = cfi->eh_frame; read_entry(cfi, at, &e); at = e.next)
		if (e.id && read_fde(cfi, &e, ret) && covers(ret, pc))
			return true;
	return false;
}

/* ---- the program of an entry ---- */

struct machine { struct cfi_row row, first, kept[STATES_MAX]; unsigned nkept; uint64_t at; const struct cie *cie; };

static struct cfi_rule *rule_of(struct machine *m, uint64_t reg)
{
	static struct cfi_rule others;	/* of the vector registers, which no caller is found by */

	return reg < CFI_REGS ? &m->row.regs[reg] : &others;
}

static struct cfi_rule in_memory(uint8_t how, int64_t off) { return (struct cfi_rule){.how = how, .off = off}; }

static struct cfi_rule expression(struct cursor *c, uint8_t how)
{
	uint64_t n = uleb(c);
	const uint8_t *at = skip(c, n);

	return (struct cfi_rule){.how = how, .len = (uint32_t)(c->p - at), .expr = at};
}

static int64_t factored(const struct machine *m, uint64_t n)
{
	return (int64_t)(n * (uint64_t)m->cie->data_align);
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t off)
{
	m->row.cfa = (struct cfi_rule){.how = CFI_REG, .reg = (uint8_t)MIN(reg, (uint64_t)UINT8_MAX), .off = off};
}

static void restore(struct machine *m, uint64_t reg)
{
	if (reg < CFI_REGS)
		m->row.regs[reg] = m->first.regs[reg];
}

static void set_rule(struct machine *m, struct cursor *c, uint8_t how, bool is_signed)
{
	struct cfi_rule *r = rule_of(m, uleb(c));

	*r = in_memory(how, factored(m, is_signed ? (uint64_t)sleb(c) : uleb(c)));
}

static void set_expression(struct machine *m, struct cursor *c, uint8_t how)
{
	struct cfi_rule *r = rule_of(m, uleb(c));

	*r = expression(c, how);
}

static void set_register(struct machine *m, struct cursor *c)
{
	struct cfi_rule *r = rule_of(m, uleb(c));

	*r = (struct cfi_rule){.how = CFI_REG, .reg = (uint8_t)MIN(uleb(c), (uint64_t)UINT8_MAX)};
}

static bool remember(struct machine *m)
{
	if (m->nkept == STATES_MAX)
		return false;
	m->kept[m->nkept++] = m->row;
	return true;
}

static bool recall(struct machine *m)
{
	if (!m->nkept)
		return false;
	m->row = m->kept[--m->nkept];
	return true;
}

/* DW_CFA_* with a low number, but for those that advance; false: it is not known. */
static bool one(struct machine *m, struct cursor *c, unsigned op)
{
	uint64_t reg;

	switch (op) {
	case 0x00: break;					/* nop */
	case 0x05: set_rule(m, c, CFI_AT, false); break;	/* offset_extended */
	case 0x06: restore(m, uleb(c)); break;			/* restore_extended */
	case 0x07: rule_of(m, uleb(c))->how = CFI_UNDEFINED; break;
	case 0x08: rule_of(m, uleb(c))->how = CFI_SAME; break;	/* same_value */
	case 0x09: set_register(m, c); break;
	case 0x0a: return remember(m);
	case 0x0b: return recall(m);
	case 0x0c: reg = uleb(c), set_cfa(m, reg, (int64_t)uleb(c)); break;	/* def_cfa */
	case 0x0d: set_cfa(m, uleb(c), m->row.cfa.off); break;	/* def_cfa_register */
	case 0x0e: m->row.cfa.off = (int64_t)uleb(c); break;	/* def_cfa_offset */
	case 0x0f: m->row.cfa = expression(c, CFI_IS_EXPR); break;
	case 0x10: set_expression(m, c, CFI_AT_EXPR); break;
	case 0x11: set_rule(m, c, CFI_AT, true); break;		/* offset_extended_sf */
	case 0x12: reg = uleb(c), set_cfa(m, reg, factored(m, (uint64_t)sleb(c))); break;	/* def_cfa_sf */
	case 0x13: m->row.cfa.off = factored(m, (uint64_t)sleb(c)); break;	/* def_cfa_offset_sf */
	case 0x14: set_rule(m, c, CFI_IS, false); break;	/* val_offset */
	case 0x15: set_rule(m, c, CFI_IS, true); break;		/* val_offset_sf */
	case 0x16: set_expression(m, c, CFI_IS_EXPR); break;	/* val_expression */
	case 0x2e: uleb(c); break;				/* GNU_args_size */
	default: return false;
	}
	return true;
}

/* Those with a number that say where the row ends; false: it is none of them. */
static bool advances(const struct machine *m, struct cursor *c, unsigned op, uint64_t *next)
{
	switch (op) {
	case 0x01: *next = take_pointer(c, m->cie->pointers, 0); return true;
	case 0x02: *next += take(c, 1) * m->cie->code_align; return true;
	case 0x03: *next += take(c, 2) * m->cie->code_align; return true;
	case 0x04: *next += take(c, 4) * m->cie->code_align; return true;
	default: return false;
	}
}

/* Runs until it is past pc; the bytes end it. */
static bool run(struct machine *m, struct cursor c, uint64_t pc)
{
	for (unsigned n = 0; c.p < c.end && !c.bad; n++) {
		unsigned op = (unsigned)take(&c, 1), low = op & 0x3f;
		uint64_t next = m->at;

		if (n == OPS_MAX)
			return false;
		switch (op >> 6) {
		case 1: next += low * m->cie->code_align; break;
		case 2: *rule_of(m, low) = in_memory(CFI_AT, factored(m, uleb(&c))); break;
		case 3: restore(m, low); break;
		default:
			if (!advances(m, &c, op, &next) && !one(m, &c, op))
				return false;
		}
		if (next > pc)
			break;
		m->at = next;
	}
	return !c.bad;
}

bool cfi_find(const struct cfi *cfi, uint64_t pc, struct cfi_row *ret_row)
{
	struct machine m;
	struct fde f;

	if (!find_in_table(cfi, pc, &f) && !find_one_by_one(cfi, pc, &f))
		return false;
	m = (struct machine){.cie = &f.cie, .at = 0};
	if (!run(&m, f.cie.code, UINT64_MAX))
		return false;
	m.first = m.row;
	m.at = f.begin;
	if (!run(&m, f.code, pc))
		return false;
	*ret_row = m.row;
	ret_row->signal = f.cie.signal;
	return ret_row->cfa.how == CFI_REG ? ret_row->cfa.reg < CFI_REGS : ret_row->cfa.how == CFI_IS_EXPR;
}
