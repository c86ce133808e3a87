/* SPDX-License-Identifier: MIT */
/* Records, made and handed over. */
#include <string.h>

#include "base/clock.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/stacks.h"
#include "record/build.h"

uint64_t ptrace_now_ns(void) { return clock_ns(); }

/* Chunks count themselves: they are laid end to end. */
static unsigned count_chunks(const struct buf *b, size_t at)
{
	unsigned n = 0;

	while (at < b->len) {
		at += sizeof(struct record_chunk) + ALIGN8(((const struct record_chunk *)(b->s + at))->len);
		n++;
	}
	return n;
}

void call_put(struct ptrace_source *s, struct tracee *t, unsigned flags, int64_t ret, uint64_t exit_ns)
{
	struct record_call *r;

	if (t->stack.len)
		stacks_emit(s, t);
	r = record_begin(&s->out.rec, RECORD_CALL, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, t->enter_ns);
	r->h.flags = (rec_u16)flags;
	r->exit_ns = exit_ns;
	t->ended_ns = exit_ns;
	r->nr = t->nr;
	r->arch = t->arch;
	memcpy(r->args, t->args, sizeof(r->args));
	r->ret = ret;
	r->nchunks = (rec_u16)MIN(count_chunks(&t->chunks, 0), 0xffffu);
	buf_add(&s->out.rec, t->chunks.s, t->chunks.len);
	emitter_put(&s->out);
	t->in_call = false;
}

void call_unseen(struct tracee *t)
{
	if (t->ends_unseen)
		t->ends_unseen = t->in_call = false;
}

void call_abandon(struct ptrace_source *s, struct tracee *t)
{
	call_unseen(t);
	if (t->in_call && !t->muted)
		call_put(s, t, CALL_UNFINISHED, 0, ptrace_now_ns());
}

void emit_fork(struct ptrace_source *s, struct tracee *child, pid_t parent_pid, pid_t parent_tid, uint64_t flags)
{
	struct record_fork *r = record_begin(&s->out.rec, RECORD_FORK, sizeof(*r), (uint32_t)child->pid,
					     (uint32_t)child->tid, ptrace_now_ns());

	r->parent_pid = (uint32_t)parent_pid;
	r->parent_tid = (uint32_t)parent_tid;
	r->clone_flags = flags;
	r->ns_tid = child->ns_tid;
	emitter_put(&s->out);
	child->announced = true;
}

void emit_stop(struct ptrace_source *s, struct tracee *t, int signo, unsigned flags)
{
	struct record_stop *r =
		record_begin(&s->out.rec, RECORD_STOP, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());

	r->h.flags = (rec_u16)flags;
	r->signo = signo;
	emitter_put(&s->out);
}
