/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Sites: the places of `syscall` instructions in a text, and whether a jump to a stub can stand there so that the
 * program computes what it computed.  A pure function of the text's bytes and of where its functions are;
 * docs/inprocess.md.
 *
 * What is claimed to be patchable holds for control that enters functions where they begin, goes where their
 * instructions say, and stays in functions; a jump through a register may also lead to what is not so reached, except
 * to padding between functions.  It does not hold for a program that reads its own text, or writes there.
 */
#include <stddef.h>
#include <stdint.h>

/* Lengths of the jumps that are written: jmp rel8, jmp rel32. */
enum { JMP8_LEN = 2, JMP32_LEN = 5, SITE_ANY_LEN = 5 /* of what SITE_LOAD, SITE_STORE, SITE_HELD replace */ };

struct site_text {
	const uint8_t *bytes;
	uint64_t size;
};

/* [start, end) as offsets into the text. */
struct site_func {
	uint64_t start, end;
};

enum site_way {
	/* patchable */
	SITE_MOV, /* jmp rel32 in the place of the `mov $number, %eax` just before it */
	SITE_PAD, /* jmp rel8 in its own place, to a jmp rel32 in padding nearby */
	SITE_LOAD, /* jmp rel32 in the place of a `mov x(%rsp), %rax` of five bytes just before it: any number */
	/*
	 * jmp rel32 in the place of a `mov %r11, 8(%rsp)` just before it: any number, which is in rax.  A handler may
	 * compare interrupted addresses with this one: no thread is to be seen in the stub.
	 */
	SITE_STORE,
	/*
	 * jmp rel32 in the place of a `mov 8(%rsp), %r9`, or a `mov $value, %edi` (esi, edx), of five bytes just before
	 * it: any number, which is in rax
	 */
	SITE_HELD,
	/* not */
	SITE_KEPT,	  /* its call must come from its own place: exit, clone */
	SITE_NO_FUNCTION, /* no function is known here */
	SITE_LARGE,	  /* the function is larger than SITE_FUNC_MAX */
	SITE_INSIDE,	  /* no instruction of its own: bytes of a longer one */
	SITE_UNREACHED,	  /* not reached as far as the instructions say: data, or behind a jump through a register */
	SITE_BROKEN,	  /* control comes to bytes of its function that are no known instruction */
	SITE_TARGET,	  /* something else may be an instruction here, or jump into the bytes to be replaced */
	SITE_NO_ROOM,	  /* no number just before it, and no padding in reach */
	NSITE_WAYS,
};

enum { SITE_FUNC_MAX = 1 << 20, SITE_NR_UNKNOWN = UINT32_MAX };

struct site {
	uint64_t at;	/* of the syscall instruction; offsets into the text, as the next two */
	uint64_t patch; /* of the instruction that is replaced: the mov, or the syscall itself */
	uint64_t room;	/* SITE_PAD: five bytes of padding that no other site uses */
	uint32_t nr;	/* SITE_MOV, SITE_KEPT: the number that is moved into eax; else SITE_NR_UNKNOWN */
	uint8_t len;	/* of the instruction that is replaced */
	enum site_way way;
};

struct sites {
	struct site *v;
	size_t n;
}; /* by place */

static inline int site_can_be_patched(const struct site *s)
{
	return s->way <= SITE_HELD;
}
const char *site_way_name(enum site_way way); /* a few words */

/*
 * Every pair of bytes 0f 05 in the text, classified.  funcs: in order of their start; one that begins inside another is
 * an entry of that one.  0 or -ENOMEM; sites_done() frees in either case.
 */
int sites_find(const struct site_text *text, const struct site_func *funcs, size_t nfuncs, struct sites *ret);
void sites_done(struct sites *sites);

/* The offset of its syscall instruction → its site, NULL none. */
const struct site *sites_at(const struct sites *sites, uint64_t at);

/* What to write, and where (an address), one after the other: nothing comes to the first before the second is there. */
struct site_write {
	uint64_t addr;
	uint8_t len;
	uint8_t bytes[8];
};

/*
 * The jumps for a site whose text begins at address base to a stub at address entry.  The stub does what the replaced
 * instruction did, makes the call, and goes on behind the site.  Returns how many writes; 0: entry is out of a jump's
 * reach.
 */
unsigned site_patch(const struct site *s, uint64_t base, uint64_t entry, struct site_write ret[2]);
