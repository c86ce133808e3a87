/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* System calls as they begin, processes, signals: one program per kernel event, whatever the call. */
#include "capture/bpf/call.bpf.h"
#include "capture/bpf/code.bpf.h"
#include "capture/bpf/kfunc.h"
#include "capture/bpf/rights.bpf.h"
#include "capture/bpf/signal.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cgroups SEC(".maps");

/* A task of no traced parent: is it one we look for?  Rare: only with -p, --cgroup, --system. */
static __noinline struct task_state *seek(struct task_struct *task, u32 how)
{
	u32 pid, *known = NULL;
	struct wire_shared *sh = shared_get();
	struct task_state *st;
	struct wire_adopt *a;

	if (task->flags & PF_KTHREAD_BIT || !sh || (u32)task->tgid == sh->self)
		return NULL;
	pid = task_pid(task);
	if (how & SEEK_TARGETS)
		known = bpf_map_lookup_elem(&targets, &pid);
	if (!known && !(how & SEEK_ALL) && !(how & SEEK_CGROUP && bpf_current_task_under_cgroup(&cgroups, 0) == 1))
		return NULL;
	if (restricted && !may_see(task))
		return NULL;
	st = follow(task, 0);
	if (!st)
		return NULL;
	a = bpf_ringbuf_reserve(&events, sizeof(*a), 0);
	if (!a) {
		lose(LOSS_RING);
		return st;
	}
	*a = (struct wire_adopt){ .h = { sizeof(*a), WIRE_ADOPT, 0, st->pid, st->tid, bpf_ktime_get_ns() } };
	bpf_probe_read_kernel(a->comm, sizeof(a->comm), task->comm);
	a->ppid = task_pid(BPF_CORE_READ(task, real_parent));
	bpf_ringbuf_submit(a, ring_flags());
	return st;
}

static __always_inline struct task_state *traced(struct task_struct *task)
{
	struct task_state *st = bpf_task_storage_get(&tasks, task, 0, 0);
	struct wire_shared *sh;

	if (st)
		return st;
	sh = shared_get();
	return sh && sh->seek ? seek(task, sh->seek) : NULL;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *st;

	if (counting && count_enter(task, (u32)id))
		return 0;
	st = traced(task);
	if (st)
		enter(task, st, regs, (u32)id, false);
	return 0;
}

/* ---- processes ---- */

static __always_inline u64 clone_flags(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 nr = BPF_CORE_READ(regs, orig_ax), flags = 0;

	if (compat_task(task)) {
		if (nr == NR32_CLONE)
			return (u32)BPF_CORE_READ(regs, bx);
		if (nr == NR_CLONE3)
			bpf_probe_read_user(&flags, sizeof(flags), (void *)(u64)(u32)BPF_CORE_READ(regs, bx));
		return nr == NR32_VFORK ? CLONE_VFORK_BIT | CLONE_VM_BIT : flags;
	}
	if (nr == NR_CLONE)
		return BPF_CORE_READ(regs, di);
	if (nr == NR_CLONE3)
		bpf_probe_read_user(&flags, sizeof(flags), (void *)BPF_CORE_READ(regs, di));
	return nr == NR_VFORK ? CLONE_VFORK_BIT | CLONE_VM_BIT : flags;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_state *st = traced(parent), *cs;
	struct record_fork *r;
	u32 one = 1, pid;

	if (!st || st->flags & TASK_MUTED)
		return 0;
	cs = follow(child, st->flags & TASK_HIDDEN);
	if (cs) {
		cs->stderrs = stderrs_after(st, STDERR_KEEPS, 0);
		resident_forked(st, cs);
	} else {
		/* no memory for its state: found again at its first call */
		struct wire_shared *sh = shared_get();

		pid = task_pid(child);
		bpf_map_update_elem(&targets, &pid, &one, BPF_ANY);
		if (sh)
			sh->seek |= SEEK_TARGETS;
		lose(LOSS_TASK);
	}
	r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return 0;
	}
	owe(st);
	r->h = (struct record){
		sizeof(*r),	   RECORD_FORK, 0, cs ? cs->pid : task_pid(child), cs ? cs->tid : task_tid(child),
		bpf_ktime_get_ns()
	};
	r->parent_pid = st->pid;
	r->parent_tid = st->tid;
	r->clone_flags = clone_flags(parent);
	r->ns_tid = pid_number(BPF_CORE_READ(child, thread_pid), true);
	r->nchunks = 0;
	bpf_ringbuf_submit(r, ring_flags());
	return 0;
}

