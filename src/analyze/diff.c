/* SPDX-License-Identifier: MIT */
#include "analyze/diff.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/totals.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"

/* ---- names ---- */

static bool begins(const char *s, uint32_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(s, with, n);
}

/* Numbers become #; of a name below /tmp, /var/tmp and /dev/shm only its folder and what is behind its last dot stay.
 */
void diff_normal(struct buf *b, const char *s, uint32_t len)
{
	static const char *const temporary[] = {"/tmp/", "/var/tmp/", "/dev/shm/"};

	for (uint32_t i = 0; i < len; i++) {
		size_t n = 0;

		for (unsigned k = 0; k < ARRAY_SIZE(temporary) && !n; k++)
			if (begins(s + i, len - i, temporary[k]))
				n = strlen(temporary[k]);
		if (n) {
			uint32_t end = i + (uint32_t)n, dot = 0;

			for (; end < len && s[end] != '/' && !isspace((unsigned char)s[end]) && s[end]; end++)
				dot = s[end] == '.' ? end : dot;
			/* mkstemp(3) and its like end in six characters without a dot, or have them before it */
			if ((dot ? dot : end) - i - n >= 6) {
				buf_add(b, s + i, n);
				buf_putc(b, '*');
				if (dot)
					buf_add(b, s + dot, end - dot);
				i = end - 1;
				continue;
			}
		}
		if (isdigit((unsigned char)s[i])) {
			while (i + 1 < len && isdigit((unsigned char)s[i + 1]))
				i++;
			buf_putc(b, '#');
			continue;
		}
		buf_putc(b, s[i]);
	}
}

/* ---- things of one run, by name ---- */

struct thing {
	char *key;
	const void *of[2];
	uint64_t n[2];
	UT_hash_handle hh;
};

static struct thing *thing_of(struct thing **all, const struct buf *key)
{
	struct thing *t;

	HASH_FIND(hh, *all, key->s, key->len, t);
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->key = xmemdup0(key->s, key->len);
		HASH_ADD_KEYPTR(hh, *all, t->key, key->len, t);
	}
	return t;
}

static void things_free(struct thing **all)
{
	struct thing *t, *tmp;

	HASH_ITER(hh, *all, t, tmp)
	{
		HASH_DEL(*all, t);
		free(t->key);
		free(t);
	}
}

static void note(struct thing **all, const struct buf *key, unsigned side, const void *of)
{
	struct thing *t = thing_of(all, key);

	if (!t->n[side]++)
		t->of[side] = of;
}

struct list {
	struct difference *v;
	unsigned n, room;
	bool noise;		/* else what the noise filter hides is only counted: */
	uint64_t nhidden;
};

static bool is_hidden(struct list *l, uint8_t noise)
{
	bool hidden = noise != NOISE_NONE && !l->noise;

	l->nhidden += hidden;
	return hidden;
}

static struct difference *put(struct list *l, enum diff_kind kind, unsigned side)
{
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->v = xrealloc(l->v, l->room * sizeof(*l->v));
	}
	l->v[l->n] = (struct difference){.kind = kind, .side = side};
	return &l->v[l->n++];
}

/* ---- processes ---- */

static void role(struct buf *b, const struct totals_proc *p)
{
	const char *s = p->argv.s;

	buf_reset(b);
	if (!p->argv.n)
		diff_normal(b, p->comm.s ? p->comm.s : "", p->comm.len);
	for (unsigned i = 0; i < p->argv.n; i++, s += strlen(s) + 1) {
		s++; /* whether it was cut */
		diff_normal(b, s, (uint32_t)strlen(s));
		buf_putc(b, '\0');
	}
}

static const struct totals_ending *ending_of(const struct totals *t, const struct totals_proc *p)
{
	for (unsigned i = 0; i < t->endings.n; i++)
		if (t->endings.v[i]->proc == p)
			return t->endings.v[i];
	return NULL;
}

static void ended(struct list *l, const struct totals *const runs[2], const struct totals_proc *a,
		  const struct totals_proc *b)
{
	struct difference *d;

	if (a->status == b->status)
		return;
	d = put(l, DIFF_ENDED, b->status > 0);
	d->proc[0] = a;
	d->proc[1] = b;
	d->ending = ending_of(runs[d->side], d->proc[d->side]);
}

