/* SPDX-License-Identifier: MIT */
/*
 * Several recordings as one source, in the order of time.  Each has a clock of its own: their walls' clocks join them,
 * but where two were made during the same boot of one host, whose clock is one.  All is shown by the clock of the one
 * that begins first.
 *
 * Parts of one trace (--rotate) that follow each other are one stream: of the second and later ones START and what says
 * how things stood are left out, for that is known, and of all but the last one its END.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/macro.h"
#include "capture/source.h"
#include "record/file.h"
#include "record/made.h"

struct stream {
	struct record_reader *reader;
	struct diag damage;
	bool damaged, ended;
	struct buf next;		/* a record, already by the common clock; empty: none */
	uint64_t start_ns, wall_ns;	/* its START; 0: it has none */
	char boot[64];
	int64_t shift;
	/* Of a part: how long the trace had run, the records of its snapshot, where the next one begins or 0. */
	uint64_t cut_ns, nsnapshot, goes_on_ns;
	bool counts_snapshot;		/* of nothing, where there was no process yet */
	struct stream *follows;		/* the part behind it, or NULL */
	unsigned number;		/* of the recording: for a part, of the first one */
	bool waits;			/* until the part before it has ended */
	uint64_t skip;			/* so many records are not handed out */
};

struct many {
	struct source src;
	struct stream *v;
	unsigned n, current, nstreams;	/* nstreams: without those that follow another one */
	bool begun, finished;		/* finished: the end was emitted, or is not to be */
	uint64_t last_ns;
};

static struct many *of(const struct source *src) { return CONTAINER_OF(src, struct many, src); }

/* ---- clocks ---- */

/* 0 is no time, and none becomes 0. */
static void shift(rec_u64 *ns, int64_t by)
{
	if (*ns)
		*ns = by < 0 && *ns <= 0 - (uint64_t)by ? 1 : *ns + (uint64_t)by;
}

/* The chunk behind at, and at behind it; NULL: there is no whole one. */
static struct record_chunk *next_chunk(struct record *r, size_t *at)
{
	struct record_chunk *c = (struct record_chunk *)((char *)r + *at);

	if (*at + sizeof(*c) > r->size || c->len > r->size - *at - sizeof(*c))
		return NULL;
	*at += sizeof(*c) + ALIGN8((size_t)c->len);
	return c;
}

/* What a snapshot says about a connection. */
static void shift_files(struct record *r, int64_t by)
{
	size_t at = sizeof(struct record_fd);

	for (struct record_chunk *c; (c = next_chunk(r, &at));) {
		struct record_file *file = (struct record_file *)(c + 1);

		if (c->part != PART_FILE || c->len != sizeof(*file))
			continue;
		shift(&file->connect_ns, by);
		shift(&file->connected_ns, by);
	}
}

/* Every time in a record that is one of the clock. */
static void shift_record(struct record *r, int64_t by)
{
	shift(&r->ts_ns, by);
	if (r->kind == RECORD_CALL && r->size >= sizeof(struct record_call))
		shift(&((struct record_call *)r)->exit_ns, by);
	else if (r->kind == RECORD_TASK && r->size >= sizeof(struct record_task))
		shift(&((struct record_task *)r)->start_ns, by);
	else if (r->kind == RECORD_WAITING && r->size >= sizeof(struct record_waiting))
		shift(&((struct record_waiting *)r)->since_ns, by);
	else if (r->kind == RECORD_FD && r->size >= sizeof(struct record_fd))
		shift_files(r, by);
}

/* When it was seen to be complete: that is the order within a recording. */
static uint64_t when(const struct stream *s)
{
	return record_made_ns((const struct record *)s->next.s);
}

