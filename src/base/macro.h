/* SPDX-License-Identifier: MIT */
#pragma once
/* Small helpers every room uses. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define ALIGN8(n) (((n) + 7u) & ~(__typeof__(n))7u)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))

/* Run fn(&var) when var leaves scope. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))
static inline void freep(void *p) { free(*(void **)p); }
static inline void closep(int *fd) { if (*fd >= 0) close(*fd); }
#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

/* Allocation that cannot fail: out of memory ends the tracer (EXITKILL then ends a spawned tracee). */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
void *xmemdup0(const void *p, size_t n);	/* copy of n bytes with a NUL added */