/* Processes of a role in the order in which they began; the rows are in that order. */
struct lineup {
	const struct totals_proc **v[2];
	unsigned n[2];
	char *key;
	UT_hash_handle hh;
};

static void line_up(struct lineup **all, const struct buf *key, unsigned side, const struct totals_proc *p)
{
	struct lineup *u;

	HASH_FIND(hh, *all, key->s, key->len, u);
	if (!u) {
		u = xcalloc(1, sizeof(*u));
		u->key = xmemdup0(key->s, key->len);
		HASH_ADD_KEYPTR(hh, *all, u->key, key->len, u);
	}
	u->v[side] = xrealloc(u->v[side], (u->n[side] + 1) * sizeof(*u->v[side]));
	u->v[side][u->n[side]++] = p;
}

static void processes(struct list *l, const struct totals *const runs[2])
{
	struct lineup *all = NULL, *u, *tmp;
	struct buf key = {0};

	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < runs[side]->procs.n; i++) {
			role(&key, runs[side]->procs.v[i]);
			line_up(&all, &key, side, runs[side]->procs.v[i]);
		}
	HASH_ITER(hh, all, u, tmp)
	{
		unsigned both = MIN(u->n[0], u->n[1]), side = u->n[1] > u->n[0];

		for (unsigned i = 0; i < both; i++)
			ended(l, runs, u->v[0][i], u->v[1][i]);
		if (u->n[side] > both) {
			struct difference *d = put(l, DIFF_RAN, side);

			d->proc[side] = u->v[side][both];
			d->n = u->n[side] - both;
			d->ending = ending_of(runs[side], d->proc[side]);
		}
		HASH_DEL(all, u);
		free(u->v[0]);
		free(u->v[1]);
		free(u->key);
		free(u);
	}
	buf_done(&key);
}

/* ---- files, lookups, peers ---- */

/* How often it is read is a matter of what ran; libraries are read alike. */
static bool other_bytes(const struct totals_file *a, const struct totals_file *b)
{
	return a->noise == NOISE_NONE &&
	       (a->nread * b->opens != b->nread * a->opens || a->nwritten * b->opens != b->nwritten * a->opens);
}

static void files(struct list *l, const struct totals *const runs[2])
{
	struct thing *all = NULL, *t, *tmp;
	struct buf key = {0};

	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < runs[side]->files.n; i++) {
			const struct totals_file *f = runs[side]->files.v[i];

			if (f->noise == NOISE_SYSTEM || !(f->nreads || f->nwrites || f->opens))
				continue;
			buf_reset(&key);
			diff_normal(&key, f->path.s, f->path.len);
			note(&all, &key, side, f);
		}
	HASH_ITER(hh, all, t, tmp)
	{
		const struct totals_file *a = t->of[0], *b = t->of[1], *one = a ? a : b;
		struct difference *d = NULL;

		if (!a || !b)
			d = is_hidden(l, one->noise) ? NULL : put(l, one->nwrites ? DIFF_WRITTEN : DIFF_READ, !a);
		else if (t->n[0] == 1 && t->n[1] == 1 && other_bytes(a, b))
			d = put(l, DIFF_BYTES, 1);
		if (d) {
			d->file[0] = a;
			d->file[1] = b;
		}
	}
	things_free(&all);
	buf_done(&key);
}

static void lookups(struct list *l, const struct totals *const runs[2])
{
	struct thing *all = NULL, *t, *tmp;
	struct buf key = {0};

	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < runs[side]->lookups.n; i++) {
			const struct totals_lookup *r = runs[side]->lookups.v[i];

			if (r->noise == NOISE_SYSTEM)
				continue;
			buf_reset(&key);
			buf_printf(&key, "%d ", r->err);
			diff_normal(&key, r->path.s, r->path.len);
			note(&all, &key, side, r);
		}
	HASH_ITER(hh, all, t, tmp)
	{
		const struct totals_lookup *one = t->of[0] ? t->of[0] : t->of[1];

		if ((!t->of[0] || !t->of[1]) && !is_hidden(l, one->noise)) {
			struct difference *d = put(l, DIFF_MISSED, !t->of[0]);

			d->lookup[d->side] = one;
		}
	}
	things_free(&all);
	buf_done(&key);
}

