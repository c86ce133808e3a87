/* SPDX-License-Identifier: MIT */
/* Whatever a traced program calls its files, what is shown is printable UTF-8 and a literal ends where it should. */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = { 0 };

	text_quote(&b, (const char *)data, size);
	for (size_t i = 1; i + 1 < b.len;) {
		unsigned len = text_utf8_len(b.s + i, b.len - i);

		if (!len || !text_printable(b.s + i, len) || b.s[i] == '"')
			abort();
		i += b.s[i] == '\\' ? 2 : len;
	}
	if (text_width(b.s, b.len) > 2 * b.len || b.s[0] != '"' || b.s[b.len - 1] != '"')
		abort();
	buf_done(&b);
	return 0;
}
