/* SPDX-License-Identifier: MIT */
#include "cli/noise.h"

#include <errno.h>
#include <stdio.h>

#include "analyze/noise.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/macro.h"
#include "base/nearest.h"

int noise_choose(const char *words, uint32_t *ret_classes, struct diag *diag)
{
	const char *bad, *best;
	struct buf names = { 0 };
	char word[32];
	size_t len;
	int rc = noise_classes(words, ret_classes, &bad, &len);

	if (rc == 0)
		return 0;
	snprintf(word, sizeof(word), "%.*s", (int)MIN(len, sizeof(word) - 1), bad);

	struct nearest near = nearest_to(word);

	for (unsigned i = NOISE_NONE + 1; i < _NOISE_MAX; i++) {
		nearest_try(&near, noise_class_name(i));
		buf_printf(&names, "%s, ", noise_class_name(i));
	}
	best = nearest_best(&near);
	if (best)
		diag_set(diag, 125, EINVAL, "--noise: there is no class \"%s\"; did you mean %s?", word, best);
	else
		diag_set(diag, 125, EINVAL, "--noise takes %.*s or all, not \"%s\"", (int)names.len - 2, names.s, word);
	buf_done(&names);
	return rc;
}
