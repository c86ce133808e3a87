/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who killed a process by a signal to its process group: there is no SIGNAL record of a SIGKILL, which would have
 * the sender.
 */
#include "analyze/totals.h"
#include "event/event.h"

enum { GROUP_KILLS = 16, GROUP_ENDED = 64 };
struct group_kills {
	struct { uint32_t host, pgid, sender; uint64_t ts_ns; } sent[GROUP_KILLS];
	struct { struct totals_proc *proc; uint32_t pgid; } ended[GROUP_ENDED];
	unsigned nsent, nended;		/* ever: rings */
};

/* Who has sent SIGKILL to the group that proc, which ended by it, was in then; 0: not known.  proc is remembered. */
uint32_t group_killer(struct group_kills *g, struct totals_proc *proc, uint32_t pgid);
/* A SIGKILL for a group; its record can come after the deaths: sets .fatal_from of those. */
void group_killed(struct group_kills *g, const struct event *ev);
