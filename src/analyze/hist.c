/* SPDX-License-Identifier: MIT */
#include "analyze/hist.h"

#include <math.h>

#include "base/macro.h"

/*
 * Values below HIST_SUB have a bucket each; above, the top bit chooses the octave and the next ones the bucket in it.
 */
unsigned hist_bucket(uint64_t v)
{
	if (v < HIST_SUB)
		return (unsigned)v;
	unsigned e = 63 - (unsigned)__builtin_clzll(v);

	return (e - HIST_SUB_BITS + 1) * HIST_SUB + (unsigned)(v >> (e - HIST_SUB_BITS) & (HIST_SUB - 1));
}

uint64_t hist_bucket_low(unsigned i)
{
	unsigned e = i / HIST_SUB + HIST_SUB_BITS - 1;

	return i < HIST_SUB ? i : (uint64_t)(HIST_SUB + i % HIST_SUB) << (e - HIST_SUB_BITS);
}

void hist_add(struct hist *h, uint64_t v)
{
	h->min = h->n ? MIN(h->min, v) : v;
	h->max = MAX(h->max, v);
	h->n++;
	h->sum += v;
	h->buckets[hist_bucket(v)]++;
}

void hist_add_sum(struct hist *h, uint64_t n, uint64_t sum, uint64_t min, uint64_t max)
{
	if (!n)
		return;
	h->min = h->n ? MIN(h->min, min) : min;
	h->max = MAX(h->max, max);
	h->n += n;
	h->sum += sum;
}

void hist_add_bucket(struct hist *h, uint64_t v, uint64_t n)
{
	uint32_t *bucket = &h->buckets[hist_bucket(v)];

	*bucket = n > UINT32_MAX - *bucket ? UINT32_MAX : *bucket + (uint32_t)n;
}

bool hist_has_quantile(const struct hist *h, double q)
{
	return (double)h->n * (1 - q) >= 1 - 1e-9;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	uint64_t want = (uint64_t)ceil(q * (double)h->n), seen = 0;

	if (!h->n)
		return 0;
	want = MIN(MAX(want, 1), h->n);
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= want) {
			uint64_t low = hist_bucket_low(i),
				 next = i + 1 < HIST_BUCKETS ? hist_bucket_low(i + 1) : UINT64_MAX;
			uint64_t mid = low + (next - low) / 2;

			return MAX(h->min, MIN(mid, h->max));
		}
	}
	return h->max;
}
