/* SPDX-License-Identifier: MIT */
#pragma once
/* What is allocated now, in bytes. */
#include <malloc.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)	/* clang; gcc and clang 21 define the name below */
#undef __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);
static inline size_t heap_bytes(void) { return __sanitizer_get_current_allocated_bytes(); }
#else
static inline size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}
#endif
