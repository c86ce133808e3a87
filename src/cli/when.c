/* SPDX-License-Identifier: MIT */
#include "cli/when.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/diag.h"
#include "base/macro.h"
#include "filter/query.h"

enum { USAGE = 125 };
static const uint64_t second_ns = 1000000000, day_ns = 86400 * 1000000000ull;

/* ---- reading one ---- */

/* So many digits at least and at most; NULL: there are none. */
static const char *digits(const char *s, int least, int most, uint64_t *ret)
{
	int n = 0;

	for (*ret = 0; s && n < most && isdigit((unsigned char)s[n]); n++)
		*ret = *ret * 10 + (uint64_t)(s[n] - '0');
	return s && n >= least ? s + n : NULL;
}

/* Of a second, ".25", up to nine digits; nothing is none. */
static const char *fraction(const char *s, uint64_t *ret_ns)
{
	uint64_t unit = second_ns;

	*ret_ns = 0;
	if (!s || *s != '.')
		return s;
	for (s++; isdigit((unsigned char)*s) && unit > 1; s++)
		*ret_ns += (uint64_t)(*s - '0') * (unit /= 10);
	return s;
}

/* 13:30, 13:30:00, 13:30:00.25 */
static const char *of_day(const char *s, uint64_t *ret_ns)
{
	uint64_t hour, minute, second = 0, part_ns = 0;

	s = digits(s, 1, 2, &hour);
	if (!s || *s != ':')
		return NULL;
	s = digits(s + 1, 2, 2, &minute);
	if (s && *s == ':')
		s = fraction(digits(s + 1, 2, 2, &second), &part_ns);
	*ret_ns = (hour * 3600 + minute * 60 + second) * second_ns + part_ns;
	return hour < 24 && minute < 60 && second < 61 ? s : NULL;
}

