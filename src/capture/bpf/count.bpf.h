/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Calls that are counted where they are made: each CPU has its own sums, which the reader adds up at the end. */
#pragma once
#include "capture/bpf/work.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WIRE_RAW + 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct wire_plan);
} plans SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1 /* with -c COUNT_SLOTS + 1; the first is no call's */);
	__type(key, u32);
	__type(value, struct wire_count);
} counts SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 /* COUNT_ERRORS */);
	__type(key, struct wire_error);
	__type(value, u64);
} count_errors SEC(".maps");

/*
 * The call that is made on this CPU and is only counted, until it returns or its task loses the CPU: then it is noted
 * with the task.  Most calls never are, which saves finding the task's state at their entry.
 */
struct running { u64 enter_ns; u32 tid /* as the kernel counts them */, nr, slot, in_call; };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct running);
} running_call SEC(".maps");

const volatile bool counting = false;
const volatile bool timing = false;	/* records say what their calls took of a CPU: PART_CPU */

enum { EINPROGRESS_NR = 115, ERRNO_MAX = 4095 };

/* Two CPUs may look for one at the same time: then one slot stays without use. */
static __noinline u32 count_slot(struct wire_plan *p)
{
	struct wire_shared *sh = shared_get();
	u32 slot, was;

	if (!sh || sh->nslots >= COUNT_SLOTS)
		return 0;
	slot = __sync_fetch_and_add(&sh->nslots, 1) + 1;
	was = __sync_val_compare_and_swap(&p->slot, 0, slot);
	return was ? was : slot;
}

static __noinline bool count_error(u32 at, u32 err)
{
	struct wire_error key = { at, err };
	u64 *n = bpf_map_lookup_elem(&count_errors, &key), zero = 0;

	if (!n) {
		bpf_map_update_elem(&count_errors, &key, &zero, BPF_NOEXIST);
		n = bpf_map_lookup_elem(&count_errors, &key);
	}
	if (n)
		__sync_fetch_and_add(n, 1);
	return n;
}

/* As hist_bucket() of analyze/hist.h. */
static __always_inline u32 count_bucket(u64 ns)
{
	u64 v = ns;
	u32 e = 0;

	if (ns < COUNT_SUB)
		return (u32)ns;
	if (v >> 32) { e += 32; v >>= 32; }
	if (v >> 16) { e += 16; v >>= 16; }
	if (v >> 8) { e += 8; v >>= 8; }
	if (v >> 4) { e += 4; v >>= 4; }
	if (v >> 2) { e += 2; v >>= 2; }
	e += (u32)(v >> 1);
	return (e - COUNT_SUB_BITS + 1) * COUNT_SUB + (u32)(ns >> (e - COUNT_SUB_BITS) & (COUNT_SUB - 1));
}

static __always_inline void count_time(struct wire_count *c, u64 ns, u64 off_ns)
{
	u32 bucket = count_bucket(ns);

	c->min_ns = c->calls && c->min_ns < ns ? c->min_ns : ns;
	c->max_ns = c->max_ns > ns ? c->max_ns : ns;
	c->calls++;
	c->sum_ns += ns;
	c->off_ns += off_ns;
	SAME(bucket);
	if (bucket < COUNT_BUCKETS)
		c->buckets[bucket]++;
}

/* The program never sees ERESTARTSYS, and work in progress is no error. */
static __always_inline u32 count_failed(const struct wire_plan *p, s64 ret, bool restarted)
{
	return ret < 0 && ret >= -ERRNO_MAX && ret != -EINPROGRESS_NR && !restarted && !p->foreign ? (u32)-ret : 0;
}

/*
 * false: there is no room to count it, so it needs a record.  at: the number of its plan; err: 0 none.  Not inline:
 * with what it keeps on the stack, the chain of functions from sys_exit would be beyond the 512 bytes of kernel 6.1.
 */
static __noinline bool count_call(struct wire_plan *p, u32 at, const struct task_state *st, u64 now, u32 err)
{
	u32 slot = p->slot ? p->slot : count_slot(p);
	struct wire_count *c = bpf_map_lookup_elem(&counts, &slot);
	u64 ns = now - st->enter_ns;

	if (!slot || !c || ns >> COUNT_OCTAVES || (err && !count_error(at, err)))
		return false;
	count_time(c, ns, st->off_ns);
	return true;
}

/* What the call took of a CPU: all of its time but what its thread was switched away (on_switch). */
static __always_inline void put_cpu(struct work *w, const struct task_state *st, u64 now)
{
	struct record_chunk *c = timing ? chunk_at(w) : NULL;
	u64 ns = now - st->enter_ns;

	if (!c)
		return;
	*(struct record_cpu *)(c + 1) = (struct record_cpu){ .ns = ns > st->off_ns ? ns - st->off_ns : 0 };
	chunk_done(w, c, 0, PART_CPU, CHUNK_AT_EXIT, sizeof(struct record_cpu));
}

/* ---- the shortest way: a call of x86-64 that was made before, and has not failed ---- */

enum { NR_RESTART_SYSCALL = 219 };

static __always_inline struct running *running_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&running_call, &zero);
}

/* Whose call it is, and whether it is traced, is asked at its end: a task that is looked for goes the other way. */
static __always_inline bool count_enter(struct task_struct *task, u32 nr)
{
	struct running *now = running_get();
	const struct wire_shared *sh = shared_get();
	const struct wire_plan *p;

	if (!now || !sh)
		return false;
	now->in_call = 0;
	if (sh->seek || compat_task(task) || nr >= WIRE_CALLS || nr == NR_RESTART_SYSCALL ||
	    !(p = bpf_map_lookup_elem(&plans, &nr)) || p->count != COUNT_ONLY || !p->slot)
		return false;
	now->tid = (u32)task->pid;
	now->nr = nr;
	now->slot = p->slot;
	now->enter_ns = bpf_ktime_get_ns();
	now->in_call = 1;
	return true;
}

/* Its arguments are not kept: nothing shows them. */
static __always_inline void count_note(struct task_state *st, const struct running *call)
{
	st->in_call = 1;
	st->seen = 1;
	st->arch = ARCH_X86_64;
	st->faulted = 0;
	st->split = 0;
	st->nchunks = 0;
	st->nr = call->nr;
	st->len = 0;
	st->off_ns = 0;
	st->enter_ns = call->enter_ns;
}

/* The task leaves its CPU.  st: NULL if it is not traced. */
static __always_inline void count_switch(struct task_state *st)
{
	struct running *now = running_get();

	if (!now || !now->in_call)
		return;
	now->in_call = 0;
	if (st && !(st->flags & TASK_UNSEEN))
		count_note(st, now);
}

static __always_inline bool count_leave(const struct running *call, s64 ret)
{
	struct wire_count *c;
	u64 ns;

	if ((ret < 0 && ret >= -ERRNO_MAX) || !(c = bpf_map_lookup_elem(&counts, &call->slot)))
		return false;
	ns = bpf_ktime_get_ns() - call->enter_ns;
	if (ns >> COUNT_OCTAVES)
		return false;
	count_time(c, ns, 0);
	return true;
}

/* Counts the call of this CPU, or notes it with the task, which then leaves it as any other. */
static __always_inline void count_exit(struct task_struct *task, struct task_state *st, s64 ret)
{
	struct running *now = running_get();

	if (!now || !now->in_call)
		return;
	now->in_call = 0;
	if (!st || now->tid != (u32)task->pid)
		return;
	st->in_call = 0;
	st->seen = 1;
	if (!(st->flags & TASK_UNSEEN) && !count_leave(now, ret))
		count_note(st, now);
}
