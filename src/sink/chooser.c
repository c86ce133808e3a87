/* SPDX-License-Identifier: MIT */
/* Terms against one event, cheapest first: its kind, numbers, then what has to be made into text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "analyze/totals.h"
#include "base/macro.h"
#include "decode/call.h"
#include "event/event.h"
#include "filter/callset.h"
#include "filter/role.h"
#include "model/model.h"
#include "row/row.h"
#include "sink/chooser_part.h"
#include "sink/object.h"
#include "sink/value.h"

enum { ARG_LEN_MAX = 4096 }; /* as in the report */

/* ---- words ---- */

/* The word itself; or a pattern with * that it meets. */
static bool is_word(const struct query_value *v, const char *s, size_t n)
{
	if (v->len == n && !memcmp(v->s, s, n))
		return true;
	return v->pattern && query_glob_matches(v->s, s, n);
}

static bool is_any_word(const struct query_term *t, const char *s)
{
	for (unsigned i = 0; i < t->nvalues; i++)
		if (is_word(&t->values[i], s, strlen(s)))
			return true;
	return false;
}

static bool is_number(const struct query_term *t, uint64_t n)
{
	char digits[21], *text = digits + sizeof(digits) - 1;	/* by hand: it is asked of each event */

	*text = '\0';
	do
		*--text = (char)('0' + n % 10);
	while (n /= 10);
	for (unsigned i = 0; i < t->nvalues; i++)
		if (!strcmp(t->values[i].s, text))
			return true;
	return false;
}

/* ---- the kind ---- */

bool chooser_is_kind_term(const struct query_term *t)
{
	return t->field == QUERY_TYPE || t->field == QUERY_CAT || t->field == QUERY_OP;
}

bool chooser_kind_passes(const struct query_term *t, const struct kind_words *w)
{
	switch (t->field) {
	case QUERY_TYPE:
		return is_any_word(t, w->name);
	case QUERY_CAT:
		return is_any_word(t, w->category);
	case QUERY_OP:
		return is_any_word(t, w->op);
	case QUERY_ANY_OF:
		return is_any_word(t, w->name) || is_any_word(t, w->category) || is_any_word(t, w->op);
	case QUERY_TEXT:
		return query_part_matches(t->values[0].s, w->name, strlen(w->name));
	default:
		return true;
	}
}

bool chooser_asks_failed(const struct query_term *t)
{
	return t->field == QUERY_ANY_OF && is_any_word(t, CHOOSER_FAILED);
}

static const struct verdict *verdict_of(struct chooser *c)
{
	struct cell id, name, op, category;
	struct verdict *v;

	row_peek_type(c->peek, ROW_TYPE_ID, &id);
	while (id.u >= c->nverdicts) {
		c->verdicts = xrealloc(c->verdicts, (c->nverdicts + 256) * sizeof(*c->verdicts));
		memset(c->verdicts + c->nverdicts, 0, 256 * sizeof(*c->verdicts));
		c->nverdicts += 256;
	}
	v = &c->verdicts[id.u];
	if (v->known)
		return v;
	row_peek_type(c->peek, ROW_TYPE_NAME, &name);
	row_peek_type(c->peek, ROW_TYPE_OP, &op);
	row_peek_type(c->peek, ROW_TYPE_CATEGORY, &category);
	*v = (struct verdict){.known = true, .passes = true};
	for (unsigned i = 0; i < c->query.nterms; i++) {
		const struct query_term *t = &c->query.terms[i];
		bool hit = chooser_kind_passes(t, &(struct kind_words){name.s, op.s, category.s});

		if (chooser_is_kind_term(t))
			v->passes &= hit != t->negated;
		v->hits |= (uint64_t)hit << i;
	}
	return v;
}

/* ---- who ---- */

static bool has_name(const struct query_term *t, const struct event *ev)
{
	const struct bytes *exe = &ev->task->proc->exe, *names[] = {&ev->task->comm, &ev->task->proc->comm};
	const char *slash = exe->len ? memrchr(exe->s, '/', exe->len) : NULL;
	uint32_t folder = slash ? (uint32_t)(slash + 1 - exe->s) : 0;

	for (unsigned i = 0; i < t->nvalues; i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(names); k++)
			if (names[k]->len && is_word(&t->values[i], names[k]->s, names[k]->len))
				return true;
		if (exe->len > folder && is_word(&t->values[i], exe->s + folder, exe->len - folder))
			return true;
	}
	return false;
}

