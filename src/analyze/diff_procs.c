/* SPDX-License-Identifier: MIT */
/* Processes of two runs, matched by what they are for. */
#include <stdlib.h>
#include <string.h>

#include "analyze/diff_part.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"

static const struct totals_ending *ending_of(const struct totals *t, const struct totals_proc *p)
{
	for (unsigned i = 0; i < t->endings.n; i++)
		if (t->endings.v[i]->proc == p)
			return t->endings.v[i];
	return NULL;
}

static void compare(struct diff_list *l, const struct totals *const runs[2], const struct totals_proc *a,
		    const struct totals_proc *b)
{
	struct difference *d;

	if (a->status == b->status)
		return;
	d = diff_put(l, DIFF_ENDED, b->status > 0);
	d->proc[0] = a;
	d->proc[1] = b;
	d->ending = ending_of(runs[d->side], d->proc[d->side]);
}

/* ---- which process is which ---- */

/* Rows of one role that have no partner yet, in the order in which the processes began. */
struct lineup {
	unsigned *v[2];
	unsigned n[2], room[2];
	char *key;
	UT_hash_handle hh;
};

/* partner: for each row of totals.procs that of the other run, + 1; 0: none */
struct pairs { const struct totals *const *runs; const struct diff_names *names; unsigned *partner[2]; };

/* With their numbers first: of "cc f1.c" and "cc f2.c", side by side, either may be the first to begin. */
enum level { SAME_NUMBERS, SAME_PARENT, SAME_NUMBERED, SAME_COMMAND, SAME_PROGRAM, _LEVELS };

static void line_up(struct lineup **all, const struct buf *key, unsigned side, unsigned row)
{
	struct lineup *u;

	HASH_FIND(hh, *all, key->s, key->len, u);
	if (!u) {
		u = xcalloc(1, sizeof(*u));
		u->key = xmemdup0(key->s, key->len);
		HASH_ADD_KEYPTR(hh, *all, u->key, key->len, u);
	}
	if (u->n[side] == u->room[side]) {
		u->room[side] = u->room[side] ? 2 * u->room[side] : 4;
		u->v[side] = xrealloc(u->v[side], u->room[side] * sizeof(*u->v[side]));
	}
	u->v[side][u->n[side]++] = row;
}

static void lineups_free(struct lineup **all)
{
	struct lineup *u, *tmp;

	HASH_ITER(hh, *all, u, tmp) {
		HASH_DEL(*all, u);
		free(u->v[0]);
		free(u->v[1]);
		free(u->key);
		free(u);
	}
}

/* The program's name alone, without its folder. */
static void add_program(struct buf *b, const struct totals_proc *p)
{
	const char *s = p->argv.n ? p->argv.s + 1 : p->comm.s ? p->comm.s : "", *slash = strrchr(s, '/');

	buf_puts(b, slash ? slash + 1 : s);
}

static void role(struct buf *key, const struct pairs *m, unsigned side, const struct totals_proc *p, enum level level)
{
	bool numbered = level == SAME_NUMBERS || level == SAME_NUMBERED;
	bool alone = level == SAME_NUMBERED || level == SAME_COMMAND;
	const struct totals_proc *parent = alone ? NULL : totals_proc(m->runs[side], p->parent);

	buf_reset(key);
	for (unsigned i = 0; i < 2; i++) {
		const struct totals_proc *of = i ? parent : p;

		if (of && level == SAME_PROGRAM)
			add_program(key, of);
		else if (of)
			diff_add_command(key, &m->names[side], of, !numbered);
		if (!i)
			buf_putc(key, '\n');
	}
}

/* By its program alone it is only known where no other one can be meant. */
static void pair(struct pairs *m, const struct lineup *u, enum level level)
{
	unsigned both = MIN(u->n[0], u->n[1]);

	if (level == SAME_PROGRAM && (u->n[0] != 1 || u->n[1] != 1))
		return;
	for (unsigned i = 0; i < both; i++) {
		m->partner[0][u->v[0][i]] = u->v[1][i] + 1;
		m->partner[1][u->v[1][i]] = u->v[0][i] + 1;
	}
}

static struct lineup *line_up_rest(const struct pairs *m, enum level level)
{
	struct lineup *all = NULL;
	struct buf key = { 0 };

	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < m->runs[side]->procs.n; i++) {
			if (m->partner[side][i])
				continue;
			role(&key, m, side, m->runs[side]->procs.v[i], level);
			line_up(&all, &key, side, i);
		}
	buf_done(&key);
	return all;
}

static void match(struct pairs *m)
{
	struct lineup *all, *u, *tmp;

	for (enum level level = 0; level < _LEVELS; level++) {
		all = line_up_rest(m, level);
		HASH_ITER(hh, all, u, tmp)
			pair(m, u, level);
		lineups_free(&all);
	}
}

/* ---- what is different of them ---- */

static void put_rest(struct diff_list *l, const struct pairs *m)
{
	struct lineup *all = line_up_rest(m, SAME_COMMAND), *u, *tmp;

	HASH_ITER(hh, all, u, tmp)
		for (unsigned side = 0; side < 2; side++) {
			struct difference *d = u->n[side] ? diff_put(l, DIFF_RAN, side) : NULL;

			if (!d)
				continue;
			d->proc[side] = m->runs[side]->procs.v[u->v[side][0]];
			d->n = u->n[side];
			d->ending = ending_of(m->runs[side], d->proc[side]);
		}
	lineups_free(&all);
}

void diff_processes(struct diff_list *l, const struct totals *const runs[2])
{
	struct pairs m = { .runs = runs, .names = l->names };

	for (unsigned side = 0; side < 2; side++)
		m.partner[side] = xcalloc(runs[side]->procs.n + 1, sizeof(unsigned));
	match(&m);
	for (unsigned i = 0; i < runs[0]->procs.n; i++)
		if (m.partner[0][i])
			compare(l, runs, runs[0]->procs.v[i], runs[1]->procs.v[m.partner[0][i] - 1]);
	diff_programs(l, runs, m.partner[0]);
	put_rest(l, &m);
	free(m.partner[0]);
	free(m.partner[1]);
}
