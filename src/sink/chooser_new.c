/* SPDX-License-Identifier: MIT */
/* A filter's text: what is wrong with it, and which calls it may choose. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "abi/spec.h"
#include "analyze/noise.h"
#include "analyze/totals.h"
#include "base/diag.h"
#include "base/macro.h"
#include "base/nearest.h"
#include "event/event.h"
#include "filter/callset.h"
#include "filter/role.h"
#include "row/row.h"
#include "sink/chooser_part.h"

enum { USAGE = 125, TERMS_MAX = 64, TREES_MAX = 7, ARCHES = 3 };

/* ---- words that are known ---- */

static const char unknown_calls[] = CHOOSER_UNKNOWN;

static bool each_call(chooser_word *each, void *ctx)
{
	for (unsigned arch = 0; arch < ARCHES; arch++)
		for (unsigned nr = 0; nr < SYSCALL_MAX; nr++)
			if (syscall_spec(arch, nr)->name && each(ctx, syscall_spec(arch, nr)->name))
				return true;
	return each(ctx, "syscall_other");
}

static bool is_mark(enum event_kind kind)
{
	return kind != EV_CALL && kind != EV_START && kind != EV_END && kind != EV_RELEASE &&
	       kind != EV_MEMORY_SNAPSHOT && kind != EV_WAITING && kind != EV_COUNTS;
}

static bool each_mark(chooser_word *each, void *ctx)
{
	for (unsigned kind = 0; kind < _EV_MAX; kind++)
		if (is_mark(kind) && each(ctx, event_info(kind)->name))
			return true;
	return false;
}

static bool each_category(chooser_word *each, void *ctx)
{
	for (unsigned i = 0; i < _CAT_MAX; i++)
		if (each(ctx, meaning_category(i)))
			return true;
	return false;
}

static bool each_op(chooser_word *each, void *ctx)
{
	for (unsigned i = 0; i < _OP_MAX; i++)
		if (each(ctx, meaning_op(i)))
			return true;
	return false;
}

static bool each_error(chooser_word *each, void *ctx)
{
	static const char *const others[] = {CHOOSER_ANY, CHOOSER_NONE, "unfinished", "unknown"};

	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		if (each(ctx, others[i]))
			return true;
	for (int err = 1; err < 600; err++)
		if (errno_name(err) && each(ctx, errno_name(err)))
			return true;
	return false;
}

static bool each_noise(chooser_word *each, void *ctx)
{
	for (enum noise_class i = NOISE_NONE; i < _NOISE_MAX; i++)	/* none is the name of the first */
		if (each(ctx, noise_class_name(i)))
			return true;
	return each(ctx, CHOOSER_ANY);
}

static bool each_role(chooser_word *each, void *ctx)
{
	for (enum role r = ROLE_NONE + 1; r < _ROLE_MAX; r++)
		if (each(ctx, role_name(r)))
			return true;
	return false;
}

bool chooser_each_word(enum query_field f, chooser_word *each, void *ctx)
{
	switch (f) {
	case QUERY_TYPE:
		return each_call(each, ctx) || each_mark(each, ctx);
	case QUERY_CAT:
		return each_category(each, ctx);
	case QUERY_OP:
		return each_op(each, ctx);
	case QUERY_ERR:
		return each_error(each, ctx);
	case QUERY_NOISE:
		return each_noise(each, ctx);
	case QUERY_ROLE:
		return each_role(each, ctx);
	default:
		return each(ctx, CHOOSER_FAILED) || each_category(each, ctx) || each_op(each, ctx) ||
		       each_call(each, ctx) || each_mark(each, ctx);
	}
}

struct look {
	const struct query_value *v;
	enum query_field field;
	struct nearest near;
	struct buf *list;
};

static bool fits(void *ctx, const char *word)
{
	const struct look *l = ctx;

	if (strchr(l->v->s, '*'))
		return query_glob_matches(l->v->s, word, strlen(word));
	if (l->field == QUERY_ROLE)
		return !strncmp(l->v->s, word, l->v->len);
	return l->field == QUERY_ERR ? !strcasecmp(l->v->s, word) : !strcmp(l->v->s, word);
}

static bool compare_nearest(void *ctx, const char *word)
{
	nearest_try(&((struct look *)ctx)->near, word);
	return false;
}

