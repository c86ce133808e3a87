/* SPDX-License-Identifier: MIT */
/* What tracing did to programs. */
#include <string.h>

#include "analyze/notes.h"
#include "analyze/totals_index.h"
#include "event/event.h"
#include "record/record.h"

/*
 * A filter with a listener (seccomp_unotify(2)).  The kernel asks the supervisor before sys_enter, the first that BPF
 * sees of a call; no tracepoint comes earlier.
 */
static bool listener_set(const struct totals *t, const struct event *ev)
{
	enum { NEW_LISTENER = 8 };	/* SECCOMP_FILTER_FLAG_NEW_LISTENER, the second argument */

	return t->start_mode & START_BPF && ev->call && ev->call->spec->effect == FX_SECCOMP && !ev->err &&
	       !ev->call->unfinished && ev->call->args[1].word & NEW_LISTENER;
}

bool totals_note_of(const struct totals *t, const struct event *ev, struct totals_note *ret)
{
	const struct proc *p = ev->task ? ev->task->proc : NULL;
	unsigned flags = ev->kind == EV_EXEC || ev->kind == EV_WAITING ? ev->flags :
			 listener_set(t, ev)			       ? NOTE_SUPERVISED :
									 0;

	if (!p || !flags)
		return false;
	*ret = (struct totals_note){ .flags = flags, .proc = p->id, .program = p->comm };
	return true;
}

void totals_note_event(struct totals *t, const struct event *ev)
{
	struct totals_note n;

	if (!totals_note_of(t, ev, &n))
		return;
	for (unsigned i = 0; i < t->nnotes; i++)
		if (t->notes[i].flags == n.flags && t->notes[i].program.len == n.program.len &&
		    (!n.program.len || !memcmp(t->notes[i].program.s, n.program.s, n.program.len))) {
			t->notes[i].count++;
			return;
		}
	if (t->nnotes == TOTALS_NOTES)
		return;
	n.program = totals_keep(t, n.program.s, n.program.len);
	n.count = 1;
	t->notes[t->nnotes++] = n;
}
