/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Which tasks are traced, and the ring: shared by both BPF objects.  A traced
 * task has a state in task storage; fork hands it on, before the child runs.
 * Functions that are not static are verified, and changed for the kernel, once
 * and not at each place that needs them.
 */
#pragma once
#include "capture/bpf/kernel.bpf.h"
#include "capture/bpf/wire.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 16 << 20); } events SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct wire_losses);
} losses SEC(".maps");
/* Thread groups to be traced from the next time one of their threads is seen. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} targets SEC(".maps");
/* A map and not globals, so that both objects can have the same. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct wire_shared);
} shared_map SEC(".maps");


static __always_inline struct wire_shared *shared_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&shared_map, &zero);
}

__noinline int lose(u32 why)
{
	u32 zero = 0;
	struct wire_losses *l = bpf_map_lookup_elem(&losses, &zero);
	struct wire_shared *sh = shared_get();

	if (l && why < _LOSS_MAX)
		__sync_fetch_and_add(&l->n[why], 1);	/* an interrupt's program may do it meanwhile */
	if (sh)
		__sync_fetch_and_add(&sh->lost, 1);
	return 0;
}

/* No wake-up while the reader polls; one when it has announced that it sleeps. */
__noinline u64 ring_flags(void)
{
	struct wire_shared *sh = shared_get();

	if (sh && sh->wake) {
		sh->wake = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	return BPF_RB_NO_WAKEUP;
}

const volatile unsigned long long ring_half = ~0ull, ring_most = ~0ull;	/* bytes */
const volatile unsigned ring_look = 0;	/* how full a large ring is a task asks at every eighth record: a mask */

static __always_inline u64 ring_used(void) { return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA); }

/* Whoever fills the ring beyond its half pays for it at the end of a call: hold.bpf.h. */
static __always_inline void owe(struct task_state *current)
{
	if (current && ring_used() > ring_half)
		current->owes = 1;
}

/*
 * The last part of the ring is kept for what begins and ends tasks; an ordinary record that finds the rest full is
 * lost.
 */
__noinline int admitted(struct task_state *current)
{
	u64 used;

	if (current && ++current->unlooked & ring_look)
		return true;
	used = ring_used();
	if (used <= ring_half)
		return true;
	if (current)
		current->owes = 1;
	return used <= ring_most;
}

/* For the beginnings and ends of tasks. */
static __always_inline void emit(void *rec, u64 size)
{
	if (bpf_ringbuf_output(&events, rec, size, ring_flags()))
		lose(LOSS_RING);
}

/* For all else. */
static __always_inline void emit_ordinary(struct task_state *current, void *rec, u64 size)
{
	if (!admitted(current) || bpf_ringbuf_output(&events, rec, size, ring_flags()))
		lose(LOSS_RING);
}

static __always_inline u32 upid_number(struct pid *pid, u32 level)
{
	int nr = 0;

	bpf_probe_read_kernel(&nr, sizeof(nr), (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, nr));
	return (u32)nr;
}

static __always_inline struct pid_namespace *upid_ns(struct pid *pid, u32 level)
{
	struct pid_namespace *ns = 0;

	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			      level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, ns));
	return ns;
}

/* The number of a struct pid in the tracer's pid namespace; innermost: in its own, 0 when that is the tracer's. */
__noinline u32 number_of(u64 at_pid, u32 innermost)
{
	struct pid *pid = (struct pid *)at_pid;
	struct wire_shared *sh = shared_get();
	u32 level = sh ? sh->pidns_level : 0, at = BPF_CORE_READ(pid, level);

	if (innermost) {
		if (at <= level)
			return 0;
		level = at;
	}
	return at < level ? 0 : upid_number(pid, level);
}

static __always_inline u32 pid_number(struct pid *pid, bool innermost) { return number_of((u64)pid, innermost); }

static __always_inline u32 task_tid(struct task_struct *task)
{
	return pid_number(BPF_CORE_READ(task, thread_pid), false);
}
static __always_inline u32 task_pid(struct task_struct *task)
{
	return pid_number(BPF_CORE_READ(task, group_leader, thread_pid), false);
}

static __always_inline struct task_state *follow(struct task_struct *task, u8 flags)
{
	struct task_state *st = bpf_task_storage_get(&tasks, task, 0, 0);
	struct wire_shared *sh = shared_get();

	if (st || !sh)
		return st;
	st = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!st)
		return st;
	st->pid = task_pid(task);
	st->tid = task_tid(task);
	st->flags = flags;
	st->seen = 1;			/* what it may be in began before */
	st->own_memory = 1;
	__sync_fetch_and_add(&sh->alive, 1);
	return st;
}

static __always_inline bool compat_task(struct task_struct *task) { return task->thread_info.status & TS_COMPAT_BIT; }

/*
 * Asleep in a call that began before we looked: its registers are still there.  Its end is recorded like any other's.
 */
static __always_inline bool found_in_call(struct task_struct *task, struct task_state *st)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	s64 nr = (s64)BPF_CORE_READ(regs, orig_ax);

	if (!task->__state || nr < 0)
		return false;
	st->arch = ARCH_X86_64;
	if (compat_task(task)) {
		st->arch = ARCH_I386;
		st->args[0] = (u32)BPF_CORE_READ(regs, bx);
		st->args[1] = (u32)BPF_CORE_READ(regs, cx);
		st->args[2] = (u32)BPF_CORE_READ(regs, dx);
		st->args[3] = (u32)BPF_CORE_READ(regs, si);
		st->args[4] = (u32)BPF_CORE_READ(regs, di);
		st->args[5] = (u32)BPF_CORE_READ(regs, bp);
	} else {
		st->args[0] = BPF_CORE_READ(regs, di);
		st->args[1] = BPF_CORE_READ(regs, si);
		st->args[2] = BPF_CORE_READ(regs, dx);
		st->args[3] = BPF_CORE_READ(regs, r10);
		st->args[4] = BPF_CORE_READ(regs, r8);
		st->args[5] = BPF_CORE_READ(regs, r9);
		if (nr & 0x40000000)
			st->arch = ARCH_X32;
	}
	st->nr = (u32)nr & ~0x40000000u;
	st->enter_ns = bpf_ktime_get_ns();
	st->faulted = 0x3f;	/* what its arguments point to is read at the exit */
	st->in_call = 1;
	return true;
}
