/* SPDX-License-Identifier: MIT */
/* How processes that are the same in two runs were started: directory, user, limits, arguments, environment. */
#include <stdlib.h>
#include <string.h>

#include "analyze/diff_part.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"

struct seen { char *key; unsigned row; UT_hash_handle hh; };

struct programs {
	struct diff_list *l;
	const struct totals *const *runs;
	struct seen *seen;			/* differences that have a row, and pairs of environments */
	struct buf tmp[2];
};

/* false: it was there already, and *ret_row is its row. */
static bool is_new(struct programs *g, const struct buf *key, unsigned row, unsigned *ret_row)
{
	struct seen *s;

	HASH_FIND(hh, g->seen, key->s, key->len, s);
	if (s) {
		*ret_row = s->row;
		return false;
	}
	s = xcalloc(1, sizeof(*s));
	s->key = xmemdup0(key->s, key->len);
	s->row = row;
	HASH_ADD_KEYPTR(hh, g->seen, s->key, key->len, s);
	return true;
}

static void seen_free(struct seen **all)
{
	struct seen *s, *tmp;

	HASH_ITER(hh, *all, s, tmp) {
		HASH_DEL(*all, s);
		free(s->key);
		free(s);
	}
}

static bool same(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->s, b->s, a->len));
}

/* The row of this difference, which others may have already: *ret_new. */
static struct difference *put_once(struct programs *g, enum diff_kind kind, const struct buf *key,
				   const struct totals_proc *const procs[2])
{
	unsigned row;
	struct difference *d;

	if (!is_new(g, key, g->l->n, &row)) {
		d = &g->l->v[row];
	} else {
		d = diff_put(g->l, kind, 1);
		d->proc[0] = procs[0];
		d->proc[1] = procs[1];
	}
	d->n++;
	return d;
}

static void values(struct difference *d, const struct bytes *a, const struct bytes *b)
{
	const struct bytes *const v[2] = { a, b };

	for (unsigned side = 0; side < 2; side++) {
		d->has[side] = v[side] != NULL;
		d->text[side] = v[side] ? *v[side] : (struct bytes){ 0 };
	}
}

static void add_bytes(struct buf *key, const struct bytes *v)
{
	buf_putc(key, v ? '=' : '-');
	if (v)
		buf_add(key, v->s, v->len);
	buf_putc(key, '\0');
}

/* ---- arguments ---- */

static void arguments(struct programs *g, const struct totals_proc *const procs[2])
{
	struct buf key = { 0 };

	if (procs[0]->argv.len == procs[1]->argv.len &&
	    (!procs[0]->argv.len || !memcmp(procs[0]->argv.s, procs[1]->argv.s, procs[0]->argv.len)))
		return;
	for (unsigned side = 0; side < 2; side++) {
		const char *s = procs[side]->argv.s;

		buf_reset(&g->tmp[side]);
		buf_putc(&g->tmp[side], ' ');
		for (unsigned i = 0; i < procs[side]->argv.n; i++, s += strlen(s) + 1) {
			s++; /* whether it was cut */
			diff_exactly(&g->tmp[side], &g->l->names[side], s, (uint32_t)strlen(s), false);
			buf_putc(&g->tmp[side], '\0');
		}
	}
	if (g->tmp[0].len != g->tmp[1].len || memcmp(g->tmp[0].s, g->tmp[1].s, g->tmp[0].len) != 0) {
		buf_add(&key, g->tmp[0].s, g->tmp[0].len);
		buf_putc(&key, '\n');
		buf_add(&key, g->tmp[1].s, g->tmp[1].len);
		put_once(g, DIFF_ARGS, &key, procs);
	}
	buf_done(&key);
}

/* ---- directories ---- */

static void directories(struct programs *g, const struct totals_proc *const procs[2])
{
	const struct bytes *a = &procs[0]->cwd, *b = &procs[1]->cwd;
	struct buf key = { 0 };

	if (!a->len || !b->len || same(a, b))
		return;
	for (unsigned side = 0; side < 2; side++) {
		buf_reset(&g->tmp[side]);
		diff_path(&g->tmp[side], &g->l->names[side], procs[side]->cwd.s, procs[side]->cwd.len);
	}
	if (g->tmp[0].len != g->tmp[1].len || memcmp(g->tmp[0].s, g->tmp[1].s, g->tmp[0].len) != 0) {
		buf_puts(&key, "cwd ");
		add_bytes(&key, a);
		add_bytes(&key, b);
		struct difference *d = put_once(g, DIFF_STARTED, &key, procs);

		d->fact = FACT_CWD;
		values(d, a, b);
	}
	buf_done(&key);
}

