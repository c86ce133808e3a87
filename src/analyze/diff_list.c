/* SPDX-License-Identifier: MIT */
/* The list that differences are appended to. */
#include "analyze/diff_part.h"
#include "analyze/noise.h"
#include "base/macro.h"

bool diff_is_hidden(struct diff_list *l, uint8_t noise)
{
	bool hidden = noise != NOISE_NONE && !l->noise;

	l->nhidden += hidden;
	return hidden;
}

struct difference *diff_put(struct diff_list *l, enum diff_kind kind, unsigned side)
{
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->v = xrealloc(l->v, l->room * sizeof(*l->v));
	}
	l->v[l->n] = (struct difference){ .kind = kind, .side = side, .seq = l->n };
	return &l->v[l->n++];
}
