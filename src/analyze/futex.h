/* SPDX-License-Identifier: MIT */
#pragma once
/* What a futex call does, as far as its arguments show it. */
#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"

bool futex_wakes(const struct event *ev);
bool futex_locks(const struct call *c);		/* it waits for a lock */
uint32_t futex_joins(const struct call *c);	/* the thread it waits for the end of, 0: none */
