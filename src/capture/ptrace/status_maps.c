/* SPDX-License-Identifier: MIT */
/* The text of a /proc/PID/maps, as it would be without stubs. */
#include <string.h>

#include "base/macro.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/status.h"

enum { MADE_MAX = 4096 };	/* less than so much does the kernel make at a time (fs/seq_file.c) */

void status_maps_hide(const struct tracee *subject, struct buf *b)
{
	char *line = b->s, *to = b->s, *end = b->s + b->len, *next;

	for (; line < end; line = next) {
		char *newline = memchr(line, '\n', (size_t)(end - line));

		next = newline ? newline + 1 : end;
		if (subject->space && space_is_ours(subject->space, line, (size_t)(next - line)))
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	b->len = (size_t)(to - b->s);
}

/* How much of the text, from `from` on, is made for a reader that wants n bytes: whole lines. */
static size_t made(const struct buf *text, size_t from, size_t n)
{
	size_t len = 0;

	while (from + len < text->len && len < n) {
		const char *line = text->s + from + len, *end = memchr(line, '\n', text->len - from - len);
		size_t line_len = end ? (size_t)(end + 1 - line) : text->len - from - len;

		if (len && len + line_len >= MADE_MAX)
			break;
		len += line_len;
	}
	return len;
}

size_t status_maps_part(const struct buf *text, size_t *ready, size_t at, size_t n)
{
	size_t begin = at && at <= *ready ? *ready : at;

	*ready = begin;
	if (n <= begin - at)
		return n;
	*ready += made(text, begin, n - (begin - at));
	return MIN(n, *ready - at);
}
