/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Back-pressure.  A task whose records filled the ring beyond its half does not come back from a call before the reader
 * has made room, or its time is up: it spins here, at the very end of the call.  Nothing but time shows: no wait is cut
 * short, no signal is sent, no task's cgroup or priority matters.
 *
 * Programs of sys_exit run with preemption off, so a reader that waits for this CPU must be let in: the kernel says so
 * in thread_info.flags.  The task is then through this call with one record more in the ring, and pays again at the
 * next; when the ring is fuller it stays for a millisecond all the same, or many tasks that wake each other could fill
 * it.  Every step of fullness makes that dearer, so that records come more slowly than any reader takes them that runs
 * at all.
 */
#pragma once
#include "capture/bpf/follow.bpf.h"

enum { HOLD_LOOPS = 1 << 22, HOLD_STEP_NS = 2000000, HOLD_LEAST_NS = 1000000 };

struct held { u64 until, least; };

static long still_held(u32 i, struct held *h)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_shared *sh = shared_get();
	unsigned long flags = task->thread_info.flags;
	u64 now = bpf_ktime_get_ns();

	if (!sh || !sh->hold || ring_used() <= ring_half || now >= h->until ||
	    (flags & TIF_RESCHED_BITS && now >= h->least))
		return 1;
	return flags & TIF_SIGPENDING_BIT && task->pending.signal.sig[0] & 1ul << (SIGKILL_NR - 1);
}

static __noinline void hold(struct task_state *st)
{
	struct wire_shared *sh = shared_get();
	u64 used = ring_used(), step = HOLD_STEP_NS;
	struct held h;

	st->owes = 0;
	if (!sh || !sh->hold || used <= ring_half)
		return;
	/* 2 ms beyond the half, 14 ms from five eighths on, then 98 ms */
	if (sh->hold == HOLD_LONG)
		step *= used > ring_half / 2 * 3 ? 49 : used > ring_half / 4 * 5 ? 7 : 1;
	h.least = h.until = bpf_ktime_get_ns();
	h.until += step;
	if (step > HOLD_STEP_NS)
		h.least += HOLD_LEAST_NS;
	bpf_loop(HOLD_LOOPS, still_held, &h, 0);
}
