/* SPDX-License-Identifier: MIT */
#pragma once
/* Names of open files after renames and removals. */
#include "model/world.h"

/*
 * Names that begin so change.  Files below a directory: into ev->renamed, but where two names are exchanged (each would
 * be the other's).
 */
void files_renamed(struct world *w, struct event *ev, const struct bytes *from, const struct bytes *to, bool exchange);
void files_unlinked(struct world *w, const char *path, size_t len);
