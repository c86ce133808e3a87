/* SPDX-License-Identifier: MIT */
#include "analyze/group_kills.h"

#include "base/macro.h"

/* A process dies at once; how long the record of that can take on a loaded machine. */
enum { ALL_KILLED_NS = 2000000000 };

/* All that it may signal are those of its pid namespace and below, without itself and the first one (kill(2)). */
static bool among_all(const struct group_kill *k, const struct group_ended *e)
{
	const struct totals_proc *p = e->proc;

	return (!k->init || k->init == e->init) && p->id != k->sender_proc && p->end_ns <= k->ts_ns + ALL_KILLED_NS;
}

static bool is_killed_by(const struct group_kill *k, const struct group_ended *e)
{
	if (k->host != e->proc->host || k->ts_ns <= e->proc->start_ns)
		return false;
	return k->all ? among_all(k, e) : k->pgid == e->pgid;
}

uint32_t group_killer(struct group_kills *g, const struct group_ended *e)
{
	for (unsigned i = 1; i <= MIN(g->nsent, GROUP_KILLS); i++) {
		const struct group_kill *k = &g->sent[(g->nsent - i) % GROUP_KILLS];

		if (is_killed_by(k, e))
			return k->sender;
	}
	g->ended[g->nended++ % GROUP_ENDED] = *e;
	return 0;
}

void group_killed(struct group_kills *g, const struct event *ev)
{
	const struct proc *by = ev->task->proc;
	struct group_kill *k = &g->sent[g->nsent++ % GROUP_KILLS];

	*k = (struct group_kill){ .host = by->host, .pgid = ev->target_pgid, .init = ev->init, .sender = by->pid,
				  .sender_proc = by->id, .all = ev->target_all, .ts_ns = ev->ts_ns };
	for (unsigned i = 0; i < MIN(g->nended, GROUP_ENDED); i++) {
		struct group_ended *e = &g->ended[i];

		if (!e->proc->fatal_from && is_killed_by(k, e) && e->proc->end_ns >= ev->ts_ns)
			e->proc->fatal_from = by->pid;
	}
}
