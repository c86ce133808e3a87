/* SPDX-License-Identifier: MIT */
#pragma once
/* What a futex call does, as far as its arguments show it. */
#include <stdbool.h>
#include <stdint.h>

#include "analyze/turns.h"
#include "event/event.h"

/*
 * Which word, of whatever call: of several that are waited for the one that was woken, else the first.  addr 0: not
 * known.  is_private: of this process alone, as the call says.
 */
struct futex_use { uint64_t addr, val; bool is_private; };
struct futex_use futex_use(const struct call *c);
bool futex_wakes(const struct event *ev);
bool futex_wakes_one(const struct call *c);	/* of one that wakes */
enum futex_sign futex_sign(const struct call *c);	/* of one that waits */
bool futex_is_endless(const struct call *c);	/* of one that waits: without a timeout */
bool futex_was_woken(const struct call *c);	/* its wait ended as whoever wakes others ends it */
uint32_t futex_joins(const struct call *c);	/* the thread it waits for the end of, 0: none */
