/* SPDX-License-Identifier: MIT */
/* What a process wrote last to its standard error. */
#include "analyze/last_lines.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyze/totals_index.h"
#include "base/macro.h"

static bool is_indented(const char *s) { return s[0] == ' ' || s[0] == '\t'; }

/* Without regard to case; word: in small letters. */
static bool has_word(const char *s, uint32_t len, const char *word)
{
	size_t n = strlen(word);

	for (uint32_t at = 0; at + n <= len; at++)
		if (!strncasecmp(s + at, word, n))
			return true;
	return false;
}

static const char *const why_words[] = {"error", "exception", "panic", "fatal", "caused by"};

static bool has_why_word(const char *s, uint32_t len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(why_words); i++)
		if (has_word(s, len, why_words[i]))
			return true;
	return false;
}

/* "TypeError: …", "fatal error: …", "error[E0308]: …", "Exception in thread …": the name of what went wrong. */
static bool begins_with_why(const char *s, uint32_t len)
{
	unsigned blanks = 0;
	uint32_t n = 0;

	while (n < len && (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '.' || (s[n] == ' ' && !blanks++)))
		n++;
	if (has_word(s, MIN(len, (uint32_t)strlen("exception in")), "exception in"))
		return true;
	return n < len && (s[n] == ':' || s[n] == '[' || s[n] == '(') && has_why_word(s, n);
}

enum { SAYS_NOTHING, HAS_WORD, BEGINS_WITH_IT };

/*
 * What went wrong stands in the first line of what Node.js, Go and Java write, and calls, which are indented, below it:
 * more of them than are kept.  A line can have such a word in it and be about where (Emitted 'error' event at:).
 */
static unsigned says_why(const char *s, uint32_t len)
{
	if (!len || is_indented(s) || !has_why_word(s, len))
		return SAYS_NOTHING;
	return begins_with_why(s, len) ? BEGINS_WITH_IT : HAS_WORD;
}

/* The oldest line makes place for another. */
static void line_passes(struct last_lines *v, unsigned i)
{
	char *room = v->why;
	unsigned says = v->lines[i] ? says_why(v->lines[i], v->lens[i]) : SAYS_NOTHING;

	if (!says || says < v->says)
		return;
	v->says = says;
	v->why = v->lines[i];
	v->why_len = v->lens[i];
	v->lines[i] = room;
}

static void line_add(struct last_lines *v, const char *s, size_t n)
{
	unsigned i;

	if (!v->open) {
		i = v->at++ % ENDING_LINES;
		line_passes(v, i);
		v->lens[i] = 0;
		if (!v->lines[i])
			v->lines[i] = xmalloc(ENDING_LINE_BYTES);
		v->open = true;
	}
	i = (v->at - 1) % ENDING_LINES;
	n = MIN(n, (size_t)ENDING_LINE_BYTES - v->lens[i]);
	if (n)
		memcpy(v->lines[i] + v->lens[i], s, n);
	v->lens[i] += (uint32_t)n;
}

/* Empty lines are none. */
void last_lines_add(struct last_lines *v, const char *s, size_t n)
{
	while (n) {
		const char *end = memchr(s, '\n', n);
		size_t len = end ? (size_t)(end - s) : n;

		if (len)
			line_add(v, s, len);
		if (end)
			v->open = false;
		s += len + (end != NULL);
		n -= len + (end != NULL);
	}
}

void last_lines_break(struct last_lines *v) { v->open = false; }

/* "KeyboardInterrupt", "app.Refused: no": a name, and maybe more behind a colon. */
static bool is_exception(const char *s, uint32_t len)
{
	uint32_t i = 0;

	while (i < len && (isalnum((unsigned char)s[i]) || s[i] == '_' || s[i] == '.'))
		i++;
	return i && (i == len || s[i] == ':');
}

/* Python's is the last line, below what is indented. */
static bool ends_with_why(const struct last_lines *v)
{
	unsigned last = (v->at - 1) % ENDING_LINES, above = (v->at - 2) % ENDING_LINES;

	return is_exception(v->lines[last], v->lens[last]) && is_indented(v->lines[above]);
}

/* Where none of the last lines says why, or so well, one before them does instead of the first. */
unsigned last_lines_keep(const struct last_lines *v, struct totals *t, struct bytes ret_lines[ENDING_LINES])
{
	unsigned n = MIN(v->at, (unsigned)ENDING_LINES);
	bool why = v->why && !ends_with_why(v);

	for (unsigned i = 0; i < n; i++)
		why &= says_why(v->lines[i], v->lens[i]) < v->says;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = (v->at - n + i) % ENDING_LINES;

		ret_lines[i] = why && !i ? totals_keep(t, v->why, v->why_len)
					 : totals_keep(t, v->lines[k], v->lens[k]);
	}
	return n;
}

void last_lines_done(struct last_lines *v)
{
	for (unsigned i = 0; i < ENDING_LINES; i++)
		free(v->lines[i]);
	free(v->why);
	*v = (struct last_lines){0};
}

static size_t digits_len(struct bytes s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && isdigit((unsigned char)s.s[at + n]))
		n++;
	return n;
}

bool last_lines_alike(struct bytes a, struct bytes b)
{
	size_t i = 0, k = 0;

	while (i < a.len && k < b.len) {
		size_t na = digits_len(a, i), nb = digits_len(b, k);

		if (!na != !nb || (!na && a.s[i] != b.s[k]))
			return false;
		i += na ? na : 1;
		k += nb ? nb : 1;
	}
	return a.len == ENDING_LINE_BYTES || (i == a.len && k == b.len);
}
