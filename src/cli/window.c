/* SPDX-License-Identifier: MIT */
#include "cli/window.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/human.h"
#include "base/macro.h"
#include "cli/options.h"
#include "decode/call.h"
#include "model/model.h"
#include "record/made.h"
#include "sink/recording.h"

enum { USAGE = 125 };

/* One recording.  cut.world: what happened in it before the part; NULL: the part has begun. */
struct side { struct cut cut; bool begun; };

struct window {
	const struct options *opt;
	struct source *source;
	source_emit_fn *show;
	void *ctx;
	struct side *v;
	unsigned n;
	bool resolved, ended;
	uint64_t from_ns, to_ns;	/* 0, UINT64_MAX: from its start, to its end */
	uint64_t nshown;
	struct arena arena;
	struct diag missed;
};

/* ---- which part ---- */

static int nothing(struct window *w, const struct when_span *span, struct diag *diag)
{
	const struct when *from = &w->opt->from, *to = &w->opt->to;
	struct buf end = { 0 };

	human_ns(&end, span->end_ns > span->start_ns ? span->end_ns - span->start_ns : 0);
	if (w->to_ns <= span->start_ns && to->kind)
		diag_set(diag, USAGE, EINVAL, "--to %s: that is where the recording begins, or before", to->text);
	else if (span->end_ns && w->from_ns > span->end_ns)
		diag_set(diag, USAGE, EINVAL, "--from %s: the recording ends before, %s after its start", from->text,
			 end.s);
	else if (w->from_ns >= w->to_ns)
		diag_set(diag, USAGE, EINVAL, "--from %s --to %s: nothing is between the two", from->text, to->text);
	buf_done(&end);
	if (span->end_ns && w->to_ns >= span->end_ns)
		w->to_ns = UINT64_MAX;	/* with its end */
	return diag->text[0] ? -EINVAL : 0;
}

static int resolve(struct window *w, const struct when_span *span, struct diag *diag)
{
	int rc = when_resolve(&w->opt->from, "from", span, &w->from_ns, diag);

	if (rc == 0)
		rc = when_resolve(&w->opt->to, "to", span, &w->to_ns, diag);
	w->resolved = true;
	diag->text[0] = rc < 0 ? diag->text[0] : '\0';
	return rc < 0 ? rc : nothing(w, span, diag);
}

/* Of a stream it is known when its START comes. */
static void resolve_stream(struct window *w, const struct record *r)
{
	const struct record_start *start = (const struct record_start *)r;
	struct when_span span = { .start_ns = r->ts_ns };

	if (r->kind == RECORD_START && r->size >= sizeof(*start))
		span.wall_ns = start->wall_ns;
	if (resolve(w, &span, &w->missed) < 0)
		w->ended = true;
	else
		w->missed.text[0] = '\0';
}

/* ---- what is before it ---- */

static void ignore(void *ctx UNUSED, const struct event *ev UNUSED) { }

static int follow(struct window *w, struct side *s, const struct record *r)
{
	struct item item;
	int rc = decode_record(r, r->size, &w->arena, &item);

	if (rc == 0) {
		if (!s->cut.world)
			s->cut.world = world_new(ignore, NULL);
		cut_note(&s->cut, r);
		world_feed(s->cut.world, &item);
	}
	arena_reset(&w->arena);
	return rc;
}

/* ---- the part ---- */

static void show(void *ctx, const struct record *r)
{
	struct window *w = ctx;

	w->nshown++;
	w->show(w->ctx, r);
}

static void side_done(struct side *s)
{
	world_free(s->cut.world);
	s->cut.world = NULL;
	cut_done(&s->cut);
}

static void begin(struct window *w, struct side *s)
{
	if (s->cut.world)
		cut_begin(&s->cut, show, w, w->from_ns);
	s->begun = true;
	side_done(s);
}

static void end(struct window *w)
{
	if (w->nshown)
		cut_end(show, w, w->nshown, w->to_ns);
	w->ended = true;
}

int window_record(struct window *w, const struct record *r)
{
	struct side *s = &w->v[source_replay_current(w->source)];
	uint64_t at_ns = record_made_ns(r);

	if (!w->resolved)
		resolve_stream(w, r);
	if (!w->ended && at_ns >= w->to_ns) {
		if (!s->begun)
			begin(w, s);
		end(w);
	}
	if (w->ended) {
		w->source->ops->stop(w->source, false);
		return 0;
	}
	if (!s->begun && at_ns < w->from_ns)
		return follow(w, s, r);
	if (!s->begun)
		begin(w, s);
	show(w, r);
	return 0;
}

const struct diag *window_missed(struct window *w)
{
	if (w->nshown)
		return NULL;
	if (!w->missed.text[0])
		diag_set(&w->missed, USAGE, EINVAL, "--from %s: what was read ended before", w->opt->from.text);
	return &w->missed;
}

/* ---- */

int window_open(const struct options *opt, struct source *source, source_emit_fn *show_fn, void *ctx,
		struct window **ret_window, struct diag *diag)
{
	struct replay_span of = { 0 };
	struct when_span span;
	struct window *w;
	int rc = 0;

	*ret_window = NULL;
	if (!opt->from.kind && !opt->to.kind)
		return 0;
	w = xcalloc(1, sizeof(*w));
	*w = (struct window){ .opt = opt, .source = source, .show = show_fn, .ctx = ctx, .to_ns = UINT64_MAX,
			      .n = opt->nreads, .v = xcalloc(opt->nreads, sizeof(*w->v)) };
	if (source_replay_span(source, &of)) {
		span = (struct when_span){ .start_ns = of.start_ns, .end_ns = of.end_ns, .wall_ns = of.wall_ns };
		rc = resolve(w, &span, diag);
	}
	if (rc < 0)
		window_free(w);
	else
		*ret_window = w;
	return rc;
}

void window_free(struct window *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < w->n; i++)
		side_done(&w->v[i]);
	free(w->v);
	arena_done(&w->arena);
	free(w);
}
