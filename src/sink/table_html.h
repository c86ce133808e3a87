/* SPDX-License-Identifier: MIT */
#pragma once
/* Result tables in the page's static summary: docs/report-format.md, section 6. */
#include <stdbool.h>

struct buf;
struct totals;

/* All of the list, but what the cards show: answers, or the others.  noise: also what the noise filter hides. */
void tables_html(struct buf *b, const struct totals *t, bool answers, bool noise);
