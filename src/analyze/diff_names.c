/* SPDX-License-Identifier: MIT */
/* Names without what differs between equal runs. */
#include <ctype.h>
#include <string.h>

#include "analyze/diff.h"
#include "analyze/diff_part.h"
#include "analyze/totals.h"
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

/* ---- numbers that differ from run to run, and those that tell one thing from another ---- */

uint8_t *diff_pids(const struct totals *t)
{
	uint8_t *pids = xcalloc(1, DIFF_PID_MAX / 8);

	for (unsigned i = 0; i < t->procs.n; i++)
		if (t->procs.v[i]->pid < DIFF_PID_MAX)
			pids[t->procs.v[i]->pid / 8] |= (uint8_t)(1u << t->procs.v[i]->pid % 8);
	for (unsigned i = 0; i < t->tasks.n; i++)
		if (t->tasks.v[i]->tid < DIFF_PID_MAX)
			pids[t->tasks.v[i]->tid / 8] |= (uint8_t)(1u << t->tasks.v[i]->tid % 8);
	return pids;
}

/* A component of a name with so many digits is a date, a time, or made up: 2026-11-30, 20261130-0042. */
static bool is_dated(const char *s, size_t len)
{
	enum { DIGITS = 8 };
	unsigned n = 0;

	for (size_t i = 0; i < len && s[i] != '/' && !isspace((unsigned char)s[i]); i++)
		n += isdigit((unsigned char)s[i]) != 0;
	return n >= DIGITS;
}

void diff_exactly(struct buf *to, const uint8_t *pids, const char *s, uint32_t len, bool dates)
{
	enum { LONG = 7 };
	struct buf b = { 0 };
	bool dated = false;
	size_t n;

	diff_temporary(&b, s, len);
	for (size_t i = 0; i < b.len; i += n) {
		unsigned long number = 0;

		if (!i || b.s[i - 1] == '/')
			dated = dates && is_dated(b.s + i, b.len - i);
		for (n = 0; i + n < b.len && isdigit((unsigned char)b.s[i + n]); n++)
			number = n < LONG ? number * 10 + (unsigned long)(b.s[i + n] - '0') : DIFF_PID_MAX;
		if (n && (dated || n >= LONG || (number < DIFF_PID_MAX && pids[number / 8] >> number % 8 & 1)))
			buf_putc(to, '#');
		else
			buf_add(to, b.s + i, n ? n : 1);
		n = n ? n : 1;
	}
	buf_done(&b);
}

/* What is no path has numbers of the kernel: pipe:[123]. */
void diff_path(struct buf *b, const uint8_t *pids, const char *s, uint32_t len)
{
	if (len && s[0] == '/')
		diff_exactly(b, pids, s, len, true);
	else
		diff_normal(b, s, len);
}
