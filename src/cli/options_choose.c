/* SPDX-License-Identifier: MIT */
/* -e as strace has it, --filter and its short forms: all but sets of calls becomes one filter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "abi/spec.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/macro.h"
#include "base/nearest.h"
#include "cli/options_set.h"
#include "filter/callset.h"
#include "filter/query.h"
#include "sink/chooser.h"

enum { USAGE = 125, SIGNALS = 65 };

/* ---- the filter ---- */

/* typed: what is in text of what was typed, after before bytes; NULL: nothing is. */
static void add_text(struct options *o, const char *option, const char *text, const char *typed, size_t before)
{
	struct buf b = {0};

	buf_puts(&b, o->filter ? o->filter : "");
	buf_puts(&b, b.len && text[0] ? " " : "");
	o->filter_parts = xrealloc(o->filter_parts, (o->nfilter_parts + 1) * sizeof(*o->filter_parts));
	o->filter_parts[o->nfilter_parts++] =
		(struct chooser_part){ .option = option, .typed = typed, .at = b.len, .inside = b.len + before };
	buf_puts(&b, text);
	free(o->filter);
	o->filter = b.s;
}

static bool is_empty_list(const char *values) { return strspn(values, ",") == strlen(values); }

static int needs_value(const struct option_row *r, struct diag *diag)
{
	return diag_set(diag, USAGE, EINVAL, "--%s needs %s after it", r->name, r->arg);
}

/* FIELD:VALUES, or FIELD:"VALUES" */
static void add_term(struct options *o, const char *option, const char *field, const char *values)
{
	struct buf b = { 0 };
	size_t before = strlen(field) + 1;

	query_add(&b, field, values);
	add_text(o, option, b.s, values, before + (b.s[before] == '"' && values[0] != '"'));
	buf_done(&b);
}

int set_filter(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	struct query q;
	int rc = 0;

	if (!arg[strspn(arg, " \t\n")])
		return diag_set(diag, USAGE, EINVAL, "--%s needs an expression after it, as type:open path:*.conf",
				r->name);
	query_parse(arg, &q);
	if (q.nerrors)
		rc = diag_at(diag, arg, q.errors[0].at,
			     diag_set(diag, USAGE, EINVAL, "--%s: %s", r->name, q.errors[0].why));
	else
		add_text(o, "--filter", arg, arg, 0);
	query_done(&q);
	return rc;
}

int set_only(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	if (is_empty_list(arg))
		return needs_value(r, diag);
	add_term(o, "--only", "is", arg);
	return 0;
}

/* Given again, any of them is meant, as with strace's -P: options_add_paths() makes one term of all. */
int set_path(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	struct buf b = { 0 };

	if (is_empty_list(arg))
		return needs_value(r, diag);
	if (o->paths)
		buf_printf(&b, "%s,", o->paths);
	buf_puts(&b, arg);
	free(o->paths);
	o->paths = b.s;
	return 0;
}

void options_add_paths(struct options *o)
{
	if (o->paths)
		add_term(o, "--path", "path", o->paths);
}

int set_failed(struct options *o, const struct option_row *r UNUSED, const char *arg UNUSED, struct diag *diag UNUSED)
{
	add_text(o, "--failed", "err:any", NULL, 0);
	return 0;
}

int set_successful(struct options *o, const struct option_row *r UNUSED, const char *arg UNUSED,
		   struct diag *diag UNUSED)
{
	add_text(o, "--successful", "!err:any", NULL, 0);
	return 0;
}

int set_slower(struct options *o, const struct option_row *r, const char *arg, struct diag *diag)
{
	struct buf b = {0};
	double ns = query_time_ns(arg);

	if (!(ns >= 0))
		return diag_set(diag, USAGE, EINVAL, "--%s takes a time, as 10ms, 20us or 1.5s, not \"%.64s\"", r->name,
				arg);
	buf_printf(&b, "dur>=%s", arg);
	add_text(o, "--slower", b.s, arg, strlen("dur>="));
	buf_done(&b);
	return 0;
}

/* ---- strace's -e ---- */

static int trace_form(struct options *o, const char *set, struct diag *diag)
{
	struct callset_error e;

	if (o->calls)
		return diag_set(diag, USAGE, EINVAL, "-e was given twice; write one set: -e %s,%s", o->calls_text, set);
	if (callset_parse(set, &o->calls, &e) < 0)
		return diag_at(diag, set, e.at, diag_set(diag, USAGE, EINVAL, "-e: %s", e.why));
	o->calls_text = set;
	return 0;
}

/* A word of a list with commas; *p moves behind it.  NULL: there is none. */
static char *next_word(const char **p)
{
	size_t n = strcspn(*p, ",");
	char *word;

	if (!n && !**p)
		return NULL;
	word = xmemdup0(*p, n);
	*p += n + ((*p)[n] == ',');
	return word;
}

static const char *const states[] = {"successful", "failed", "unfinished", "unavailable", "detached"};
enum { OK, FAILED, UNFINISHED, UNAVAILABLE, DETACHED, ALL = 31 };

/* word: one more, or nothing. */
static void add_status(struct buf *b, const char *between, const char *word)
{
	bool first = !b->len || b->s[b->len - 1] == ':';

	buf_puts(b, *word && !first ? between : "");
	buf_puts(b, word);
}

