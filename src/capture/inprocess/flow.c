/* SPDX-License-Identifier: MIT */
#include "capture/inprocess/flow.h"

#include <Zydis/Zydis.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/library.h"

#define ZYDIS_FUNCTIONS(ROW) ROW(ZydisDecoderInit) ROW(ZydisDecoderDecodeInstruction)
LIBRARY(zydis, LIBRARY_ZYDIS, ZYDIS_FUNCTIONS);

const char *flow_forbidden(void) { return library_load(&zydis) ? NULL : zydis.why; }

static const ZydisDecoder *decoder(void)
{
	static ZydisDecoder d;
	static bool made;

	if (!library_load(&zydis))
		return NULL;
	if (!made)
		ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	made = true;
	return &d;
}

/* iret and the like are for a kernel, but end here all the same. */
static bool ends(const ZydisDecodedInstruction *in)
{
	switch (in->meta.category) {
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_SYSRET:
		return true;
	default:
		return in->mnemonic == ZYDIS_MNEMONIC_UD0 || in->mnemonic == ZYDIS_MNEMONIC_UD1 ||
		       in->mnemonic == ZYDIS_MNEMONIC_UD2 || in->mnemonic == ZYDIS_MNEMONIC_HLT;
	}
}

bool flow_decode(const uint8_t *p, size_t n, struct flow_insn *ret)
{
	const ZydisDecoder *d = decoder();
	ZydisDecodedInstruction in;

	if (!d || !ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(d, NULL, p, n, &in)))
		return false;
	*ret = (struct flow_insn){ .len = in.length, .goes_on = !ends(&in) };
	ret->nop = in.mnemonic == ZYDIS_MNEMONIC_NOP || (in.length == 1 && p[0] == 0xcc);
	/* jmp, jcc, call, loop, jrcxz, xbegin; a 16-bit one is a different one on Intel's processors and on AMD's */
	ret->jumps = in.raw.imm[0].is_relative;
	if (ret->jumps && (in.attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE))
		return false;
	ret->displacement = in.raw.imm[0].value.s;
	ret->indirect = in.meta.category == ZYDIS_CATEGORY_UNCOND_BR && !ret->jumps;
	return true;
}

struct follow {
	const uint8_t *code;
	struct flow *flow;
	uint32_t *todo;
	size_t ntodo, max;
};

/* Each offset once: its FLOW_START is set when it is taken up, so a few times at most. */
static bool later(struct follow *f, uint64_t at)
{
	if (at >= f->flow->size || (f->flow->mark[at] & FLOW_START))
		return true;
	if (f->ntodo == f->max) {
		size_t max = f->max ? f->max * 2 : 64;
		uint32_t *more = reallocarray(f->todo, max, sizeof(*more));

		if (!more)
			return false;
		f->todo = more;
		f->max = max;
	}
	f->todo[f->ntodo++] = (uint32_t)at;
	return true;
}

static void cover(uint8_t *mark, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mark[i] |= mark[i] & FLOW_COVERED ? FLOW_TWICE : FLOW_COVERED;
}

/* A near jump to elsewhere is found by whoever looks at that place (branch.h). */
static void leave(struct flow *flow, uint64_t target, unsigned len)
{
	flow->below |= len < 5 && (int64_t)target < 0;
	flow->above |= len < 5 && (int64_t)target >= (int64_t)flow->size;
}

/* From one place to where control does not go on, or has been. */
static bool run(struct follow *f, size_t at)
{
	struct flow *flow = f->flow;

	while (at < flow->size && !(flow->mark[at] & FLOW_START)) {
		struct flow_insn in;

		if (!flow_decode(f->code + at, flow->size - at, &in)) {
			flow->mark[at] |= FLOW_BROKEN;
			flow->broken = true;
			flow->cut |= flow->size - at < FLOW_INSN_MAX;
			return true;
		}
		flow->mark[at] |= FLOW_START;
		cover(flow->mark + at, in.len);
		flow->indirect |= in.indirect;
		at += in.len;
		if (in.jumps)
			leave(flow, at + (uint64_t)in.displacement, in.len);
		if (in.jumps && !later(f, at + (uint64_t)in.displacement))
			return false;
		if (!in.goes_on) {
			flow->mark[at] |= FLOW_AFTER_END;
			return true;
		}
	}
	flow->falls_off |= at == flow->size;
	return true;
}

int flow_follow(const uint8_t *code, size_t size, const uint64_t *entries, size_t nentries, struct flow *ret)
{
	struct follow f = { .code = code, .flow = ret };
	bool ok = size < UINT32_MAX;

	*ret = (struct flow){ .mark = calloc(1, size + 1), .size = size };
	ok &= ret->mark != NULL;
	for (size_t i = 0; ok && i < nentries; i++)
		ok = later(&f, entries[i]);
	while (ok && f.ntodo)
		ok = run(&f, f.todo[--f.ntodo]);
	free(f.todo);
	if (!ok)
		flow_done(ret);
	return ok ? 0 : -ENOMEM;
}

void flow_done(struct flow *flow)
{
	free(flow->mark);
	*flow = (struct flow){ 0 };
}
