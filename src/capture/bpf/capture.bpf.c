/* System calls, processes, signals: one program per kernel event, whatever the call. */
#include "capture/bpf/facts.bpf.h"
#include "capture/bpf/find.bpf.h"
#include "capture/bpf/hold.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, WIRE_RAW + 1); __uint(map_flags, BPF_F_MMAPABLE); __type(key, u32); __type(value, struct wire_plan); } plans SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, UNWRAPS); __type(key, u32); __type(value, struct wire_unwrap); } unwraps SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, u32); } cgroups SEC(".maps");

const volatile unsigned payload_bytes = 0;
const volatile bool all_calls = false;

enum { CLONE_VFORK_BIT = 0x4000, CLONE_VM_BIT = 0x100, NR_CLONE = 56, NR_FORK = 57, NR_VFORK = 58, NR_CLONE3 = 435, NR_EXECVE = 59, NR_RESTART_SYSCALL = 219, ERESTART_BLOCK = -516,
       NR32_CLONE = 120, NR32_VFORK = 190, ERESTART_FIRST = -516, ERESTART_LAST = -512 };

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

struct call_words { u64 v[6]; };

/* Of a call with these arguments.  This and run_plan() are not static, so that the verifier goes through them once. */
__noinline int cond_met(const struct wire_cond *c, const struct call_words *args)
{
	u32 v = 0;
	bool hit = false;

	if (!c || !args)
		return 0;
	for (int i = 0; i < 6; i++)
		if (i == c->arg)
			v = (u32)args->v[i] & c->mask;
	for (u32 i = 0; i < COND_VALS && i < c->n && !hit; i++)
		hit = v == c->vals[i];
	return !c->n || hit != (c->invert != 0);
}

static __always_inline void fill_call(struct record_call *r, const struct task_state *st, u32 flags, u64 exit_ns, s64 ret, u32 size, u32 nchunks)
{
	r->h = (struct record){ size, RECORD_CALL, (u16)(flags | (st->split ? WIRE_SPLIT : 0)), st->pid, st->tid, st->enter_ns };
	r->exit_ns = exit_ns;
	r->nr = st->nr;
	r->arch = st->arch;
	r->pad = 0;
	r->nchunks = (u16)nchunks;
	__builtin_memcpy(r->args, st->args, sizeof(r->args));
	r->ret = ret;
}

/* The record of st's call, with chunks that stand in w after the body. */
static __noinline void emit_call(struct task_state *st, struct work *w, u32 flags, u64 exit_ns, s64 ret)
{
	u32 size = w->off;

	st->in_call = 0;
	if (size < BODY || size > WORK_BYTES)
		return;
	fill_call((struct record_call *)w->mem, st, flags, exit_ns, ret, size, w->nchunks);
	emit_ordinary(st, w->mem, size);
}

static __always_inline void emit_bare_call(struct task_state *st, u32 flags, u64 exit_ns, s64 ret)
{
	struct record_call *r = NULL;

	st->in_call = 0;
	if (admitted(st))
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return;
	}
	fill_call(r, st, flags, exit_ns, ret, sizeof(*r), 0);
	bpf_ringbuf_submit(r, ring_flags());
}

static __always_inline struct work *work_begin(const struct task_state *st, s64 ret, bool leave)
{
	struct work *w = work_get();

	if (!w)
		return NULL;
	__builtin_memcpy(w->args, st->args, sizeof(w->args));
	w->ret = ret;
	w->off = BODY;
	w->nchunks = 0;
	w->payload = payload_bytes;
	w->compat = st->arch != ARCH_X86_64;
	w->leave = leave;
	w->packs = false;
	w->flags = leave ? CHUNK_AT_EXIT : 0;
	w->faulted = 0;
	return w;
}

/*
 * Copies by w->plan; `only`: a set of arguments.  With put_off, an argument that faults leaves no chunk but a bit in
 * w->faulted.
 */
