/* SPDX-License-Identifier: MIT */
#pragma once
/* What came in: connections that were accepted, summed by the address that was listened at. */
#include "analyze/totals.h"

enum { CLIENTS_FEW = 3 };	/* so many are listed one by one, more are one row */

struct client_sum {
	/*
	 * As one connection: bytes and waits of all, from the first accept to the last close (0: some are open),
	 * nclients; the process, where it is one, else 0.  listener: the first row of that address
	 */
	struct totals_conn sum;
	uint64_t accepted;		/* by all that listened there, also those without a row */
	unsigned nopen;			/* of those with a row */
	/* from accept to close, of those that were closed, where that is known: how many, the median and the longest */
	unsigned nclosed; uint64_t median_ns, longest_ns;
};
struct client_sums {
	struct client_sum *v; unsigned n;	/* one for each address, in order of appearance */
	uint32_t *of;				/* by row of totals.conns: its sum's row + 1, 0: it was not accepted */
};

/* noise: also clients that the noise filter hides.  Free with client_sums_free(). */
struct client_sums *client_sums_new(const struct totals *t, bool noise);
void client_sums_free(struct client_sums *s);
/* The sum that stands for a row of totals.conns in lists; NULL: it stands for itself. */
const struct totals_conn *client_sums_many(const struct client_sums *s, unsigned row);
