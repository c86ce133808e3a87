/* SPDX-License-Identifier: MIT */
/* Sentences about what tracing did to programs. */
#include <string.h>

#include "analyze/notes.h"
#include "analyze/totals_index.h"
#include "base/text.h"
#include "event/event.h"
#include "record/record.h"

/* Flags of our own, beside EXEC_*. */
enum { NOTE_SUPERVISED = 1 << 16 };

/*
 * A filter with a listener (seccomp_unotify(2)).  The kernel asks the supervisor before sys_enter, the first that BPF sees of a call;
 * no tracepoint comes earlier.
 */
static bool listener_set(const struct totals *t, const struct event *ev)
{
	enum { NEW_LISTENER = 8 };	/* SECCOMP_FILTER_FLAG_NEW_LISTENER, the second argument */

	return t->start_mode & START_BPF && ev->call && ev->call->spec->effect == FX_SECCOMP && !ev->err && !ev->call->unfinished &&
	       ev->call->args[1].word & NEW_LISTENER;
}

bool totals_note_of(const struct totals *t, const struct event *ev, struct totals_note *ret)
{
	const struct proc *p = ev->task ? ev->task->proc : NULL;
	unsigned flags = ev->kind == EV_EXEC || ev->kind == EV_WAITING ? ev->flags : listener_set(t, ev) ? NOTE_SUPERVISED : 0;

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
		if (t->notes[i].flags == n.flags && t->notes[i].program.len == n.program.len && !memcmp(t->notes[i].program.s, n.program.s, n.program.len)) {
			t->notes[i].count++;
			return;
		}
	if (t->nnotes == TOTALS_NOTES)
		return;
	n.program = totals_keep(t, n.program.s, n.program.len);
	n.count = 1;
	t->notes[t->nnotes++] = n;
}

void totals_note_format(struct buf *b, const struct totals_note *n)
{
	static const struct { unsigned flag; const char *what; } rights[] = {
		{ EXEC_NO_SETUID, "set-user-ID" }, { EXEC_NO_SETGID, "set-group-ID" }, { EXEC_NO_CAPS, "file-capability" },
	};
	unsigned nrights = 0;

	text_safe(b, n->program.s ? n->program.s : "", n->program.len);
	if (n->count > 1)
		buf_printf(b, " (%llu×)", (unsigned long long)n->count);
	for (unsigned i = 0; i < ARRAY_SIZE(rights); i++)
		if (n->flags & rights[i].flag)
			buf_printf(b, "%s%s", nrights++ ? " and " : " runs without its ", rights[i].what);
	if (nrights)
		buf_puts(b, " privileges, and may print misleading errors about it: the kernel grants them to no program that an ordinary user traces with ptrace. "
			    "To trace it with them, run compendium as root");
	if (n->flags & NOTE_SUPERVISED)
		buf_puts(b, " has calls that another process answers (a seccomp listener): their durations exclude the wait for it. --backend ptrace includes it");
	if (n->flags & EXEC_UNREADABLE)
		buf_printf(b, "%s memory may not be read by an ordinary user (its file is not readable, or it set PR_SET_DUMPABLE), so names and contents are missing. "
			      "To see them, run compendium as root", nrights ? ". Its" : ": its");
}
