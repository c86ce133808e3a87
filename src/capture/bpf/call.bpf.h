/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* A call's way from entry to exit: what its plan copies, what the kernel is asked, and the record it becomes. */
#pragma once
#include "capture/bpf/count.bpf.h"
#include "capture/bpf/facts.bpf.h"
#include "capture/bpf/resident.bpf.h"
#include "capture/bpf/screen.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNWRAPS);
	__type(key, u32);
	__type(value, struct wire_unwrap);
} unwraps SEC(".maps");

const volatile unsigned payload_bytes = 0;

enum {
	CLONE_VFORK_BIT = 0x4000,
	CLONE_VM_BIT = 0x100,
	NR_CLONE = 56,
	NR_FORK = 57,
	NR_VFORK = 58,
	NR_CLONE3 = 435,
	NR_EXECVE = 59,
	NR_EXIT_GROUP = 231,
	NR32_EXIT_GROUP = 252,
	ERESTART_BLOCK = -516,
	NR32_CLONE = 120,
	NR32_VFORK = 190,
	ERESTART_FIRST = -516,
	ERESTART_LAST = -512
};

struct call_words { u64 v[6]; };

/* Negative when v is one of the values from first up to end.  Without a branch: the verifier would take each one. */
static __always_inline s64 one_of(const struct wire_cond *c, u32 v, u32 first, u32 end)
{
	u64 found = 0, less;

	for (u32 i = first; i < end; i++) {
		less = (u64)(v ^ c->vals[i]) - 1;
		SAME(less);
		found |= less;
	}
	return (s64)found;
}

/*
 * Of a call with these arguments; behind the n values the first one stands again.  It is not static, so that the
 * verifier goes through it once.
 */
__noinline int cond_met(const struct wire_cond *c, const struct call_words *args)
{
	enum { FEW = 4 };
	u32 arg, v;
	bool hit;

	if (!c || !args || !c->n)
		return 1;
	arg = c->arg;
	SAME(arg);
	if (arg > 5)
		return 0;
	v = (u32)args->v[arg] & c->mask;
	hit = one_of(c, v, 0, FEW) < 0;
	if (!hit && c->n > FEW)
		hit = one_of(c, v, FEW, COND_VALS) < 0;
	return hit != (c->invert != 0);
}

static __always_inline void fill_call(struct record_call *r, const struct task_state *st, u32 flags, u64 exit_ns,
				      s64 ret, u32 size, u32 nchunks)
{
	r->h = (struct record){ size,	 RECORD_CALL, (u16)(flags | (st->split ? WIRE_SPLIT : 0)),
				st->pid, st->tid,     st->enter_ns };
	r->exit_ns = exit_ns;
	r->nr = st->nr;
	r->arch = st->arch;
	r->pad = 0;
	r->nchunks = (u16)nchunks;
	__builtin_memcpy(r->args, st->args, sizeof(r->args));
	r->ret = ret;
}

/* The record of st's call, with chunks that stand in w after the body. */
static __noinline void emit_call(struct task_state *st, struct work *w, u32 flags, u64 exit_ns, s64 ret)
{
	u32 size = w->off;

	st->in_call = 0;
	if (!WITHIN(size, BODY, WORK_BYTES))
		return;
	fill_call((struct record_call *)w->mem, st, flags, exit_ns, ret, size, w->nchunks);
	emit_ordinary(st, w->mem, size);
}

static __always_inline void emit_bare_call(struct task_state *st, u32 flags, u64 exit_ns, s64 ret)
{
	struct record_call *r = NULL;

	st->in_call = 0;
	if (admitted(st))
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return;
	}
	fill_call(r, st, flags, exit_ns, ret, sizeof(*r), 0);
	bpf_ringbuf_submit(r, ring_flags());
}

static __always_inline struct work *work_begin(const struct task_state *st, s64 ret, bool leave)
{
	struct work *w = work_here();

	if (!w)
		return NULL;
	__builtin_memcpy(w->args, st->args, sizeof(w->args));
	w->ret = ret;
	w->off = BODY;
	w->nchunks = 0;
	w->payload = payload_bytes;
	w->compat = st->arch != ARCH_X86_64;
	w->leave = leave;
	w->packs = false;
	w->flags = leave ? CHUNK_AT_EXIT : 0;
	w->faulted = 0;
	return w;
}

static long run_arg(u32 i, struct work **to)
{
	struct work *w = *to;
	u32 off, nchunks;

	if (i > 5 || !(w->only >> i))
		return 1;
	if (!(w->only >> i & 1) || !w->args[i])
		return 0;
	off = w->off;
	nchunks = w->nchunks;
	if (copy_arg(i) && w->put_off) {
		w->faulted |= 1u << i;
		w->off = off;
		w->nchunks = nchunks;
	}
	return 0;
}