static void look_at_start(struct stream *s)
{
	const struct record_start *r = (const struct record_start *)s->next.s;
	struct record_last last;
	size_t at = sizeof(*r);

	if (r->h.kind != RECORD_START || r->h.size < sizeof(*r))
		return;
	s->start_ns = r->h.ts_ns;
	s->wall_ns = r->wall_ns;
	for (const struct record_chunk *c; (c = next_chunk((struct record *)s->next.s, &at));) {
		if (c->part == PART_BOOT)
			memcpy(s->boot, c + 1, MIN((size_t)c->len, sizeof(s->boot) - 1));
		else if (c->part == PART_CUT && c->len == sizeof(s->cut_ns))
			memcpy(&s->cut_ns, c + 1, sizeof(s->cut_ns));
		else if (c->part == PART_SNAPSHOT && c->len == sizeof(s->nsnapshot)) {
			memcpy(&s->nsnapshot, c + 1, sizeof(s->nsnapshot));
			s->counts_snapshot = true;
		}
	}
	if (record_reader_last(s->reader, &last) == 0)
		s->goes_on_ns = last.goes_on_ns;
}

/* ---- parts ---- */

/* Whether it goes on where the other one was cut: by the clock, before any shift, and to the nanosecond. */
static bool is_behind(const struct stream *s, const struct stream *before)
{
	return s != before && s->cut_ns && s->counts_snapshot && s->boot[0] && !strcmp(s->boot, before->boot) &&
	       s->start_ns == before->goes_on_ns && s->start_ns > before->start_ns && !before->follows &&
	       s->start_ns - s->cut_ns == before->start_ns - before->cut_ns;
}

static void join_parts(struct many *m)
{
	m->nstreams = m->n;
	for (unsigned i = 0; i < m->n; i++)
		m->v[i].number = i;
	for (unsigned i = 0; i < m->n; i++)
		for (unsigned k = 0; k < m->n && !m->v[i].waits; k++)
			if (is_behind(&m->v[i], &m->v[k])) {
				m->v[k].follows = &m->v[i];
				m->v[i].waits = true;
				m->nstreams--;
			}
	for (unsigned i = 0; i < m->n; i++)
		for (struct stream *s = &m->v[i]; !m->v[i].waits && s; s = s->follows)
			s->number = i;
}

/* The part behind it takes its place. */
static void go_on(struct stream *s)
{
	s->next.len = 0;
	s->ended = true;
	s->follows->waits = false;
	s->follows->next.len = 0;	/* its START */
	s->follows->skip = s->follows->nsnapshot;
}

static void join_clocks(struct many *m)
{
	struct stream *first = &m->v[0];

	for (unsigned i = 0; i < m->n; i++)
		if (m->v[i].wall_ns && (!first->wall_ns || m->v[i].wall_ns < first->wall_ns))
			first = &m->v[i];
	for (unsigned i = 0; i < m->n; i++) {
		struct stream *s = &m->v[i];
		bool same = s->boot[0] && !strcmp(s->boot, first->boot);

		if (s->wall_ns && !same)
			/* any numbers: what wraps is no time, and does no harm */
			s->shift = (int64_t)((s->wall_ns - first->wall_ns) - (s->start_ns - first->start_ns));
		if (s->next.len)
			shift_record((struct record *)s->next.s, s->shift);
	}
	m->begun = true;
}

/* ---- records ---- */

/* 1: there is a next one, or it has ended; -EAGAIN. */
static int fill(struct stream *s)
{
	const struct record *r;
	size_t avail;
	int rc;

	if (s->next.len || s->ended)
		return 1;
	do
		rc = record_reader_next(s->reader, &r, &avail, &s->damage);
	while (rc == 1 && s->skip && s->skip--);
	if (rc == -EAGAIN)
		return rc;
	s->ended = rc != 1;
	s->damaged |= rc < 0;
	if (rc != 1)
		return 1;
	buf_add(&s->next, r, r->size);
	shift_record((struct record *)s->next.s, s->shift);
	return 1;
}

/* All have ended: one end for all of them. */
static void emit_end(struct many *m, source_emit_fn *emit, void *ctx)
{
	struct record_end end = { .h = { .size = sizeof(end), .kind = RECORD_END, .ts_ns = m->last_ns }, .status = -1 };

	emit(ctx, &end.h);
	m->finished = true;
}

/* The next record of each, by the common clock; false: ask again. */
static bool fill_all(struct many *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (fill(&m->v[i]) < 0)
			return false;
	for (unsigned i = 0; i < m->n && !m->begun; i++)
		if (m->v[i].next.len)
			look_at_start(&m->v[i]);
	if (!m->begun) {
		join_parts(m);
		join_clocks(m);
	}
	return true;
}

