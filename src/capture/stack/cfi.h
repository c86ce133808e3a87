/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How to find the caller of an instruction: the rows of .eh_frame (LSB 5.0, 10.6; DWARF 5, 6.4), which every x86-64
 * program has for its exceptions, debug information or not.  The bytes may be anybody's: every read is within them,
 * every loop ends with them, and no memory is taken.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CFI_REGS = 17, CFI_RBP = 6, CFI_RSP = 7, CFI_RIP = 16 };	/* numbers of the x86-64 psABI; of RIP the caller's */

/* A part of an ELF file as it is mapped: n bytes, the first of which is at addr as the file is linked. */
struct cfi_bytes { const uint8_t *p; size_t n; uint64_t addr; };

/*
 * bytes: all of .eh_frame, and .eh_frame_hdr if there is one; they outlive what is found in them.  hdr: the address of
 * .eh_frame_hdr, whose table leads to an entry at once; 0: none, then eh_frame is gone through from its begin.
 */
struct cfi { struct cfi_bytes bytes; uint64_t hdr, eh_frame; };

enum cfi_how {
	CFI_SAME,	/* the caller has it as it is */
	CFI_UNDEFINED,	/* of RIP: there is no caller */
	CFI_AT,		/* in memory at CFA + off */
	CFI_IS,		/* it is CFA + off */
	CFI_REG,	/* it is what reg holds, + off */
	CFI_AT_EXPR,	/* in memory at what an expression gives */
	CFI_IS_EXPR,	/* what an expression gives */
};
struct cfi_rule { uint8_t how, reg; uint32_t len; int64_t off; const uint8_t *expr; };
/* cfa: CFI_REG or CFI_IS_EXPR.  signal: the frame of a signal handler's return, whose caller was interrupted. */
struct cfi_row { struct cfi_rule cfa, regs[CFI_REGS]; bool signal; };

/* The row of the instruction at pc, as the file is linked; false: there is none, or it cannot be read. */
bool cfi_find(const struct cfi *c, uint64_t pc, struct cfi_row *ret_row);

/* 8 bytes of the stack (of the module, of anything) at addr; false: they cannot be read. */
typedef bool cfi_read_fn(void *ctx, uint64_t addr, uint64_t *ret);

/*
 * The registers of the caller, in place of those of the instruction.  Registers that cannot be had keep their value,
 * but for RSP and RIP.  false: there is no caller (*ret_end), or it cannot be found.
 */
bool cfi_step(const struct cfi_row *row, uint64_t regs[CFI_REGS], cfi_read_fn *read, void *ctx, bool *ret_end);