/*
 * Copies by plan; `only`: a set of arguments, each with something to be copied.  With put_off, an argument that faults
 * leaves no chunk but a bit in w->faulted.
 */
static __always_inline void copy_by(struct work *w, const struct plan_arg *plan, u32 only, bool put_off)
{
	__builtin_memcpy(w->plan, plan, sizeof(w->plan));
	w->only = (u8)only;
	w->put_off = put_off;
	bpf_loop(6, run_arg, &w, 0);
}

static __always_inline void enter_with_memory(struct task_state *st, const struct wire_plan *p, bool refused)
{
	struct work *w = work_begin(st, 0, false);
	u32 len;

	if (!w)
		return;
	w->packs = p->exec;
	if (p->exec)
		resident_note(st);
	copy_by(w, p->plan.enter, p->any_enter, p->plan.exit);
	st->faulted = w->faulted & ~p->overwritten;
	len = w->off - BODY;
	if (!p->plan.exit && !refused) {
		emit_call(st, w, CALL_NO_EXIT, 0, 0);
		return;
	}
	if (len <= WIRE_INLINE && !p->exec) {
		bpf_probe_read_kernel(st->chunks, len, w->mem + BODY);
		st->len = len;
		st->nchunks = (u16)w->nchunks;
	} else if (w->off <= WORK_BYTES - BODY) {
		/* too long to keep: on its way now, the reader joins it with the rest */
		struct wire_part *part = (struct wire_part *)(w->mem + BODY - sizeof(*part));
		u32 size = w->off - (BODY - sizeof(*part));

		SAME(size);
		if (size > WORK_BYTES - BODY)
			return;
		*part = (struct wire_part){ { size, WIRE_ENTRY, 0, st->pid, st->tid, st->enter_ns }, w->nchunks, len };
		st->split = 1;
		emit_ordinary(st, part, size);
	}
}

/* i386 calls that stand for another: socketcall, ipc, and those with their arguments in memory. */
static __noinline u32 unwrap(u32 nr, u64 *args)
{
	u32 call = (u32)args[0],
	    at = nr == 82  ? 0 :
		 nr == 90  ? 1 :
		 nr == 102 ? UNWRAP_SOCKETCALL + call :
			     UNWRAP_IPC + call,
	    v[6] = { 0 };
	const struct wire_unwrap *u;

	if ((nr == 102 || nr == 117) && call >= UNWRAP_SOCKETCALL_MAX)
		return nr;
	u = bpf_map_lookup_elem(&unwraps, &at);
	if (!u || !u->nr)
		return nr;
	if (u->nwords) {
		u32 n = u->nwords * 4;

		if (n > sizeof(v) || bpf_probe_read_user(v, n, (void *)args[nr == 102 ? 1 : 0]))
			return nr;
	} else {
		for (int i = 0; i < 5; i++) {
			u32 k = u->from[i];

			if (WITHIN(k, 1, 5))
				v[i] = (u32)args[k];
		}
	}
	for (int i = 0; i < 6; i++)
		args[i] = v[i];
	return u->nr;
}

/*
 * The copies of the standard error that the current thread's process has, after a call that does that to them: the
 * leader's, while there is one.  Not static, and the one place that loads the leader: the verifier looks once.
 */
__noinline u64 stderrs_after(struct task_state *st, u32 does, s64 ret)
{
	struct task_state *of = NULL;

	if (!st)
		return 0;
	if (st->pid != st->tid)
		of = bpf_task_storage_get(&tasks, bpf_get_current_task_btf()->group_leader, 0, 0);
	if (!of)
		of = st;
	if (does && (of->stderrs || (u32)st->args[0] == 2))
		of->stderrs = stderr_after(of->stderrs, does, st->args[0], st->args[1], st->args[2], ret);
	return of->stderrs;
}

