/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Programs over all tasks, for when the tracer asks; and the maps, which the other objects use, too. */
#include "capture/bpf/call.bpf.h"
#include "capture/bpf/find.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* The processes that are traced, by their leaders. */
SEC("iter/task")
int each_pid(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_state *st;

	if (task && (st = bpf_task_storage_get(&tasks, task, 0, 0)))
		bpf_seq_write(ctx->meta->seq, &st->pid, sizeof(st->pid));
	return 0;
}

const volatile bool sees_cpus = false;	/* the kernel lets us look at what other CPUs have: 5.19 */

/* A task that has a CPU, and whose call is known to that CPU only. */
static __always_inline void note_running(struct task_struct *task, struct task_state *st)
{
	u32 zero = 0;
	const struct running *now = bpf_map_lookup_percpu_elem(&running_call, &zero, task->thread_info.cpu);

	if (now && now->in_call && now->tid == (u32)task->pid)
		count_note(st, now);
}

/* The calls they are in, and that they are let go. */
SEC("iter/task")
int each_detach(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_state *st;
	struct record *r;

	if (!task || !(st = bpf_task_storage_get(&tasks, task, 0, 0)) || st->flags & TASK_MUTED)
		return 0;
	if (st->flags & TASK_WORKER) {
		bpf_task_storage_delete(&tasks, task);
		return 0;
	}
	if (counting && sees_cpus && !(st->flags & TASK_HIDDEN))
		note_running(task, st);
	if (st->in_call)
		abandon_call(st, CALL_RUNNING);
	else if (!(st->flags & TASK_HIDDEN) && found_in_call(task, st))	/* its plan did not ask for it */
		emit_bare_call(st, CALL_UNFINISHED | CALL_RUNNING | WIRE_FOUND, st->enter_ns, 0);
	put_usage(task, st, 0);
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (r) {
		*r = (struct record){ sizeof(*r), RECORD_DETACH, 0, st->pid, st->tid, bpf_ktime_get_ns() };
		bpf_ringbuf_submit(r, ring_flags());
	} else {
		lose(LOSS_RING);
	}
	bpf_task_storage_delete(&tasks, task);
	return 0;
}
