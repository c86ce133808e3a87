/* SPDX-License-Identifier: MIT */
/* Which descriptors are copies of the standard error: what is written to them is kept, too (plan->words). */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "capture/inprocess/space.h"
#include "capture/ptrace/ptrace.h"

/* Few calls change it, so that each of those that share the table has a copy of its own to look at. */
static void set(struct ptrace_source *s, struct tracee *of, uint64_t stderrs)
{
	if (of->stderrs == stderrs)
		return;
	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->files == of->files)
			t->stderrs = stderrs;
	if (of->space)
		space_stderrs(s, of->space);
}

void stderrs_follow(struct ptrace_source *s, struct tracee *t, const struct capture_plan *plan, const uint64_t *args,
		    int64_t ret)
{
	if (plan->stderr_does)
		set(s, t, stderr_after(t->stderrs, plan->stderr_does, args[0], args[1], args[2], ret));
}

void stderrs_at_exec(struct ptrace_source *s, struct tracee *t)
{
	uint64_t left = t->stderrs;
	char name[64];

	for (uint64_t rest = left; rest; rest &= rest - 1) {
		snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)t->tid, __builtin_ctzll(rest));
		if (faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			left &= ~(rest & -rest);
	}
	set(s, t, left);
}