/* refused: by a seccomp filter, so that the call is over: its record is made when what came of it is known. */
static __always_inline void enter(struct task_struct *task, struct task_state *st, struct pt_regs *regs, u32 nr,
				  bool refused)
{
	const struct wire_plan *p;
	bool narrow = compat_task(task);
	u32 at;

	st->in_call = 0;
	st->seen = 1;
	st->arch = narrow ? ARCH_I386 : ARCH_X86_64;
	if (!narrow && (nr & 0x40000000) && (s32)nr >= 0) {
		nr &= ~0x40000000u;
		st->arch = ARCH_X32;
	}
	if (st->flags & TASK_UNSEEN) {
		if (st->flags & TASK_HIDDEN || narrow || nr != NR_EXECVE)
			return;
		st->flags &= ~TASK_MUTED;
	}
	if (narrow) {
		st->args[0] = (u32)regs->bx; st->args[1] = (u32)regs->cx; st->args[2] = (u32)regs->dx;
		st->args[3] = (u32)regs->si; st->args[4] = (u32)regs->di; st->args[5] = (u32)regs->bp;
		if (nr == 82 || nr == 90 || nr == 102 || nr == 117)
			nr = unwrap(nr, st->args);
	}
	if (nr == (narrow ? 0 : NR_RESTART_SYSCALL) && st->resume_nr)
		nr = st->resume_nr - 1;
	at = nr < WIRE_CALLS ? (narrow ? WIRE_CALLS : 0) + nr : WIRE_RAW;
	p = bpf_map_lookup_elem(&plans, &at);
	if (!p || !p->plan.wanted)
		return;
	if (!narrow) {
		st->args[0] = regs->di; st->args[1] = regs->si; st->args[2] = regs->dx;
		st->args[3] = regs->r10; st->args[4] = regs->r8; st->args[5] = regs->r9;
	}
	if (p->when.n && !cond_met(&p->when, (const struct call_words *)st->args))
		return;
	st->nr = nr;
	st->len = 0;
	st->nchunks = 0;
	st->faulted = 0;
	st->split = 0;
	st->off_ns = 0;
	st->enter_ns = bpf_ktime_get_ns();
	st->in_call = 1;
	if (p->any_enter) {
		enter_with_memory(st, p, refused);
	} else if (!p->plan.exit && !refused) {
		if (nr == (narrow ? NR32_EXIT_GROUP : NR_EXIT_GROUP))
			resident_note(st);
		emit_bare_call(st, CALL_NO_EXIT, 0, 0);
	}
	if (!p->plan.exit && p->plan.stderr_does)
		stderrs_after(st, p->plan.stderr_does, 0);
}

static __always_inline bool dying(struct task_struct *task)
{
	return task->pending.signal.sig[0] & 1ul << (SIGKILL_NR - 1) ||
	       BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT_BIT;
}

static __always_inline u32 plan_index(const struct task_state *st)
{
	return st->nr < WIRE_CALLS ? (st->arch == ARCH_I386 ? WIRE_CALLS : 0) + st->nr : WIRE_RAW;
}

/*
 * A path that ends as PLAN_NAME_FILE was opened: its chunk is the first.  Longer ones than are kept here lead there by
 * detours only.
 */
static __always_inline bool opened_name(const struct task_state *st)
{
	enum { N = sizeof(PLAN_NAME_FILE) - 1 };
	u32 n = ((const struct record_chunk *)st->chunks)->len;
	u64 got = 0, end = 0;

	if (st->len <= sizeof(struct record_chunk) || n <= N || n > WIRE_INLINE - sizeof(struct record_chunk))
		return false;
	_Static_assert(N <= sizeof(end), "it is compared as a number");
	__builtin_memcpy(&end, PLAN_NAME_FILE, N);
	bpf_probe_read_kernel(&got, N, st->chunks + sizeof(struct record_chunk) + n - N);
	return got == end;
}

/* A write that may give a thread its name. */
static __noinline void emit_named(struct task_state *st, u32 arg, u32 flags, u64 now, s64 ret)
{
	struct work *w = work_begin(st, ret, false);
	u64 addr;

	SAME(arg);
	if (!w || arg > 5)
		return;
	addr = w->args[arg];
	st->names--;
	copy_bytes(arg, addr, (u64)ret, PLAN_NAME_MAX);
	put_cpu(w, st, now);
	emit_call(st, w, flags, now, ret);
}

/* What is to be asked about descriptors after this call; enum fd_ask.  Not static: verified once. */
__noinline int question(const struct task_state *st, const struct wire_plan *p, u32 answered, s64 ret)
{
	struct wire_shared *sh;
	u32 ask;

	if (!st || !p || !(plan_asks(&p->plan, ret) || (answered && ret >= 0)))
		return ASK_NOTHING;
	ask = p->plan.ask;
	if (answered && p->plan.returns_fd)
		return ASK_RETURNED;
	if (ask == ASK_KIND)
		return is_plain((u32)ret) ? ASK_NOTHING : ask;
	if (ask == ASK_EVENTS && (!(sh = shared_get()) || !sh->fanotify))
		return ASK_NOTHING;
	return ask && p->ask_when.n && !cond_met(&p->ask_when, (const struct call_words *)st->args) ? ASK_NOTHING : ask;
}

enum {
	LEAVE_ASK_MASK = 0xff,
	LEAVE_RESTARTED = 0x100,
	LEAVE_ANSWERED = 0x200,
	LEAVE_COUNTED = 0x400,
	LEAVE_WORDS = 0x800,
	LEAVE_CPU = 0x1000
};