static uint8_t *tree_of(struct chooser *c, uint32_t task)
{
	while (task >= c->ntrees) {
		c->trees = xrealloc(c->trees, c->ntrees + 1024);
		memset(c->trees + c->ntrees, 0, 1024);
		c->ntrees += 1024;
	}
	return &c->trees[task];
}

/* Whose trees a new thread is in is known from who made it: bit 0: known; bit k + 1: of the k-th term. */
static uint8_t find_trees(struct chooser *c, const struct task *task)
{
	uint8_t found = *tree_of(c, task->id), bit = 1;

	if (found & 1)
		return found;
	found = task->creator ? *tree_of(c, task->creator) : 0;
	for (unsigned i = 0; i < c->query.nterms; i++)
		if (c->query.terms[i].field == QUERY_TREE) {
			bit = (uint8_t)(bit << 1);
			if (is_number(&c->query.terms[i], task->proc->pid))
				found |= bit;
		}
	return *tree_of(c, task->id) = found | 1;
}

static bool in_tree(struct chooser *c, const struct query_term *t, const struct event *ev)
{
	unsigned nth = 1;

	for (const struct query_term *u = c->query.terms; u != t; u++)
		nth += u->field == QUERY_TREE;
	return find_trees(c, ev->task) >> nth & 1;
}

/* ---- how it came out ---- */

struct outcome {
	enum row_outcome how;
	int err;
	bool failed;
	const char *name;
	char number[24];
};

static void outcome_of(const struct event *ev, struct outcome *o)
{
	o->how = row_outcome(ev);
	o->err = row_error(ev);
	o->failed = row_is_failure(o->how, o->err);
	o->name = o->how == ROW_UNFINISHED ? "unfinished"
		  : o->how == ROW_UNKNOWN  ? "unknown"
		  : o->err > 0		   ? errno_name(o->err)
					   : "";
	if (o->name)
		return;
	snprintf(o->number, sizeof(o->number), "errno %d", o->err);
	o->name = o->number;
}

static bool is_error(const struct query_term *t, const struct outcome *o)
{
	for (unsigned i = 0; i < t->nvalues; i++) {
		const char *v = t->values[i].s;

		if (!strcmp(v, CHOOSER_ANY)    ? o->failed
		    : !strcmp(v, CHOOSER_NONE) ? !o->failed
					       : *v && !strcasecmp(v, o->name))
			return true;
	}
	return false;
}

static bool is_noise(struct chooser *c, const struct query_term *t)
{
	struct cell v;

	if (!row_peek_field(c->peek, ROW_EVENT_NOISE, &v))
		return is_any_word(t, CHOOSER_NONE);
	for (unsigned i = 0; i < t->nvalues; i++)
		if (!strcmp(t->values[i].s, CHOOSER_ANY) || is_word(&t->values[i], v.s, v.n))
			return true;
	return false;
}

/* ---- numbers ---- */

static double result_of(struct chooser *c, const struct outcome *o)
{
	struct cell v;

	if (o->failed)
		return -1;
	return o->how == ROW_OK && o->err <= 0 && row_peek_field(c->peek, ROW_EVENT_RESULT, &v) ? (double)v.i : 0;
}

static double bytes_of(struct chooser *c, const struct outcome *o)
{
	struct cell io, from, v;

	if (o->failed || !row_peek_type(c->peek, ROW_TYPE_IO, &io))
		return 0;
	row_peek_type(c->peek, ROW_TYPE_FROM, &from);
	if (from.s[0] == 'b')
		return row_peek_field(c->peek, ROW_EVENT_BYTES, &v) ? (double)v.u : 0;
	return MAX(result_of(c, o), 0.0);
}

