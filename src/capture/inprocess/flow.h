/* SPDX-License-Identifier: MIT */
#pragma once
/* Which bytes of a function are instructions: those that control reaches, from where it may enter, by what is written
 * in them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits of flow.mark[], one byte for each byte of the function and one for its end. */
enum flow_mark {
	FLOW_COVERED = 1,   /* belongs to an instruction */
	FLOW_TWICE = 2,	    /* to several that overlap: a jump past a lock prefix, obfuscation */
	FLOW_START = 4,	    /* an instruction begins here */
	FLOW_AFTER_END = 8, /* one that never goes on to here ends just before: ret, jmp, ud2, hlt */
	FLOW_BROKEN = 16,   /* control comes here, and it is no instruction (or not one this decoder knows) */
};

struct flow {
	uint8_t *mark; /* size + 1 of them; freed by flow_done() */
	size_t size;
	bool indirect;	   /* it has a jump whose target is not written in it, so some of it may not be reached */
	bool broken;	   /* some mark is FLOW_BROKEN */
	bool below, above; /* a short jump leads out of it, to before its begin, behind its end */
	bool falls_off;	   /* control goes on over its end */
	bool cut;	   /* its end may be in the middle of an instruction */
};

enum { FLOW_INSN_MAX = 15 }; /* bytes; the processor's limit */

/* One instruction, as far as the flow needs it. */
struct flow_insn {
	uint8_t len;
	bool goes_on;  /* control may reach the next one */
	bool jumps;    /* to the end of it + displacement */
	bool indirect; /* a jump (no call) to where a register or memory says */
	bool nop;      /* does nothing; int3, too, as padding */
	int64_t displacement;
};

/* Why no instruction can be decoded here (no Zydis, which is loaded by this), NULL: they can. */
const char *flow_forbidden(void);
/* At most n bytes are looked at; false: no instruction, or a longer one, or they cannot be decoded here. */
bool flow_decode(const uint8_t *p, size_t n, struct flow_insn *ret);

/*
 * entries[]: where control may enter, as offsets into the function; what lies beyond its size is left out.  0, or
 * -ENOMEM with nothing to free.
 */
int flow_follow(const uint8_t *code, size_t size, const uint64_t *entries, size_t nentries, struct flow *ret);
void flow_done(struct flow *flow);