__noinline int run_plan(u32 only, u32 put_off)
{
	struct work *w = work_get();

	if (!w)
		return 0;
	for (u32 i = 0; i < 6; i++) {
		u32 off = w->off, nchunks = w->nchunks;

		if (!(only & 1u << i) || !w->plan[i].op || !w->args[i])
			continue;
		if (copy_arg(i) && put_off) {
			w->faulted |= 1u << i;
			w->off = off;
			w->nchunks = nchunks;
		}
	}
	return 0;
}

static __always_inline void copy_by(struct work *w, const struct plan_arg *plan, u32 only, bool put_off)
{
	__builtin_memcpy(w->plan, plan, sizeof(w->plan));
	run_plan(only, put_off);
}

/* Both read and written by the kernel: what was there before the call cannot be had any more. */
static __always_inline u32 overwritten(const struct capture_plan *p)
{
	u32 set = 0;

	for (int i = 0; i < 6; i++)
		if (p->enter[i].op && p->leave[i].op && p->leave[i].op != PLAN_REAL && p->leave[i].op != PLAN_DEREF)
			set |= 1u << i;
	return set;
}

static __always_inline void enter_with_memory(struct task_state *st, const struct wire_plan *p)
{
	struct work *w = work_begin(st, 0, false);
	u32 len;

	if (!w)
		return;
	w->packs = p->exec;
	copy_by(w, p->plan.enter, 0x3f, p->plan.exit);
	st->faulted = w->faulted & ~overwritten(&p->plan);
	len = w->off - BODY;
	if (!p->plan.exit) {
		emit_call(st, w, CALL_NO_EXIT, 0, 0);
		return;
	}
	if (len <= WIRE_INLINE && !p->exec) {
		bpf_probe_read_kernel(st->chunks, len, w->mem + BODY);
		st->len = len;
		st->nchunks = (u16)w->nchunks;
	} else if (w->off <= WORK_BYTES - BODY) {
		/* too long to keep: on its way now, the reader joins it with the rest */
		struct wire_part *part = (struct wire_part *)(w->mem + BODY - sizeof(*part));
		u32 size = w->off - (BODY - sizeof(*part));

		if (size > WORK_BYTES - BODY)
			return;
		*part = (struct wire_part){ { size, WIRE_ENTRY, 0, st->pid, st->tid, st->enter_ns }, w->nchunks, len };
		st->split = 1;
		emit_ordinary(st, part, size);
	}
}

/* i386 calls that stand for another: socketcall, ipc, and those with their arguments in memory. */
static __noinline u32 unwrap(u32 nr, u64 *args)
{
	u32 call = (u32)args[0], at = nr == 82 ? 0 : nr == 90 ? 1 : nr == 102 ? UNWRAP_SOCKETCALL + call : UNWRAP_IPC + call, v[6] = { 0 };
	const struct wire_unwrap *u;

	if ((nr == 102 || nr == 117) && call >= UNWRAP_SOCKETCALL_MAX)
		return nr;
	u = bpf_map_lookup_elem(&unwraps, &at);
	if (!u || !u->nr)
		return nr;
	if (u->nwords) {
		u32 n = u->nwords * 4;

		if (n > sizeof(v) || bpf_probe_read_user(v, n, (void *)args[nr == 102 ? 1 : 0]))
			return nr;
	} else {
		for (int i = 0; i < 5; i++)
			for (int k = 1; k < 6; k++)
				if (u->from[i] == k)
					v[i] = (u32)args[k];
	}
	for (int i = 0; i < 6; i++)
		args[i] = v[i];
	return u->nr;
}

