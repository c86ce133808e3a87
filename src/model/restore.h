/* SPDX-License-Identifier: MIT */
#pragma once
/* The files of a snapshot. */
#include "model/world.h"

/* A file of a snapshot, the same one for the same id; as fd of the process whose item this is. */
struct file *file_restore(struct world *w, const struct record_file *r, int fd, const struct part *name,
			  const struct record_sock *sock, const struct bytes *root);
void restored_join(struct world *w);
void restored_clear(struct world *w);
