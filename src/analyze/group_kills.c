/* SPDX-License-Identifier: MIT */
#include "analyze/group_kills.h"

#include "base/macro.h"

uint32_t group_killer(struct group_kills *g, struct totals_proc *proc, uint32_t pgid)
{
	unsigned at;

	for (unsigned i = 1; i <= MIN(g->nsent, GROUP_KILLS); i++) {
		at = (g->nsent - i) % GROUP_KILLS;
		if (g->sent[at].pgid == pgid && g->sent[at].host == proc->host && g->sent[at].ts_ns > proc->start_ns)
			return g->sent[at].sender;
	}
	at = g->nended++ % GROUP_ENDED;
	g->ended[at].proc = proc;
	g->ended[at].pgid = pgid;
	return 0;
}

void group_killed(struct group_kills *g, const struct event *ev)
{
	const struct proc *by = ev->task->proc;
	unsigned at = g->nsent++ % GROUP_KILLS;

	g->sent[at].host = by->host;
	g->sent[at].pgid = ev->target_pgid;
	g->sent[at].sender = by->pid;
	g->sent[at].ts_ns = ev->ts_ns;
	for (unsigned i = 0; i < MIN(g->nended, GROUP_ENDED); i++) {
		struct totals_proc *p = g->ended[i].proc;

		if (!p->fatal_from && g->ended[i].pgid == ev->target_pgid && p->host == by->host &&
		    p->start_ns < ev->ts_ns && p->end_ns >= ev->ts_ns)
			p->fatal_from = by->pid;
	}
}
