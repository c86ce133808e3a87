/* SPDX-License-Identifier: MIT */
/* Findings as the page shows them where nothing is chosen: one computation, and the page has not all that it takes. */
#include <stdlib.h>
#include <string.h>

#include "analyze/findings.h"
#include "analyze/share.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/macro.h"
#include "sink/diff_words.h"
#include "sink/finding_words.h"
#include "sink/html.h"
#include "sink/spent_words.h"
#include "sink/words.h"

enum { PEERS_MAX = 20, FINDINGS_MAX = 200 };

static bool is_written(const struct buf *v, unsigned n, const struct buf *name)
{
	for (unsigned i = 0; i < n; i++)
		if (v[i].len == name->len && !memcmp(v[i].s, name->s, name->len))
			return true;
	return false;
}

/* As events have them in "obj": the one peer, or of a listener the first of its clients. */
static void write_peers(struct json *j, const struct totals *t, const struct totals_wait *of)
{
	struct buf v[PEERS_MAX] = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < t->waits.n && n < PEERS_MAX; i++) {
		const struct totals_wait *w = t->waits.v[i];

		if ((w != of && w->whole != of) || !w->conn || !w->conn->has_peer)
			continue;
		addr_format(&v[n], &w->conn->peer);
		if (v[n].len && !is_written(v, n, &v[n])) {
			json_str(j, v[n].s, v[n].len);
			n++;
		} else {
			buf_done(&v[n]);
		}
	}
	while (n)
		buf_done(&v[--n]);
}

/* A futex, one that processes share too, is an address there; a file is its path. */
static void write_thing(struct json *j, const struct totals_wait *w)
{
	struct buf b = { 0 };

	if (w->addr && !w->shared && (w->what == SPENT_LOCK || w->what == SPENT_WAKE))
		spent_futex_words(&b, w);
	else if (w->name.len && !w->shared)
		buf_add(&b, w->name.s, w->name.len);
	if (b.len)
		json_str(j, b.s, b.len);
	buf_done(&b);
}

static void write_names(struct json *j, const struct totals *t, const struct finding *f)
{
	struct buf b = { 0 };

	if (f->rule == FINDING_PEER) {
		write_peers(j, t, f->wait);
	} else if (f->rule == FINDING_STUCK) {
		for (unsigned i = 0; i < f->stuck.nthings; i++)
			write_thing(j, f->stuck.things[i].wait);
	} else if (f->wait) {
		write_thing(j, f->wait);
	} else if (f->conn) {
		addr_format(&b, &f->conn->peer);
		json_str(j, b.s, b.len);
	} else if (f->file) {
		json_str(j, f->file->path.s, f->file->path.len);
	}
	buf_done(&b);
}

static void write_finding(struct json *j, const struct totals *t, const struct finding *f, uint64_t all_ns,
			  struct buf *b)
{
	buf_reset(b);
	finding_words(b, f);
	diff_strip(b);
	json_open(j, '{');
	json_key(j, "rule");
	json_str(j, finding_name(f->rule), strlen(finding_name(f->rule)));
	json_key(j, "text");
	json_str(j, b->s, b->len);
	json_key(j, "cost");
	json_u64(j, f->cost_ns);
	if (f->cost_ns) {
		json_key(j, "share");
		json_u64(j, part_of(10000, f->cost_ns, all_ns));
	}
	json_key(j, "names");
	json_open(j, '[');
	write_names(j, t, f);
	json_close(j, ']');
	if (f->rule == FINDING_LEAK || f->rule == FINDING_POLLING || f->rule == FINDING_STUCK) {
		json_key(j, "pid");
		json_u64(j, f->proc ? f->proc->pid : 0);
	}
	json_close(j, '}');
}

void html_ending_place(const struct html *h, struct json *j, const struct totals_ending *e)
{
	for (unsigned k = 0; k < h->ntop; k++)
		if (h->top[k] == e) {
			json_key(j, "ending");
			json_u64(j, k + 1);
		}
}

void html_findings_meta(const struct html *h, struct json *j)
{
	const struct totals *t = h->opt->totals;
	struct finding *v = NULL;
	struct buf b = { 0 };
	uint64_t all;
	unsigned n = findings_of(t, &v, &all);

	json_key(j, "finding_rules");
	json_open(j, '[');
	for (enum finding_rule rule = 0; rule < _FINDINGS; rule++)
		json_str(j, finding_name(rule), strlen(finding_name(rule)));
	json_close(j, ']');
	json_key(j, "findings");
	json_open(j, '[');
	for (unsigned i = 0; i < MIN(n, (unsigned)FINDINGS_MAX); i++)
		write_finding(j, t, &v[i], all, &b);
	json_close(j, ']');
	buf_done(&b);
	free(v);
}
