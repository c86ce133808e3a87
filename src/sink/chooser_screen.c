/* SPDX-License-Identifier: MIT */
/* Of a filter what can be asked of a call as it ends.  All terms must hold, so each alone may exclude. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "filter/callset.h"
#include "filter/role.h"
#include "sink/chooser_part.h"

enum { ERRORS_END = 600, ERR_NEVER = 0xffff /* of no call that returned */ };

/* Only what failed, or has not returned. */
static bool asks_error(const struct query_term *t)
{
	if (t->field != QUERY_ERR || t->negated)
		return false;
	for (unsigned i = 0; i < t->nvalues; i++)
		if (!*t->values[i].s || !strcmp(t->values[i].s, "none"))
			return false;
	return true;
}

static bool is_about_failures(const struct query_term *t)
{
	return asks_error(t) || (!t->negated && chooser_asks_failed(t));
}

static bool has_to_fail(const void *ctx, unsigned arch, unsigned nr)
{
	const struct chooser *c = ctx;
	struct kind_words w[CHOOSER_KINDS];
	char room[CHOOSER_NAME];
	unsigned n = chooser_kinds_of(arch, nr, room, w);

	for (unsigned i = 0; i < c->query.nterms; i++) {
		const struct query_term *t = &c->query.terms[i];
		bool hit = false;

		if (asks_error(t))
			return true;
		if (t->negated || !chooser_asks_failed(t))
			continue;
		for (unsigned k = 0; k < n; k++)
			hit |= chooser_kind_passes(t, &w[k]);
		if (!hit)
			return true;
	}
	return false;
}

static int errno_of(const char *name)
{
	for (int err = 1; err < ERRORS_END; err++)
		if (errno_name(err) && !strcasecmp(errno_name(err), name))
			return err;
	return ERR_NEVER;	/* "unfinished" */
}

static void of_errors(struct screen *s, const struct query_term *t)
{
	if (s->nerrs || !asks_error(t) || t->nvalues > SCREEN_ERRS)
		return;
	for (unsigned i = 0; i < t->nvalues; i++)
		if (!strcmp(t->values[i].s, "any") || strchr(t->values[i].s, ' '))
			return;
	for (unsigned i = 0; i < t->nvalues; i++)
		s->errs[s->nerrs++] = errno_of(t->values[i].s);
}

static bool is_word(const struct query_term *t, const char *word)
{
	return t->nvalues == 1 && !strcmp(t->values[0].s, word);
}

static void not_error(struct screen *s, int err)
{
	if (s->nunwanted < SCREEN_ERRS && err != ERR_NEVER)
		s->unwanted[s->nunwanted++] = err;
}

/* What is a failure whatever the call: others may be the answer that was asked for (row_is_failure()). */
static void of_success(struct screen *s, const struct query_term *t)
{
	static const int always[] = { ENOENT, ENOTDIR, EACCES, EPERM, EBADF, ELOOP };

	if (t->field != QUERY_ERR)
		return;
	if (t->negated ? is_word(t, CHOOSER_ANY) : is_word(t, CHOOSER_NONE)) {
		s->nunwanted = 0;
		for (unsigned i = 0; i < ARRAY_SIZE(always); i++)
			not_error(s, always[i]);
	}
	for (unsigned i = 0; i < t->nvalues && t->negated; i++)
		not_error(s, errno_of(t->values[i].s));
}

static void of_time(struct screen *s, const struct query_term *t)
{
	double least = INFINITY, most = 0;

	for (unsigned i = 0; i < t->nvalues; i++) {
		least = MIN(least, t->values[i].number);	/* not fmin(): all of libm for that */
		most = MAX(most, t->values[i].number);
	}
	if (t->field != QUERY_DUR || t->negated || least <= 0 || most >= 1e18)
		return;
	if (t->compare == QUERY_MORE || t->compare == QUERY_MIN)
		s->min_ns = MAX(s->min_ns, (uint64_t)least);
	if (t->compare == QUERY_LESS || t->compare == QUERY_MAX)
		s->max_ns = s->max_ns ? MIN(s->max_ns, (uint64_t)ceil(most)) : (uint64_t)ceil(most);
}

