/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Sender and receiver of a signal, and how it is recorded.  Functions that are not static are verified once. */
#pragma once
#include "capture/bpf/follow.bpf.h"

/* One branch for all of them: the verifier would follow each. */
static __always_inline bool one_of_few(u32 n, u32 set) { return n < 32 && set >> n & 1; }

static __always_inline bool from_process(int code, int signo)
{
	/* SI_USER, SI_QUEUE, SI_MESGQ, SI_TKILL; other negative codes have other things in the place of the pid */
	return one_of_few((u32)-code, 1 << 0 | 1 << 1 | 1 << 3 | 1 << 6) || (signo == SIGCHLD_NR && code > 0);
}

static __always_inline bool of_fault(int signo)
{
	return one_of_few((u32)signo, 1 << 11 | 1 << 7 | 1 << 4 | 1 << 8 | 1 << 5);
}

/* The current process as the receiver's pid namespace has it, as in any si_pid: 0 where it is not in there. */
__noinline u32 number_there(u64 thread_pid)
{
	struct pid *pid = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader, thread_pid),
		   *own = (struct pid *)thread_pid;
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
		} else if (of_fault(signo)) {
			r->addr = (u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
		}
	} else if ((u64)info == 1) {	/* SEND_SIG_PRIV */
		r->code = 0x80;		/* SI_KERNEL */
	} else {			/* SEND_SIG_NOINFO: as if the current task had sent it */
		r->sender_pid = number_there((u64)BPF_CORE_READ(to, thread_pid));
		r->sender_uid = (u32)bpf_get_current_uid_gid();
	}
	if (signo == SIGXFSZ_NR)
		r->addr = BPF_CORE_READ(to, signal, rlim[RLIMIT_FSIZE_NR].rlim_cur);
	else if (signo == SIGXCPU_NR)	/* raised by a second for the next one (check_process_timers()) */
		r->addr = BPF_CORE_READ(to, signal, rlim[RLIMIT_CPU_NR].rlim_cur) - 1;
}

/* Where the thread was: of a fault (call is -1), or of a call that seccomp forbids. */
__noinline int put_place(struct task_state *current, u64 ts_ns, s32 call, u32 arch)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct record_place *r = NULL;

	if (!current)
		return 0;
	if (admitted(current))
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return 0;
	}
	r->h = (struct record){ sizeof(*r), RECORD_PLACE, 0, current->pid, current->tid, ts_ns };
	r->ip = BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(task), ip);
	r->nr = call;
	r->arch = arch;
	bpf_ringbuf_submit(r, ring_flags());
	return 0;
}

__noinline int put_signal(struct task_state *current, const struct record_signal *sig)
{
	struct record_signal *r = NULL;

	if (!sig)
		return 0;
	if (admitted(current))
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return 0;
	}
	*r = *sig;
	bpf_ringbuf_submit(r, ring_flags());
	return 0;
}