static bool list_word(void *ctx, const char *word)
{
	buf_printf(ctx, "%s%s", ((struct buf *)ctx)->len ? ", " : "", word);
	return false;
}

/* ---- where something is wrong ---- */

static const struct chooser_part *part_at(const struct chooser *c, size_t at)
{
	const struct chooser_part *part = NULL;

	for (unsigned i = 0; i < c->nparts && c->parts[i].at <= at; i++)
		part = &c->parts[i];
	return part;
}

static const char *option_at(const struct chooser *c, size_t at)
{
	return part_at(c, at) ? part_at(c, at)->option : "filter";
}

/* What was typed, with a caret; of an option that quoted it, the filter that it became. */
static int show_at(const struct chooser *c, size_t at, struct diag *diag, int rc)
{
	const struct chooser_part *part = part_at(c, at);

	if (!part || !part->typed || at < part->inside || at > part->inside + strlen(part->typed) ||
	    strncmp(c->text + part->inside, part->typed, strlen(part->typed)) != 0)
		return diag_at(diag, c->text, at, rc);
	return diag_at(diag, part->typed, at - part->inside, rc);
}

/* Which options leave nothing together. */
static int exclude_all(const struct chooser *c, struct diag *diag)
{
	struct buf names = { 0 };
	int rc;

	for (unsigned i = 0; i < c->nparts; i++) {
		bool named = false;

		for (unsigned k = 0; k < i; k++)
			named |= !strcmp(c->parts[k].option, c->parts[i].option);
		if (!named)
			buf_printf(&names, "%s%s", i ? " and " : "", c->parts[i].option);
	}
	rc = diag_set(diag, USAGE, EINVAL, "%s: no call and no event can meet all of this%s%s",
		      names.len ? names.s : "filter", c->calls ? ", and be of -e " : "", c->calls ? c->calls_text : "");
	buf_done(&names);
	return diag_at(diag, c->text, 0, rc);
}

static int unknown_word(const struct chooser *c, const struct query_term *t, const struct query_value *v,
			struct diag *diag)
{
	static const char *const what[_QUERY_FIELDS] = {
		[QUERY_TYPE] = "system call or event",
		[QUERY_CAT] = "category",
		[QUERY_OP] = "operation",
		[QUERY_ERR] = "error",
		[QUERY_NOISE] = "class of noise",
		[QUERY_ROLE] = "role",
		[QUERY_ANY_OF] = "category, operation, call or event",
	};
	struct look l = {.v = v, .near = nearest_to(v->s)};
	struct buf all = {0};
	int rc;

	chooser_each_word(t->field, compare_nearest, &l);
	if (t->field == QUERY_ANY_OF || t->field == QUERY_CAT)
		each_category(list_word, &all);
	else if (t->field == QUERY_NOISE || t->field == QUERY_ROLE)
		chooser_each_word(t->field, list_word, &all);
	if (nearest_best(&l.near))
		rc = diag_set(diag, USAGE, EINVAL, "%s: no %s \"%.64s\"; did you mean %s?", option_at(c, v->at),
			      what[t->field], v->s, nearest_best(&l.near));
	else
		rc = diag_set(diag, USAGE, EINVAL, "%s: no %s \"%.64s\"%s%s", option_at(c, v->at), what[t->field],
			      v->s, all.len ? "; there are " : "", all.len ? all.s : "");
	buf_done(&all);
	return show_at(c, v->at, diag, rc);
}

static int check_words(const struct chooser *c, const struct query_term *t, struct diag *diag)
{
	bool words = t->field == QUERY_ERR || t->field == QUERY_NOISE || t->field == QUERY_ROLE;

	if (!chooser_is_kind_term(t) && !words && t->field != QUERY_ANY_OF)
		return 0;
	for (unsigned i = 0; i < t->nvalues; i++) {
		struct look l = {.v = &t->values[i], .field = t->field};

		if (chooser_each_word(t->field, fits, &l) ||
		    (!words && !strncmp(l.v->s, unknown_calls, sizeof(unknown_calls) - 1)))
			continue;
		return unknown_word(c, t, l.v, diag);
	}
	return 0;
}

/* ---- calls it may choose ---- */

