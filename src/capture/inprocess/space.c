/* SPDX-License-Identifier: MIT */
/* Which address spaces have stubs, and which may. */
#include "capture/inprocess/space.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/process.h"
#include "capture/inprocess/flow.h"
#include "capture/inprocess/inside.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

/*
 * STOPS_BEFORE: of a process; a process's stubs cost as much as some more of them.  STOPS_FIRST: of all, before the
 * sites of a library are looked for, which costs some 15 ms, once.  A place that is no library's (the loader's) is
 * looked at again after as many stops, after SOON such looks after twice as many each time.
 */
enum { STOPS_BEFORE = 32, STOPS_FIRST = 256, SOON = 4, LOOKS_MAX = 16, TICK_NS = 20000000 };

/* ---- what they are for ---- */

static void choose_names(struct inside *in, unsigned nr)
{
	const struct syscall_spec *spec = syscall_spec(ARCH_X86_64, nr);

	in->orders[nr] = effect_info((enum effect)spec->effect)->names || which_guard(nr) != GUARD_NONE;
	if (spec->effect == FX_CLOSE)
		in->closes[nr] = 1;
	else if (spec->effect == FX_DUP && spec->nargs > 1)	/* dup2, dup3 */
		in->closes[nr] = 2;
}

/* Of write, what goes to the standard error is copied, too; no copy of it is made unseen. */
static unsigned choose(struct ptrace_source *s, struct inside *in, const bool *answered)
{
	unsigned n = 0;

	for (unsigned nr = 0; nr < RING_NRS; nr++) {
		const struct capture_plan *plan = &s->plans[ARCH_X86_64][nr];

		in->which[nr] = (uint8_t)which_call(nr, plan, answered[nr]);
		if (in->which[nr] != WHICH_STUB || n == SPACE_KNOWN_MAX)
			continue;
		which_copies(plan, &in->copies[nr]);
		in->slots = MAX(in->slots, which_slots(&in->copies[nr]));
		in->words[nr] = plan->words || plan->stderr_does == STDERR_COPIES ||
				plan->stderr_does == STDERR_MAY_COPY;
		in->ends[nr] = plan->exit;
		if (!plan->every_form)
			in->when[nr] = syscall_spec(ARCH_X86_64, nr)->when;
		choose_names(in, nr);
		in->known[nr] = which_known(nr, plan, &in->copies[nr]);
		n++;
	}
	return n;
}

void space_begin(struct ptrace_source *s, const bool *answered, const char **ret_why)
{
	struct inside *in;

	*ret_why = space_forbidden();
	if (*ret_why)
		return;
	in = xcalloc(1, sizeof(*in));
	if (!choose(s, in, answered)) {
		free(in);
		*ret_why = "of no call that is recorded nothing but numbers is wanted";
		return;
	}
	in->first = in->last = inside_now();
	s->inside = in;
}

/* ---- where and when ---- */

/* What would be missed, or must not be: each call stops then. */
static bool is_kept_out(const struct ptrace_source *s, const struct tracee *t)
{
	return t->every_call || t->supervised || t->names || t->own_seccomp || t->had_status ||
	       (s->has & PROC_HAS_FANOTIFY);
}

static bool is_alone(struct ptrace_source *s, const struct tracee *t)
{
	for (const struct tracee *u = s->tracees; u; u = u->hh.next)
		if (u != t && (u->pid == t->pid || u->files == t->files || !u->announced || u->vforked_by == t->tid))
			return false;
	return !t->vforked_by && !t->in_vfork && !t->interrupted;
}

/* What is mapped counts, and what is locked is locked. */
static bool has_room(pid_t pid)
{
	struct rlimit as, data;

	return prlimit(pid, RLIMIT_AS, NULL, &as) == 0 && as.rlim_cur == RLIM_INFINITY &&
	       prlimit(pid, RLIMIT_DATA, NULL, &data) == 0 && data.rlim_cur == RLIM_INFINITY && !library_locks(pid);
}

