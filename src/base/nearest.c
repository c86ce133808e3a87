/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <string.h>

#include "base/macro.h"

enum { FAR = 99, LEN_MAX = 32 };

/* Optimal string alignment distance: how far a mistyped word is from a real one. */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[LEN_MAX][LEN_MAX], n = (unsigned)strlen(a), m = (unsigned)strlen(b);

	if (n >= LEN_MAX || m >= LEN_MAX)
		return FAR;
	for (unsigned i = 0; i <= n; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= m; j++)
		d[0][j] = j;
	for (unsigned i = 1; i <= n; i++)
		for (unsigned j = 1; j <= m; j++) {
			unsigned v = MIN(MIN(d[i - 1][j] + 1, d[i][j - 1] + 1),
					 d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));

			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				v = MIN(v, d[i - 2][j - 2] + 1);
			d[i][j] = v;
		}
	return d[n][m];
}

void nearest_try(struct nearest *n, const char *known)
{
	unsigned d = distance(n->word, known);

	if (*n->word && !strncmp(known, n->word, strlen(n->word)))
		d = MIN(d, 1u);	/* a beginning counts as close */
	if (d < n->distance) {
		n->distance = d;
		n->best = known;
	}
}

const char *nearest_best(const struct nearest *n)
{
	return n->best && n->distance <= 1 + strlen(n->word) / 4 ? n->best : NULL;
}