static bool kind_may(const struct chooser *c, const struct kind_words *w)
{
	for (unsigned i = 0; i < c->query.nterms; i++) {
		const struct query_term *t = &c->query.terms[i];
		bool hit;

		if (!chooser_is_kind_term(t) && t->field != QUERY_ANY_OF)
			continue;
		hit = chooser_kind_passes(t, w);
		if (hit == t->negated && !(t->field == QUERY_ANY_OF && !t->negated && chooser_asks_failed(t)))
			return false;
	}
	return true;
}

static bool call_may(const void *ctx, unsigned arch, unsigned nr)
{
	const struct chooser *c = ctx;
	struct kind_words w[CHOOSER_KINDS];
	char room[CHOOSER_NAME];
	unsigned n = chooser_kinds_of(arch, nr, room, w);

	if (c->calls && !callset_has(c->calls, arch, nr))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (kind_may(c, &w[i]))
			return true;
	return false;
}

/* Lower bounds of a duration are about any call. */
static bool names_calls(const struct query_term *t)
{
	if (t->negated)
		return false;
	if (t->field == QUERY_DUR)
		return t->compare == QUERY_MORE || t->compare == QUERY_MIN;
	return chooser_is_kind_term(t) || (t->field == QUERY_ANY_OF && !(t->nvalues == 1 && chooser_asks_failed(t)));
}

static bool is_named(const struct chooser *c, unsigned arch, unsigned nr)
{
	struct meaning means = spec_meaning(syscall_spec(arch, nr));
	char room[CHOOSER_NAME];
	const struct kind_words w = {chooser_call_name(arch, nr, room), meaning_op(means.op),
				     meaning_category(means.category)};
	bool named = c->calls;

	for (unsigned i = 0; i < c->query.nterms; i++) {
		const struct query_term *t = &c->query.terms[i];

		named |= names_calls(t);
		if (t->field == QUERY_ANY_OF && names_calls(t) && !chooser_kind_passes(t, &w))
			return false;
	}
	return named;
}

/* Of those it may choose, which are known by now. */
static bool call_named(const void *ctx, unsigned arch, unsigned nr)
{
	const struct chooser *c = ctx;

	return callset_has(c->may, arch, nr) && is_named(c, arch, nr);
}

/* Numbers past the table are of no category; their names are known only when they come. */
static bool may_be_unknown(const struct chooser *c)
{
	const struct kind_words w = {"syscall_other", meaning_op(OP_OTHER), meaning_category(CAT_OTHER)};

	if (c->calls && !callset_has(c->calls, 0, SYSCALL_MAX))
		return false;
	for (unsigned i = 0; i < c->query.nterms; i++) {
		const struct query_term *t = &c->query.terms[i];
		bool hit = chooser_kind_passes(t, &w);

		for (unsigned k = 0;
		     k < t->nvalues && (t->field == QUERY_TYPE || t->field == QUERY_ANY_OF) && !t->negated; k++)
			hit |= !strncmp(t->values[k].s, unknown_calls, sizeof(unknown_calls) - 1);
		if (chooser_is_kind_term(t) && hit == t->negated)
			return false;
	}
	return true;
}

static bool event_may(const struct chooser *c, enum event_kind kind)
{
	const struct event_info *info = event_info(kind);
	struct kind_words w = {info->name, meaning_op(info->op), meaning_category(info->category)};

	if (kind_may(c, &w))
		return true;
	w.op = meaning_op(info->op_alone);
	return info->op_alone && kind_may(c, &w);
}

static bool mark_may(const struct chooser *c)
{
	for (unsigned kind = 0; kind < _EV_MAX; kind++)
		if (is_mark(kind) && event_may(c, kind))
			return true;
	return false;
}

/* Of a call that ends a task its end has the name. */
bool chooser_may_end(const struct chooser *c)
{
	return event_may(c, EV_EXIT) || event_may(c, EV_THREAD_EXIT) || event_may(c, EV_DETACH) ||
	       callset_has(c->may, 0, (unsigned)syscall_number("exit")) ||
	       callset_has(c->may, 0, (unsigned)syscall_number("exit_group"));
}

static bool has_value(const struct query_term *t, const char *s)
{
	for (unsigned i = 0; i < t->nvalues; i++)
		if (!strcasecmp(t->values[i].s, s))
			return true;
	return false;
}

