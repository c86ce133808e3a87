/* SPDX-License-Identifier: MIT */
#pragma once
/* Descriptor tables. */
#include "model/world.h"

struct fdtab *fdtab_new(void);
struct fdtab *fdtab_copy(struct world *w, const struct fdtab *tab);
void fdtab_unref(struct world *w, struct fdtab *tab);
struct fdent *fdtab_at(const struct fdtab *tab, int fd);	/* NULL when not open */
void fdtab_set(struct world *w, struct fdtab *tab, int fd, struct file *f, bool cloexec, uint64_t since_ns);
void fdtab_drop(struct world *w, struct fdtab *tab, int fd);
void fdtab_drop_range(struct world *w, struct fdtab *tab, unsigned first, unsigned last, uint64_t before_ns);
void fdtab_cloexec_range(struct fdtab *tab, unsigned first, unsigned last);
void fdtab_exec(struct world *w, struct fdtab *tab);		/* closes what is close-on-exec */
