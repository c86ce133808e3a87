/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What a thread has used, and how much memory the current process had resident at most. */
#pragma once
#include "capture/bpf/work.bpf.h"

/* enum { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES } */
#define PAGES_OF(mm, kind) ({ s64 n = 0;								 \
	if (bpf_core_field_exists(((struct mm_struct___percpu *)0)->rss_stat[kind].count))		 \
		n = BPF_CORE_READ((struct mm_struct___percpu *)(mm), rss_stat[kind].count);		 \
	else if (bpf_core_field_exists(((struct mm_struct___atomic *)0)->rss_stat.count[kind].counter))	 \
		n = BPF_CORE_READ((struct mm_struct___atomic *)(mm), rss_stat.count[kind].counter);	 \
	n > 0 ? (u64)n : 0; })

/*
 * As ru_maxrss has it, but of this address space alone; in pages, 0: it is gone.  The kernel counts by CPU, and this is
 * what the CPUs have added to the sum: each may have some pages more.  Not static: verified once.
 */
__noinline u64 resident_pages(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);	/* see file_at() */
	u64 high, now;

	if (!mm)
		return 0;
	high = BPF_CORE_READ(mm, hiwater_rss);
	now = PAGES_OF(mm, 0) + PAGES_OF(mm, 1) + PAGES_OF(mm, 3);
	return high > now ? high : now;
}

/* Before its memory goes: at an exec, or at exit_group(2), since before 6.16 it is gone when the end is reported. */
__noinline int resident_note(struct task_state *st)
{
	u64 n;

	if (!st || !st->own_memory)
		return 0;
	n = resident_pages();
	if (n > st->rss_peak)
		st->rss_peak = (u32)n;
	return 0;
}

/* What the parent's copy had is not the program's; what ru_maxrss has of it stays there. */
static __always_inline void resident_execed(struct task_struct *task, struct task_state *st)
{
	if (!st->own_memory)
		st->rss_peak = 0;
	st->own_memory = 1;
	st->rss_inherited = (u32)BPF_CORE_READ(task, signal, maxrss);
}

static __always_inline void resident_forked(const struct task_state *parent, struct task_state *child)
{
	child->own_memory = child->pid == parent->pid && parent->own_memory;
	if (child->pid != parent->pid)
		return;
	child->rss_inherited = parent->rss_inherited;
	child->rss_peak = parent->rss_peak;
}

/* In bytes, at a thread's end; 0: not known, or more threads go on. */
static __always_inline u64 resident_peak(struct task_struct *task, const struct task_state *st)
{
	u64 peak = st->rss_peak, n;

	if (BPF_CORE_READ(task, signal, live.counter) == 0) {
		n = resident_pages();
		if (!n) {
			n = BPF_CORE_READ(task, signal, maxrss);
			n = n > st->rss_inherited ? n : 0;
		}
		peak = n > peak ? n : peak;
	}
	return peak * PAGE_BYTES;
}

/* What the thread has used so far; rss: of its process's own memory, bytes, 0 not known. */
static __always_inline void put_usage(struct task_struct *task, const struct task_state *st, u64 rss)
{
	struct record_usage *r = NULL;

	if (st->flags & (TASK_WORKER | TASK_HIDDEN))
		return;
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return;
	}
	r->h = (struct record){ sizeof(*r), RECORD_USAGE, USAGE_OWN, st->pid, st->tid, bpf_ktime_get_ns() };
	r->run_ns = task->se.sum_exec_runtime;
	/* CONFIG_SCHED_INFO */
	r->delay_ns = bpf_core_field_exists(task->sched_info.run_delay) ? task->sched_info.run_delay : 0;
	r->rss = rss;
	bpf_ringbuf_submit(r, ring_flags());
}
