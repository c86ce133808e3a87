/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is known of a file that code is mapped from: how its functions find their callers, and their names.  It is read
 * from the file; where there is none (the vDSO, a library that was replaced), from the memory of the process, without
 * names.  The bytes may be anybody's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/hash.h"
#include "capture/stack/cfi.h"

/* An instruction. */
struct place {
	uint64_t addr;			/* as the file is linked */
	bool has_row, named;
	struct cfi_row row;
	const char *symbol;		/* of its function; len 0: not known */
	uint32_t symbol_len;
	uint64_t into;			/* from the begin of the function to addr */
	UT_hash_handle hh;
};

struct image;

/* fd: of the file, which may be closed afterwards.  NULL: it is not an ELF file of x86-64. */
struct image *image_of_file(int fd);
/* Of a process, stopped: the ELF file of that many bytes, as far as they are mapped, that begins at base. */
struct image *image_of_memory(pid_t tid, uint64_t base, uint64_t size);
void image_free(struct image *im);	/* NULL is fine */

/* What is at that offset of the file.  NULL: no segment has it.  Lives as long as im, or until image_forget(). */
const struct place *image_place(struct image *im, uint64_t offset);
const struct place *image_named(struct image *im, uint64_t offset);	/* likewise, with its name */
void image_forget(struct image *im);
size_t image_nplaces(const struct image *im);