/* An accepted connection's peer has another port each time. */
static void peers(struct list *l, const struct totals *const runs[2])
{
	struct thing *all = NULL, *t, *tmp;
	struct buf key = {0};

	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; i < runs[side]->conns.n; i++) {
			const struct totals_conn *c = runs[side]->conns.v[i];

			if (!totals_is_connection(c) || !c->has_peer || c->state == CONN_ACCEPTED)
				continue;
			buf_reset(&key);
			buf_add(&key, c->peer.ip, sizeof(c->peer.ip));
			buf_printf(&key, " %u %u %d", c->type, c->peer.port < 32768 ? c->peer.port : 0, c->err);
			note(&all, &key, side, c);
		}
	HASH_ITER(hh, all, t, tmp)
	{
		const struct totals_conn *one = t->of[0] ? t->of[0] : t->of[1];

		if ((!t->of[0] || !t->of[1]) && !is_hidden(l, one->noise)) {
			struct difference *d = put(l, DIFF_PEER, !t->of[0]);

			d->conn[d->side] = one;
		}
	}
	things_free(&all);
	buf_done(&key);
}

/* ---- times ---- */

/*
 * Mann and Whitney's test on the classes of the two histograms, in its normal approximation: is the sum of ranks five
 * standard deviations or more from where chance has it?
 */
static bool is_no_chance(const struct hist *a, const struct hist *b)
{
	enum { DEVIATIONS = 5 };
	double n = (double)a->n, m = (double)b->n, below = 0, u = 0, off;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		u += (double)b->buckets[i] * (below + (double)a->buckets[i] / 2);
		below += (double)a->buckets[i];
	}
	off = u - n * m / 2;
	return off * off >= DEVIATIONS * DEVIATIONS * n * m * (n + m + 1) / 12;
}

static void times(struct list *l, const struct totals *const runs[2])
{
	enum { LEAST = 20, MS = 1000000 };

	for (unsigned i = 0; i < runs[0]->calls.n; i++)
		for (unsigned k = 0; k < runs[1]->calls.n; k++) {
			const struct totals_call *a = runs[0]->calls.v[i], *b = runs[1]->calls.v[k];
			uint64_t more = MAX(a->dur.sum, b->dur.sum), less = MIN(a->dur.sum, b->dur.sum);
			struct difference *d;

			if (a->spec != b->spec || a->nr != b->nr || a->arch != b->arch || a->dur.n < LEAST ||
			    b->dur.n < LEAST)
				continue;
			/* also twice the time, and enough of it to be felt */
			if (!is_no_chance(&a->dur, &b->dur) || more < 2 * less || more - less < 50 * MS)
				continue;
			d = put(l, DIFF_SLOWER, b->dur.sum > a->dur.sum);
			d->call[0] = a;
			d->call[1] = b;
		}
}

/* By kind; of processes those that failed, and of these those that did not fail for a child, first. */
static unsigned weight(const struct difference *d)
{
	unsigned w = (unsigned)d->kind * 8;

	if (d->kind == DIFF_RAN && d->ending)
		w = DIFF_ENDED * 8;
	if (d->ending)
		return w + (d->ending->cause != NULL) * 2;
	return w + 4;
}

static int by_weight(const void *pa, const void *pb)
{
	const struct difference *a = pa, *b = pb;
	unsigned wa = weight(a), wb = weight(b);

	if (wa != wb)
		return wa < wb ? -1 : 1;
	return (int)b->side - (int)a->side;
}

unsigned diff_of(const struct totals *const runs[2], bool noise, struct difference **ret_v, uint64_t *ret_hidden)
{
	struct list l = { .noise = noise };

	for (unsigned side = 0; side < 2; side++) /* which ending follows from which */
		endings_top(runs[side], NULL, 0);
	processes(&l, runs);
	lookups(&l, runs);
	files(&l, runs);
	peers(&l, runs);
	times(&l, runs);
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), by_weight);
	*ret_v = l.v;
	*ret_hidden = l.nhidden;
	return l.n;
}
