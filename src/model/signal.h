/* SPDX-License-Identifier: MIT */
#pragma once
#include "model/model.h"

/* PLACE and CODE are kept for the SIGNAL of that thread, which follows. */
void signal_place(struct world *w, const struct item *item);
void signal_code(struct world *w, const struct item *item);
void signal_reached(struct world *w, const struct item *item);
