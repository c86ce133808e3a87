/* SPDX-License-Identifier: MIT */
#include "filter/query.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/macro.h"
#include "base/nearest.h"
#include "filter/role.h"

const struct query_field_row query_fields[_QUERY_FIELDS] = {
	[QUERY_TEXT] = { "", QUERY_WORDS, "part of a path, the arguments, the name of a call or an error" },
	[QUERY_TYPE] = { "type", QUERY_WORDS, "system call or mark: type:openat,read" },
	[QUERY_CAT] = { "cat", QUERY_WORDS, "category: cat:file,network" },
	[QUERY_OP] = { "op", QUERY_WORDS, "what it does: op:open,connect" },
	[QUERY_ANY_OF] = { "is", QUERY_WORDS, "any of these: failed, a category, what it does, a call: is:network,failed" },
	[QUERY_PATH] = { "path", QUERY_WORDS, "path, address or other object: path:*.so, path:/etc (that folder), path:conf (part of it)" },
	[QUERY_ROLE] = { "role", QUERY_WORDS, "what a file is, by its path: role:library,config (a role, or how it begins); there are" ROLES(ROLE_WORD) },
	[QUERY_FILE] = { "file", QUERY_WORDS, "open file description by number: file:12" },
	[QUERY_ARG] = { "arg", QUERY_WORDS, "part of the arguments: arg:O_CREAT" },
	[QUERY_DUR] = { "dur", QUERY_TIMES, "duration: dur>1ms, dur<=20us" },
	[QUERY_BYTES] = { "bytes", QUERY_SIZES, "bytes moved: bytes>64KB" },
	[QUERY_ERR] = { "err", QUERY_WORDS, "error: err:ENOENT, err:any, err:none" },
	[QUERY_NOISE] = { "noise", QUERY_WORDS, "what the terminal hides: noise:locale,loader, noise:any, noise:none" },
	[QUERY_PID] = { "pid", QUERY_WORDS, "process: pid:123 (all its threads)" },
	[QUERY_TID] = { "tid", QUERY_WORDS, "thread: tid:124" },
	[QUERY_PROC] = { "proc", QUERY_WORDS, "process name: proc:gcc,cc1" },
	[QUERY_TREE] = { "tree", QUERY_WORDS, "a process and everything below it: tree:123" },
	[QUERY_FD] = { "fd", QUERY_NUMBERS, "descriptor: fd:3" },
	[QUERY_RET] = { "ret", QUERY_NUMBERS, "result: ret=0, ret>4096" },
	[QUERY_T] = { "t", QUERY_TIMES, "start, from the start of the trace: t>1.5s, t<2s" },
};

/* Longer ones first: > begins >=. */
static const struct { const char *s; enum query_compare compare; } compares[] = {
	{ ">=", QUERY_MIN }, { "<=", QUERY_MAX }, { ":", QUERY_IS }, { ">", QUERY_MORE }, { "<", QUERY_LESS }, { "=", QUERY_EQUAL },
};

/* open: where a quote begins that is not closed */
struct parser { const char *text, *at, *open; struct query *q; struct buf word; };

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

static void PRINTF(3, 4) complain(struct query *q, size_t at, const char *fmt, ...)
{
	va_list args;

	if (q->nerrors++ >= QUERY_ERRORS_MAX)
		return;
	struct query_error *e = &q->errors[q->nerrors - 1];

	e->at = at;
	va_start(args, fmt);
	vsnprintf(e->why, sizeof(e->why), fmt, args);
	va_end(args);
}

/* Up to one of the stops; quotes and backslashes are taken away. */
static void take_word(struct parser *p, const char *stops)
{
	buf_reset(&p->word);
	while (*p->at && !strchr(stops, *p->at)) {
		if (*p->at == '"') {
			const char *quote = p->at;

			for (p->at++; *p->at && *p->at != '"'; p->at++) {
				if (*p->at == '\\' && p->at[1])
					p->at++;
				buf_putc(&p->word, *p->at);
			}
			if (*p->at)
				p->at++;
			else
				p->open = quote;
			continue;
		}
		if (*p->at == '\\' && p->at[1])
			p->at++;
		buf_putc(&p->word, *p->at++);
	}
}