static __always_inline void enter(struct task_struct *task, struct task_state *st, struct pt_regs *regs, u32 nr)
{
	const struct wire_plan *p;
	bool narrow = compat_task(task);
	u32 at;

	st->in_call = 0;
	st->seen = 1;
	st->arch = narrow ? ARCH_I386 : ARCH_X86_64;
	if (!narrow && (nr & 0x40000000) && (s32)nr >= 0) {
		nr &= ~0x40000000u;
		st->arch = ARCH_X32;
	}
	if (st->flags & TASK_UNSEEN) {
		if (st->flags & TASK_HIDDEN || narrow || nr != NR_EXECVE)
			return;
		st->flags &= ~TASK_MUTED;
	}
	if (narrow) {
		st->args[0] = (u32)regs->bx; st->args[1] = (u32)regs->cx; st->args[2] = (u32)regs->dx;
		st->args[3] = (u32)regs->si; st->args[4] = (u32)regs->di; st->args[5] = (u32)regs->bp;
		if (nr == 82 || nr == 90 || nr == 102 || nr == 117)
			nr = unwrap(nr, st->args);
	}
	if (nr == (narrow ? 0 : NR_RESTART_SYSCALL) && st->resume_nr)
		nr = st->resume_nr - 1;
	at = nr < WIRE_CALLS ? (narrow ? WIRE_CALLS : 0) + nr : WIRE_RAW;
	p = bpf_map_lookup_elem(&plans, &at);
	if (!p || !p->plan.wanted)
		return;
	if (!narrow) {
		st->args[0] = regs->di; st->args[1] = regs->si; st->args[2] = regs->dx;
		st->args[3] = regs->r10; st->args[4] = regs->r8; st->args[5] = regs->r9;
	}
	if (p->when.n && !cond_met(&p->when, (const struct call_words *)st->args))
		return;
	st->nr = nr;
	st->len = 0;
	st->nchunks = 0;
	st->faulted = 0;
	st->split = 0;
	st->enter_ns = bpf_ktime_get_ns();
	st->in_call = 1;
	if (p->any_enter)
		enter_with_memory(st, p);
	else if (!p->plan.exit)
		emit_bare_call(st, CALL_NO_EXIT, 0, 0);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_enter, struct pt_regs *regs, long id)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *st = traced(task);

	if (st)
		enter(task, st, regs, (u32)id);
	return 0;
}

static __always_inline bool dying(struct task_struct *task)
{
	return task->pending.signal.sig[0] & 1ul << (SIGKILL_NR - 1) || BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT_BIT;
}

static __always_inline u32 plan_index(const struct task_state *st)
{
	return st->nr < WIRE_CALLS ? (st->arch == ARCH_I386 ? WIRE_CALLS : 0) + st->nr : WIRE_RAW;
}

static __always_inline bool from_process(int code, int signo)
{
	/* SI_USER, SI_QUEUE, SI_MESGQ, SI_TKILL; other negative codes have other things in the place of the pid */
	return code == 0 || code == -1 || code == -3 || code == -6 || (signo == SIGCHLD_NR && code > 0);
}

/* The current process as the receiver's pid namespace has it, as in any si_pid: 0 where it is not in there. */
static __always_inline u32 number_there(struct task_struct *to)
{
	struct pid *pid = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader, thread_pid), *own = BPF_CORE_READ(to, thread_pid);
	u32 level = BPF_CORE_READ(own, level);

	if (BPF_CORE_READ(pid, level) < level || upid_ns(pid, level) != upid_ns(own, level))
		return 0;
	return upid_number(pid, level);
}

