/* SPDX-License-Identifier: MIT */
#pragma once
/* The function that an instruction of an ELF file is in.  The file may be any bytes. */
#include <stddef.h>
#include <stdint.h>

enum { SYMBOL_MAX = 255 };	/* bytes of a name that are kept */

/*
 * fd: a file that can be read; offset: of the instruction in it.  The symbol of .symtab, else of .dynsym, that covers
 * it, or begins before it and has no size (assembler).  Returns the length of its name, 0: there is none, the file is
 * not ELF, or this compendium was built without libelf.  *ret_into: bytes from the symbol to the instruction.
 */
size_t symbol_find(int fd, uint64_t offset, char name[static SYMBOL_MAX], uint64_t *ret_into);
