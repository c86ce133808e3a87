/* SPDX-License-Identifier: MIT */
/* Names without what differs between equal runs. */
#include <ctype.h>
#include <string.h>

#include "analyze/diff.h"
#include "base/buf.h"
#include "base/macro.h"

static bool begins(const char *s, uint32_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(s, with, n);
}

/* Numbers become #; of a name below /tmp, /var/tmp and /dev/shm only its folder and what is behind its last dot stay.
 */
void diff_normal(struct buf *b, const char *s, uint32_t len)
{
	static const char *const temporary[] = {"/tmp/", "/var/tmp/", "/dev/shm/"};

	for (uint32_t i = 0; i < len; i++) {
		size_t n = 0;

		for (unsigned k = 0; k < ARRAY_SIZE(temporary) && !n; k++)
			if (begins(s + i, len - i, temporary[k]))
				n = strlen(temporary[k]);
		if (n) {
			uint32_t end = i + (uint32_t)n, dot = 0;

			for (; end < len && s[end] != '/' && !isspace((unsigned char)s[end]) && s[end]; end++)
				dot = s[end] == '.' ? end : dot;
			/* mkstemp(3) and its like end in six characters without a dot, or have them before it */
			if ((dot ? dot : end) - i - n >= 6) {
				buf_add(b, s + i, n);
				buf_putc(b, '*');
				if (dot)
					buf_add(b, s + dot, end - dot);
				i = end - 1;
				continue;
			}
		}
		if (isdigit((unsigned char)s[i])) {
			while (i + 1 < len && isdigit((unsigned char)s[i + 1]))
				i++;
			buf_putc(b, '#');
			continue;
		}
		buf_putc(b, s[i]);
	}
}
