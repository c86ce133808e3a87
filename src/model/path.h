/* SPDX-License-Identifier: MIT */
#pragma once
/* Paths as the program sees them. */
#include "model/world.h"

struct path { const char *s; uint32_t len; struct file *file; /* what a /proc/…/fd/N names */ };
enum { PATH_FOLLOW = 1, PATH_IN_ROOT = 2 };
bool path_has_dots(const char *raw, uint32_t len);	/* a `..` that may follow a symbolic link */
/*
 * A path as the kernel names it to the tracer, made what a program with that root calls it; false: it has no name
 * there.
 */
bool path_inside(const struct bytes *root, const char **path, uint32_t *len);
/* so; outside: as it is */
void bytes_inside(struct bytes *b, const struct bytes *root, const char *s, uint32_t len);
struct path path_resolve(struct world *w, struct tnode *t, int dirfd, const char *raw, uint32_t len, unsigned how);