/* ---- names ---- */

static void add_path(struct screen *s, const char *text, size_t len, bool whole, bool out)
{
	struct screen_path *p = &s->paths[s->npaths++];

	*p = (struct screen_path){ .len = (uint32_t)MIN(len, (size_t)SCREEN_PATH_MAX - 1), .whole = whole, .out = out };
	memcpy(p->s, text, p->len);
	s->nasked += !out;
}

/* One of a list, each of which has to have room, or none is asked for. */
static void ask_for(struct screen *s, const char *pattern)
{
	size_t n = strcspn(pattern, "*?"), end = n;

	while (n > 1 && pattern[n - 1] == '/')
		n--;
	add_path(s, pattern, n, !pattern[end] && n == end && n > 1 && n < SCREEN_PATH_MAX, false);
}

/* A file, a folder with all below it, or what is below it: not more than the pattern says. */
static void leave_out(struct screen *s, const char *pattern)
{
	size_t len = strlen(pattern), n = strcspn(pattern, "*?");
	bool below = n + 1 == len && pattern[n] == '*' && n > 1 && pattern[n - 1] == '/';

	if (s->npaths < SCREEN_PATHS && *pattern == '/' && n > 1 && n < SCREEN_PATH_MAX &&
	    (below || (n == len && pattern[n - 1] != '/')))
		add_path(s, pattern, n, !below, true);
}

static bool means(const struct query_term *t, enum role r)
{
	for (unsigned i = 0; i < t->nvalues; i++)
		if (role_meant(r, t->values[i].s))
			return true;
	return false;
}

/* Asked for: roles that are folders.  Left out: of those the first, from which no role before them takes a file. */
static void of_roles(struct screen *s, const struct query_term *t)
{
	const char *const *glob;
	unsigned n = 0;

	for (enum role r = ROLE_NONE + 1; r < _ROLE_MAX && !t->negated; r++)
		for (glob = role_globs(r); means(t, r) && *glob; glob++)
			n += **glob == '/' ? 1 : SCREEN_PATHS + 1;
	if (n > SCREEN_PATHS - s->npaths || (s->nasked && !t->negated))
		return;
	for (enum role r = ROLE_NONE + 1; r < _ROLE_MAX; r++)
		for (glob = role_globs(r); means(t, r) && *glob; glob++) {
			if (!t->negated)
				ask_for(s, *glob);
			else if (r <= ROLE_TEMPORARY)
				leave_out(s, *glob);
		}
}

static void of_paths(struct screen *s, const struct query_term *t)
{
	for (unsigned i = 0; i < t->nvalues && t->negated; i++)
		leave_out(s, t->values[i].s);
	if (s->nasked || t->negated || t->nvalues > SCREEN_PATHS - s->npaths)
		return;
	for (unsigned i = 0; i < t->nvalues; i++)
		if (t->values[i].s[0] != '/')
			return;
	for (unsigned i = 0; i < t->nvalues; i++)
		ask_for(s, t->values[i].s);
}

void chooser_screen_of(struct chooser *c)
{
	struct screen *s = &c->screen;
	bool failures = false;

	for (unsigned i = 0; i < c->query.nterms; i++) {
		const struct query_term *t = &c->query.terms[i];

		failures |= is_about_failures(t);
		of_errors(s, t);
		of_success(s, t);
		of_time(s, t);
		if (t->field == QUERY_PATH)
			of_paths(s, t);
		else if (t->field == QUERY_ROLE)
			of_roles(s, t);
	}
	if (failures)		/* each call is asked: most filters can save that */
		c->failing = callset_new(has_to_fail, c, false);
	if (c->failing && !callset_is_empty(c->failing))
		s->failing = c->failing;
	c->screens = s->failing || s->nunwanted || s->min_ns || s->max_ns || s->npaths;
}

const struct screen *chooser_screen(const struct chooser *c)
{
	return c->screens ? &c->screen : NULL;
}
