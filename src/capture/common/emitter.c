/* SPDX-License-Identifier: MIT */
#include "capture/common/emitter.h"

#include "base/clock.h"
#include "record/build.h"

void emitter_to(struct emitter *e, source_emit_fn *emit, void *ctx)
{
	e->emit = emit;
	e->ctx = ctx;
	if (!e->early.len)
		return;
	for (size_t at = 0; at < e->early.len;) {
		const struct record *r = (const struct record *)(e->early.s + at);

		emit(ctx, r);
		at += r->size;
	}
	buf_done(&e->early);
}

void emitter_put(void *emitter)
{
	struct emitter *e = emitter;
	const struct record *r = record_finish(&e->rec);

	e->nrecords++;
	if (e->emit)
		e->emit(e->ctx, r);
	else
		buf_add(&e->early, r, r->size);
}

void emitter_pass(struct emitter *e, const struct record *r)
{
	e->nrecords++;
	e->emit(e->ctx, r);
}

void emitter_end(struct emitter *e, pid_t main_pid, int status, bool interrupted)
{
	struct record_end *r =
		record_begin(&e->rec, RECORD_END, sizeof(*r), (uint32_t)main_pid, (uint32_t)main_pid, clock_ns());

	r->h.flags = interrupted ? END_INTERRUPTED : 0;
	r->status = main_pid ? status : -1;
	r->nrecords = e->nrecords;
	emitter_put(e);
}

void emitter_done(struct emitter *e)
{
	buf_done(&e->rec);
	buf_done(&e->early);
}
