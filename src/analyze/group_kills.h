/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who killed a process by a signal to its process group, or to all that the sender may signal: there is no SIGNAL
 * record of a SIGKILL, which would have the sender.
 */
#include "analyze/totals.h"
#include "event/event.h"

enum { GROUP_KILLS = 16, GROUP_ENDED = 64 };
/* A SIGKILL to a group, or with .all to every process of the pid namespace .init and of those below it. */
struct group_kill { uint32_t host, pgid, init, sender, sender_proc; bool all; uint64_t ts_ns; };
/* One that ended by SIGKILL: its group, and its pid namespace by the first process of that. */
struct group_ended { struct totals_proc *proc; uint32_t pgid, init; };
struct group_kills {
	struct group_kill sent[GROUP_KILLS];
	struct group_ended ended[GROUP_ENDED];
	unsigned nsent, nended;		/* ever: rings */
};

/* Who has sent SIGKILL to the group, or to all, that e was in then; 0: not known.  e is remembered. */
uint32_t group_killer(struct group_kills *g, const struct group_ended *e);
/* Such a SIGKILL; its record can come after the deaths: sets .fatal_from of those. */
void group_killed(struct group_kills *g, const struct event *ev);
