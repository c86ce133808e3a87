/* SPDX-License-Identifier: MIT */
/*
 * How much memory a process had resident at most.  The kernel's own number, ru_maxrss, is also that of what it was
 * before an exec (a copy of its parent, with vfork the parent itself) and of the children that it waited for.  So the
 * first thread of a process stops once more when it ends, and where the number can be another's, its memory, which is
 * still there, is asked for.  Of 500 runs of /bin/true the stop and the reading are 4 % of what tracing takes.
 */
#include <sys/ptrace.h>

#include "base/macro.h"
#include "capture/ptrace/ptrace.h"

long resident_options(const struct ptrace_source *s, bool stops)
{
	return PTRACE_OPTIONS | (stops && !s->opt->no_resident ? PTRACE_O_TRACEEXIT : 0);
}

/* t is in a ptrace-stop.  The option of a task is also that of those that it makes. */
static void stop_at_exit(const struct ptrace_source *s, const struct tracee *t, bool stops)
{
	if (!s->opt->no_resident)
		ptrace(PTRACE_SETOPTIONS, t->tid, 0,
		       resident_options(s, stops) | (s->attached ? 0 : PTRACE_O_EXITKILL));
}

void resident_read(struct ptrace_source *s, const struct tracee *t)
{
	struct tracee *leader = s->opt->no_resident ? NULL : tracee_find(s, t->pid);
	uint64_t peak = leader ? proc_rss_peak(t->pid) : 0;

	if (leader)
		leader->rss.peak = MAX(leader->rss.peak, peak);
}

/* Whether it succeeds is not known. */
void resident_before_exec(struct ptrace_source *s, const struct tracee *t)
{
	const struct tracee *leader = tracee_find(s, t->pid);

	if (leader && leader->rss.own)
		resident_read(s, t);
}

void resident_execed(const struct ptrace_source *s, struct tracee *t, bool was_thread, uint64_t maxrss)
{
	if (!t->rss.own)	/* what was read is of a copy of its parent's */
		t->rss.peak = 0;
	t->rss.own = true;
	t->rss.inherited = maxrss;
	if (was_thread)
		stop_at_exit(s, t, true);
}

/* One stop for a process is enough, of however many threads. */
void resident_born(const struct ptrace_source *s, const struct tracee *t)
{
	if (t->pid != t->tid)
		stop_at_exit(s, t, false);
}

/* ru_maxrss, where it cannot be another's; else 0. */
static uint64_t own_part(const struct tracee *leader, uint64_t maxrss)
{
	return maxrss > leader->rss.inherited && !leader->rss.parent ? maxrss : 0;
}

void resident_at_exit(struct ptrace_source *s, const struct report *r)
{
	const struct tracee *t = tracee_find(s, r->tid), *leader = t ? tracee_find(s, t->pid) : NULL;

	if (leader && t->announced && !own_part(leader, r->rss))
		resident_read(s, t);
	/* ESRCH: killed meanwhile.  In what state it was known to be does not matter: its end is all that comes now */
	ptrace(PTRACE_CONT, r->tid, 0, 0);
}

uint64_t resident_peak(const struct tracee *leader, uint64_t maxrss)
{
	return MAX(leader->rss.peak, own_part(leader, maxrss));
}
