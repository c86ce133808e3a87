/* SPDX-License-Identifier: MIT */
/* Values of the filter language: numbers with units, and patterns. */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/macro.h"
#include "filter/query.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

/* 12, 1.5 and, with bare_dot, .5; NULL when there is none.  No sign, exponent or locale, as strtod(3) would take. */
static const char *take_decimal(const char *s, bool bare_dot, double *ret)
{
	const char *start = s;
	double v = 0, unit = 1;

	for (; is_digit(*s); s++)
		v = v * 10 + (*s - '0');
	if (s == start && !(bare_dot && *s == '.'))
		return NULL;
	if (*s == '.' && is_digit(s[1]))
		for (s++; is_digit(*s); s++) {
			v = v * 10 + (*s - '0');
			unit *= 10;
		}
	else if (s == start)
		return NULL;
	*ret = v / unit;
	while (is_space(*s))
		s++;
	return s;
}

double query_time_ns(const char *s)
{
	static const struct { const char *name; double ns; } units[] = {
		{ "", 1e9 }, { "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "min", 60e9 },
		{ "h", 3600e9 }, { "d", 86400e9 },
	};
	double v = NAN;

	s = take_decimal(s, true, &v);
	for (unsigned i = 0; s && i < ARRAY_SIZE(units); i++)
		if (!strcmp(s, units[i].name))
			return v * units[i].ns;
	return NAN;
}

double query_size(const char *s)
{
	static const char letters[] = "bkmgt";
	double v = NAN, unit = 1;

	s = take_decimal(s, false, &v);
	if (!s)
		return NAN;
	if (!*s)
		return v;
	for (unsigned i = 0; letters[i]; i++) {
		if (lower(s[0]) == letters[i] && (!s[1] || (i && lower(s[1]) == 'b' && !s[2])))
			return v * unit;
		unit *= 1024;
	}
	return NAN;
}

/* A minus can be U+2212, as the page prints it. */
double query_number(const char *s)
{
	static const char minus[] = "\u2212";
	bool negative = *s == '-' || !strncmp(s, minus, sizeof(minus) - 1);
	double v = 0;

	if (negative)
		s += *s == '-' ? 1 : sizeof(minus) - 1;
	if (s[0] == '0' && lower(s[1]) == 'x' && s[2]) {
		for (s += 2; is_digit(*s) || (lower(*s) >= 'a' && lower(*s) <= 'f'); s++)
			v = v * 16 + (is_digit(*s) ? *s - '0' : lower(*s) - 'a' + 10);
	} else {
		if (!is_digit(*s))
			return NAN;
		for (; is_digit(*s); s++)
			v = v * 10 + (*s - '0');
	}
	return *s ? NAN : negative ? -v : v;
}

bool query_compares(const struct query_term *t, double x)
{
	for (unsigned i = 0; i < t->nvalues; i++) {
		double v = t->values[i].number;

		switch (t->compare) {
		case QUERY_IS: case QUERY_EQUAL:
			if (x == v)
				return true;
			break;
		case QUERY_MORE:
			if (x > v)
				return true;
			break;
		case QUERY_LESS:
			if (x < v)
				return true;
			break;
		case QUERY_MIN:
			if (x >= v)
				return true;
			break;
		case QUERY_MAX:
			if (x <= v)
				return true;
			break;
		}
	}
	return false;
}

/* Bytes of the UTF-8 character at s; a byte that begins none is one by itself. */
static size_t character(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	if (n > len)
		return 1;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* Each * is tried with what is left after the last one: time is pattern × text at most, whatever the pattern. */
bool query_glob_matches(const char *pattern, const char *s, size_t len)
{
	const char *star = NULL, *end = s + len, *from = s;

	while (s < end) {
		if (*pattern == '*') {
			star = pattern++;
			from = s;
		} else if (*pattern == '?') {
			pattern++;
			s += character(s, (size_t)(end - s));
		} else if (*pattern && *pattern == *s) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star + 1;
			from += character(from, (size_t)(end - from));
			s = from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool query_part_matches(const char *part, const char *s, size_t len)
{
	size_t n = strlen(part);

	for (size_t i = 0; i + n <= len; i++)
		if (!n || (lower(s[i]) == lower(part[0]) && !strncasecmp(s + i, part, n)))
			return true;
	return false;
}

bool query_path_matches(const char *pattern, const char *s, size_t len)
{
	size_t n = strlen(pattern);

	if (strpbrk(pattern, "*?"))
		return query_glob_matches(pattern, s, len);
	if (*pattern != '/')
		return query_part_matches(pattern, s, len);
	if (len < n || memcmp(s, pattern, n) != 0)
		return false;
	return len == n || pattern[n - 1] == '/' || s[n] == '/';
}

static bool is_hex(char c) { return isdigit((unsigned char)c) || (c >= 'a' && c <= 'f'); }

static size_t skip_hex(const char *s, size_t n, size_t at)
{
	while (at < n && is_hex(s[at]))
		at++;
	return at;
}

size_t query_name_at(const char *s, size_t n)
{
	size_t dash = skip_hex(s, n, 0), at = dash < n && s[dash] == '-' ? skip_hex(s, n, dash + 1) : 0;

	if (!dash || at <= dash + 1)
		return 0;
	if (n - at >= 4 && s[at] == ' ' && (s[at + 1] == 'r' || s[at + 1] == '-') &&
	    (s[at + 2] == 'w' || s[at + 2] == '-') && (s[at + 3] == 'x' || s[at + 3] == '-') &&
	    (n - at == 4 || s[at + 4] == ' '))
		at += 4;
	return at == n ? n : s[at] == ' ' ? at + 1 : 0;
}
