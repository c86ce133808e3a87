/* SPDX-License-Identifier: MIT */
#pragma once
/* Stacks of calls: each comes before its call, and is kept until then. */
#include "model/world.h"

struct stack;

void stack_came(struct world *w, const struct item *item);
/* That of a call of t which was entered then, NULL: it has none.  Lives until the next one comes. */
const struct stack *stack_take(struct world *w, const struct tnode *t, uint64_t enter_ns);
