/* SPDX-License-Identifier: MIT */
#pragma once
/* Waits for connections to the same peer, summed: what fifty connections to one server cost is one number. */
#include <stdint.h>

struct totals;
struct totals_task;
struct totals_wait;
struct small_waits;
struct wait_peers;

struct wait_peers *wait_peers_new(void);
void wait_peers_free(struct wait_peers *s);
/* That row joins its peer's sum, if the peer is known and it has not yet: w->whole, which lives as long as s. */
void wait_peers_join(struct wait_peers *s, const struct totals *t, struct totals_wait *w);
/* A wait of that row, and of the sum that it is of. */
void wait_peers_count(struct totals_wait *w, uint64_t start_ns, uint64_t ns, uint32_t tid);
/* A wait that is too short for a span. */
void wait_peers_small(struct small_waits *most, const struct totals_wait *w, uint64_t ns);
void tids_add(uint32_t *v, unsigned *n, unsigned max, uint32_t tid);	/* if not there, and there is room */
