/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * System calls as they end.  An object of its own: the verifier takes as long for this program as for all the others,
 * so two threads load them.
 */
#include "capture/bpf/call.bpf.h"
#include "capture/bpf/hold.bpf.h"
#include "capture/bpf/signal.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/*
 * A seccomp filter's refusal comes before sys_enter; sys_exit comes all the same.  Not static: the verifier goes
 * through it once, not once for each way to it.
 */
__noinline int refused(struct task_state *st, s64 ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	s32 nr = (s32)BPF_CORE_READ(regs, orig_ax);

	if (!st || nr < 0)
		return 0;
	enter(task, st, regs, (u32)nr, true);
	/* RET_TRAP and RET_KILL put the registers back: there is no result, but a SIGSYS */
	if (ret != nr || !(task->pending.signal.sig[0] & 1ul << (SIGSYS_NR - 1)))
		return 0;
	if (st->in_call) {
		abandon_call(st, CALL_FORBIDDEN);
	} else if (st->arch == ARCH_X86_64 && !(st->flags & TASK_UNSEEN)) {
		/* it has no record, or none of its end */
		put_place(st, bpf_ktime_get_ns(), nr, AUDIT_ARCH_X86_64_NR);
	}
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *st = bpf_task_storage_get(&tasks, task, 0, 0);
	bool answered;

	if (counting)
		count_exit(task, st, ret);
	if (!st)
		return 0;
	answered = !st->seen;
	if (answered)
		refused(st, ret);
	st->seen = 0;
	if (st->in_call) {
		leave(task, st, ret, answered);
		if (st->ignored.signo) {
			put_signal(st, &st->ignored);
			st->ignored.signo = 0;
		}
	}
	if (st->owes)
		hold(st);
	return 0;
}

/* While calls are counted or timed: how long they are without a CPU. */
SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct task_state *st = bpf_task_storage_get(&tasks, prev, 0, 0);
	u64 now = bpf_ktime_get_ns();

	if (counting)
		count_switch(st);
	if (st && st->in_call)
		st->off_since_ns = now;
	st = bpf_task_storage_get(&tasks, next, 0, 0);
	if (st && st->off_since_ns) {
		st->off_ns += now - st->off_since_ns;
		st->off_since_ns = 0;
	}
	return 0;
}
