/* SPDX-License-Identifier: MIT */
#pragma once
/* Where the code of an ELF file is, and its functions: the file may be any bytes. */
#include <stddef.h>
#include <stdint.h>

#include "capture/inprocess/site.h"

/* One executable segment. */
struct code_text {
	uint64_t offset, addr;	 /* in the file, and as the file is linked */
	struct site_text text;	 /* inside the file's bytes */
	struct site_func *funcs; /* in order, offsets into the text */
	size_t nfuncs;
};

enum { CODE_TEXTS_MAX = 8 };

struct code {
	struct code_text text[CODE_TEXTS_MAX];
	unsigned n;
};

/*
 * file: the bytes of an ELF file for x86-64, which have to stay.  Functions come from the unwind table (.eh_frame_hdr),
 * the symbols and Go's own table.  0; -EBADMSG: no such file; -ENOMEM.  code_done() frees in either case.
 */
int code_read(const uint8_t *file, size_t size, struct code *ret);
void code_done(struct code *code);
