/* SPDX-License-Identifier: MIT */
#pragma once
/* The first bytes that a call moved, as far as they were recorded. */
#include <stddef.h>

struct event;

struct moved_bytes { const char *s; size_t n; };	/* as long as the event; n 0: none, or not recorded */

/*
 * Of reads, writes, messages sent, received and looked at, through whatever call; of several messages of one call
 * those of the first.  A call that failed has what it would have written.
 */
struct moved_bytes event_moved_bytes(const struct event *ev);
