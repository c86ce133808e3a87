/* SPDX-License-Identifier: MIT */
#pragma once
/* What tracing did to programs: one note a program and reason, in struct totals.  Sentences: sink/totals_words.h. */
#include "analyze/totals.h"
#include "event/event.h"

/* Flags of our own, beside EXEC_*. */
enum { NOTE_SUPERVISED = 1 << 16 };

/* Whether the event can be a reason for one: cheap, it is asked of every event. */
static inline bool totals_may_note(const struct event *ev)
{
	return ev->kind == EV_EXEC || ev->kind == EV_WAITING || (ev->call && ev->call->spec->effect == FX_SECCOMP);
}

/* Whether it is one.  *ret: count 0, program is the model's. */
bool totals_note_of(const struct totals *t, const struct event *ev, struct totals_note *ret);
void totals_note_event(struct totals *t, const struct event *ev);