static void start_clock(struct inside *in)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	const struct itimerspec it = { { 0, TICK_NS }, { 0, TICK_NS } };

	if (in->has_timer)
		return;
	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	in->has_timer = timer_create(CLOCK_MONOTONIC, &ev, &in->timer) == 0;
	if (in->has_timer)
		timer_settime(in->timer, 0, &it, NULL);
}

static void forget(struct inside *in, struct space *sp)
{
	struct space **p = &in->spaces;

	while (*p != sp)
		p = &(*p)->next;
	*p = sp->next;
	if (sp->ring.mem)
		munmap(sp->ring.mem, RING_SIZE);
	if (sp->mem >= 0)
		close(sp->mem);
	free(sp);
}

static void learn_thread(struct ptrace_source *s, struct tracee *t)
{
	t->thread = (uint64_t)ptrace(PTRACE_PEEKUSER, t->tid, offsetof(struct user_regs_struct, fs_base), 0);
	/* A pointer that was used before: the thread that had it is no more, if it is not the parent of a vfork. */
	for (struct tracee *u = s->tracees; u; u = u->hh.next)
		if (u != t && u->space == t->space && u->thread == t->thread && !t->vforked_by)
			u->thread = NO_THREAD;
}

/* Each holds one descriptor of ours, which looking at programs needs, too: the last ones are left for that. */
static int spare_memory(pid_t tid)
{
	enum { SPARE = 64 };
	int fd = space_memory(tid);
	struct rlimit l;

	if (fd < 0 || getrlimit(RLIMIT_NOFILE, &l) < 0 || (rlim_t)fd + SPARE < l.rlim_cur)
		return fd;
	close(fd);
	return -1;
}

/* Nothing but zeroes stands there: it is not used. */
static bool has_stash(const struct tracee *t)
{
	static const uint8_t nothing[STUB_STASH_SIZE];
	uint8_t there[STUB_STASH_SIZE];

	return mem_read(t->tid, t->thread + STUB_STASH, there, sizeof(there)) == sizeof(there) &&
	       !memcmp(there, nothing, sizeof(there));
}

static bool put_in(struct ptrace_source *s, struct tracee *t, uint64_t ip)
{
	struct inside *in = s->inside;
	const struct library *l;
	struct mapping m;
	struct space *sp;
	uint64_t near;

	t->nlooks += t->nlooks < LOOKS_MAX;
	if (!library_mapped(t->tid, ip - 2, STUB_NEAR_SIZE, &m, &near) || !library_is_c(m.path)) {
		t->stubs_why = SPACE_PLACE;
		return false;
	}
	t->stubs_tried = true;
	learn_thread(s, t);
	l = near && t->thread && has_room(t->pid) ? library_of(t->tid, &m) : NULL;
	if (!l) {
		in->nwhy[!near ? SPACE_TAKEN : has_room(t->pid) ? SPACE_LIBRARY : SPACE_LIMITED]++;
		return false;
	}
	sp = xcalloc(1, sizeof(*sp));
	sp->users = 1;
	sp->near = near;
	sp->mem = spare_memory(t->tid);
	sp->ring.known = in->known;
	sp->keeps_opens = !has_stash(t);
	sp->next = in->spaces;
	in->spaces = sp;
	t->space = sp;
	start_clock(in);
	if (sp->mem < 0 || !space_set_up(s, t, sp, &m, l)) {
		bool asked = sp->mem >= 0;

		t->space = NULL;
		forget(in, sp);
		in->nwhy[asked ? SPACE_TAKEN : SPACE_MANY]++;
		return asked;	/* it may have made calls for us: its own comes again in any case */
	}
	if (!sp->on)
		space_off(s, sp);
	in->nspaces++;
	return true;
}

/* A fork's copy: jumps, blocks and springs, but no ring.  Not one that was taken out, or is to be. */
static bool sleeps(const struct space *sp) { return sp->patched && !sp->on && !sp->off_due && !sp->ring.mem; }