/* With what is copied after the call, or what the kernel is asked then.  how: enum fd_ask and LEAVE_*. */
__noinline int leave_with_memory(struct task_state *st, u32 how, u64 now, s64 ret)
{
	const struct wire_plan *p;
	struct work *w;
	u32 at, len;

	if (!st)
		return 0;
	at = plan_index(st);
	p = bpf_map_lookup_elem(&plans, &at);
	if (!p || !(w = work_begin(st, ret, true)))
		return 0;
	len = st->len;
	if (WITHIN(len, 1, WIRE_INLINE)) {
		bpf_probe_read_kernel(w->mem + BODY, len, st->chunks);
		w->off += len;
		w->nchunks = st->nchunks;
	}
	if (st->faulted) {
		w->leave = 0;
		w->flags = 0;
		copy_by(w, p->plan.enter, st->faulted & p->any_enter, false);
		w->leave = 1;
		w->flags = CHUNK_AT_EXIT;
	}
	if (ret >= 0 && p->any_leave)
		copy_by(w, p->plan.leave, p->any_leave, false);
	if (how & LEAVE_WORDS)
		copy_words((p->plan.words - 1u) | p->plan.words_len << 8 | p->plan.words_iov << 16, (u64)ret);
	if (how & LEAVE_ASK_MASK) {
		w->multiple = p->plan.leave[1].op == PLAN_MMSGHDR;
		ask_kernel(how & LEAVE_ASK_MASK, p->plan.ask_arg, how & LEAVE_ANSWERED && p->plan.returns_fd);
	}
	put_cpu(w, st, now);
	emit_call(st, w, (how & LEAVE_RESTARTED ? CALL_RESTARTED : 0) | (how & LEAVE_COUNTED ? CALL_COUNTED : 0), now,
		  ret);
	return 0;
}

/* answered: by a seccomp supervisor, which may have put a descriptor in place of the kernel's own. */
static __always_inline void leave(struct task_struct *task, struct task_state *st, long ret, bool answered)
{
	u32 ask = ASK_NOTHING;
	struct wire_plan *p;
	u32 at, flags = 0, len;
	u64 now;

	if (st->arch == ARCH_I386)
		ret = (s32)ret;
	if (ret <= ERESTART_LAST && ret >= ERESTART_FIRST) {
		if (dying(task))
			return;	/* it will not come back from this call */
		flags = CALL_RESTARTED;
		if (ret == ERESTART_BLOCK)
			st->resume_nr = st->nr + 1;
	}
	now = bpf_ktime_get_ns();
	at = plan_index(st);
	p = bpf_map_lookup_elem(&plans, &at);
	len = st->len;
	/* counting, screening: without -c, without a filter the verifier need not look at this */
	if (counting && p && p->count && st->arch != ARCH_X32 &&
	    count_call(p, at, st, now, count_failed(p, ret, flags))) {
		if (p->count == COUNT_ONLY) {
			st->in_call = 0;
			return;
		}
		flags |= CALL_COUNTED;
	}
	if (ret == -EINPROGRESS_NR)
		note_connecting();
	if (p && p->plan.stderr_does)
		stderrs_after(st, p->plan.stderr_does, ret);
	if (p && p->plan.opens && ret >= 0 && opened_name(st))
		st->names = PLAN_NAMES;
	if (p && st->names && p->plan.names && ret > 0) {
		emit_named(st, p->plan.names - 1, flags, now, ret);
		return;
	}
	if (screening && p && p->screen && !st->faulted && !st->split && !answered && !flags &&
	    excluded(task, p, st, now, ret)) {
		st->in_call = 0;
		return;
	}
	if (p && (p->plan.ask || answered))
		ask = (u32)question(st, p, answered, ret);
	if (p && p->plan.words && plan_keeps_words(&p->plan, stderrs_after(st, STDERR_KEEPS, 0), st->args[0], ret))
		ask |= LEAVE_WORDS;
	if (timing)
		ask |= LEAVE_CPU;
	if (!p || (!len && !st->faulted && !ask && !(ret >= 0 && p->any_leave))) {
		emit_bare_call(st, flags, now, ret);
		return;
	}
	leave_with_memory(st, ask | (flags & CALL_RESTARTED ? LEAVE_RESTARTED : 0) |
			  (flags & CALL_COUNTED ? LEAVE_COUNTED : 0) | (answered ? LEAVE_ANSWERED : 0), now, ret);
}

/* Of a thread that ends in a call, or is let go in it. */
static __always_inline void abandon_call(struct task_state *st, u32 flags)
{
	if (!st->in_call)
		return;
	struct work *w = work_begin(st, 0, true);
	u32 len = st->len;

	if (!w)
		return;
	if (WITHIN(len, 1, WIRE_INLINE)) {
		bpf_probe_read_kernel(w->mem + BODY, len, st->chunks);
		w->off += len;
		w->nchunks = st->nchunks;
	}
	emit_call(st, w, CALL_UNFINISHED | flags, bpf_ktime_get_ns(), 0);
}
