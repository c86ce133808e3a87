/* SPDX-License-Identifier: MIT */
#pragma once
/* Asynchronous requests under way. */
#include "model/world.h"

/* the one that is known, or a new one; NULL: there is no room */
struct aio *aio_of(struct world *w, uint32_t mm, uint64_t addr);
void aio_drop(struct world *w, struct aio *a);
void aios_join(struct world *w);		/* what is under way of an address space that is gone is lost */