/*
 * Threads that the kernel makes in a program (io_uring's SQPOLL and workers, vhost's) have no sched_process_fork and
 * make no calls, but the process has not ended before they have.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_helper, struct task_struct *task)
{
	if (task->flags & PF_WORKER_BITS && bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0))
		follow(task, TASK_WORKER);
	return 0;
}

/* argv out of the new address space, where the kernel has just put it: its beginning, and how many strings it has. */
static __noinline void put_argv(struct work *w, struct task_struct *task, u64 argc)
{
	u64 start = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end);

	if (!start)
		return;
	for (u32 i = 0; i < VECTOR_MAX / COPY_MAX && start < end; i++, start += COPY_MAX)
		copy_bytes(PART_ARGV << 8, start, end - start, COPY_MAX);
	if (start < end)
		put_number(PART_COUNT << 8, argc);
}

static long leave_out_closed(u32 fd, u64 *set)
{
	if (*set & stderr_bit(fd) && !file_at(fd))
		*set &= ~stderr_bit(fd);
	return 0;
}

/* What is closed by an exec is no copy of the standard error. */
static __noinline void stderrs_at_exec(struct task_state *st)
{
	u64 set = st->stderrs;

	bpf_loop(STDERR_FOLLOWED, leave_out_closed, &set, 0);
	st->stderrs = set;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct task_state *st = traced(task);
	struct work *w;
	struct record_exec *r;
	struct record_chunk *c;
	u32 old, was_hidden;
	long n;

	if (!st || st->flags & TASK_MUTED || !(w = work_begin(st, 0, false)))
		return 0;
	w->off = sizeof(*r);
	old = st->tid;
	st->tid = task_tid(task);	/* the leader's now */
	resident_execed(task, st);
	if (st->stderrs)
		stderrs_at_exec(st);
	was_hidden = st->flags & TASK_HIDDEN;
	st->flags &= ~TASK_HIDDEN;
	if (restricted && !may_see(task))
		st->flags |= TASK_HIDDEN;
	if (was_hidden && st->flags & TASK_HIDDEN)
		return 0;
	if ((!st->in_call || st->faulted) && (c = chunk_at(w))) {
		n = bpf_probe_read_kernel_str(c + 1, RECORD_STR_MAX, bprm->filename);
		if (n > 0 && n <= RECORD_STR_MAX)
			chunk_done(w, c, 0, PART_PATH, 0, (u32)n - 1);
		if (!(st->flags & TASK_HIDDEN))
			put_argv(w, task, (u32)BPF_CORE_READ(bprm, argc));
	}
	if (!(st->flags & TASK_HIDDEN))
		put_path(BPF_CORE_READ(task, mm, exe_file), PART_EXE);
	r = (struct record_exec *)w->mem;
	*r = (struct record_exec){ { w->off, WIRE_EXEC, st->flags & TASK_HIDDEN ? WIRE_HIDDEN : 0, st->pid, st->tid,
				     bpf_ktime_get_ns() },
				   old,
				   w->nchunks,
				   0 };
	st->faulted = 0;		/* the old memory is gone */
	owe(st);
	if (w->off <= WORK_BYTES)
		emit(w->mem, w->off);
	return 0;
}

/* ---- the new address space, where the kernel lets us walk it (6.7) ---- */

