/* SPDX-License-Identifier: MIT */
#pragma once
#include "analyze/spent.h"
/* What time went to (analyze/spent.h), in words that are safe to show, the same wherever it is shown. */
#include <stdbool.h>

struct buf;
struct budget_part;
struct totals_wait;

/* "waiting for a peer: tcp4 → 1.2.3.4:80"; not whole: only the thing, "tcp4 → 1.2.3.4:80" */
void spent_words(struct buf *b, const struct budget_part *part, bool whole);
/* The thing, and of the critical path how many more: "tcp4 → 1.2.3.4:80 +2" */
void spent_mostly(struct buf *b, const struct budget_part *part);
/* The whole in so many columns, if there are enough for one name; names are cut, or left out. */
void spent_words_within(struct buf *b, const struct budget_part *part, size_t columns);
const char *spent_part(enum spent s);	/* "waiting for a peer" */
const char *spent_thing(enum spent s);	/* "a socket" */
/* "tcp4 → 1.2.3.4:80", "futex 0x7f…, 4 threads" */
void spent_futex_words(struct buf *b, const struct totals_wait *w);	/* "futex 0x7f…", "futex /dev/shm/x+0x40" */
void spent_wait_words(struct buf *b, const struct totals_wait *w);
/* In an empty buffer: as much of it as there is room for, what matters least left out first. */
void spent_wait_words_within(struct buf *b, const struct totals_wait *w, size_t columns);
