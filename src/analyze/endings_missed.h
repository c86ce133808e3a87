/* SPDX-License-Identifier: MIT */
#pragma once
/* Which of the things that a process missed explain why it failed. */
#include "analyze/misses.h"

/* For as long as t lives. */
struct bytes endings_keep(struct totals *t, struct bytes b);
/* Those that the lines of e name, else that explain most. */
void endings_keep_missed(struct totals *t, struct totals_ending *e, const struct misses *v, bool ended_by_others);