/* Z, +01:00, +0100, +01; false: it is something else. */
static bool zone(const char *s, int64_t *ret_s)
{
	uint64_t hours, minutes = 0;
	bool west = *s == '-';

	*ret_s = 0;
	if (!strcmp(s, "Z"))
		return true;
	if (*s != '+' && *s != '-')
		return false;
	s = digits(s + 1, 2, 2, &hours);
	if (s && *s)
		s = digits(s + (*s == ':'), 2, 2, &minutes);
	if (!s || *s || hours > 24 || minutes > 59)
		return false;
	*ret_s = (int64_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

/* 2026-11-29T13:30, with a blank in place of the T, with or without a zone. */
static int of_date(const char *s, struct when *ret)
{
	uint64_t year, month, day, in_day_ns;
	int64_t zone_s = 0, at;
	struct tm tm = { .tm_isdst = -1 };

	s = digits(s, 4, 4, &year);
	s = s && *s == '-' ? digits(s + 1, 2, 2, &month) : NULL;
	s = s && *s == '-' ? digits(s + 1, 2, 2, &day) : NULL;
	s = s && (*s == 'T' || *s == ' ') ? of_day(s + 1, &in_day_ns) : NULL;
	if (!s || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || (*s && !zone(s, &zone_s)))
		return -EINVAL;
	tm.tm_year = (int)year - 1900, tm.tm_mon = (int)month - 1, tm.tm_mday = (int)day;
	tm.tm_hour = (int)(in_day_ns / second_ns / 3600), tm.tm_min = (int)(in_day_ns / second_ns / 60 % 60);
	tm.tm_sec = (int)(in_day_ns / second_ns % 60);
	at = *s ? timegm(&tm) - zone_s : mktime(&tm);
	if (at < 0)
		return -EINVAL;
	ret->kind = WHEN_EPOCH;
	ret->ns = (uint64_t)at * second_ns + in_day_ns % second_ns;
	return 0;
}

static int of_epoch(const char *s, struct when *ret)
{
	uint64_t seconds, part_ns;

	s = fraction(digits(s, 1, 11, &seconds), &part_ns);
	ret->kind = WHEN_EPOCH;
	ret->ns = s ? seconds * second_ns + part_ns : 0;
	return s && !*s ? 0 : -EINVAL;
}

static int duration(const char *s, enum when_kind kind, struct when *ret)
{
	double ns = isdigit((unsigned char)*s) || *s == '.' ? query_time_ns(s) : NAN;

	if (!(ns >= 0 && ns < 9e18))
		return -EINVAL;
	ret->kind = kind;
	ret->ns = (uint64_t)ns;
	return 0;
}

static int percent(const char *s, struct when *ret)
{
	char *end;

	ret->percent = strtod(s, &end);
	ret->kind = WHEN_PERCENT;
	return isdigit((unsigned char)*s) && !strcmp(end, "%") && ret->percent <= 100 ? 0 : -EINVAL;
}

int when_parse(const char *text, struct when *ret)
{
	const char *end;

	*ret = (struct when){ .text = text };
	if (*text == '@')
		return of_epoch(text + 1, ret);
	if (*text == '+' || *text == '-')
		return duration(text + 1, *text == '-' ? WHEN_BEFORE_END : WHEN_SINCE_START, ret);
	if (strchr(text, '%'))
		return percent(text, ret);
	end = of_day(text, &ret->ns);
	if (end && !*end) {
		ret->kind = WHEN_OF_DAY;
		return 0;
	}
	return strchr(text, ':') ? of_date(text, ret) : duration(text, WHEN_SINCE_START, ret);
}

/* ---- what it is in a recording ---- */

/* Midnight of the day that the recording began on, here. */
static uint64_t midnight_ns(uint64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / second_ns);
	struct tm tm;

	if (!localtime_r(&s, &tm))
		return 0;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	s = mktime(&tm);
	return s > 0 ? (uint64_t)s * second_ns : 0;
}

/* Before its start may be the next day: where it ends after that; of a stream, where it began in the evening. */
static bool is_next_day(uint64_t wall_ns, const struct when_span *span)
{
	if (wall_ns >= span->wall_ns)
		return false;
	return span->end_ns ? wall_ns + day_ns - span->wall_ns <= span->end_ns - span->start_ns :
			      span->wall_ns - wall_ns > day_ns / 2;
}

static uint64_t of_wall(uint64_t wall_ns, const struct when_span *span)
{
	return wall_ns <= span->wall_ns ? span->start_ns : span->start_ns + (wall_ns - span->wall_ns);
}

static int without(const struct when *w, const char *option, const char *what, struct diag *diag)
{
	return diag_set(diag, USAGE, EINVAL, "--%s %s: %s", option, w->text, what);
}

int when_resolve(const struct when *w, const char *option, const struct when_span *span, uint64_t *ret_ns,
		 struct diag *diag)
{
	uint64_t took_ns = span->end_ns > span->start_ns ? span->end_ns - span->start_ns : 0, wall_ns = w->ns;

	if ((w->kind == WHEN_BEFORE_END || w->kind == WHEN_PERCENT) && !span->end_ns)
		return without(w, option,
			       "a stream has no end yet; store it in a file first, or give a time since its start",
			       diag);
	if ((w->kind == WHEN_OF_DAY || w->kind == WHEN_EPOCH) && !span->wall_ns)
		return without(w, option,
			       "the recording does not say when it was made; give a time since its start, as 5s",
			       diag);
	switch (w->kind) {
	case WHEN_NOT:
		break;
	case WHEN_SINCE_START:
		*ret_ns = w->ns < UINT64_MAX - span->start_ns ? span->start_ns + w->ns : UINT64_MAX;
		break;
	case WHEN_BEFORE_END:
		*ret_ns = w->ns < took_ns ? span->end_ns - w->ns : span->start_ns;
		break;
	case WHEN_PERCENT:
		*ret_ns = span->start_ns + (uint64_t)((double)took_ns * w->percent / 100);
		break;
	case WHEN_OF_DAY:
		wall_ns += midnight_ns(span->wall_ns);
		wall_ns += is_next_day(wall_ns, span) ? day_ns : 0;
		*ret_ns = of_wall(wall_ns, span);
		break;
	case WHEN_EPOCH:
		*ret_ns = of_wall(wall_ns, span);
		break;
	}
	return 0;
}
