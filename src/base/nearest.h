/* SPDX-License-Identifier: MIT */
#pragma once
/* The known word that a mistyped one is nearest to. */

struct nearest { const char *word, *best; unsigned distance; };

static inline struct nearest nearest_to(const char *word) { return (struct nearest){ .word = word, .distance = 99 }; }
void nearest_try(struct nearest *n, const char *known);	/* known is kept as long as n is asked */
const char *nearest_best(const struct nearest *n);	/* NULL when none is near enough to be meant */