/* ---- user, umask and limits that a process set itself ---- */

static void set_number(struct programs *g, const struct totals_proc *const procs[2], enum diff_fact fact,
		       unsigned limit, const uint64_t v[2])
{
	struct buf key = { 0 };
	struct difference *d;

	buf_printf(&key, "set %u %u %llu %llu ", fact, limit, (unsigned long long)v[0], (unsigned long long)v[1]);
	diff_add_command(&key, &g->l->names[1], procs[1], true);
	d = put_once(g, DIFF_STARTED, &key, procs);
	d->fact = fact;
	d->limit = limit;
	d->has[0] = d->has[1] = true;
	d->number[0] = v[0];
	d->number[1] = v[1];
	buf_done(&key);
}

/* began: of both runs as their commands began: the same difference is reported there. */
static void set(struct programs *g, const struct totals_proc *const procs[2], enum diff_fact fact, unsigned limit,
		const uint64_t v[2], const uint64_t began[2])
{
	if (v[0] != v[1] && (v[0] != began[0] || v[1] != began[1]))
		set_number(g, procs, fact, limit, v);
}

/* A real and an effective id, a soft and a hard limit: both where they do not differ alike. */
static void set_pair(struct programs *g, const struct totals_proc *const procs[2], const enum diff_fact facts[2],
		     unsigned limit, uint64_t v[2][2], uint64_t began[2][2])
{
	set(g, procs, facts[0], limit, v[0], began[0]);
	if (v[0][0] != v[1][0] || v[0][1] != v[1][1])
		set(g, procs, facts[1], limit, v[1], began[1]);
}

#define OF_BOTH(v, w, member) { (v)->member, (w)->member }

static void owners(struct programs *g, const struct totals_proc *const procs[2])
{
	const struct record_owner *a = &procs[0]->owner, *b = &procs[1]->owner;
	const struct record_owner *from = &g->runs[0]->started.owner, *to = &g->runs[1]->started.owner;

	if (!procs[0]->has_owner || !procs[1]->has_owner)
		return;
	set_pair(g, procs, (const enum diff_fact[]){ FACT_UID, FACT_EUID }, 0,
		 (uint64_t[2][2]){ OF_BOTH(a, b, uid), OF_BOTH(a, b, euid) },
		 (uint64_t[2][2]){ OF_BOTH(from, to, uid), OF_BOTH(from, to, euid) });
	set_pair(g, procs, (const enum diff_fact[]){ FACT_GID, FACT_EGID }, 0,
		 (uint64_t[2][2]){ OF_BOTH(a, b, gid), OF_BOTH(a, b, egid) },
		 (uint64_t[2][2]){ OF_BOTH(from, to, gid), OF_BOTH(from, to, egid) });
	set(g, procs, FACT_UMASK, 0, (const uint64_t[]) OF_BOTH(a, b, umask),
	    (const uint64_t[]) OF_BOTH(from, to, umask));
}

static void limits(struct programs *g, const struct totals_proc *const procs[2])
{
	const struct record_limits *a = procs[0]->limits, *b = procs[1]->limits;
	const struct record_limits *from = &g->runs[0]->started.limits, *to = &g->runs[1]->started.limits;

	for (unsigned i = 0; i < RECORD_LIMITS && a && b; i++)
		set_pair(g, procs, (const enum diff_fact[]){ FACT_SOFT_LIMIT, FACT_HARD_LIMIT }, i,
			 (uint64_t[2][2]){ OF_BOTH(a, b, soft[i]), OF_BOTH(a, b, hard[i]) },
			 (uint64_t[2][2]){ OF_BOTH(from, to, soft[i]), OF_BOTH(from, to, hard[i]) });
}

/* ---- environments ---- */

/* Of the terminal, the login or the service that a run was started from; of make and sh. */
static const char *const of_session[] = {
	"COLUMNS", "DBUS_SESSION_BUS_ADDRESS", "GPG_TTY", "INVOCATION_ID", "JOURNAL_STREAM", "LINES", "MAKE_TERMERR",
	"MAKE_TERMOUT", "OLDPWD", "PWD", "SHLVL", "SSH_AGENT_PID", "SSH_AUTH_SOCK", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY",
	"STY", "SYSTEMD_EXEC_PID", "TERM_SESSION_ID", "TMUX", "TMUX_PANE", "WINDOWID", "XDG_SESSION_ID",
};

