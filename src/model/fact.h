/* SPDX-License-Identifier: MIT */
#pragma once
/* The kernel's answers about descriptors. */
#include "model/world.h"

enum file_kind fact_kind(const struct fact *a);
bool fact_fits(const struct file *f, const struct fact *a);
/* root: of the program that has it, names are what they are from there. */
/* the one that is known by its inode, or a new one: install it */
struct file *fact_file(struct world *w, const struct fact *a, const struct bytes *root);
/* what is new about f */
void fact_learn(struct world *w, struct file *f, const struct fact *a, const struct bytes *root);
/* What a socket's addresses and state are. */
void fact_sock_learn(struct world *w, struct file *f, const struct record_sock *s);
void facts_join(struct world *w);	/* a file that is gone is not found by its inode any more */
