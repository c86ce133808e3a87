/* SPDX-License-Identifier: MIT */
/*
 * Which descriptor a call is about, where copies of descriptors are not followed.  When nothing but calls on sockets
 * was chosen, dup, fcntl and messages with descriptors need not stop: a call looks at the inode behind its number, and
 * asks everything where that is not the one that was described last.  A socket has one inode, which no other ever has.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"
#include "capture/proc/fd.h"
#include "capture/ptrace/ptrace.h"

/* A place a number of a table has, which another may take: then it is described once more. */
enum { PLACES = 1024 };
struct looked { pid_t files; int fd; uint64_t dev, ino; };

static struct looked *place_of(struct ptrace_source *s, const struct tracee *t, int fd)
{
	if (!s->looked)
		s->looked = xcalloc(PLACES, sizeof(*s->looked));
	return &s->looked[((unsigned)t->files * 31 + (unsigned)fd) % PLACES];
}

static bool is_described(const struct looked *at, const struct tracee *t, const struct record_fact *fact)
{
	return at->files == t->files && at->fd == fact->fd && at->ino == fact->ino && at->dev == fact->dev;
}

void looked_described(struct ptrace_source *s, const struct tracee *t, const struct record_fact *fact)
{
	if (s->looks)
		*place_of(s, t, fact->fd) = (struct looked){ t->files, fact->fd, fact->dev, fact->ino };
}

struct looking { struct ptrace_source *s; struct tracee *t; };

static void look(void *ctx, int fd)
{
	struct ptrace_source *s = ((const struct looking *)ctx)->s;
	struct tracee *t = ((const struct looking *)ctx)->t;
	struct fd_facts f;

	if (fd < 0)
		return;
	if (!proc_fd_stat(&s->fds, t->tid, fd, &f)) {
		if (errno != ENOENT)
			return;		/* it may not be looked at, or the task is gone */
		f.fact.mode = 0;
	} else if (is_described(place_of(s, t, fd), t, &f.fact) || !proc_fd_ask(&s->fds, t->tid, fd, false, &f)) {
		return;
	}
	proc_fd_put(&t->chunks, 0, &f);
	looked_described(s, t, &f.fact);
}

void looked_at_entry(struct ptrace_source *s, struct tracee *t, const struct capture_plan *plan)
{
	struct looking l = { s, t };

	look(&l, (int)t->args[plan->looks - 1]);
	control_each(t, 0, look, &l);
}

void looked_forget(struct ptrace_source *s, pid_t files)
{
	for (unsigned i = 0; s->looked && i < PLACES; i++)
		if (s->looked[i].files == files)
			s->looked[i] = (struct looked){ 0 };
}

void looked_done(struct ptrace_source *s)
{
	free(s->looked);
	s->looked = NULL;
}