static __always_inline void fill_signal(struct record_signal *r, const struct task_state *st, struct task_struct *to, int signo, struct kernel_siginfo *info, u32 fate)
{
	*r = (struct record_signal){ .h = { sizeof(*r), RECORD_SIGNAL, (u16)fate, st->pid, st->tid, bpf_ktime_get_ns() }, .signo = signo };
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

/* A path that ends as PLAN_NAME_FILE was opened: its chunk is the first.  Longer ones than are kept here lead there by detours only. */
static __always_inline bool opened_name(const struct task_state *st)
{
	static const char end[] = PLAN_NAME_FILE;
	enum { N = sizeof(end) - 1 };
	u32 n = ((const struct record_chunk *)st->chunks)->len;
	char got[N] = { 0 };

	if (st->len <= sizeof(struct record_chunk) || n <= N || n > WIRE_INLINE - sizeof(struct record_chunk))
		return false;
	bpf_probe_read_kernel(got, N, st->chunks + sizeof(struct record_chunk) + n - N);
	for (int i = 0; i < N; i++)
		if (got[i] != end[i])
			return false;
	return true;
}

/* A write that may give a thread its name. */
static __noinline void emit_named(struct task_state *st, u32 arg, u32 flags, u64 now, s64 ret)
{
	struct work *w = work_begin(st, ret, false);

	if (!w || arg > 5)
		return;
	st->names--;
	copy_bytes(arg, w->args[arg], (u64)ret, PLAN_NAME_MAX);
	emit_call(st, w, flags, now, ret);
}

/* What is to be asked about descriptors after this call; enum fd_ask. */
static __always_inline u32 question(const struct task_state *st, const struct wire_plan *p, bool answered, long ret)
{
	u32 ask = p->plan.ask;
	struct wire_shared *sh;

	if (answered && p->plan.returns_fd)
		return ASK_RETURNED;
	if (ask == ASK_KIND)
		return is_plain((u32)ret) ? ASK_NOTHING : ask;
	if (ask == ASK_EVENTS && (!(sh = shared_get()) || !sh->fanotify))
		return ASK_NOTHING;
	return ask && p->ask_when.n && !cond_met(&p->ask_when, (const struct call_words *)st->args) ? ASK_NOTHING : ask;
}

enum { LEAVE_ASK_MASK = 0xff, LEAVE_RESTARTED = 0x100, LEAVE_ANSWERED = 0x200 };

/* With what is copied after the call, or what the kernel is asked then.  how: enum fd_ask and LEAVE_*. */
__noinline int leave_with_memory(struct task_state *st, u32 how, u64 now, s64 ret)
{
	const struct wire_plan *p;
	struct work *w;
	u32 at, len;

	if (!st)
		return 0;
	at = plan_index(st);
	p = bpf_map_lookup_elem(&plans, &at);
	if (!p || !(w = work_begin(st, ret, true)))
		return 0;
	len = st->len;
	if (len && len <= WIRE_INLINE) {
		bpf_probe_read_kernel(w->mem + BODY, len, st->chunks);
		w->off += len;
		w->nchunks = st->nchunks;
	}
	if (st->faulted) {
		w->leave = 0;
		w->flags = 0;
		copy_by(w, p->plan.enter, st->faulted, false);
		w->leave = 1;
		w->flags = CHUNK_AT_EXIT;
	}
	if (ret >= 0 && p->any_leave)
		copy_by(w, p->plan.leave, 0x3f, false);
	if (how & LEAVE_ASK_MASK) {
		w->multiple = p->plan.leave[1].op == PLAN_MMSGHDR;
		ask_kernel(how & LEAVE_ASK_MASK, p->plan.ask_arg, how & LEAVE_ANSWERED && p->plan.returns_fd);
	}
	emit_call(st, w, how & LEAVE_RESTARTED ? CALL_RESTARTED : 0, now, ret);
	return 0;
}

/* answered: by a seccomp supervisor, which may have put a descriptor in place of the kernel's own. */
static __always_inline void leave(struct task_struct *task, struct task_state *st, long ret, bool answered)
{
	u32 ask = ASK_NOTHING;
	const struct wire_plan *p;
	u32 at, flags = 0, len;
	u64 now;

	if (st->arch == ARCH_I386)
		ret = (s32)ret;
	if (ret <= ERESTART_LAST && ret >= ERESTART_FIRST) {
		if (dying(task))
			return;	/* it will not come back from this call */
		flags = CALL_RESTARTED;
		if (ret == ERESTART_BLOCK)
			st->resume_nr = st->nr + 1;
	}
	now = bpf_ktime_get_ns();
	at = plan_index(st);
	p = bpf_map_lookup_elem(&plans, &at);
	len = st->len;
	if (p && p->plan.opens && ret >= 0 && opened_name(st))
		st->names = PLAN_NAMES;
	if (p && st->names && p->plan.names && ret > 0) {
		emit_named(st, p->plan.names - 1, flags, now, ret);
		return;
	}
	if (p && (plan_asks(&p->plan, ret) || (answered && ret >= 0)))
		ask = question(st, p, answered, ret);
	if (!p || (!len && !st->faulted && !ask && !(ret >= 0 && p->any_leave))) {
		emit_bare_call(st, flags, now, ret);
		return;
	}
	leave_with_memory(st, ask | (flags ? LEAVE_RESTARTED : 0) | (answered ? LEAVE_ANSWERED : 0), now, ret);
}

/* A seccomp filter's refusal comes before sys_enter; sys_exit comes all the same. */
static __noinline void refused(struct task_struct *task, struct task_state *st, struct pt_regs *regs, long ret)
{
	s32 nr = (s32)BPF_CORE_READ(regs, orig_ax);

	/* RET_TRAP and RET_KILL put the registers back: there is no result, but a SIGSYS */
	if (nr >= 0 && !(ret == nr && task->pending.signal.sig[0] & 1ul << (SIGSYS_NR - 1)))
		enter(task, st, regs, (u32)nr);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *st = bpf_task_storage_get(&tasks, task, 0, 0);
	bool answered;

	if (!st)
		return 0;
	answered = !st->seen;
	if (answered)
		refused(task, st, regs, ret);
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
	if (!cs) {
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
	r->h = (struct record){ sizeof(*r), RECORD_FORK, 0, cs ? cs->pid : task_pid(child), cs ? cs->tid : task_tid(child), bpf_ktime_get_ns() };
	r->parent_pid = st->pid;
	r->parent_tid = st->tid;
	r->clone_flags = clone_flags(parent);
	r->ns_tid = pid_number(BPF_CORE_READ(child, thread_pid), true);
	r->nchunks = 0;
	bpf_ringbuf_submit(r, ring_flags());
	return 0;
}

/*
 * Threads that the kernel makes in a program (io_uring's SQPOLL and workers, vhost's) have no sched_process_fork and make no calls,
 * but the process has not ended before they have.
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
	*r = (struct record_exec){ { w->off, WIRE_EXEC, st->flags & TASK_HIDDEN ? WIRE_HIDDEN : 0, st->pid, st->tid, bpf_ktime_get_ns() }, old, w->nchunks, 0 };
	st->faulted = 0;		/* the old memory is gone */
	owe(st);
	if (w->off <= WORK_BYTES)
		emit(w->mem, w->off);
	return 0;
}

/* ---- the new address space, where the kernel lets us walk it (6.7) ---- */

struct bpf_iter_task_vma { u64 opaque[1]; } __attribute__((aligned(8)));
extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task, u64 addr) __ksym;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym;

