/* SPDX-License-Identifier: MIT */
/* What stubs have written becomes records. */
#include <string.h>
#include <x86intrin.h>

#include "base/clock.h"
#include "capture/inprocess/inside.h"
#include "capture/ptrace/ptrace.h"
#include "record/build.h"

enum { KERNEL_ERESTARTSYS = 512, KERNEL_ERESTART_RESTARTBLOCK = 516, SHOW_EACH = 512 };

/* Now and at the look before; per: nanoseconds of a tick since the beginning, and since that look. */
struct clocks { struct moment now, before; double per, per_since; };

static double per_tick(const struct moment *a, const struct moment *b)
{
	return b->tsc > a->tsc ? (double)(b->ns - a->ns) / (double)(b->tsc - a->tsc) : 0;
}

/* Both clocks at once: not with a wait for a CPU in between. */
struct moment inside_now(void)
{
	enum { AT_ONCE = 20000 /* ticks */, TRIES = 16 };
	struct moment m = { 0 };
	uint64_t again;

	for (unsigned i = 0; i < TRIES; i++) {
		m.tsc = __rdtsc();
		m.ns = clock_ns();
		again = __rdtsc();
		if (again - m.tsc < AT_ONCE)
			break;
	}
	m.tsc += (again - m.tsc) / 2;
	return m;
}

static struct clocks look(struct inside *in)
{
	struct clocks c = { .now = inside_now(), .before = in->last };

	c.per = per_tick(&in->first, &c.now);
	c.per_since = per_tick(&c.before, &c.now);
	in->last = c.now;
	return c;
}

/*
 * No later than now and no earlier than there were stubs, whatever the program has written there.  Between two looks it
 * is between their times: a slot is later or earlier than a stop if it was so.
 */
static uint64_t ns_of(const struct clocks *c, const struct space *sp, uint64_t tsc)
{
	const struct moment *from = tsc > c->before.tsc ? &c->now : &c->before;
	double ago = tsc < from->tsc ? (double)(from->tsc - tsc) * (from == &c->now ? c->per_since : c->per) : 0;

	return ago < (double)from->ns - (double)sp->since_ns ? from->ns - (uint64_t)ago : sp->since_ns;
}

/*
 * Descriptors are followed by time: where one comes or goes, slots that lie so close that their times may be out of
 * order follow each other as in the ring.  Further apart than that, they were read ahead.
 */
static uint64_t ns_in_order(const struct inside *in, struct space *sp, uint32_t nr, uint64_t ns)
{
	enum { CLOSE_NS = 200 };

	if (!in->orders[nr])
		return ns;
	if (ns <= sp->order_ns && sp->order_ns - ns < CLOSE_NS)
		ns = sp->order_ns + 1;
	sp->order_ns = MAX(ns, sp->order_ns);
	return ns;
}

/* A child between vfork and exec has the thread pointer of its parent, which waits. */
static struct tracee *thread_of(struct ptrace_source *s, struct space *sp, uint64_t thread)
{
	struct tracee **cached = &sp->cache[(thread >> 6 ^ thread >> 12) % SPACE_CACHE], *found = *cached;

	if (found && found->thread == thread && !found->in_vfork && !found->vforked_by)
		return found;
	found = NULL;
	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->space == sp && t->thread == thread && (!found || !t->in_vfork))
			found = t;
	if (found)
		*cached = found;
	return found;
}

static void put_fact(struct ptrace_source *s, int64_t fd, const struct ring_opened *o)
{
	const struct record_fact f = { .fd = (int)fd, .mode = o->mode, .dev = o->dev, .rdev = o->rdev, .ino = o->ino };

	record_chunk(&s->out.rec, 0, PART_FACT, CHUNK_AT_EXIT, &f, sizeof(f));
}

static void put(struct ptrace_source *s, struct tracee *t, unsigned flags, int64_t ret, uint64_t ended,
		const struct ring_opened *opened)
{
	const struct space_call *c = &t->stub_call;
	bool has_fact;
	const uint64_t begun = c->ns;
	struct record_call *r;

	t->stub_call.open = false;
	if (t->stderrs)		/* what copies them is not made in a stub */
		stderrs_follow(s, t, &s->plans[ARCH_X86_64][c->nr], c->args, ret);
	if (!cond_holds(s->inside->when[c->nr], c->args))
		return;
	if (!s->inside->ends[c->nr])
		flags = CALL_NO_EXIT, ret = 0, ended = 0;
	else if (ended < begun)
		ended = begun;
	if (ret <= -KERNEL_ERESTARTSYS && ret >= -KERNEL_ERESTART_RESTARTBLOCK)
		flags |= CALL_RESTARTED;
	r = record_begin(&s->out.rec, RECORD_CALL, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, begun);
	r->h.flags = (rec_u16)flags;
	r->exit_ns = ended;
	r->nr = c->nr;
	r->arch = ARCH_X86_64;
	memcpy(r->args, c->args, sizeof(c->args));
	r->ret = ret;
	has_fact = opened && opened->mode && kind_is_wanted(c->nr, c->args, opened->mode);
	r->nchunks = (rec_u16)(c->path.whole + has_fact);
	if (c->path.whole)
		record_chunk(&s->out.rec, (unsigned)s->inside->path[c->nr], PART_BYTES, 0, c->path.s, c->path.len - 1);
	if (has_fact)
		put_fact(s, ret, opened);
	emitter_put(&s->out);
	s->inside->ncalls++;
}

