/* SPDX-License-Identifier: MIT */
#include "base/macro.h"

#include <stdio.h>
#include <string.h>

static void *check(void *p, size_t size)
{
	if (!p && size) {
		fputs("compendium: out of memory\n", stderr);
		_exit(125);
	}
	return p;
}

void *xmalloc(size_t size) { return check(malloc(size), size); }
void *xcalloc(size_t n, size_t size) { return check(calloc(n, size), n && size); }
void *xrealloc(void *p, size_t size) { return check(realloc(p, size), size); }

void *xmemdup0(const void *p, size_t n)
{
	char *copy = xmalloc(n + 1);

	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}