static void add_value(struct query_term *t, const struct buf *word, size_t at)
{
	t->values = xrealloc(t->values, (t->nvalues + 1) * sizeof(*t->values));
	t->values[t->nvalues++] = (struct query_value){ .s = xmemdup0(word->s, word->len), .len = word->len, .at = at,
							.pattern = word->len && memchr(word->s, '*', word->len) };
}

static void term_done(struct query_term *t)
{
	for (unsigned i = 0; i < t->nvalues; i++)
		free(t->values[i].s);
	free(t->values);
}

static void keep_term(struct query *q, const struct query_term *t)
{
	q->terms = xrealloc(q->terms, (q->nterms + 1) * sizeof(*q->terms));
	q->terms[q->nterms++] = *t;
}

/* A field's name and what follows it; 0 when there is none.  ret_name: its length. */
static size_t take_head(const char *s, size_t *ret_name, enum query_compare *ret_compare)
{
	size_t n = 0;

	while (is_letter(s[n]))
		n++;
	for (unsigned i = 0; n && i < ARRAY_SIZE(compares); i++)
		if (!strncmp(s + n, compares[i].s, strlen(compares[i].s))) {
			*ret_name = n;
			*ret_compare = compares[i].compare;
			return n + strlen(compares[i].s);
		}
	return 0;
}

static enum query_field field_of(const char *name, size_t len)
{
	for (enum query_field f = QUERY_TYPE; f < _QUERY_FIELDS; f++)
		if (strlen(query_fields[f].name) == len && !memcmp(query_fields[f].name, name, len))
			return f;
	return QUERY_TEXT;
}

static const char *compare_text(enum query_compare compare)
{
	for (unsigned i = 0; i < ARRAY_SIZE(compares); i++)
		if (compares[i].compare == compare)
			return compares[i].s;
	return "";
}

/* Reads the value's number; false, and a complaint, when the field cannot have it. */
static bool check_value(struct query *q, struct query_term *t, struct query_value *v, size_t at)
{
	static const char *const what[] = { [QUERY_NUMBERS] = "a number",
					    [QUERY_TIMES] = "a time (20us, 1.5ms, 2s)",
					    [QUERY_SIZES] = "a number (512, 64KB, 1.5MB)" };
	const struct query_field_row *f = &query_fields[t->field];

	if (f->values == QUERY_WORDS) {
		if (t->compare == QUERY_IS || t->compare == QUERY_EQUAL)
			return true;
		complain(q, at, "%s takes \":\", not \"%s\"", f->name, compare_text(t->compare));
		return false;
	}
	v->number = f->values == QUERY_TIMES ? query_time_ns(v->s) :
		    f->values == QUERY_SIZES ? query_size(v->s) :
					       query_number(v->s);
	if (!isnan(v->number))
		return true;
	complain(q, at, "%s: \"%.64s\" is not %s", f->name, v->s, what[f->values]);
	return false;
}

static void take_values(struct parser *p, struct query_term *t, size_t name)
{
	size_t first = (size_t)(p->at - p->text);
	bool good = true;

	for (;;) {
		size_t at = (size_t)(p->at - p->text);

		take_word(p, ", \t\n");
		if (p->word.len) {
			add_value(t, &p->word, at);
			if (good)	/* one complaint a term */
				good = check_value(p->q, t, &t->values[t->nvalues - 1],
						   query_fields[t->field].values == QUERY_WORDS ? first - name : at);
		}
		if (*p->at != ',')
			break;
		p->at++;
	}
	if (!t->nvalues)
		complain(p->q, t->at, "%s: what? %s", query_fields[t->field].name, query_fields[t->field].help);
	if (good && t->nvalues)
		keep_term(p->q, t);
	else
		term_done(t);
}

