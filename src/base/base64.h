/* SPDX-License-Identifier: MIT */
#pragma once
#include <stddef.h>

/* Standard base64 with padding, no line breaks (RFC 4648, section 4). */
static inline size_t base64_len(size_t n) { return (n + 2) / 3 * 4; }
size_t base64_encode(char *out, const void *in, size_t n);	/* base64_len(n) bytes, no NUL; returns that length */
