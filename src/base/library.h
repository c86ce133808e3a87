/* SPDX-License-Identifier: MIT */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "config.h"

/*
 * Libraries that few runs need are loaded when they are first used: linked, each costs every start the time to map and
 * relocate it, and the pages that this reads and writes.  A program without shared libraries (make static) has them in
 * it.
 *
 * The file that loads one has the functions that are used as rows; they are called as ever, from any file:
 *
 *	#define FUNCTIONS(ROW) ROW(sqlite3_open_v2) ROW(sqlite3_close)
 *	LIBRARY(sqlite, LIBRARY_SQLITE3, FUNCTIONS);
 *	…
 *	if (!library_load(&sqlite))
 *		return …sqlite.why…;
 *	sqlite3_open_v2(…);
 *
 * A row is a function of that name that jumps to the library's.  One that is missing is an error of the linker; one
 * that the library does not have is an error of library_load().  LIBRARY_SQLITE3 is of the row in src/meson.build.
 */
struct library {
	const char *file;		/* its SONAME, as the machine has it that built this */
	const struct library_function *functions;
	size_t nfunctions;
	bool loaded;
	char why[256];			/* why it could not be loaded; may have bytes of a path: not made safe */
};

struct library_function {
	const char *name;
	void **at;			/* where its jump leads */
};

/*
 * True: its functions can be called, for as long as the program runs.  Before, they do nothing and return 0, so that
 * what was not begun can be freed.  After a failure it is tried again.  Not thread-safe: the first call is made before
 * there are other threads that may use the library.
 */
bool library_load(struct library *lib);

#if LIBRARIES_LINKED
#define LIBRARY(ident, soname, FUNCTIONS) static struct library ident = { .loaded = true }
#else
long library_none(void);	/* what is called before */

/* endbr64: it may be called through a pointer where the processor checks that. */
#define LIBRARY_JUMP(f) \
	extern void *library_at_##f __attribute__((visibility("hidden"))); \
	void *library_at_##f = library_none; \
	__asm__(".pushsection .text.library,\"ax\",@progbits\n" \
		".globl " #f "\n.hidden " #f "\n.type " #f ", @function\n" #f ":\n" \
		"\t.cfi_startproc\n\tendbr64\n\tjmp *library_at_" #f "(%rip)\n\t.cfi_endproc\n" \
		".size " #f ", . - " #f "\n.popsection\n");
#define LIBRARY_FUNCTION(f) { #f, &library_at_##f },
#define LIBRARY(ident, soname, FUNCTIONS) \
	FUNCTIONS(LIBRARY_JUMP) \
	static const struct library_function ident##_functions[] = { FUNCTIONS(LIBRARY_FUNCTION) }; \
	static struct library ident = { \
		.file = soname, .functions = ident##_functions, \
		.nfunctions = sizeof(ident##_functions) / sizeof(*ident##_functions), \
	}
#endif
