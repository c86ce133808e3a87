/* SPDX-License-Identifier: MIT */
/* What every table of the totals stands on: the names that rows keep. */
#include "analyze/totals_index.h"

struct bytes totals_keep(struct totals *t, const char *s, uint32_t len)
{
	t->index->strings += len + 1;
	return (struct bytes){ arena_memdup0(&t->index->arena, s, len), len, 0 };
}
