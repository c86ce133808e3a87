/* SPDX-License-Identifier: MIT */
#pragma once
/* Cells of result tables, for what fills them. */
#include "analyze/hist.h"
#include "analyze/share.h"
#include "analyze/table.h"
#include "analyze/totals.h"

static inline struct cell number(uint64_t n) { return (struct cell){ .set = true, .n = n }; }
/* 0: no value. */
static inline struct cell number_if(uint64_t n) { return (struct cell){ .set = n != 0, .n = n }; }
/* CELL_SHARE: hundredths of a percent */
static inline struct cell share_of(uint64_t ns, uint64_t all)
{
	return (struct cell){ .set = all != 0, .n = part_of(ns, 10000, all) };
}
static inline struct cell quantile(const struct hist *h, double q)
{
	return (struct cell){ .set = hist_has_quantile(h, q), .n = hist_quantile(h, q) };
}

/* Of several whose recordings are merged; of one there is no value. */
static inline struct cell host_of(const struct totals *t, const struct totals_proc *p)
{
	return (struct cell){ .set = p && p->host, .host = p && p->host ? &t->hosts[p->host - 1] : NULL };
}

static inline struct cell pid_of(const struct totals_proc *p)
{
	return (struct cell){ .set = p != NULL, .n = p ? p->pid : 0 };
}
