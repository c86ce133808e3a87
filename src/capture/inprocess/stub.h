/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The code that a traced program runs in the place of a `syscall`.  Each site has a block of it at a fixed address
 * below 2 GB, so that the filter knows it before the program exists, and a spring within a jump's reach of the site
 * that leads there, or back when nothing is to be recorded.  Nothing of the program is kept in memory, only in
 * registers: wherever in it a thread is taken out, stub_undo() finds what the site's own call would have left.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/inprocess/ring.h"
#include "capture/inprocess/site.h"
#include "capture/inprocess/which.h"

enum {
	STUB_RING = 0x70000000,
	STUB_BLOCKS = STUB_RING + 0x200000,
	STUB_BLOCK = 2048,		/* bytes of one */
	STUB_SITES = 384,
	STUB_BLOCKS_SIZE = STUB_SITES * STUB_BLOCK,
	STUB_END = STUB_BLOCKS + STUB_BLOCKS_SIZE,
	STUB_SPRING = 32,		/* bytes of one */
	STUB_SPRINGS = 4096,		/* where they begin, behind the page with the switch: a byte, 0: off */
	STUB_NEAR_SIZE = STUB_SPRINGS + STUB_SITES * STUB_SPRING,
};
_Static_assert(STUB_RING + RING_SIZE <= STUB_BLOCKS, "the ring fits");
_Static_assert(STUB_BLOCKS_SIZE % 4096 == 0 && STUB_NEAR_SIZE % 4096 == 0, "whole pages");

/*
 * One at STUB_BLOCKS + n * STUB_BLOCK: call nr is made there; it goes on at back, or, the ring full, at own_way; there
 * also with words where argument 0 is in RING_STDERRS, with a path that is NULL or longer than RING_PATH_MAX, with
 * opens one that has `..` in it, where one of copies.nulls is not NULL, and with six where the last is more than 32
 * bits.  opens: it copies nothing afterwards.
 */
struct stub_call {
	uint32_t nr;
	struct which_copies copies;
	bool words, six, opens;	/* opens: what the descriptor is that it returns is asked behind the call */
	uint64_t back, own_way;
};
void stub_block(uint8_t code[STUB_BLOCK], const struct stub_call *c);

/* Where a thread is led when nothing is recorded: to a call of the spring, or to the one that is still at the site. */
enum stub_own { STUB_OWN_CALL, STUB_AT_SITE };
/* How eax gets the number; was: SITE_ANY_LEN bytes, the instruction that was replaced. */
enum stub_number {
	STUB_NUMBER,	/* it is known */
	STUB_LOADED,	/* was loads it */
	/* it is there; was is done first: stores r11 at 8(%rsp) before that changes, loads an argument, is a nop */
	STUB_HELD,
};
/*
 * The spring of block n at address at, whose switch is at address `on`.  site: of the syscall instruction.  Returns
 * where in it the own way begins.
 */
enum { STUB_STORED = SITE_ANY_LEN /* offset in a spring: r11 is stored */, STUB_R11 = 8 /* there, from rsp */ };
struct stub_spring {
	uint64_t at, on, site;
	unsigned n;
	uint32_t nr;
	enum stub_number number;
	const uint8_t *was;
	enum stub_own own;
};
unsigned stub_spring(uint8_t code[STUB_SPRING], const struct stub_spring *s);

/*
 * Block n of a site whose number is known at run time: it carries out the load (NULL: rax has it) and goes on to block
 * n + 1 + i where that is nrs[i], else at own_way.  It changes rax alone.
 */
enum { STUB_CHOICES_MAX = 64 };
void stub_choice(uint8_t code[STUB_BLOCK], unsigned n, const uint8_t *load, const uint32_t *nrs, unsigned nnrs,
		 uint64_t own_way);

/*
 * Offsets in a block of the instruction after its call, after the one that asks what was opened, and after one that is
 * never made: it stops there, for us to ask.
 */
unsigned stub_call_end(void);
unsigned stub_stat_end(void);
unsigned stub_asked_end(void);
/* Where a thread keeps registers meanwhile, from its fs base on: rdi, rsi, rdx, r10, r8, the result. */
enum { STUB_STASH = 0x80, STUB_STASH_SIZE = 0x138 };
struct stub_stash { uint64_t rdi, rsi, rdx, r10, r8, ret; };

/* The registers that a stub changes. */
struct stub_regs { uint64_t rax, rcx, rdx, r11; };
struct stub_undo {
	bool made;		/* the call has been made, with result ret */
	bool inside;		/* just so: it may be one that the kernel is going to make again */
	bool taken, put;	/* of the slot for this half of the call, or this part of what is copied */
	bool stashed, ret_stashed;	/* all registers of struct stub_stash are there; ret is */
	bool load;		/* it reads what is copied, which may not be there */
	uint32_t slot;		/* taken and not put */
	int64_t ret;
	uint64_t rdx;		/* the program's */
};
/* A thread is about to carry out what stands at offset of a block. */
void stub_undo(unsigned offset, const struct stub_regs *r, struct stub_undo *ret);