static bool is_of_session(const struct bytes *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(of_session); i++)
		if (name->len == strlen(of_session[i]) && !memcmp(name->s, of_session[i], name->len))
			return true;
	return false;
}

struct variable { struct bytes name, value; };

static bool next_variable(const struct totals_env *env, size_t *at, struct variable *ret)
{
	const char *s = env->strings.s + *at, *is;
	size_t len;

	if (*at >= env->strings.len)
		return false;
	len = strlen(s);
	*at += len + 1;
	is = memchr(s, '=', len);
	if (!is)	/* of a program that puts there what it likes */
		is = s + len;
	ret->name = (struct bytes){ (char *)(uintptr_t)s, (uint32_t)(is - s), 0 };
	ret->value = (struct bytes){ (char *)(uintptr_t)is + (*is == '='), (uint32_t)(len - (size_t)(is - s)), 0 };
	ret->value.len -= *is == '=';
	return true;
}

static bool find_variable(const struct totals_env *env, const struct bytes *name, struct variable *ret)
{
	for (size_t at = 0; next_variable(env, &at, ret);)
		if (same(&ret->name, name))
			return true;
	return false;
}

static bool same_value(struct programs *g, const struct bytes *a, const struct bytes *b)
{
	if (same(a, b))
		return true;
	buf_reset(&g->tmp[0]);
	buf_reset(&g->tmp[1]);
	diff_temporary(&g->tmp[0], &g->l->names[0], a->s, a->len, false);
	diff_temporary(&g->tmp[1], &g->l->names[1], b->s, b->len, false);
	return g->tmp[0].len == g->tmp[1].len && !memcmp(g->tmp[0].s, g->tmp[1].s, g->tmp[0].len);
}

static void variable(struct programs *g, const struct bytes *name, const struct bytes *a, const struct bytes *b,
		     const struct totals_proc *const procs[2])
{
	struct difference *d;
	struct buf key = { 0 };
	unsigned row;

	buf_puts(&key, "env ");
	buf_add(&key, name->s, name->len);
	add_bytes(&key, a);
	add_bytes(&key, b);
	if (is_of_session(name) && !g->l->noise) {
		g->l->nhidden += is_new(g, &key, 0, &row);
	} else {
		d = put_once(g, DIFF_ENV, &key, procs);
		d->name = *name;
		values(d, a, b);
	}
	buf_done(&key);
}

/* A variable that is not among those that were kept is only not set where all were. */
static void environments(struct programs *g, const struct totals_proc *const procs[2])
{
	const struct totals_env *a = procs[0]->env, *b = procs[1]->env;
	const void *const both[2] = { a, b };
	const struct buf key = { .s = (char *)(uintptr_t)both, .len = sizeof(both) };
	struct variable one, other;
	unsigned row;

	if (!a || !b || a == b || !is_new(g, &key, 0, &row))
		return;
	for (size_t at = 0; next_variable(a, &at, &one);) {
		bool there = find_variable(b, &one.name, &other);

		if (there ? !same_value(g, &one.value, &other.value) : !b->more)
			variable(g, &one.name, &one.value, there ? &other.value : NULL, procs);
	}
	for (size_t at = 0; next_variable(b, &at, &one) && !a->more;)
		if (!find_variable(a, &one.name, &other))
			variable(g, &one.name, NULL, &one.value, procs);
}

void diff_programs(struct diff_list *l, const struct totals *const runs[2], const unsigned *partner)
{
	struct programs g = { .l = l, .runs = runs };

	for (unsigned i = 0; i < runs[0]->procs.n; i++) {
		const struct totals_proc *const procs[2] = { runs[0]->procs.v[i],
							     partner[i] ? runs[1]->procs.v[partner[i] - 1] : NULL };

		if (!procs[1])
			continue;
		directories(&g, procs);
		owners(&g, procs);
		limits(&g, procs);
		arguments(&g, procs);
		environments(&g, procs);
	}
	seen_free(&g.seen);
	for (unsigned side = 0; side < 2; side++)
		buf_done(&g.tmp[side]);
}
