/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where jumps may lead, by the bytes alone: any bytes that would be a jump count as one, wherever an instruction may
 * begin. So more is found than there is, never less, but for jumps through a register.
 */
#include <stdbool.h>
#include <stdint.h>

struct site_text;

/* A bit for each byte of the text: the target of a near jump (rel32: jmp, jcc, call, xbegin).  Freed by free(); NULL:
 * no memory. */
uint8_t *branch_near_targets(const struct site_text *text);
static inline bool branch_bit(const uint8_t *targets, uint64_t at)
{
	return targets[at / 8] >> at % 8 & 1;
}

/* Would the byte at i begin a short jump (rel8)?  Its target may lie outside of the text. */
bool branch_short(const struct site_text *text, uint64_t i, uint64_t *ret_target);
/* Does a short jump (rel8) lead to at?  not_here(ctx, i): none begins at byte i. */
bool branch_short_to(const struct site_text *text, uint64_t at, bool (*not_here)(void *ctx, uint64_t i), void *ctx);