static void complain_field(struct parser *p, size_t at, size_t name)
{
	struct buf all = { 0 };
	char word[32];
	struct nearest near = nearest_to(word);

	snprintf(word, sizeof(word), "%.*s", (int)name, p->text + at);
	for (enum query_field f = QUERY_TYPE; f < _QUERY_FIELDS; f++) {
		nearest_try(&near, query_fields[f].name);
		buf_putc(&all, ' ');
		buf_puts(&all, query_fields[f].name);
	}
	if (nearest_best(&near))
		complain(p->q, at, "no field \"%s\"; did you mean %s?", word, nearest_best(&near));
	else
		complain(p->q, at, "no field \"%s\"; there are%s, and \"%s:\" in quotes is a text", word, all.s, word);
	buf_done(&all);
}

static void take_term(struct parser *p)
{
	struct query_term t = { .at = (size_t)(p->at - p->text) };
	size_t name = 0, head, at;

	if (*p->at == '!') {
		t.negated = p->at[1] && !is_space(p->at[1]);
		if (!t.negated)
			complain(p->q, t.at, "nothing follows \"!\"; in quotes it is a text");
		p->at += t.negated;
	}
	at = (size_t)(p->at - p->text);
	head = take_head(p->at, &name, &t.compare);
	t.field = head ? field_of(p->at, name) : QUERY_TEXT;
	if (t.field != QUERY_TEXT) {
		p->at += head;
		take_values(p, &t, head - name);
		return;
	}
	if (head && t.compare == QUERY_IS && strncmp(p->at + name, "://", 3) != 0)
		complain_field(p, at, name);
	t.compare = QUERY_IS;
	take_word(p, " \t\n");
	if (!p->word.len)
		return;
	add_value(&t, &p->word, at);
	keep_term(p->q, &t);
}

void query_parse(const char *text, struct query *ret)
{
	struct parser p = { .text = text, .at = text, .q = ret };

	*ret = (struct query){ 0 };
	while (*p.at)
		if (is_space(*p.at))
			p.at++;
		else
			take_term(&p);
	if (p.open)		/* it goes on to the end: the last complaint */
		complain(ret, (size_t)(p.open - text), "the quote is not closed");
	buf_done(&p.word);
}

void query_done(struct query *q)
{
	for (unsigned i = 0; i < q->nterms; i++)
		term_done(&q->terms[i]);
	free(q->terms);
	*q = (struct query){ 0 };
}

static void put_quoted(struct buf *to, const char *s, bool quotes)
{
	if (quotes)
		buf_putc(to, '"');
	for (; *s; s++) {
		if (quotes && (*s == '"' || *s == '\\'))
			buf_putc(to, '\\');
		buf_putc(to, *s);
	}
	if (quotes)
		buf_putc(to, '"');
}

static bool has_any(const char *s, bool comma)
{
	for (; *s; s++)
		if (is_space(*s) || *s == '"' || *s == '\\' || (comma && *s == ','))
			return true;
	return false;
}

void query_add(struct buf *to, const char *field, const char *values)
{
	const char *p = values;

	buf_printf(to, "%s%s:", to->len ? " " : "", field);
	for (;; p++) {
		size_t n = strcspn(p, ",");
		_cleanup_free_ char *word = xmemdup0(p, n);

		put_quoted(to, word, has_any(word, true));
		p += n;
		if (!*p)
			return;
		buf_putc(to, ',');
	}
}

void query_format(struct buf *to, const struct query *q)
{
	for (unsigned k = 0; k < q->nterms; k++) {
		const struct query_term *t = &q->terms[k];
		size_t name;
		enum query_compare compare;

		buf_puts(to, k ? " " : "");
		buf_puts(to, t->negated ? "!" : "");
		if (t->field == QUERY_TEXT) {
			const char *s = t->values[0].s;

			put_quoted(to, s, has_any(s, false) || *s == '!' || take_head(s, &name, &compare));
			continue;
		}
		buf_puts(to, query_fields[t->field].name);
		buf_puts(to, compare_text(t->compare));
		for (unsigned i = 0; i < t->nvalues; i++) {
			buf_puts(to, i ? "," : "");
			put_quoted(to, t->values[i].s, has_any(t->values[i].s, true));
		}
	}
}
