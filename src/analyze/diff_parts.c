/* SPDX-License-Identifier: MIT */
/* Names that were made up: what distinguishes them from words. */
#include <ctype.h>

#include "analyze/diff_part.h"

static bool is_break(const char *s, uint32_t i, uint32_t len)
{
	unsigned char a = (unsigned char)s[i - 1], b = (unsigned char)s[i];

	if (!isdigit(a) != !isdigit(b))
		return true;
	/* of capitals the last one begins the next word: XMLFile */
	return isupper(b) && (islower(a) || (isupper(a) && i + 1 < len && islower((unsigned char)s[i + 1])));
}

struct diff_parts diff_parts_of(const char *s, uint32_t len)
{
	struct diff_parts p = { .shortest = len };

	for (uint32_t from = 0, end; from < len; from = end) {
		for (end = from + 1; end < len && !is_break(s, end, len); end++)
			;
		p.n++;
		if (isdigit((unsigned char)s[from]))
			p.numbers += end < len;
		else if (end - from < p.shortest)
			p.shortest = end - from;
		p.both_cases |= from && isalpha((unsigned char)s[from - 1]) && isalpha((unsigned char)s[from]);
	}
	return p;
}

bool diff_is_made_up(const char *s, uint32_t len)
{
	const struct diff_parts p = diff_parts_of(s, len);

	return len >= DIFF_MADE_UP_LEAST && p.n >= 3 && p.n * 5 >= len * 2 && (p.both_cases || p.numbers >= 2);
}
