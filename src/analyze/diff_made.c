/* SPDX-License-Identifier: MIT */
/* Names that the two runs made up in the same place. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/diff_part.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/macro.h"

/* In which of its ways a name may be made up: the last so many letters and digits before an end; or all of them. */
enum { WAYS = 4 };
static const uint8_t way_length[WAYS] = { 6, 8, 10, 0 };

struct member {
	struct member *next;
	const char *s;		/* the name */
	uint32_t len, from, n;	/* what may be made up of it */
	unsigned side;
	bool removed;		/* the run made and removed it; else it is a name below a temporary folder */
};

/* Names that are equal but for that, in both runs. */
struct place {
	struct member *members;
	unsigned way;
	char *key;
	UT_hash_handle hh;
};

struct seen { char *key; UT_hash_handle hh; };

struct learning {
	struct place *places;
	struct seen *seen[2];	/* names of each run */
	struct buf key;
};

static struct place *place_of(struct learning *g, const struct member *m, unsigned way)
{
	struct place *p;

	buf_reset(&g->key);
	buf_printf(&g->key, "%u/%u/", way, m->n);
	buf_add(&g->key, m->s, m->from);
	buf_putc(&g->key, '/');
	buf_add(&g->key, m->s + m->from + m->n, m->len - m->from - m->n);
	HASH_FIND(hh, g->places, g->key.s, g->key.len, p);
	if (!p) {
		p = xcalloc(1, sizeof(*p));
		p->way = way;
		p->key = xmemdup0(g->key.s, g->key.len);
		HASH_ADD_KEYPTR(hh, g->places, p->key, g->key.len, p);
	}
	return p;
}

