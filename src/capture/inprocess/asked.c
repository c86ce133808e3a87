/* SPDX-License-Identifier: MIT */
/*
 * Where descriptors are closed without a stop, what is asked about one while other threads run may be about another
 * by then: what the ring has of it afterwards decides.
 */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/macro.h"
#include "capture/inprocess/inside.h"
#include "capture/ptrace/ptrace.h"
#include "record/build.h"

/* For how long a thread is waited for that has taken a slot and not filled it yet. */
enum { UNDER_WAY_NS = 2000000, UNDER_WAY_NAP_NS = 20000 };

void space_asks(struct ptrace_source *s, struct tracee *t)
{
	struct space *sp = t->space;

	if (!sp || !sp->on || sp->users == 1)
		return;
	sp->asking = true;
	sp->nclosed = 0;
	for (const struct tracee *u = s->tracees; u; u = u->hh.next)
		if (u != t && u->space == sp && u->stub_call.open)
			space_closes(s->inside, sp, u->stub_call.nr, u->stub_call.args);
}

/* The call that t has made in its stub becomes the one it is in, as if it had stopped. */
static void enter(struct ptrace_source *s, struct tracee *t)
{
	struct space_call *c = &t->stub_call;

	t->arch = ARCH_X86_64;
	t->nr = t->own_nr = c->nr;
	t->enter_ns = c->ns;
	memset(t->args, 0, sizeof(t->args));
	memcpy(t->args, c->args, sizeof(c->args));
	t->chunks.len = 0;
	space_add_chunks(s->inside, c, &t->chunks);
	space_forget_pieces(c);
	c->open = false;
}

void space_begin_open(struct ptrace_source *s, struct tracee *t)
{
	enter(s, t);
	t->inside = t->every_call;
	t->in_call = t->want_exit = true;
	t->answer_due = t->found = t->resumes = false;
}

void space_put_whole(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	bool wanted = cond_holds(s->inside->when[t->stub_call.nr], t->stub_call.args);

	enter(s, t);
	if (wanted)
		s->returned(s, t, ret);
}

/* All that was begun when the answer was there is read; false: some of it is still to be filled. */
static bool read_all(struct ptrace_source *s, struct space *sp)
{
	const struct timespec nap = { 0, UNDER_WAY_NAP_NS };
	uint64_t until = clock_ns() + UNDER_WAY_NS, head = ring_head(&sp->ring);

	for (;;) {
		space_drain(s, sp, NULL);
		if ((int64_t)(sp->ring.tail - head) >= 0)
			return true;
		if (clock_ns() > until)
			return false;
		nanosleep(&nap, NULL);
	}
}

static bool was_closed(const struct space *sp, int fd)
{
	if (sp->nclosed > SPACE_CLOSED)
		return true;
	for (unsigned i = 0; i < sp->nclosed; i++)
		if (sp->closed[i] == fd)
			return true;
	return false;
}

void space_asked(struct ptrace_source *s, struct tracee *t, size_t from)
{
	struct space *sp = t->space;
	bool all;

	if (!sp || !sp->asking)
		return;
	all = read_all(s, sp);
	for (size_t at = from; at < t->chunks.len;) {
		struct record_chunk *c = (struct record_chunk *)(t->chunks.s + at);
		struct record_fact *f = (struct record_fact *)(void *)(c + 1);

		if (c->part == PART_FACT && (!all || was_closed(sp, f->fd)))
			f->mode = 0;	/* what it was is not known */
		at += sizeof(*c) + ALIGN8(c->len);
	}
	sp->asking = false;
}