static double number_of(struct chooser *c, enum query_field f, const struct outcome *o)
{
	static const uint8_t fields[_QUERY_FIELDS] = {[QUERY_DUR] = ROW_EVENT_DURATION, [QUERY_T] = ROW_EVENT_TIME};
	struct cell v = {0};

	switch (f) {
	case QUERY_RET:
		return result_of(c, o);
	case QUERY_BYTES:
		return bytes_of(c, o);
	case QUERY_FD:
		return row_peek_made(c->peek)->fd;
	default:
		return row_peek_field(c->peek, fields[f], &v) ? (double)v.u : 0;
	}
}

/* ---- texts ---- */

static const struct conn *conn_of(const struct event *ev)
{
	return ev->conn ? ev->conn : ev->file && ev->file->sock && ev->file->sock->now.id ? &ev->file->sock->now : NULL;
}

/* The object as the report has it. */
static struct object object_of(struct chooser *c, const struct event *ev)
{
	static const char rest[] = "other peers";
	const struct conn *conn = conn_of(ev);
	bool has_file = ev->file && ev->file->id;
	struct object o = event_object(ev, has_file, has_file && conn && (conn->has_peer || conn->rest), &c->object);

	if (o.from == OBJECT_NONE || o.from == OBJECT_TEXT)
		return o;
	buf_reset(&c->object);
	if (o.from == OBJECT_FILE)
		file_name(&c->object, ev->file);
	else if (conn->rest)
		buf_add(&c->object, rest, sizeof(rest) - 1);
	else
		addr_format(&c->object, &conn->peer);
	return (struct object){OBJECT_TEXT, c->object.s, c->object.len};
}

static bool any_part(const struct query_term *t, const char *s, size_t n)
{
	for (unsigned i = 0; i < t->nvalues; i++)
		if (query_part_matches(t->values[i].s, s, n))
			return true;
	return false;
}

/* The name in it: of what is mapped, without the place in memory. */
static struct object name_in(struct object o)
{
	size_t at;

	if (!o.n)
		return o;
	at = query_name_at(o.s, o.n);
	o.s += at;
	o.n -= at;
	return o;
}

/* By its name, or by all of the object, as the page's "Only this" asks for a region. */
static bool is_about(const struct query_term *t, struct object o)
{
	struct object name = name_in(o);

	for (unsigned i = 0; i < t->nvalues; i++) {
		const struct query_value *v = &t->values[i];

		if ((v->len == o.n && !memcmp(v->s, o.s, o.n)) ||
		    (name.n && query_path_matches(v->s, name.s, name.n)))
			return true;
	}
	return false;
}

static bool in_object(struct chooser *c, const struct query_term *t, const struct event *ev)
{
	struct object o = object_of(c, ev);

	if (!o.n)
		return false;
	return t->field == QUERY_TEXT ? any_part(t, o.s, o.n) : is_about(t, o);
}

static bool has_role(struct chooser *c, const struct query_term *t, const struct event *ev)
{
	struct object name = name_in(object_of(c, ev));
	enum role role = role_of(name.s, name.n);

	for (unsigned i = 0; i < t->nvalues; i++)
		if (role_meant(role, t->values[i].s))
			return true;
	return false;
}

static bool in_arguments(struct chooser *c, const struct query_term *t, const struct event *ev)
{
	if (!ev->call)
		return false;
	buf_reset(&c->args);
	call_format_args(&c->args, ev, VALUE_NO_DATA | VALUE_COLUMNS);
	return any_part(t, c->args.s ? c->args.s : "", MIN(c->args.len, (size_t)ARG_LEN_MAX));
}

/* ---- together ---- */

static bool needs_text(const struct query_term *t)
{
	return t->field == QUERY_PATH || t->field == QUERY_ROLE || t->field == QUERY_ARG || t->field == QUERY_TEXT;
}

