/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A latency histogram of fixed size: values of any 64-bit range in buckets at most 1/16 wide, of which a quantile is
 * the middle, so it is right within 3.2 %.  The page has the same buckets and the same rules
 * (report/src/engine/aggregate.ts): the same calls have the same percentiles there.
 */
#include <stdbool.h>
#include <stdint.h>

#define HIST_SUB_BITS 4
#define HIST_SUB (1 << HIST_SUB_BITS)		/* buckets per power of two */
#define HIST_BUCKETS ((64 - HIST_SUB_BITS + 1) * HIST_SUB)

struct hist { uint64_t n, sum, min, max; uint32_t buckets[HIST_BUCKETS]; };	/* zero-initialise to start */

void hist_add(struct hist *h, uint64_t v);
/* What another one of the same buckets has: n values, and how many of them are in the bucket of v. */
void hist_add_sum(struct hist *h, uint64_t n, uint64_t sum, uint64_t min, uint64_t max);
void hist_add_bucket(struct hist *h, uint64_t v, uint64_t n);
uint64_t hist_quantile(const struct hist *h, double q);	/* 0.5, 0.99…; 0 when empty; never outside min…max */
/*
 * Whether there are enough values that one lies above: 2 for a median, 20 for p95, 100 for p99.  The page has the same
 * rule.
 */
bool hist_has_quantile(const struct hist *h, double q);
unsigned hist_bucket(uint64_t v);
uint64_t hist_bucket_low(unsigned i);			/* smallest value of bucket i */
