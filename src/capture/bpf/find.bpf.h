/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Over all tasks: which is the tracer, which are to be traced from now on. */
#pragma once
#include "capture/bpf/follow.bpf.h"
#include "capture/bpf/rights.bpf.h"

const volatile unsigned self_nr = 0;
const volatile unsigned long long self_pidns = 0;

/* Finds the tracer: its number in its own namespace is all that it knows. */
SEC("iter/task")
int each_self(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct wire_shared *sh = shared_get();
	struct pid_namespace *ns;
	struct pid *pid;
	u32 level;

	if (!task || !sh)
		return 0;
	pid = BPF_CORE_READ(task, group_leader, thread_pid);
	level = BPF_CORE_READ(pid, level);
	if (upid_number(pid, level) != self_nr)
		return 0;
	ns = upid_ns(pid, level);
	if (BPF_CORE_READ(ns, ns.inum) != self_pidns)
		return 0;
	sh->self = task->tgid;
	sh->pidns_level = level;
	sh->root = (u64)BPF_CORE_READ(task, fs, root.dentry);
	sh->root_mnt = (u64)BPF_CORE_READ(task, fs, root.mnt);
	rights_of_caller(task, sh);
	return 0;
}

SEC("iter/task")
int each_adopt(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct wire_shared *sh = shared_get();
	struct task_state *st;
	u32 pid;

	if (!task)
		return 0;
	pid = task_pid(task);
	/* a leader that has exited stays in the list while its threads live */
	if (task->flags & (PF_KTHREAD_BIT | PF_EXITING_BIT) || !bpf_map_lookup_elem(&targets, &pid))
		return 0;
	if (restricted && !may_see(task))
		return 0;
	st = follow(task, task->flags & PF_WORKER_BITS ? TASK_WORKER : 0);
	/* it may have passed on_task_exit just before */
	if (st && BPF_CORE_READ(task, flags) & PF_EXITING_BIT) {
		if (bpf_task_storage_delete(&tasks, task) == 0 && sh)
			__sync_fetch_and_add(&sh->alive, -1ull);
		return 0;
	}
	if (st && !(st->flags & TASK_WORKER) && !st->in_call)
		found_in_call(task, st);
	return 0;
}