/* true: t may have made calls for us: its own comes again in any case */
static bool wake(struct ptrace_source *s, struct tracee *t)
{
	struct inside *in = s->inside;
	struct space *sp = t->space;
	bool asked;

	t->stubs_tried = true;
	learn_thread(s, t);
	if (!t->thread || !has_room(t->pid)) {
		in->nwhy[SPACE_LIMITED]++;
		return false;
	}
	sp->mem = sp->mem < 0 ? spare_memory(t->tid) : sp->mem;
	asked = sp->mem >= 0 && space_wake(t, sp);
	if (sp->on) {
		start_clock(in);
		in->nspaces++;
	} else {
		in->nwhy[sp->mem < 0 ? SPACE_MANY : SPACE_TAKEN]++;
	}
	return asked;
}

/* A thread of its own is coming: alone it is now, for the last time. */
static bool makes_thread(const struct tracee *t, uint64_t nr, const uint64_t args[6])
{
	uint64_t flags = args[0];

	if (nr == SYS_clone3 && mem_read(t->tid, args[0], &flags, sizeof(flags)) != sizeof(flags))
		return false;
	return (nr == SYS_clone || nr == SYS_clone3) && flags & CLONE_THREAD;
}

static bool is_time(struct inside *in, struct tracee *t, uint64_t nr)
{
	unsigned times = t->nlooks < SOON ? 1 + t->nlooks : 1u << t->nlooks;

	if (nr >= RING_NRS || !in->known[nr])
		return false;
	in->nfast++;
	return ++t->nfast >= STOPS_BEFORE * times && in->nfast >= STOPS_FIRST;
}

bool space_try(struct ptrace_source *s, struct tracee *t, uint64_t nr, const uint64_t args[6], uint64_t ip)
{
	struct inside *in = s->inside;

	/* it makes us wait where memory is read */
	if (nr == SYS_userfaultfd)
		space_off_all(s);
	if (in->closed || t->muted || !t->filtered || (t->space && (t->space->users > 1 || !sleeps(t->space))))
		return false;
	if ((!is_time(in, t, nr) && !makes_thread(t, nr, args)) || t->stubs_tried)
		return false;
	t->stubs_why = is_kept_out(s, t) ? SPACE_OWN_WAYS : is_alone(s, t) ? SPACE_ALLOWED : SPACE_SHARED;
	return t->stubs_why == SPACE_ALLOWED && (t->space ? wake(s, t) : put_in(s, t, ip));
}

/* ---- sharing and ending ---- */

void space_share(struct ptrace_source *s, struct tracee *child, struct tracee *parent, uint64_t clone_flags)
{
	struct space *sp = parent->space;

	/* descriptors that others close: no ring has their order */
	if (sp && (clone_flags & CLONE_FILES) && !(clone_flags & CLONE_VM)) {
		child->stubs_tried = parent->stubs_tried = true;
		space_off_for(s, sp, SPACE_OWN_WAYS);
	}
	/* whoever shares memory and is no thread of the process is not looked for later */
	if ((clone_flags & CLONE_VM) && !(clone_flags & CLONE_THREAD)) {
		child->stubs_tried = true;
		child->stubs_why = SPACE_SHARED;
		parent->stubs_tried |= !(clone_flags & CLONE_VFORK);
	}
	if (clone_flags & CLONE_THREAD)
		child->stubs_tried = parent->stubs_tried;
	if (!sp || (!(clone_flags & CLONE_VM) && sp->hidden))
		return;
	if (!(clone_flags & CLONE_VM)) {
		/* the jumps are copied; the ring is not, and the switch is off */
		struct space *copy = xcalloc(1, sizeof(*copy));

		memcpy(copy->sites, sp->sites, sizeof(copy->sites));
		copy->nsites = sp->nsites;
		copy->near = sp->near;
		copy->patched = sp->patched;
		copy->mem = -1;
		copy->ring.known = sp->ring.known;
		copy->next = s->inside->spaces;
		sp = s->inside->spaces = copy;
	}
	child->space = sp;
	sp->users++;
	/* two at work with the same thread pointer; more than there are slots for */
	if (sp->on && (sp->users > RING_REST / s->inside->slots / 2 || !(clone_flags & (CLONE_SETTLS | CLONE_VFORK))))
		space_off_for(s, sp, SPACE_OWN_WAYS);
}