static int status_form(struct options *o, const char *list, struct diag *diag)
{
	bool not = *list == '!';
	const char *p = list + not ;
	unsigned which = 0;
	struct buf b = {0};
	char *word;

	for (; (word = next_word(&p)); free(word)) {
		unsigned i = 0;
		struct nearest near = nearest_to(word);

		for (; i < ARRAY_SIZE(states) && strcmp(states[i], word); i++)
			nearest_try(&near, states[i]);
		if (!strcmp(word, "all") || !strcmp(word, "none")) {
			which = *word == 'a' ? ALL : which;
		} else if (i < ARRAY_SIZE(states)) {
			which |= 1u << i;
		} else {
			diag_set(diag, USAGE, EINVAL, "-e status=: no status \"%.64s\"; %s%s%s", word,
				 nearest_best(&near) ? "did you mean " : "there are ",
				 nearest_best(&near) ? nearest_best(&near)
						     : "successful, failed, unfinished, unavailable, detached",
				 nearest_best(&near) ? "?" : "");
			free(word);
			return -EINVAL;
		}
	}
	which ^= not ? ALL : 0;
	if (which & 1u << OK) {
		add_status(&b, " ", which & 1u << FAILED ? "" : "err:none");
		add_status(&b, " ", which & 1u << UNFINISHED ? "" : "!err:unfinished");
		add_status(&b, " ", which & 1u << UNAVAILABLE ? "" : "!err:unknown");
	} else if (which & (1u << FAILED | 1u << UNFINISHED | 1u << UNAVAILABLE)) {
		buf_puts(&b, "err:");
		add_status(&b, ",", which & 1u << FAILED ? "any" : "");
		add_status(&b, ",", which & 1u << UNFINISHED ? "unfinished" : "");
		add_status(&b, ",", which & 1u << UNAVAILABLE ? "unknown" : "");
	} else {
		return diag_set(diag, USAGE, EINVAL, "-e status=%s leaves nothing to show", list);
	}
	add_text(o, "-e status=", b.s ? b.s : "", NULL, 0);
	buf_done(&b);
	return 0;
}

static int signal_number(const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (*word >= '0' && *word <= '9' && !*end && n < SIGNALS)
		return (int)n;
	for (int i = 1; i < SIGNALS; i++)
		if (!strcasecmp(signal_name(i), word) || !strcasecmp(signal_name(i) + 3, word))
			return i;
	return -1;
}

static int signal_form(struct options *o, const char *list, struct diag *diag)
{
	bool not = *list == '!';
	const char *p = list + not ;
	uint64_t shown = 0;
	char *word;

	for (; (word = next_word(&p)); free(word)) {
		int n = signal_number(word);
		struct nearest near = nearest_to(word);

		if (!strcmp(word, "all") || !strcmp(word, "none")) {
			shown = *word == 'a' ? UINT64_MAX : shown;
			continue;
		}
		if (n > 0) {
			shown |= 1ull << MIN(n, 63);
			continue;
		}
		for (int i = 1; i < SIGNALS; i++)
			nearest_try(&near, signal_name(i));
		diag_set(diag, USAGE, EINVAL, "-e signal=: no signal \"%.64s\"%s%s%s", word,
			 nearest_best(&near) ? "; did you mean " : "; as in -e signal=SIGTERM,int,!chld",
			 nearest_best(&near) ? nearest_best(&near) : "", nearest_best(&near) ? "?" : "");
		free(word);
		return -EINVAL;
	}
	o->signals_hidden = not ? shown : ~shown;
	return 0;
}

static int fd_form(struct options *o, const char *list, struct diag *diag)
{
	struct buf b = {0};
	struct query q;
	int rc = 0;

	buf_printf(&b, "%sfd:%s", *list == '!' ? "!" : "", list + (*list == '!'));
	query_parse(b.s, &q);
	if (q.nerrors || q.nterms != 1)
		rc = diag_set(diag, USAGE, EINVAL, "-e fd= takes numbers of descriptors, as 3,4, not \"%.64s\"", list);
	else
		add_text(o, "-e fd=", b.s, NULL, 0);
	query_done(&q);
	buf_done(&b);
	return rc;
}

static int path_form(struct options *o, const char *list, struct diag *diag)
{
	if (!*list)
		return diag_set(diag, USAGE, EINVAL, "-e path= needs a path after it");
	add_term(o, "-e path=", "path", list);
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct options *o, const char *list, struct diag *diag);
} forms[] = {
	{"trace", trace_form},	  {"t", trace_form},   {"status", status_form},	  {"signal", signal_form},
	{"signals", signal_form}, {"s", signal_form},  {"fd", fd_form},		  {"fds", fd_form},
	{"trace-fds", fd_form},	  {"path", path_form}, {"trace-path", path_form},
};

int set_trace(struct options *o, const struct option_row *r UNUSED, const char *arg, struct diag *diag)
{
	size_t form = strcspn(arg, "=,/%!?");

	if (arg[form] != '=')
		return trace_form(o, arg, diag);
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		unsigned bit = 0;

		if (strlen(forms[i].name) != form || strncmp(forms[i].name, arg, form) != 0)
			continue;
		while (forms[bit].take != forms[i].take)
			bit++;
		if (o->choices_given & 1u << bit)
			return diag_set(diag, USAGE, EINVAL, "-e %s= was given twice; write one list, with commas",
					forms[bit].name);
		o->choices_given |= forms[i].take == trace_form ? 0 : 1u << bit;
		return forms[i].take(o, arg + form + 1, diag);
	}
	if (strace_form(arg, form))
		return diag_set(diag, USAGE, EINVAL, "strace's -e %.*s: %s", (int)form + 1, arg,
				strace_form(arg, form));
	return diag_at(diag, arg, 0,
		       diag_set(diag, USAGE, EINVAL,
				"-e chooses calls, as in -e open,%%network, or by status=, signal=, fd=, path=; "
				"\"%.*s\" is not taken",
				(int)MIN(form, (size_t)64) + 1, arg));
}
