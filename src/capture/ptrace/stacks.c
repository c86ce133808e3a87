/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/stacks.h"

#include <errno.h>
#include <sys/mman.h>

#include "capture/ptrace/ptrace.h"
#include "capture/stack/stack.h"
#include "filter/callset.h"
#include "filter/screen.h"
#include "record/build.h"

bool stacks_wanted(const struct ptrace_source *s) { return s->stacks; }

static bool always(const struct ptrace_source *s, const struct tracee *t)
{
	return callset_has(s->opt->stacks->always, t->arch, t->nr);
}

static bool fails(int64_t ret) { return ret < 0 && ret >= -4095; }

/* What a filter says for certain, as it will of the event. */
static bool is_screened(const struct screen *sc, const struct tracee *t, int64_t ret, uint64_t took_ns)
{
	bool one_of = !sc->nerrs;

	if (took_ns < sc->min_ns)
		return true;
	if (!sc->failing || !callset_has(sc->failing, t->arch, t->nr))
		return false;
	for (unsigned i = 0; i < sc->nerrs; i++)
		one_of |= ret == -sc->errs[i];
	return !fails(ret) || !one_of;
}

/* The command's own first exec, which is called by this program. */
static bool is_ours(const struct ptrace_source *s, const struct tracee *t)
{
	return s->phase == STARTING && t->pid == s->main_pid;
}

/* An exec that succeeds leaves nothing of the stack; which it does is not known yet. */
static bool has_entry_alone(const struct tracee *t)
{
	return !t->want_exit || syscall_spec(t->arch, t->nr)->effect == FX_EXEC;
}

static bool take(struct ptrace_source *s, const struct tracee *t)
{
	return stacks_take(s->stacks, t->pid, t->tid);
}

void stacks_keep(struct ptrace_source *s, struct tracee *t)
{
	t->stack.len = 0;
	t->stack_flags = (uint16_t)stacks_put(s->stacks, &t->stack, &t->stack_nchunks);
}

void stacks_at_entry(struct ptrace_source *s, struct tracee *t)
{
	t->stack.len = 0;
	if (t->in_call && !is_ours(s, t) && has_entry_alone(t) && always(s, t) && take(s, t))
		stacks_keep(s, t);
}

bool stacks_at_exit(struct ptrace_source *s, const struct tracee *t, int64_t ret, uint64_t now_ns)
{
	const struct stack_wish *wish = s->opt->stacks;

	if (t->stack.len || (!always(s, t) && !(fails(ret) && callset_has(wish->failed, t->arch, t->nr))))
		return false;
	if (wish->screen && is_screened(wish->screen, t, ret, now_ns - t->enter_ns))
		return false;
	return take(s, t);
}

void stacks_emit(struct ptrace_source *s, struct tracee *t)
{
	struct record_stack *r = record_begin(&s->out.rec, RECORD_STACK, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid,
					      t->enter_ns);

	r->h.flags = t->stack_flags;
	r->nchunks = t->stack_nchunks;
	buf_add(&s->out.rec, t->stack.s, t->stack.len);
	emitter_put(&s->out);
	t->stack.len = 0;
}

static bool may_map_code(const struct tracee *t)
{
	switch (syscall_spec(t->arch, t->nr)->effect) {
	case FX_MMAP: case FX_MPROTECT: return t->args[2] & PROT_EXEC;
	case FX_MUNMAP: case FX_MREMAP: return true;
	default: return false;
	}
}

/* At its exit the new mapping is there; where it has no stop of its own, at the thread's next one. */
void stacks_follow_maps(struct ptrace_source *s, struct tracee *t, bool entry)
{
	if (t->maps_code)
		stacks_changed(s->stacks, t->pid);
	t->maps_code = entry && may_map_code(t);
	if (t->maps_code)
		stacks_changed(s->stacks, t->pid);
}