void space_put_call(struct ptrace_source *s, struct tracee *t, unsigned flags, int64_t ret)
{
	if (t->stub_call.open)
		put(s, t, flags, ret, clock_ns(), NULL);
}

void space_closes(const struct inside *in, struct space *sp, uint32_t nr, const uint64_t *args)
{
	if (!sp->asking || !in->closes[nr])
		return;
	if (sp->nclosed < SPACE_CLOSED)
		sp->closed[sp->nclosed] = (int)args[in->closes[nr] - 1];
	sp->nclosed++;
}

static void begun(struct ptrace_source *s, struct space *sp, struct tracee *t, const struct ring_part *p,
		  const struct clocks *now)
{
	const bool paths = s->inside->known[p->nr] >= RING_NUMBERS_PATH;

	if (t->stub_call.open) {	/* its end was overwritten */
		sp->ring.nlost++;
		put(s, t, CALL_UNFINISHED, 0, ns_of(now, sp, p->tsc), NULL);
	}
	if (paths && (!t->stub_path.whole || t->stub_path.nr != p->nr)) {
		sp->ring.nlost++;	/* its path was overwritten */
		return;
	}
	t->stub_call.open = true;
	t->stub_call.nr = p->nr;
	t->stub_call.ns = ns_in_order(s->inside, sp, p->nr, ns_of(now, sp, p->tsc));
	memcpy(t->stub_call.args, p->args, sizeof(p->args));
	t->stub_call.path.whole = paths;
	if (paths)
		t->stub_call.path = t->stub_path;
	space_closes(s->inside, sp, p->nr, p->args);
	t->stub_path.whole = false;
}

/* The first one begins it anew: a thread that was led out begins again. */
static void add_path(struct tracee *t, const struct ring_part *p)
{
	struct space_path *path = &t->stub_path;
	unsigned before = (p->path_len - 1) / RING_PATH_PART * RING_PATH_PART;

	_Static_assert(sizeof(path->s) == RING_PATH_MAX, "room for the longest");
	if (before && (path->whole || path->nr != p->nr || path->len != before))
		path->len = 0;
	else
		path->len = p->path_len;
	if (path->len)
		memcpy(path->s + before, p->path, path->len - before);
	path->nr = p->nr;
	path->whole = path->len && !path->s[path->len - 1];
}

static void put_lost(struct ptrace_source *s, struct space *sp)
{
	static const char why[] = "the memory shared with the program was overwritten (--in-process)";
	struct record_lost *r;

	if (sp->ring.nlost == sp->shown_lost)
		return;
	r = record_begin(&s->out.rec, RECORD_LOST, sizeof(*r), 0, 0, clock_ns());
	r->count = sp->ring.nlost - sp->shown_lost;
	sp->shown_lost = sp->ring.nlost;
	r->nchunks = 1;
	record_chunk(&s->out.rec, 0, PART_TEXT, 0, why, strlen(why));
	emitter_put(&s->out);
}

static void put_part(struct ptrace_source *s, struct space *sp, const struct ring_part *p, struct clocks *now)
{
	struct tracee *t = thread_of(s, sp, p->thread);

	if (t && p->path_len) {
		add_path(t, p);
		return;
	}
	if (p->tsc > now->now.tsc)	/* made since */
		*now = look(s->inside);
	if (t && !p->ends)
		begun(s, sp, t, p, now);
	else if (t && t->stub_call.open && t->stub_call.nr == p->nr)
		put(s, t, 0, p->ret, ns_in_order(s->inside, sp, p->nr, ns_of(now, sp, p->tsc)), &p->opened);
	else
		sp->ring.nlost++;
}

static void drain(struct ptrace_source *s, struct space *sp, const struct tracee *whole)
{
	struct ring_part part;
	struct clocks now;
	uint64_t at = 0;
	unsigned n = 0;

	now = look(s->inside);
	while (ring_next(&sp->ring, &part)) {
		put_part(s, sp, &part, &now);
		if (++n % SHOW_EACH == 0)
			ring_show_tail(&sp->ring);
	}
	ring_show_tail(&sp->ring);
	while (whole && whole->thread > NO_THREAD && ring_waits(&sp->ring) &&
	       ring_next_of(&sp->ring, whole->thread, &at, &part))
		put_part(s, sp, &part, &now);
}

void space_drain(struct ptrace_source *s, struct space *sp, const struct tracee *whole)
{
	if (ring_waits(&sp->ring))
		drain(s, sp, whole);
	/* what is not the stubs' own way of writing there is not lived with */
	sp->off_due |= sp->ring.nlost != sp->shown_lost;
	put_lost(s, sp);
}
