/* SPDX-License-Identifier: MIT */
/* Names without what differs between equal runs. */
#include <ctype.h>
#include <string.h>

#include "analyze/diff.h"
#include "analyze/diff_part.h"
#include "base/buf.h"
#include "base/macro.h"

static bool begins(const char *s, uint32_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(s, with, n);
}

/* A name below such a folder that looks like one that was made up: how long both are, and which end stays. */
static uint32_t temporary(const char *s, uint32_t len, size_t *ret_folder, uint32_t *ret_dot)
{
	static const char *const folders[] = { "/tmp/", "/var/tmp/", "/dev/shm/" };
	size_t n = 0;
	uint32_t end, dot = 0;

	for (unsigned k = 0; k < ARRAY_SIZE(folders) && !n; k++)
		if (begins(s, len, folders[k]))
			n = strlen(folders[k]);
	if (!n)
		return 0;
	for (end = (uint32_t)n; end < len && s[end] != '/' && !isspace((unsigned char)s[end]) && s[end]; end++)
		dot = s[end] == '.' ? end : dot;
	/* mktemp(1) makes tmp.X0y1Z2a3B4 */
	if (begins(s + n, end - (uint32_t)n, "tmp."))
		dot = 0;
	/* mkstemp(3) and its like end in six characters without a dot, or have them before it */
	if ((dot ? dot : end) - n < 6)
		return 0;
	*ret_folder = n;
	*ret_dot = dot;
	return end;
}

static void normal(struct buf *b, const char *s, uint32_t len, bool numbers)
{
	for (uint32_t i = 0; i < len; i++) {
		size_t folder;
		uint32_t dot, end = temporary(s + i, len - i, &folder, &dot);

		if (end) {
			buf_add(b, s + i, folder);
			buf_putc(b, '*');
			if (dot)
				buf_add(b, s + i + dot, end - dot);
			i += end - 1;
		} else if (numbers && isdigit((unsigned char)s[i])) {
			while (i + 1 < len && isdigit((unsigned char)s[i + 1]))
				i++;
			buf_putc(b, '#');
		} else {
			buf_putc(b, s[i]);
		}
	}
}

/* Numbers become #; of a temporary name only the folder and what is behind the last dot stay. */
void diff_normal(struct buf *b, const char *s, uint32_t len) { normal(b, s, len, true); }
void diff_temporary(struct buf *b, const char *s, uint32_t len) { normal(b, s, len, false); }