struct bpf_iter_task_vma { u64 opaque[1]; } __attribute__((aligned(8)));
static int (*const bpf_iter_task_vma_new)(struct bpf_iter_task_vma *it, struct task_struct *task,
					  u64 addr) = (void *)KFUNC_VMA_NEW;
static struct vm_area_struct *(*const bpf_iter_task_vma_next)(struct bpf_iter_task_vma *it) = (void *)KFUNC_VMA_NEXT;
static void (*const bpf_iter_task_vma_destroy)(struct bpf_iter_task_vma *it) = (void *)KFUNC_VMA_DESTROY;

enum {
	VM_READ_BITS = 7,
	VM_MAYSHARE_BIT = 0x80,
	VM_PFNMAP_BIT = 0x400,
	VM_IO_BIT = 0x4000,
	VM_MIXEDMAP_BIT = 0x10000000,
	MAP_SHARED_BIT = 1,
	MAP_PRIVATE_BIT = 2
};

static __always_inline void put_name(struct work *w, const char *name, u32 len)
{
	struct record_chunk *c = chunk_at(w);

	if (!c)
		return;
	bpf_probe_read_kernel(c + 1, len, name);
	chunk_done(w, c, 0, PART_PATH, 0, len);
}

static __noinline void put_region(struct task_state *st, struct work *w, struct vm_area_struct *vma, u64 ts_ns,
				  bool first)
{
	struct record_map *r = (struct record_map *)w->mem;
	/* read as a number: kernel 7.2 refuses a pointer that may be NULL */
	struct mm_struct *mm = BPF_CORE_READ(vma, vm_mm);
	u64 start = vma->vm_start, end = vma->vm_end, flags = vma->vm_flags;
	struct file *f = vma->vm_file;

	*r = (struct record_map){ .h = { 0, RECORD_MAP, first ? MAP_FIRST : 0, st->pid, st->tid, ts_ns }, .start = start, .end = end,
				  .prot = flags & VM_READ_BITS, .flags = flags & VM_MAYSHARE_BIT ? MAP_SHARED_BIT : MAP_PRIVATE_BIT };
	w->off = sizeof(*r);
	w->nchunks = 0;
	if (f) {
		u64 dev = BPF_CORE_READ(f, f_inode, i_sb, s_dev);

		r->offset = vma->vm_pgoff << 12;
		r->dev = dev >> 20 << 32 | (dev & 0xfffff);
		r->ino = BPF_CORE_READ(f, f_inode, i_ino);
		put_path(f, PART_PATH);
	} else if (start <= BPF_CORE_READ(mm, brk) && end >= BPF_CORE_READ(mm, start_brk)) {
		r->kind = MAP_KIND_HEAP;
		put_name(w, "[heap]", 6);
	} else if (start <= BPF_CORE_READ(mm, start_stack) && end >= BPF_CORE_READ(mm, start_stack)) {
		r->kind = MAP_KIND_STACK;
		put_name(w, "[stack]", 7);
	} else if (start == (u64)BPF_CORE_READ(mm, context.vdso)) {
		r->kind = MAP_KIND_SPECIAL;
		put_name(w, "[vdso]", 6);
	} else if (flags & (VM_PFNMAP_BIT | VM_IO_BIT | VM_MIXEDMAP_BIT)) {
		r->kind = MAP_KIND_SPECIAL;
		put_name(w, "[vvar]", 6);
	}
	r->nchunks = w->nchunks;
	r->h.size = w->off;
	if (w->off <= WORK_BYTES)
		emit(w->mem, w->off);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_maps, struct task_struct *task)
{
	struct task_state *st = bpf_task_storage_get(&tasks, task, 0, 0);
	struct work *w;
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	u64 now = bpf_ktime_get_ns();
	bool first = true;

	if (!st || st->flags & TASK_UNSEEN || !(w = work_begin(st, 0, false)))
		return 0;
	bpf_iter_task_vma_new(&it, task, 0);
	while ((vma = bpf_iter_task_vma_next(&it))) {
		put_region(st, w, vma, now, first);
		first = false;
	}
	bpf_iter_task_vma_destroy(&it);
	return 0;
}

