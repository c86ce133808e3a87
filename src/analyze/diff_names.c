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

bool diff_is_between(char c) { return strchr("/=:,;'\"()", c) != NULL || isspace((unsigned char)c); }

/* What mktemp(1), Python's tempfile and gcc put before what they make up: how long both are, 0: it is none. */
static uint32_t known(const char *s, uint32_t len)
{
	static const struct { const char *begin; uint8_t lengths[3]; } made[] = {
		{ "tmp.", { 6, 10, 12 } }, { "tmp", { 6, 8 } }, { "cc", { 6 } },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(made); i++) {
		uint32_t n = (uint32_t)strlen(made[i].begin), from = n;

		if (!begins(s, len, made[i].begin))
			continue;
		while (n < len && (isalnum((unsigned char)s[n]) || s[n] == '_'))
			n++;
		for (unsigned k = 0; k < ARRAY_SIZE(made[i].lengths) && (n == len || s[n] == '.'); k++)
			if (made[i].lengths[k] && n - from == made[i].lengths[k])
				return n;
	}
	return 0;
}

/* The first name below a folder of temporary ones: a word stays, since it tells one thing from another. */
static void first_name(struct buf *b, const char *s, uint32_t len)
{
	uint32_t i = known(s, len), n;

	if (i)
		buf_putc(b, '*');
	for (; i < len; i += n) {
		for (n = 0; i + n < len && isalnum((unsigned char)s[i + n]);)
			n++;
		if (diff_is_made_up(s + i, n))
			buf_putc(b, '*');
		else
			buf_add(b, s + i, n ? n : 1);
		n = n ? n : 1;
	}
}

/* How long the folder is that temporary names are made in, where one begins here. */
uint32_t diff_temporary_folder(const char *s, uint32_t len)
{
	static const char *const folders[] = { "/tmp/", "/var/tmp/", "/dev/shm/" };

	for (unsigned k = 0; k < ARRAY_SIZE(folders); k++)
		if (begins(s, len, folders[k]))
			return (uint32_t)strlen(folders[k]);
	return 0;
}

/* A name that this run made up, between two slashes. */
static bool made_up(struct buf *b, const struct diff_names *names, const char *s, uint32_t len)
{
	struct diff_made *m = NULL;

	if (names && names->made && len >= DIFF_MADE_UP_LEAST)
		HASH_FIND(hh, names->made, s, len, m);
	if (!m)
		return false;
	buf_add(b, s, m->from);
	buf_putc(b, '*');
	buf_add(b, s + m->from + m->n, len - m->from - m->n);
	return true;
}

static uint32_t name_length(const char *s, uint32_t len)
{
	uint32_t n = 0;

	while (n < len && !diff_is_between(s[n]))
		n++;
	return n;
}

static void add_name(struct buf *b, const char *s, uint32_t len, bool numbers)
{
	for (uint32_t i = 0; i < len; i++) {
		if (numbers && isdigit((unsigned char)s[i])) {
			while (i + 1 < len && isdigit((unsigned char)s[i + 1]))
				i++;
			buf_putc(b, '#');
		} else {
			buf_putc(b, s[i]);
		}
	}
}

void diff_temporary(struct buf *b, const struct diff_names *names, const char *s, uint32_t len, bool numbers)
{
	struct buf first = { 0 };

	for (uint32_t i = 0, n, folder; i < len; i += n) {
		folder = diff_temporary_folder(s + i, len - i);
		buf_add(b, s + i, folder);
		i += folder;
		n = name_length(s + i, len - i);
		if (made_up(b, names, s + i, n))
			continue;
		buf_reset(&first);
		if (folder)
			first_name(&first, s + i, n);
		add_name(b, folder ? first.s : s + i, folder ? (uint32_t)first.len : n, numbers);
		if (!n && i < len && !diff_temporary_folder(s + i, len - i)) {
			buf_putc(b, s[i]);
			n = 1;
		}
	}
	buf_done(&first);
}

/* Numbers become #, what is made up of a temporary name becomes *. */
void diff_normal(struct buf *b, const char *s, uint32_t len) { diff_temporary(b, NULL, s, len, true); }

void diff_add_command(struct buf *b, const struct diff_names *names, const struct totals_proc *p, bool numbers)
{
	const char *s = p->argv.s;

	if (!p->argv.n)
		diff_temporary(b, names, p->comm.s ? p->comm.s : "", p->comm.len, numbers);
	for (unsigned i = 0; i < p->argv.n; i++, s += strlen(s) + 1) {
		s++; /* whether it was cut */
		diff_temporary(b, names, s, (uint32_t)strlen(s), numbers);
		buf_putc(b, '\0');
	}
}

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

void diff_exactly(struct buf *to, const struct diff_names *names, const char *s, uint32_t len, bool dates)
{
	enum { LONG = 7 };
	struct buf b = { 0 };
	bool dated = false;
	size_t n;

	diff_temporary(&b, names, s, len, false);
	for (size_t i = 0; i < b.len; i += n) {
		unsigned long number = 0;

		if (!i || b.s[i - 1] == '/')
			dated = dates && is_dated(b.s + i, b.len - i);
		for (n = 0; i + n < b.len && isdigit((unsigned char)b.s[i + n]); n++)
			number = n < LONG ? number * 10 + (unsigned long)(b.s[i + n] - '0') : DIFF_PID_MAX;
		if (n && (dated || n >= LONG || (number < DIFF_PID_MAX && names->pids[number / 8] >> number % 8 & 1)))
			buf_putc(to, '#');
		else
			buf_add(to, b.s + i, n ? n : 1);
		n = n ? n : 1;
	}
	buf_done(&b);
}

/* What is no path has numbers of the kernel: pipe:[123]. */
void diff_path(struct buf *b, const struct diff_names *names, const char *s, uint32_t len)
{
	if (len && s[0] == '/')
		diff_exactly(b, names, s, len, true);
	else
		diff_normal(b, s, len);
}
