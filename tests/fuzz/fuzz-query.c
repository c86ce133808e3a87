/* SPDX-License-Identifier: MIT */
/*
 * Any text is a filter or a complaint; what is written back means the same, and no pattern takes for ever.  Any bytes
 * are a path: none beyond them is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "filter/query.h"
#include "filter/role.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void formatted(const char *text, struct buf *to)
{
	struct query q;

	query_parse(text, &q);
	query_format(to, &q);
	for (unsigned i = 0; i < q.nterms; i++)
		for (unsigned k = 0; k < q.terms[i].nvalues; k++)
			query_path_matches(q.terms[i].values[k].s, text, strlen(text));
	query_done(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once = { 0 }, twice = { 0 };
	char *text = size > 4096 ? NULL : malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	formatted(text, &once);
	formatted(once.s ? once.s : "", &twice);
	if (once.len != twice.len || (once.len && memcmp(once.s, twice.s, once.len)))
		abort();
	buf_done(&once);
	buf_done(&twice);
	free(text);
	if (role_of((const char *)data, size) >= _ROLE_MAX)
		abort();
	return 0;
}