static int many_step(struct source *src, source_emit_fn *emit, void *ctx)
{
	struct many *m = of(src);
	struct stream *first = NULL;
	const struct record *r;

	if (m->finished)
		return 0;
	if (!fill_all(m))
		return -EINTR;
	for (unsigned i = 0; i < m->n; i++)	/* damaged before its END */
		if (m->v[i].ended && m->v[i].follows && m->v[i].follows->waits) {
			go_on(&m->v[i]);
			return 1;
		}
	for (unsigned i = 0; i < m->n; i++)
		if (m->v[i].next.len && !m->v[i].waits && (!first || when(&m->v[i]) < when(first)))
			first = &m->v[i];
	if (!first) {
		if (m->nstreams > 1)
			emit_end(m, emit, ctx);
		return 0;
	}
	r = (const struct record *)first->next.s;
	m->current = first->number;
	m->last_ns = MAX(m->last_ns, when(first));
	if (r->kind == RECORD_END && first->follows) {
		go_on(first);
		return 1;
	}
	if (r->kind != RECORD_END || m->nstreams == 1)
		emit(ctx, r);
	m->finished |= r->kind == RECORD_END && m->nstreams == 1;
	first->next.len = 0;
	return 1;
}

static void many_stop(struct source *src, bool kill UNUSED) { of(src)->finished = true; }

static int many_status(const struct source *src) { (void)src; return -1; }
static pid_t many_main_pid(const struct source *src) { (void)src; return 0; }

static const struct diag *many_damage(const struct source *src, unsigned n)
{
	const struct many *m = of(src);

	for (unsigned i = 0; i < m->n; i++)
		if (m->v[i].damaged && !n--)
			return &m->v[i].damage;
	return NULL;
}

static void many_free(struct source *src)
{
	struct many *m = of(src);

	for (unsigned i = 0; i < m->n; i++) {
		record_reader_close(m->v[i].reader);
		buf_done(&m->v[i].next);
	}
	free(m->v);
	free(m);
}

static const struct source_ops many_ops = {
	.step = many_step, .stop = many_stop, .free = many_free, .status = many_status, .main_pid = many_main_pid,
	.damage = many_damage,
};

unsigned source_replay_current(const struct source *src)
{
	return src->ops == &many_ops ? of(src)->current : 0;
}

unsigned source_replay_streams(const struct source *src)
{
	return src->ops == &many_ops ? of(src)->nstreams : 1;
}

bool source_replay_many_follow(const struct source *src)
{
	for (unsigned i = 0; src->ops == &many_ops && i < of(src)->n; i++)
		if (record_reader_follows(of(src)->v[i].reader))
			return true;
	return false;
}

bool source_replay_many_span(struct source *src, struct replay_span *ret)
{
	struct many *m = of(src);
	struct record_last last;

	*ret = (struct replay_span){ .start_ns = UINT64_MAX };
	if (source_replay_many_follow(src) || !fill_all(m))
		return false;
	for (unsigned i = 0; i < m->n; i++) {
		const struct stream *s = &m->v[i];

		if (s->next.len && s->start_ns && when(s) < ret->start_ns) {
			ret->start_ns = when(s);
			ret->wall_ns = s->wall_ns;
		}
		if (record_reader_last(s->reader, &last) == 0)
			ret->end_ns = MAX(ret->end_ns, last.made_ns + (uint64_t)s->shift);
	}
	return ret->end_ns && ret->start_ns != UINT64_MAX;
}

int source_replay_open_many(const char *const *paths, unsigned n, struct source **ret_source, struct diag *diag)
{
	struct many *m = xcalloc(1, sizeof(*m));
	int rc = 0;

	m->src.ops = &many_ops;
	m->v = xcalloc(n, sizeof(*m->v));
	for (; m->n < n && rc == 0; m->n += rc == 0)
		rc = record_reader_open(paths[m->n], &m->v[m->n].reader, diag);
	if (rc < 0) {
		many_free(&m->src);
		return rc;
	}
	*ret_source = &m->src;
	return 0;
}
