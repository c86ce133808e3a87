/* SPDX-License-Identifier: MIT */
#pragma once
/* The function that an instruction of an ELF file is in.  The file may be any bytes. */
#include <stddef.h>
#include <stdint.h>

enum { SYMBOL_MAX = 255 };	/* bytes of a name that are kept */

struct symbols;

/*
 * The names of a file: .symtab, else .dynsym.  fd: one that can be read, and may be closed afterwards; or its bytes,
 * which have to stay.  NULL: it is not ELF, has none, or this compendium was built without libelf.
 */
struct symbols *symbols_of_file(int fd);
struct symbols *symbols_of_bytes(void *bytes, size_t n);
void symbols_free(struct symbols *s);	/* NULL is fine */
/*
 * The symbol that covers what is at that offset of the file, or begins before it and has no size (assembler).  Returns
 * the length of its name, which lives as long as s; 0: there is none.  *ret_into: bytes from the symbol to there.  s
 * may be NULL.
 */
size_t symbols_find(struct symbols *s, uint64_t offset, const char **ret_name, uint64_t *ret_into);

/* Of one instruction alone: the length of the name, 0: there is none. */
size_t symbol_find(int fd, uint64_t offset, char name[static SYMBOL_MAX], uint64_t *ret_into);