static bool passes(struct chooser *c, const struct query_term *t, const struct event *ev, const struct outcome *o,
		   bool hit)
{
	const struct task *task = ev->task && ev->task->proc ? ev->task : NULL;

	switch (t->field) {
	case QUERY_PID:
		return task && is_number(t, task->proc->pid);
	case QUERY_TID:
		return task && is_number(t, task->tid);
	case QUERY_PROC:
		return task && has_name(t, ev);
	case QUERY_TREE:
		return task && in_tree(c, t, ev);
	case QUERY_ERR:
		return is_error(t, o);
	case QUERY_NOISE:
		return is_noise(c, t);
	case QUERY_ANY_OF:
		return hit || (o->failed && chooser_asks_failed(t));
	case QUERY_FILE:
		return is_number(t, ev->file ? ev->file->id : 0) ||
		       (event_waits_for(ev) && is_number(t, event_waits_for(ev)->id));
	case QUERY_DUR:
	case QUERY_BYTES:
	case QUERY_FD:
	case QUERY_RET:
	case QUERY_T:
		return query_compares(t, number_of(c, t->field, o));
	case QUERY_PATH:
		return in_object(c, t, ev);
	case QUERY_ROLE:
		return has_role(c, t, ev);
	case QUERY_ARG:
		return in_arguments(c, t, ev);
	case QUERY_TEXT:
		return hit || any_part(t, o->name, strlen(o->name)) || in_object(c, t, ev) || in_arguments(c, t, ev);
	default:
		return hit;
	}
}

static bool query_passes(struct chooser *c)
{
	const struct event *ev = row_peek_made(c->peek);
	const struct verdict *v = verdict_of(c);
	struct outcome o;

	if (!v->passes)
		return false;
	outcome_of(ev, &o);
	for (unsigned texts = 0; texts < 2; texts++)
		for (unsigned i = 0; i < c->query.nterms; i++) {
			const struct query_term *t = &c->query.terms[i];

			if (!chooser_is_kind_term(t) && needs_text(t) == texts &&
			    passes(c, t, ev, &o, v->hits >> i & 1) == t->negated)
				return false;
		}
	return true;
}

/* What was made of another call than the event's own: the calls that it may have been. */
static bool is_chosen_mark(const struct callset *set, const struct event *ev)
{
	static const struct {
		uint8_t kind;
		const char *calls[4];
	} marks[] = {
		{EV_EXEC, {"execve", "execveat"}},	   {EV_FORK, {"fork", "vfork", "clone", "clone3"}},
		{EV_THREAD, {"clone", "clone3"}},	   {EV_CONNECTED, {"connect"}},
		{EV_CONNECT_FAILED, {"connect"}},	   {EV_READ, {"io_submit", "io_getevents"}},
		{EV_WRITE, {"io_submit", "io_getevents"}},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(marks); i++)
		if (marks[i].kind == ev->kind) {
			for (unsigned k = 0; k < ARRAY_SIZE(marks[i].calls) && marks[i].calls[k]; k++)
				if (callset_has(set, ARCH_X86_64, (unsigned)syscall_number(marks[i].calls[k])))
					return true;
			return false;
		}
	return true; /* ends, signals, losses: of no call */
}

static bool calls_pass(const struct chooser *c, const struct event *ev)
{
	if (!c->calls)
		return true;
	return ev->call ? callset_has(c->calls, ev->call->arch, ev->call->nr) : is_chosen_mark(c->calls, ev);
}

static bool signal_passes(const struct chooser *c, const struct event *ev)
{
	return ev->kind != EV_SIGNAL || !(c->signals_hidden >> MIN(MAX(ev->signo, 0), 63) & 1);
}

bool chooser_event(struct chooser *c, const struct event *ev)
{
	bool chosen;

	if (!row_peek_event(c->peek, ev))
		return true;
	if (c->trees && ev->task && ev->task->proc)
		find_trees(c, ev->task);
	chosen = calls_pass(c, ev) && signal_passes(c, ev) && query_passes(c);
	c->nall++;
	c->nchosen += chosen;
	return chosen || ev->kind == EV_LOST;
}

const struct callset *chooser_may(const struct chooser *c)
{
	return c->may ? c->may : c->calls;
}
const struct callset *chooser_named(const struct chooser *c)
{
	return c->named ? c->named : c->calls;
}
bool chooser_names_objects(const struct chooser *c)
{
	return c->objects;
}

void chooser_counts(const struct chooser *c, uint64_t *ret_chosen, uint64_t *ret_all)
{
	*ret_chosen = c->nchosen;
	*ret_all = c->nall;
}
