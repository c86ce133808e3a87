/* SPDX-License-Identifier: MIT */
/* Of a filter what can be asked of a call as it ends.  All terms must hold, so each alone may exclude. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "filter/callset.h"
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

static void of_time(struct screen *s, const struct query_term *t)
{
	double least = INFINITY;

	if (t->field != QUERY_DUR || t->negated || (t->compare != QUERY_MORE && t->compare != QUERY_MIN))
		return;
	for (unsigned i = 0; i < t->nvalues; i++)
		least = fmin(least, t->values[i].number);
	if (least > 0 && least < 1e18)
		s->min_ns = MAX(s->min_ns, (uint64_t)least);
}

static void of_paths(struct screen *s, const struct query_term *t)
{
	if (s->npaths || t->field != QUERY_PATH || t->negated || t->nvalues > SCREEN_PATHS)
		return;
	for (unsigned i = 0; i < t->nvalues; i++)
		if (t->values[i].s[0] != '/')
			return;
	for (unsigned i = 0; i < t->nvalues; i++) {
		struct screen_path *p = &s->paths[s->npaths++];
		size_t n = strcspn(t->values[i].s, "*?"), end = n;

		while (n > 1 && t->values[i].s[n - 1] == '/')
			n--;
		p->whole = !t->values[i].s[end] && n == end && n > 1 && n < SCREEN_PATH_MAX;
		p->len = (uint32_t)MIN(n, (size_t)SCREEN_PATH_MAX - 1);
		memcpy(p->s, t->values[i].s, p->len);
	}
}

void chooser_screen_of(struct chooser *c)
{
	struct screen *s = &c->screen;

	for (unsigned i = 0; i < c->query.nterms; i++) {
		of_errors(s, &c->query.terms[i]);
		of_time(s, &c->query.terms[i]);
		of_paths(s, &c->query.terms[i]);
	}
	c->failing = callset_new(has_to_fail, c, false);
	if (!callset_is_empty(c->failing))
		s->failing = c->failing;
	c->screens = s->failing || s->min_ns || s->npaths;
}

const struct screen *chooser_screen(const struct chooser *c)
{
	return c->screens ? &c->screen : NULL;
}
