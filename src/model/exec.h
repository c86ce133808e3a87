/* SPDX-License-Identifier: MIT */
#pragma once
/* A process executes a program. */
#include "model/world.h"

void proc_exec(struct world *w, const struct item *item);
