/* SPDX-License-Identifier: MIT */
/* What stubs have written becomes records. */
#include <linux/major.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <x86intrin.h>

#include "base/clock.h"
#include "capture/inprocess/inside.h"
#include "capture/ptrace/mem.h"
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

/* Bytes of a piece that a call wants so many of. */
static void add_bytes(struct buf *b, const struct which_bytes *w, const struct space_piece *p, uint64_t wanted,
		      unsigned flags)
{
	if (w->by != BY_SIZE && wanted > w->max)
		flags |= CHUNK_TRUNC;
	record_chunk(b, (unsigned)w->arg, PART_BYTES, flags, p->s, p->len);
}

static bool is_of(const struct space_piece *p, uint32_t nr) { return p->len && p->nr == nr; }

unsigned space_add_chunks(const struct inside *in, const struct space_call *c, struct buf *b)
{
	const struct which_copies *w = &in->copies[c->nr];
	unsigned n = 0;

	for (int arg = 0; arg < WHICH_ARGS; arg++) {
		for (int i = 0; i < 2; i++) {
			const struct space_piece *p = &c->pieces[RING_A_PATH + i];

			if (w->path[i] == arg && is_of(p, c->nr)) {
				record_chunk(b, (unsigned)arg, PART_BYTES, 0, p->s, p->len - 1);
				n++;
			}
		}
		/* also where it is empty */
		if (w->in.arg == arg && c->args[arg]) {
			add_bytes(b, &w->in, &c->pieces[RING_AN_IN], which_wants(&w->in, c->args, 0), 0);
			n++;
		}
	}
	return n;
}

/* What it filled, which is there as far as its result says. */
static unsigned add_filled(struct ptrace_source *s, struct space *sp, const struct space_call *c, int64_t ret)
{
	const struct which_bytes *w = &s->inside->copies[c->nr].out;
	const struct space_piece *p = &c->pieces[RING_AN_OUT];
	uint64_t wanted = which_wants(w, c->args, ret);

	if (!wanted)
		return 0;
	if (!is_of(p, c->nr) || p->len != MIN(wanted, (uint64_t)w->max)) {
		sp->ring.nlost++;
		return 0;
	}
	add_bytes(&s->out.rec, w, p, wanted, CHUNK_AT_EXIT);
	return 1;
}

void space_forget_pieces(struct space_call *c)
{
	for (unsigned i = 0; i < RING_NPIECES; i++)
		c->pieces[i].len = 0;
}

static void put(struct ptrace_source *s, struct tracee *t, unsigned flags, int64_t ret, uint64_t ended,
		const struct ring_opened *opened)
{
	struct space_call *c = &t->stub_call;
	const uint64_t begun = c->ns;
	struct record_call *r;
	size_t at;
	unsigned n;

	c->open = false;
	if (t->stderrs)		/* what copies them is not made in a stub */
		stderrs_follow(s, t, &s->plans[ARCH_X86_64][c->nr], c->args, ret);
	if (!cond_holds(s->inside->when[c->nr], c->args)) {
		space_forget_pieces(c);
		return;
	}
	if (!s->inside->ends[c->nr])
		flags = CALL_NO_EXIT, ret = 0, ended = 0;
	else		/* a thread that was kept from its slot has it later than it read the clock */
		ended = MAX(ended, MAX(begun, s->inside->settled_ns));
	if (ret <= -KERNEL_ERESTARTSYS && ret >= -KERNEL_ERESTART_RESTARTBLOCK)
		flags |= CALL_RESTARTED;
	r = record_begin(&s->out.rec, RECORD_CALL, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, begun);
	r->h.flags = (rec_u16)flags;
	r->exit_ns = ended;
	t->ended_ns = ended;
	r->nr = c->nr;
	r->arch = ARCH_X86_64;
	memcpy(r->args, c->args, sizeof(c->args));
	r->ret = ret;
	at = (size_t)((char *)&r->nchunks - s->out.rec.s);
	n = space_add_chunks(s->inside, c, &s->out.rec);
	if (!(flags & (CALL_UNFINISHED | CALL_NO_EXIT)))
		n += add_filled(s, t->space, c, ret);
	if (opened && S_ISCHR(opened->mode) && major(opened->rdev) == MISC_MAJOR)
		mem_may_wait();		/* /dev/fuse, /dev/userfaultfd */
	if (opened && opened->mode && kind_is_wanted(c->nr, c->args, opened->mode)) {
		put_fact(s, ret, opened);
		n++;
	}
	memcpy(s->out.rec.s + at, &(rec_u16){ (rec_u16)n }, sizeof(rec_u16));
	emitter_put(&s->out);
	space_forget_pieces(c);
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

/* All that a stub copies before a call. */
static bool has_pieces(const struct inside *in, const struct space_call *c, uint32_t nr, const uint64_t *args)
{
	const struct which_copies *w = &in->copies[nr];
	const struct space_piece *p = &c->pieces[RING_AN_IN];
	uint64_t wanted = MIN(which_wants(&w->in, args, 0), (uint64_t)w->in.max);

	for (unsigned i = 0; i < 2; i++) {
		const struct space_piece *path = &c->pieces[RING_A_PATH + i];

		if (w->path[i] >= 0 && (!is_of(path, nr) || path->s[path->len - 1]))
			return false;
	}
	return !wanted || (is_of(p, nr) && p->len == wanted);
}

static void begun(struct ptrace_source *s, struct space *sp, struct tracee *t, const struct ring_part *p,
		  const struct clocks *now)
{
	struct space_call *c = &t->stub_call;

	if (c->open) {	/* its end was overwritten */
		sp->ring.nlost++;
		put(s, t, CALL_UNFINISHED, 0, ns_of(now, sp, p->tsc), NULL);
	}
	if (!has_pieces(s->inside, c, p->nr, p->args)) {
		sp->ring.nlost++;	/* they were overwritten */
		return;
	}
	c->open = true;
	c->nr = p->nr;
	/* not before its last call ended, a stop maybe, whose time is the other clock's */
	c->ns = ns_in_order(s->inside, sp, p->nr, MAX(ns_of(now, sp, p->tsc), t->ended_ns));
	memcpy(c->args, p->args, sizeof(p->args));
	if (!which_wants(&s->inside->copies[p->nr].in, c->args, 0))
		c->pieces[RING_AN_IN].len = 0;
	space_closes(s->inside, sp, p->nr, p->args);
}

/* The first one begins it anew: a thread that was led out begins again. */
static void add_piece(struct tracee *t, const struct ring_part *p)
{
	struct space_piece *piece = &t->stub_call.pieces[p->piece];
	unsigned before = (p->len - 1) / RING_PART * RING_PART;

	_Static_assert(sizeof(piece->s) == RING_BYTES_MAX && (int)RING_BYTES_MAX >= (int)RING_PATH_MAX,
		       "room for the longest");
	_Static_assert(ARRAY_SIZE(t->stub_call.pieces) == RING_NPIECES, "each has its own");
	if (before && (piece->nr != p->nr || piece->len != before))
		piece->len = 0;
	else
		piece->len = p->len;
	if (piece->len)
		memcpy(piece->s + before, p->bytes, piece->len - before);
	piece->nr = p->nr;
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

	if (t && p->piece) {
		if (t->stub_call.open && p->piece != RING_AN_OUT) {	/* its end was overwritten */
			sp->ring.nlost++;
			put(s, t, CALL_UNFINISHED, 0, now->now.ns, NULL);
		}
		add_piece(t, p);
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