enum { VM_READ_BITS = 7, VM_MAYSHARE_BIT = 0x80, VM_PFNMAP_BIT = 0x400, VM_IO_BIT = 0x4000, VM_MIXEDMAP_BIT = 0x10000000, MAP_SHARED_BIT = 1, MAP_PRIVATE_BIT = 2 };

static __always_inline void put_name(struct work *w, const char *name, u32 len)
{
	struct record_chunk *c = chunk_at(w);

	if (!c)
		return;
	bpf_probe_read_kernel(c + 1, len, name);
	chunk_done(w, c, 0, PART_PATH, 0, len);
}

static __noinline void put_region(struct task_state *st, struct work *w, struct vm_area_struct *vma, u64 ts_ns, bool first)
{
	struct record_map *r = (struct record_map *)w->mem;
	struct mm_struct *mm = vma->vm_mm;
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

static __always_inline void abandon_call(struct task_state *st, u32 flags)
{
	if (!st->in_call)
		return;
	struct work *w = work_begin(st, 0, true);
	u32 len = st->len;

	if (!w)
		return;
	if (len && len <= WIRE_INLINE) {
		bpf_probe_read_kernel(w->mem + BODY, len, st->chunks);
		w->off += len;
		w->nchunks = st->nchunks;
	}
	emit_call(st, w, CALL_UNFINISHED | flags, bpf_ktime_get_ns(), 0);
}

/* Tick-based user and system time, scaled to the time that really ran, as getrusage does. */
static __always_inline void cpu_times(struct task_struct *task, u64 *ret_utime, u64 *ret_stime)
{
	struct signal_struct *sig = BPF_CORE_READ(task, signal);
	u64 ut = task->utime + BPF_CORE_READ(sig, utime), st = task->stime + BPF_CORE_READ(sig, stime);
	u64 run = task->se.sum_exec_runtime + BPF_CORE_READ(sig, sum_sched_runtime), part;

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

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_task_exit, struct task_struct *task)
{
	struct task_state *st = bpf_task_storage_get(&tasks, task, 0, 0);
	struct wire_shared *sh = shared_get();
	struct signal_struct *sig;
	struct wire_exit *r;

	if (!st || !sh)
		return 0;
	if (!(st->flags & TASK_MUTED)) {
		abandon_call(st, 0);
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
		if (r) {
			sig = BPF_CORE_READ(task, signal);
			__builtin_memset(r, 0, sizeof(*r));
			r->r.h = (struct record){ sizeof(*r), WIRE_EXIT, 0, st->pid, st->tid, bpf_ktime_get_ns() };
			r->r.status = BPF_CORE_READ(sig, flags) & SIGNAL_GROUP_EXIT_BIT ? BPF_CORE_READ(sig, group_exit_code) : task->exit_code;
			r->whole = (BPF_CORE_READ(sig, flags) & SIGNAL_GROUP_EXIT_BIT) != 0;
			r->last = BPF_CORE_READ(sig, live.counter) == 0;
			r->helper = (st->flags & TASK_WORKER) != 0;
			cpu_times(task, &r->r.utime_ns, &r->r.stime_ns);
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

static __always_inline void put_stop(struct task_state *current, const struct task_state *st, int signo, u32 flags)
{
	struct record_stop *r = NULL;

	if (admitted(current))
		r = bpf_ringbuf_reserve(&events, sizeof(*r), 0);
	if (!r) {
		lose(LOSS_RING);
		return;
	}
	*r = (struct record_stop){ { sizeof(*r), RECORD_STOP, (u16)flags, st->pid, st->tid, bpf_ktime_get_ns() }, signo, 0 };
	bpf_ringbuf_submit(r, ring_flags());
}

static __always_inline bool stops(int signo) { return signo >= 19 && signo <= 22; }

/* What the default action is; see signal(7). */
static __always_inline u32 fate(int signo)
{
	return signo == SIGCHLD_NR || signo == SIGCONT_NR || signo == 23 || signo == 28 ? SIGNAL_IGNORED : stops(signo) ? 0 : SIGNAL_FATAL;
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
	fill_signal(&r, st, bpf_get_current_task_btf(), signo, info, handler > 1 ? 0 : handler ? SIGNAL_IGNORED : fate(signo));
	put_signal(st, &r);
	if (stops(signo) && !handler)
		put_stop(st, st, signo, RECORD_STOP_GROUP);
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
		put_stop(sender, st, signo, RECORD_STOP_CONT | RECORD_STOP_GROUP);
	/*
	 * A signal that ends the process without a core dump is never delivered: where it is sent, it becomes SIGKILL for
	 * every thread (complete_signal()).
	 */
	if (result == TRACE_SIGNAL_DELIVERED_RESULT && !(st->flags & TASK_DYING) && BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT_BIT &&
	    BPF_CORE_READ(task, signal, group_exit_code) == signo) {
		st->flags |= TASK_DYING;
		fill_signal(&r, st, task, signo, info, SIGNAL_FATAL);
		put_signal(sender, &r);
	}
	if (result != TRACE_SIGNAL_IGNORED_RESULT)
		return 0;
	fill_signal(&r, st, task, signo, info, SIGNAL_IGNORED);
	if (st->in_call && !st->ignored.signo)
		st->ignored = r;
	else if (st->ignored.signo != signo)	/* one of a kind can be pending */
		put_signal(sender, &r);
	return 0;
}

/* ---- over all tasks, when the tracer asks ---- */

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
	if (st->in_call)
		abandon_call(st, CALL_RUNNING);
	else if (!(st->flags & TASK_HIDDEN) && found_in_call(task, st))	/* one that nobody asked for */
		emit_bare_call(st, CALL_UNFINISHED | CALL_RUNNING | WIRE_FOUND, st->enter_ns, 0);
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
