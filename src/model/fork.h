/* SPDX-License-Identifier: MIT */
#pragma once
/* A process or thread begins. */
#include "model/world.h"

void proc_fork(struct world *w, const struct item *item);
