/* SPDX-License-Identifier: MIT */
/* Files, names that were looked for in vain, and peers, of two runs. */
#include <stdlib.h>

#include "analyze/diff_part.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"

/* What is called so, in both runs.  n: how many paths of a run are. */
struct named {
	char *key;
	const struct totals_file *file[2];
	const struct totals_lookup *lookup[2];
	const struct totals_conn *conn[2];
	unsigned nfiles[2], nlookups[2], nconns[2], nfailed[2];
	UT_hash_handle hh;
};

static struct named *named(struct named **all, const struct buf *key)
{
	struct named *t;

	HASH_FIND(hh, *all, key->s, key->len, t);
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		t->key = xmemdup0(key->s, key->len);
		HASH_ADD_KEYPTR(hh, *all, t->key, key->len, t);
	}
	return t;
}

static void named_free(struct named **all)
{
	struct named *t, *tmp;

	HASH_ITER(hh, *all, t, tmp) {
		HASH_DEL(*all, t);
		free(t->key);
		free(t);
	}
}

static void take_files(struct named **all, const struct totals *run, const struct diff_names *names, unsigned side)
{
	struct buf key = { 0 };

	for (unsigned i = 0; i < run->files.n; i++) {
		const struct totals_file *f = run->files.v[i];
		struct named *t;

		if (f->noise == NOISE_SYSTEM || !(f->nreads || f->nwrites || f->opens))
			continue;
		buf_reset(&key);
		diff_path(&key, names, f->path.s, f->path.len);
		t = named(all, &key);
		if (!t->nfiles[side]++)
			t->file[side] = f;
	}
	buf_done(&key);
}

/* Of several errors of a path the one that says more than that it is not there. */
static void take_lookups(struct named **all, const struct totals *run, const struct diff_names *names, unsigned side)
{
	struct buf key = { 0 };

	for (unsigned i = 0; i < run->lookups.n; i++) {
		const struct totals_lookup *r = run->lookups.v[i];
		struct named *t;

		if (r->noise == NOISE_SYSTEM)
			continue;
		buf_reset(&key);
		diff_path(&key, names, r->path.s, r->path.len);
		t = named(all, &key);
		t->nlookups[side]++;
		if (!t->lookup[side] || t->lookup[side]->err < r->err)
			t->lookup[side] = r;
	}
	buf_done(&key);
}

/* How often it is read is a matter of what ran; libraries are read alike. */
static bool other_bytes(const struct named *t)
{
	const struct totals_file *a = t->file[0], *b = t->file[1];

	return t->nfiles[0] == 1 && t->nfiles[1] == 1 && a->noise == NOISE_NONE &&
	       (a->nread * b->opens != b->nread * a->opens || a->nwritten * b->opens != b->nwritten * a->opens);
}

static void put_file(struct diff_list *l, enum diff_kind kind, unsigned side, const struct named *t)
{
	struct difference *d = diff_put(l, kind, side);

	for (unsigned i = 0; i < 2; i++) {
		d->file[i] = t->file[i];
		d->lookup[i] = t->file[i] ? NULL : t->lookup[i];
	}
}

/* Opened in one and not in the other, or not opened for another reason.  Not hidden: a library that is gone is news. */
static bool other_result(struct diff_list *l, const struct named *t)
{
	const struct totals_lookup *a = t->file[0] ? NULL : t->lookup[0], *b = t->file[1] ? NULL : t->lookup[1];

	if (!(a || t->file[0]) || !(b || t->file[1]) || (!a && !b) || (a && b && a->err == b->err))
		return false;
	put_file(l, DIFF_RESULT, a && b ? 1 : b != NULL, t);
	return true;
}

static void of_path(struct diff_list *l, const struct named *t)
{
	unsigned side = !t->file[0];

	if (other_result(l, t))
		return;
	if (!t->file[0] != !t->file[1]) {
		if (!diff_is_hidden(l, t->file[side]->noise))
			put_file(l, t->file[side]->nwrites ? DIFF_WRITTEN : DIFF_READ, side, t);
	} else if (t->file[0] && other_bytes(t)) {
		put_file(l, DIFF_BYTES, 1, t);
	}
	side = !t->lookup[0];
	if (!t->lookup[0] != !t->lookup[1] && !diff_is_hidden(l, t->lookup[side]->noise)) {
		struct difference *d = diff_put(l, DIFF_MISSED, side);

		d->lookup[side] = t->lookup[side];
	}
}

void diff_files(struct diff_list *l, const struct totals *const runs[2])
{
	struct named *all = NULL, *t, *tmp;

	for (unsigned side = 0; side < 2; side++) {
		take_files(&all, runs[side], &l->names[side], side);
		take_lookups(&all, runs[side], &l->names[side], side);
	}
	HASH_ITER(hh, all, t, tmp)
		of_path(l, t);
	named_free(&all);
}

/* ---- peers ---- */

/* An accepted connection's peer has another port each time. */
static void take_peers(struct named **all, const struct totals *run, unsigned side)
{
	struct buf key = { 0 };

	for (unsigned i = 0; i < run->conns.n; i++) {
		const struct totals_conn *c = run->conns.v[i];
		struct named *t;

		if (!totals_is_connection(c) || !c->has_peer || c->state == CONN_ACCEPTED)
			continue;
		buf_reset(&key);
		buf_add(&key, c->peer.ip, sizeof(c->peer.ip));
		buf_printf(&key, " %u %u", c->type, c->peer.port < 32768 ? c->peer.port : 0);
		t = named(all, &key);
		t->nconns[side]++;
		t->nfailed[side] += c->err != 0;
		if (!t->conn[side] || (c->err && !t->conn[side]->err))	/* one that failed stands for them */
			t->conn[side] = c;
	}
	buf_done(&key);
}

/* None failed, all, or some of them. */
static unsigned outcome(const struct named *t, unsigned side)
{
	return !t->nfailed[side] ? 0 : t->nfailed[side] == t->nconns[side] ? 2 : 1;
}

void diff_peers(struct diff_list *l, const struct totals *const runs[2])
{
	struct named *all = NULL, *t, *tmp;

	for (unsigned side = 0; side < 2; side++)
		take_peers(&all, runs[side], side);
	HASH_ITER(hh, all, t, tmp) {
		const struct totals_conn *a = t->conn[0], *b = t->conn[1], *one = a ? a : b;
		struct difference *d;

		if (a && b && a->err == b->err && outcome(t, 0) == outcome(t, 1))
			continue;
		if (!(a && b) && !one->err && diff_is_hidden(l, one->noise))
			continue;
		d = diff_put(l, DIFF_PEER, a && b ? outcome(t, 1) >= outcome(t, 0) : !a);
		d->conn[0] = a;
		d->conn[1] = b;
	}
	named_free(&all);
}