/* Does what a asks of an error leave nothing for b?  As -z and -Z do. */
static bool errors_exclude(const struct query_term *a, const struct query_term *b)
{
	if (a->field != QUERY_ERR || b->field != QUERY_ERR || a->negated)
		return false;
	if (!b->negated)
		return a->nvalues == 1 && b->nvalues == 1 && has_value(a, "any") && has_value(b, "none");
	for (unsigned i = 0; i < a->nvalues; i++)
		if (!has_value(b, a->values[i].s))
			return false;
	return true;
}

static bool no_error_is_left(const struct query *q)
{
	for (unsigned i = 0; i < q->nterms; i++)
		for (unsigned k = 0; k < q->nterms; k++)
			if (errors_exclude(&q->terms[i], &q->terms[k]))
				return true;
	return false;
}

/* It asks for what may be noise by its name, or for noise. */
static bool names_objects(const struct query_term *t)
{
	if (t->field == QUERY_NOISE)
		return t->negated == (t->nvalues == 1 && has_value(t, CHOOSER_NONE));
	return !t->negated && (t->field == QUERY_PATH || t->field == QUERY_ROLE || t->field == QUERY_FILE ||
			       t->field == QUERY_TEXT);
}

static int compile(struct chooser *c, struct diag *diag)
{
	bool unknown = may_be_unknown(c), unknown_named;
	unsigned ntrees = 0;

	if (c->query.nerrors) {
		const struct query_error *e = &c->query.errors[0];

		return show_at(c, e->at, diag,
			       diag_set(diag, USAGE, EINVAL, "%s: %s", option_at(c, e->at), e->why));
	}
	for (unsigned i = 0; i < c->query.nterms; i++) {
		const struct query_term *t = &c->query.terms[i];
		int rc = check_words(c, t, diag);

		if (rc < 0)
			return rc;
		ntrees += t->field == QUERY_TREE;
		c->objects |= names_objects(t);
	}
	if (c->query.nterms > TERMS_MAX || ntrees > TREES_MAX)
		return diag_set(diag, USAGE, EINVAL, "filter: more than %d terms, or %d of tree:", TERMS_MAX,
				TREES_MAX);
	c->may = callset_new(call_may, c, unknown);
	unknown_named = unknown && call_may(c, 0, SYSCALL_MAX) && is_named(c, 0, SYSCALL_MAX);
	c->named = callset_new(call_named, c, unknown_named);
	chooser_screen_of(c);
	if (no_error_is_left(&c->query) || (callset_is_empty(c->may) && (c->calls || !mark_may(c))))
		return exclude_all(c, diag);
	if (ntrees) {
		c->ntrees = 1024;
		c->trees = xcalloc(c->ntrees, 1);
	}
	return 0;
}

int chooser_new(const struct chooser_wish *wish, const struct totals *totals, struct chooser **ret, struct diag *diag)
{
	bool filter = wish->filter && wish->filter[strspn(wish->filter, " \t\n")];
	struct chooser *c;
	int rc = 0;

	*ret = NULL;
	if (!filter && !wish->calls && !wish->signals_hidden)
		return 0;
	c = xcalloc(1, sizeof(*c));
	c->calls = wish->calls;
	c->calls_text = wish->calls_text;
	c->signals_hidden = wish->signals_hidden;
	c->parts = wish->parts;
	c->nparts = wish->nparts;
	c->peek = row_peek_new(totals);
	if (filter) {
		c->text = xmemdup0(wish->filter, strlen(wish->filter));
		query_parse(c->text, &c->query);
		rc = compile(c, diag);
		c->nparts = 0;		/* they are the caller's */
	}
	if (rc < 0)
		chooser_free(c);
	else
		*ret = c;
	return rc;
}

void chooser_free(struct chooser *c)
{
	if (!c)
		return;
	query_done(&c->query);
	callset_free(c->may);
	callset_free(c->named);
	callset_free(c->failing);
	row_peek_free(c->peek);
	buf_done(&c->object);
	buf_done(&c->args);
	free(c->verdicts);
	free(c->trees);
	free(c->text);
	free(c);
}

void chooser_text(struct buf *b, const struct chooser *c)
{
	buf_puts(b, c->calls ? "-e " : "");
	buf_puts(b, c->calls ? c->calls_text : "");
	buf_puts(b, c->calls && c->text ? " --filter " : "");
	buf_puts(b, c->text ? c->text : "");
}