static bool is_letter(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Letters and digits of it up to end, in each way. */
static void add_end(struct learning *g, const struct member *name, uint32_t end)
{
	uint32_t all = 0, words;

	while (all < end && isalnum((unsigned char)name->s[end - all - 1]))
		all++;
	/* Python takes _ for a letter */
	for (words = all; words < end && is_letter(name->s[end - words - 1]); words++)
		;
	for (unsigned way = 0; way < WAYS; way++) {
		uint32_t n = way_length[way] ? way_length[way] : all;
		struct member *m;
		struct place *p;

		if (n < DIFF_MADE_UP_LEAST || n > (way == 1 ? words : all))
			continue;
		m = xmalloc(sizeof(*m));
		*m = *name;
		m->from = end - n;
		m->n = n;
		p = place_of(g, m, way);
		m->next = p->members;
		p->members = m;
	}
}

static bool is_seen(const struct learning *g, unsigned side, const char *s, uint32_t len)
{
	struct seen *e;

	HASH_FIND(hh, g->seen[side], s, len, e);
	return e;
}

static void add_name(struct learning *g, unsigned side, const char *s, uint32_t len, bool removed)
{
	const struct member m = { .s = s, .len = len, .side = side, .removed = removed };
	struct seen *e;

	if (len < DIFF_MADE_UP_LEAST || is_seen(g, side, s, len))
		return;
	e = xcalloc(1, sizeof(*e));
	e->key = xmemdup0(s, len);
	HASH_ADD_KEYPTR(hh, g->seen[side], e->key, len, e);
	for (uint32_t i = 1; i <= len; i++) {
		if (diff_is_between(s[i - 1]))
			return;
		if (isalnum((unsigned char)s[i - 1]) && (i == len || !isalnum((unsigned char)s[i])))
			add_end(g, &m, i);
	}
}

static void add_removed(struct learning *g, const struct totals *run, unsigned side)
{
	for (unsigned i = 0; i < run->made.n; i++) {
		const struct totals_made *m = run->made.v[i];
		const char *slash = memrchr(m->path.s, '/', m->path.len), *s = slash ? slash + 1 : m->path.s;

		if (m->removed)
			add_name(g, side, s, m->path.len - (uint32_t)(s - m->path.s), true);
	}
}

/* The first name below a temporary folder. */
static void add_temporary(struct learning *g, unsigned side, const struct bytes *path)
{
	uint32_t from = diff_temporary_folder(path->s ? path->s : "", path->len), len = 0;

	if (!from)
		return;
	while (from + len < path->len && path->s[from + len] != '/')
		len++;
	add_name(g, side, path->s + from, len, false);
}

static void add_below(struct learning *g, const struct totals *run, unsigned side)
{
	for (unsigned i = 0; i < run->files.n; i++)
		add_temporary(g, side, &run->files.v[i]->path);
	for (unsigned i = 0; i < run->lookups.n; i++)
		add_temporary(g, side, &run->lookups.v[i]->path);
	for (unsigned i = 0; i < run->procs.n; i++)
		add_temporary(g, side, &run->procs.v[i]->cwd);
}

/* Two words have letters in common places, and what was made up by chance hardly any. */
static bool is_another(const struct member *a, const struct member *b)
{
	uint32_t same = 0;

	for (uint32_t i = 0; i < a->n; i++)
		same += a->s[a->from + i] == b->s[b->from + i];
	return same * 3 <= a->n;
}

/*
 * Of a name that was removed again less is needed: that it begins with tmp; capitals between short parts; behind a dot
 * or a dash, as templates of mktemp have it, capitals behind small letters: of six letters made up one in ten looks
 * like two words.
 */
static bool is_evident(const struct member *m)
{
	const struct diff_parts p = diff_parts_of(m->s + m->from, m->n);
	bool small = false, first = false, capital = false;

	if (!m->removed || diff_is_made_up(m->s + m->from, m->n))
		return diff_is_made_up(m->s + m->from, m->n);
	for (uint32_t i = 0; i < m->n; i++) {
		small |= islower((unsigned char)m->s[m->from + i]) != 0;
		first |= !i && isupper((unsigned char)m->s[m->from]);
		capital |= i && isupper((unsigned char)m->s[m->from + i]);
	}
	return (m->from >= 3 && !memcmp(m->s, "tmp", 3)) ||
	       (p.n >= 3 && p.shortest <= 2 && (first || capital)) ||
	       (small && capital && m->from && strchr(".-_", m->s[m->from - 1]));
}

static bool may_be_words(const struct member *m)
{
	const struct diff_parts p = diff_parts_of(m->s + m->from, m->n);

	return p.shortest >= 3 && !p.numbers;
}

/* Not one that both runs have; and one of the other run's is another one. */
static bool is_matched(const struct learning *g, const struct place *p, const struct member *m)
{
	enum { LOOKED_AT = 16 };
	unsigned n = 0;

	if (is_seen(g, !m->side, m->s, m->len))
		return false;
	for (const struct member *o = p->members; o && n < LOOKED_AT; o = o->next) {
		if (o->side == m->side)
			continue;
		n++;
		if (!is_seen(g, m->side, o->s, o->len) && is_another(m, o))
			return true;
	}
	return false;
}

static void take(struct diff_names *names, const struct member *m)
{
	struct diff_made *d;

	HASH_FIND(hh, names->made, m->s, m->len, d);
	if (d)
		return;
	d = xcalloc(1, sizeof(*d));
	*d = (struct diff_made){ .name = m->s, .from = m->from, .n = m->n };
	HASH_ADD_KEYPTR(hh, names->made, d->name, m->len, d);
}

static void learn(const struct learning *g, const struct place *p, struct diff_names names[2])
{
	bool evident = false;

	for (const struct member *m = p->members; m && !evident; m = m->next)
		evident = is_evident(m) && is_matched(g, p, m);
	for (const struct member *m = p->members; m && evident; m = m->next)
		if ((m->removed || !may_be_words(m)) && is_matched(g, p, m))
			take(&names[m->side], m);
}

static void learning_free(struct learning *g)
{
	struct place *p, *tmp;
	struct seen *e, *next;

	HASH_ITER(hh, g->places, p, tmp) {
		HASH_DEL(g->places, p);
		while (p->members) {
			struct member *m = p->members;

			p->members = m->next;
			free(m);
		}
		free(p->key);
		free(p);
	}
	for (unsigned side = 0; side < 2; side++)
		HASH_ITER(hh, g->seen[side], e, next) {
			HASH_DEL(g->seen[side], e);
			free(e->key);
			free(e);
		}
	buf_done(&g->key);
}

void diff_learn(const struct totals *const runs[2], struct diff_names names[2])
{
	struct learning g = { 0 };
	struct place *p, *tmp;

	for (unsigned side = 0; side < 2; side++) {
		add_removed(&g, runs[side], side);
		add_below(&g, runs[side], side);
	}
	/* of a name in several places, the shortest is what it ends in */
	for (unsigned way = 0; way < WAYS; way++)
		HASH_ITER(hh, g.places, p, tmp)
			if (p->way == way)
				learn(&g, p, names);
	learning_free(&g);
}

void diff_names_free(struct diff_names *names)
{
	free(names->pids);
	HASH_FREE(names->made);
}
