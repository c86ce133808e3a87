/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Sender and receiver of a signal, and how it is recorded. */
#pragma once
#include "capture/bpf/follow.bpf.h"

static __always_inline bool from_process(int code, int signo)
{
	/* SI_USER, SI_QUEUE, SI_MESGQ, SI_TKILL; other negative codes have other things in the place of the pid */
	return code == 0 || code == -1 || code == -3 || code == -6 || (signo == SIGCHLD_NR && code > 0);
}

/* The current process as the receiver's pid namespace has it, as in any si_pid: 0 where it is not in there. */
static __always_inline u32 number_there(struct task_struct *to)
{
	struct pid *pid = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader, thread_pid),
		   *own = BPF_CORE_READ(to, thread_pid);
	u32 level = BPF_CORE_READ(own, level);

	if (BPF_CORE_READ(pid, level) < level || upid_ns(pid, level) != upid_ns(own, level))
		return 0;
	return upid_number(pid, level);
}

static __always_inline void fill_signal(struct record_signal *r, const struct task_state *st, struct task_struct *to,
					int signo, struct kernel_siginfo *info, u32 fate)
{
	*r = (struct record_signal){
		.h = { sizeof(*r), RECORD_SIGNAL, (u16)fate, st->pid, st->tid, bpf_ktime_get_ns() }, .signo = signo
	};
	if ((u64)info > 1) {
		r->code = BPF_CORE_READ(info, si_code);
		if (from_process(r->code, signo)) {
			r->sender_pid = (u32)BPF_CORE_READ(info, _sifields._kill._pid);
			r->sender_uid = BPF_CORE_READ(info, _sifields._kill._uid);
		} else if (signo == 11 || signo == 7 || signo == 4 || signo == 8 || signo == 5) {
			r->addr = (u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
		}
	} else if ((u64)info == 1) {	/* SEND_SIG_PRIV */
		r->code = 0x80;		/* SI_KERNEL */
	} else {			/* SEND_SIG_NOINFO: as if the current task had sent it */
		r->sender_pid = number_there(to);
		r->sender_uid = (u32)bpf_get_current_uid_gid();
	}
}

/* Of a fault, or of a call that seccomp forbids: where the thread was. */
static __always_inline void put_place(struct task_state *current, const struct record_signal *sig,
				      struct kernel_siginfo *info)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct record_place *r = NULL;
	int signo = sig->signo;

	if ((u64)info <= 1 || sig->code <= 0 ||
	    (signo != 11 && signo != 7 && signo != 4 && signo != 8 && signo != 5 && signo != SIGSYS_NR))
		return;
	if (admitted(current))
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return;
	}
	r->h = (struct record){ sizeof(*r), RECORD_PLACE, 0, sig->h.pid, sig->h.tid, sig->h.ts_ns };
	r->ip = BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(task), ip);
	r->nr = signo == SIGSYS_NR ? BPF_CORE_READ(info, _sifields._sigsys._syscall) : -1;
	r->arch = signo == SIGSYS_NR ? BPF_CORE_READ(info, _sifields._sigsys._arch) : 0;
	bpf_ringbuf_submit(r, ring_flags());
}

static __always_inline void put_signal(struct task_state *current, const struct record_signal *sig)
{
	struct record_signal *r = NULL;

	if (admitted(current))
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return;
	}
	*r = *sig;
	bpf_ringbuf_submit(r, ring_flags());
}