/* Tick-based user and system time, scaled to the time that really ran, as getrusage does. */
static __always_inline void split_time(u64 run, u64 ut, u64 st, rec_u64 *ret_utime, rec_u64 *ret_stime)
{
	u64 part;

	if (!st) {
		part = 0;
	} else if (!ut) {
		part = run;
	} else {
		/* a 1024th is exact enough, and a product of two times would not fit */
		part = (run >> 10) * ((st << 10) / (st + ut));
	}
	*ret_stime = part;
	*ret_utime = run - part;
}

/*
 * A leader that has ended before is counted in signal_struct only when it is waited for (__exit_signal(), Linux 6.18),
 * another thread at its end.
 */
static __always_inline void cpu_times(struct task_struct *task, struct wire_exit *r)
{
	struct signal_struct *sig = BPF_CORE_READ(task, signal);
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	u64 ut = task->utime, st = task->stime, run = task->se.sum_exec_runtime;

	split_time(run, ut, st, &r->own_utime_ns, &r->own_stime_ns);
	ut += BPF_CORE_READ(sig, utime);
	st += BPF_CORE_READ(sig, stime);
	run += BPF_CORE_READ(sig, sum_sched_runtime);
	if (leader != task) {
		ut += BPF_CORE_READ(leader, utime);
		st += BPF_CORE_READ(leader, stime);
		run += BPF_CORE_READ(leader, se.sum_exec_runtime);
	}
	split_time(run, ut, st, &r->r.utime_ns, &r->r.stime_ns);
}

static __always_inline u32 limit_in_s(u64 limit) { return limit >> 32 ? 0 : (u32)limit; }

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_task_exit, struct task_struct *task)
{
	struct task_state *st = bpf_task_storage_get(&tasks, task, 0, 0);
	struct wire_shared *sh = shared_get();
	struct signal_struct *sig;
	struct wire_exit *r;

	if (!st || !sh)
		return 0;
	if (counting)
		count_switch(st);
	if (!(st->flags & TASK_MUTED)) {
		abandon_call(st, 0);
		put_usage(task, st, resident_peak(task, st));
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
		if (r) {
			sig = BPF_CORE_READ(task, signal);
			__builtin_memset(r, 0, sizeof(*r));
			r->r.h = (struct record){ sizeof(*r), WIRE_EXIT, 0, st->pid, st->tid, bpf_ktime_get_ns() };
			r->r.status = BPF_CORE_READ(sig, flags) & SIGNAL_GROUP_EXIT_BIT ?
					      BPF_CORE_READ(sig, group_exit_code) :
					      task->exit_code;
			r->whole = (BPF_CORE_READ(sig, flags) & SIGNAL_GROUP_EXIT_BIT) != 0;
			r->last = BPF_CORE_READ(sig, live.counter) == 0;
			r->helper = (st->flags & TASK_WORKER) != 0;
			if ((r->r.status & 0x7f) == SIGKILL_NR)
				r->r.cpu_limit = limit_in_s(BPF_CORE_READ(sig, rlim[RLIMIT_CPU_NR].rlim_max));
			cpu_times(task, r);
			bpf_ringbuf_submit(r, ring_flags());
		} else {
			lose(LOSS_RING);
		}
	}
	if (bpf_task_storage_delete(&tasks, task) != -ENOENT_NR)
		__sync_fetch_and_add(&sh->alive, -1ull);
	return 0;
}

/* ---- signals ---- */

__noinline int put_stop(struct task_state *current, const struct task_state *st, u32 signo, u32 flags)
{
	struct record_stop *r = NULL;

	if (!st)
		return 0;
	if (admitted(current))
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return 0;
	}
	*r = (struct record_stop){ { sizeof(*r), RECORD_STOP, (u16)flags, st->pid, st->tid, bpf_ktime_get_ns() },
				   (int)signo,
				   0 };
	bpf_ringbuf_submit(r, ring_flags());
	return 0;
}

