/* SPDX-License-Identifier: MIT */
#pragma once
#include "decode/call.h"

struct arena;

/*
 * The nchunks chunks from off to the end of the record, which they must fill exactly, checked; their bytes stay in the
 * record, the list is the arena's.  Fewer than nchunks: one that faulted and says nothing is left out.  -EBADMSG.
 */
int decode_parts(const struct record *r, size_t off, uint32_t nchunks, struct arena *arena, struct part **ret_parts,
		 unsigned *ret_nparts);