/* No exec and no exit is made in a stub.  Both have the same thread pointer, and the parent has gone on already. */
void space_end_vfork(struct ptrace_source *s, struct tracee *child, struct tracee *parent)
{
	if (!child->space || parent->space != child->space)
		return;
	space_drain(s, child->space, child);
	if (!child->stub_call.open || parent->stub_call.open)
		return;
	parent->stub_call = child->stub_call;
	child->stub_call.open = false;
}

void space_drop(struct ptrace_source *s, struct tracee *t)
{
	struct space *sp = t->space;

	if (!sp && t->tid == t->pid && t->nfast >= STOPS_BEFORE && s->inside->nfast >= STOPS_FIRST)
		s->inside->nwhy[t->stubs_why]++;
	t->stubs_tried = false;
	t->nfast = t->nlooks = t->stubs_why = 0;
	if (!sp)
		return;
	space_drain(s, sp, t);
	space_put_call(s, t, CALL_UNFINISHED, 0);
	t->space = NULL;
	t->thread = 0;
	memset(sp->cache, 0, sizeof(sp->cache));
	sp->killed++;
	if (--sp->users) {
		if (t->stderrs)
			space_stderrs(s, sp);
		return;
	}
	ring_end(&sp->ring, sp->killed);
	space_drain(s, sp, NULL);
	forget(s->inside, sp);
}

/* ---- at stops and between ---- */

static void settle(struct ptrace_source *s, struct space *sp, const struct tracee *t)
{
	space_drain(s, sp, t);
	if (sp->off_due)
		space_off_for(s, sp, SPACE_TOUCHED);
}

void space_before_stop(struct ptrace_source *s, struct tracee *t)
{
	if (t->space && t->space->ring.mem)
		settle(s, t->space, t);
}

void space_before_resume(struct ptrace_source *s, struct tracee *t)
{
	if (!t->space || !t->space->on)
		return;
	/* an exec that has failed: what comes is its own again */
	if (!t->thread || (t->thread == NO_THREAD && t->vforked_by && !t->in_call))
		learn_thread(s, t);
	if (is_kept_out(s, t))
		space_off_for(s, t->space, SPACE_OWN_WAYS);
}

void space_tick(struct ptrace_source *s)
{
	struct inside *in = s->inside;
	bool whole = true;
	uint64_t now;

	if (!in->spaces)
		return;
	now = clock_ns();
	if (now - in->last_tick < TICK_NS)
		return;
	in->last_tick = now;
	for (struct space *sp = in->spaces; sp; sp = sp->next) {
		uint64_t head = ring_head(&sp->ring);

		settle(s, sp, NULL);
		whole &= ring_is_read_to(&sp->ring, head);
	}
	if (!whole)
		return;
	in->settled_ns = now;
	atomic_store_explicit(&s->src.settled_ns, now, memory_order_release);
}

bool space_any(const struct ptrace_source *s) { return s->inside->spaces != NULL; }

void space_off_all(struct ptrace_source *s)
{
	s->inside->closed = true;
	for (struct space *sp = s->inside->spaces; sp; sp = sp->next)
		space_off(s, sp);
}

void space_let_go(struct ptrace_source *s, struct tracee *t)
{
	s->inside->leaving = s->inside->closed = true;
	if (!t->space)
		return;
	space_lead_out(s, t);
	space_off(s, t->space);
}

void space_end(struct ptrace_source *s)
{
	if (!s->inside)
		return;
	if (s->inside->has_timer)
		timer_delete(s->inside->timer);
	free(s->inside);
	s->inside = NULL;
}