static __always_inline bool stops(int signo) { return signo >= 19 && signo <= 22; }

/* What the default action is; see signal(7). */
static __always_inline u32 fate(int signo)
{
	return one_of_few((u32)signo, 1 << SIGCHLD_NR | 1 << SIGCONT_NR | 1 << 23 | 1 << 28) ? SIGNAL_IGNORED :
	       stops(signo)								      ? 0 :
												SIGNAL_FATAL;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal, int signo, struct kernel_siginfo *info, struct k_sigaction *ka)
{
	struct task_state *st = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);
	struct record_signal r;
	u64 handler;

	/* SIGKILL is shown by the exit; the kernel also "delivers" it to the other threads of an exit_group */
	if (!st || st->flags & TASK_UNSEEN || signo == SIGKILL_NR)
		return 0;
	handler = (u64)BPF_CORE_READ(ka, sa.sa_handler);
	if (BPF_CORE_READ(ka, sa.sa_flags) & SA_IMMUTABLE_BIT)
		return 0;	/* the kernel kills; a tracer by ptrace does not see it either */
	fill_signal(&r, st, bpf_get_current_task_btf(), signo, info,
		    handler > 1 ? 0 :
		    handler	? SIGNAL_IGNORED :
				  fate(signo));
	if ((u64)info > 1 && r.code > 0 && signo == SIGSYS_NR)
		put_place(st, r.h.ts_ns, BPF_CORE_READ(info, _sifields._sigsys._syscall),
			  BPF_CORE_READ(info, _sifields._sigsys._arch));
	else if ((u64)info > 1 && r.code > 0 && of_fault(signo))
		put_place(st, r.h.ts_ns, -1, 0);
	if ((u64)info > 1 && r.code > 0 && r.h.flags == SIGNAL_FATAL && (signo == SIGSYS_NR || of_fault(signo)))
		put_code(st, &r);
	put_signal(st, &r);
	if (stops(signo) && !handler)
		put_stop(st, st, (u32)signo, RECORD_STOP_GROUP);
	return 0;
}

enum { TRACE_SIGNAL_DELIVERED_RESULT = 0, TRACE_SIGNAL_IGNORED_RESULT = 1 };

SEC("tp_btf/signal_generate")
int BPF_PROG(on_generate, int signo, struct kernel_siginfo *info, struct task_struct *task, int group, int result)
{
	struct task_state *st, *sender;
	struct record_signal r;

	if (signo == SIGKILL_NR)
		return 0;
	st = bpf_task_storage_get(&tasks, task, 0, 0);
	if (!st || st->flags & TASK_UNSEEN)
		return 0;
	sender = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);
	if (signo == SIGCONT_NR)
		put_stop(sender, st, (u32)signo, RECORD_STOP_CONT | RECORD_STOP_GROUP);
	/*
	 * A signal that ends the process without a core dump is never delivered: where it is sent, it becomes SIGKILL
	 * for every thread (complete_signal()).
	 */
	if (result == TRACE_SIGNAL_DELIVERED_RESULT && !(st->flags & TASK_DYING) &&
	    BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT_BIT &&
	    BPF_CORE_READ(task, signal, group_exit_code) == signo) {
		st->flags |= TASK_DYING;
		fill_signal(&r, st, task, signo, info, SIGNAL_FATAL);
		put_signal(sender, &r);
	}
	if (result != TRACE_SIGNAL_IGNORED_RESULT)
		return 0;
	fill_signal(&r, st, task, signo, info, SIGNAL_IGNORED);
	/*
	 * What a call brings upon its own thread (SIGPIPE) is shown after it.  Others at once: the call that they come
	 * in may last for hours, or end with the process and never return.
	 */
	if (sender == st && st->in_call && !st->ignored.signo)
		st->ignored = r;
	else
		put_signal(sender, &r);
	return 0;
}
