/* SPDX-License-Identifier: MIT */
/* Findings that the page shows as they are here: it has not what they are made of. */
#include <stdlib.h>
#include <string.h>

#include "analyze/findings.h"
#include "analyze/totals.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/macro.h"
#include "sink/diff_words.h"
#include "sink/finding_words.h"
#include "sink/html.h"
#include "sink/words.h"

enum { PEERS_MAX = 20 };

static bool is_written(const struct buf *v, unsigned n, const struct buf *name)
{
	for (unsigned i = 0; i < n; i++)
		if (v[i].len == name->len && !memcmp(v[i].s, name->s, name->len))
			return true;
	return false;
}

/* As events have them: the one peer, or of a listener the first of its clients. */
static void write_peers(struct json *j, const struct totals *t, const struct totals_wait *of)
{
	struct buf v[PEERS_MAX] = { 0 };
	unsigned n = 0;

	json_key(j, "peers");
	json_open(j, '[');
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
	json_close(j, ']');
	while (n)
		buf_done(&v[--n]);
}

/* As events have it, where each process has it at the same address. */
static void write_futex(struct json *j, const struct totals *t UNUSED, const struct totals_wait *of)
{
	struct buf b = { 0 };

	if (of->shared || !of->addr)
		return;
	buf_printf(&b, "futex 0x%llx", (unsigned long long)of->addr);
	json_key(j, "futex");
	json_str(j, b.s, b.len);
	buf_done(&b);
}

typedef void of_wait(struct json *j, const struct totals *t, const struct totals_wait *of);

static void write_rule(struct json *j, const struct totals *t, const struct finding *v, unsigned n,
		       enum finding_rule rule, of_wait *more)
{
	struct buf b = { 0 };

	json_open(j, '[');
	for (unsigned i = 0; i < n; i++) {
		if (v[i].rule != rule)
			continue;
		buf_reset(&b);
		finding_words(&b, &v[i]);
		diff_strip(&b);
		json_open(j, '{');
		json_key(j, "text");
		json_str(j, b.s, b.len);
		json_key(j, "cost");
		json_u64(j, v[i].cost_ns);
		more(j, t, v[i].wait);
		json_close(j, '}');
	}
	json_close(j, ']');
	buf_done(&b);
}

void html_findings_meta(const struct html *h, struct json *j)
{
	const struct totals *t = h->opt->totals;
	struct finding *v = NULL;
	uint64_t all;
	unsigned n = findings_of(t, &v, &all);

	json_key(j, "slow_peers");
	write_rule(j, t, v, n, FINDING_PEER, write_peers);
	json_key(j, "locks");
	write_rule(j, t, v, n, FINDING_LOCK, write_futex);
	free(v);
}
