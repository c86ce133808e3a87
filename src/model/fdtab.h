/* SPDX-License-Identifier: MIT */
#pragma once
/* Descriptor tables. */
#include "model/world.h"

struct fdtab *fdtab_new(void);
struct fdtab *fdtab_copy(struct world *w, const struct fdtab *tab);
void fdtab_unref(struct world *w, struct fdtab *tab);
struct fdent *fdtab_at(const struct fdtab *tab, int fd);	/* NULL when not open */
void fdtab_set(struct world *w, struct fdtab *tab, int fd, struct file *f, bool cloexec, uint64_t since_ns);
/*
 * Likewise, of a number that the kernel has just given out, so that it was free: what the table still has there was
 * closed by another thread, whose call has not ended yet.  It is kept as past.  So is f where the table has a newer
 * one: its record comes late.
 */
void fdtab_give(struct world *w, struct fdtab *tab, int fd, struct file *f, bool cloexec, uint64_t since_ns);
/* The past one that fd meant at at_ns; NULL: none is known.  fdtab_drop_past() lets go of it. */
struct file *fdtab_past(const struct fdtab *tab, int fd, uint64_t at_ns);
void fdtab_drop_past(struct world *w, struct fdtab *tab, int fd, uint64_t at_ns);
void fdtab_drop(struct world *w, struct fdtab *tab, int fd);
void fdtab_drop_range(struct world *w, struct fdtab *tab, unsigned first, unsigned last, uint64_t before_ns);
void fdtab_cloexec_range(struct fdtab *tab, unsigned first, unsigned last);
void fdtab_exec(struct world *w, struct fdtab *tab);		/* closes what is close-on-exec */
