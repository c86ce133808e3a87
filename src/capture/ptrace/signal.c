/* SPDX-License-Identifier: MIT */
/* Signal-delivery-stops: what becomes of a signal, and its record. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>

#include "capture/common/code.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"
#include "record/build.h"

enum { FATE_STOP = 1 << 12 };	/* beside SIGNAL_IGNORED and SIGNAL_FATAL; 0: a handler */

/*
 * Sent by the kernel for what the task itself has just done: not even the first process of a pid namespace is spared.
 */
static bool is_fault(int signo, const siginfo_t *si)
{
	switch (signo) {
	case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGTRAP: case SIGSYS:
		return si->si_code > 0;
	default:
		return false;
	}
}

/* The first process of its pid namespace, which no signal ends without a handler (SIGNAL_UNKILLABLE). */
static bool is_init(struct ptrace_source *s, const struct tracee *t)
{
	const struct tracee *leader = tracee_find(s, t->pid);

	return t->pid == 1 || (leader ? leader->ns_tid : proc_ns_tid(t->pid)) == 1;
}

static unsigned signal_fate(struct ptrace_source *s, struct tracee *t, int signo, const siginfo_t *si)
{
	uint64_t ignored, caught;

	if (!proc_dispositions(t->tid, &ignored, &caught) || caught >> (signo - 1) & 1)
		return 0;
	if (ignored >> (signo - 1) & 1)
		return SIGNAL_IGNORED;
	switch (signo) {
	case SIGCHLD: case SIGCONT: case SIGURG: case SIGWINCH:
		return SIGNAL_IGNORED;
	case SIGSTOP: case SIGTSTP: case SIGTTIN: case SIGTTOU:
		return FATE_STOP;
	default:
		return !is_fault(signo, si) && is_init(s, t) ? SIGNAL_IGNORED : SIGNAL_FATAL;
	}
}

static void look(struct tracee *t, siginfo_t *ret)
{
	if (ptrace(PTRACE_GETSIGINFO, t->tid, 0, ret) == 0)
		return;
	if (errno == ESRCH)
		t->state = TRACEE_GONE;
	memset(ret, 0, sizeof(*ret));
	ret->si_code = SI_KERNEL;	/* who sent it is not known */
}

void signal_hide_ignored(struct ptrace_source *s, struct tracee *t, int signo)
{
	unsigned fate;
	siginfo_t si;

	look(t, &si);
	fate = signal_fate(s, t, signo, &si);
	wait_signalled(s, t, fate & SIGNAL_IGNORED, fate == FATE_STOP);
}

static bool has_place(int signo, const siginfo_t *si)
{
	return si->si_code > 0 && (signo == SIGSEGV || signo == SIGBUS || signo == SIGILL || signo == SIGFPE ||
				   signo == SIGTRAP || signo == SIGSYS);
}

static void put_place(struct ptrace_source *s, const struct tracee *t, int signo, unsigned fate, const siginfo_t *si)
{
	struct record h;
	uint64_t ip;
	struct record_place *r = record_begin(&s->out.rec, RECORD_PLACE, sizeof(*r), (uint32_t)t->pid,
					      (uint32_t)t->tid, ptrace_now_ns());

	r->ip = (rec_u64)ptrace(PTRACE_PEEKUSER, t->tid, offsetof(struct user_regs_struct, rip), 0);
	r->nr = signo == SIGSYS ? si->si_syscall : -1;
	r->arch = signo == SIGSYS ? si->si_arch : 0;
	ip = r->ip;
	h = r->h;
	emitter_put(&s->out);
	if (fate == SIGNAL_FATAL)
		code_look(&h, ip, &s->out);
}

/*
 * The limit that such a signal is sent for; 0: of no limit.  That of CPU time has been raised by a second by then, for
 * the next signal (check_process_timers() in the kernel).
 */
static uint64_t limit_of(const struct tracee *t, int signo)
{
	struct rlimit limit = { 0 };

	if ((signo != SIGXCPU && signo != SIGXFSZ) ||
	    prlimit(t->pid, signo == SIGXCPU ? RLIMIT_CPU : RLIMIT_FSIZE, NULL, &limit) < 0)
		return 0;
	return signo == SIGXCPU && limit.rlim_cur ? limit.rlim_cur - 1 : limit.rlim_cur;
}

static void put_signal(struct ptrace_source *s, const struct tracee *t, int signo, unsigned fate, const siginfo_t *si)
{
	struct record_signal *r;

	r = record_begin(&s->out.rec, RECORD_SIGNAL, sizeof(*r), (uint32_t)t->pid, (uint32_t)t->tid, ptrace_now_ns());
	r->h.flags = (rec_u16)(fate & (SIGNAL_IGNORED | SIGNAL_FATAL));
	r->signo = signo;
	r->code = si->si_code;
	/*
	 * from a process; the kernel's own negative codes (SI_TIMER, SI_SIGIO…) have other things in the place of its
	 * pid
	 */
	if (si->si_code == SI_USER || si->si_code == SI_QUEUE || si->si_code == SI_TKILL || si->si_code == SI_MESGQ ||
	    (signo == SIGCHLD && si->si_code > 0)) {
		r->sender_pid = (rec_u32)si->si_pid;
		r->sender_uid = si->si_uid;
	} else if (signo == SIGSEGV || signo == SIGBUS || signo == SIGILL || signo == SIGFPE || signo == SIGTRAP) {
		r->addr = (rec_u64)si->si_addr;
	}
	if (!r->addr)
		r->addr = limit_of(t, signo);
	emitter_put(&s->out);
}

/* What has no fault to come back to is done once more: a call that a filter traps, int3. */
static void step_back(const struct tracee *t, int signo, const siginfo_t *si)
{
	uint64_t ip = (uint64_t)ptrace(PTRACE_PEEKUSER, t->tid, offsetof(struct user_regs_struct, rip), 0), back = 0;
	uint8_t last[2] = { 0 };

	if (signo == SIGSYS)
		back = 2;	/* syscall, sysenter, int $0x80 */
	else if (signo == SIGTRAP && si->si_code == SI_KERNEL && mem_read(t->tid, ip - 2, last, 2) == 2)
		back = last[1] == 0xcc ? 1 : 2;		/* int3, int $3 */
	if (back)
		ptrace(PTRACE_POKEUSER, t->tid, offsetof(struct user_regs_struct, rip), ip - back);
}

/*
 * While it is traced the kernel does not kill the first process of a pid namespace for a fault, so that a debugger can
 * go on with it (force_sig_info_to_task()): it would fault for ever.  Let go, it faults once more, and ends as
 * untraced.  Only its parent is notified of that end, which is ours only for the command itself: what it has used is
 * read before.
 */
static void let_it_end(struct ptrace_source *s, struct tracee *t, int signo, const siginfo_t *si)
{
	struct report used = { .tid = t->tid };

	resident_read(s, t);
	used.has_usage = proc_usage(t->tid, &used.usage);
	proc_times(t->pid, &used.utime_ns, &used.stime_ns);
	step_back(t, signo, si);
	if (ptrace(PTRACE_DETACH, t->tid, 0, 0) < 0 || t->tid == s->main_pid)
		t->state = TRACEE_GONE;
	else
		ptrace_ended(s, t, signo, &used);
}

void signal_stopped(struct ptrace_source *s, struct tracee *t, int signo)
{
	bool muted = t->muted;
	unsigned fate = 0;
	siginfo_t si;

	look(t, &si);
	if (!muted) {
		fate = signal_fate(s, t, signo, &si);
		wait_signalled(s, t, fate & SIGNAL_IGNORED, fate == FATE_STOP);
		if (has_place(signo, &si))
			put_place(s, t, signo, fate, &si);
	}
	if (fate == SIGNAL_FATAL && is_fault(signo, &si) && is_init(s, t)) {
		put_signal(s, t, signo, fate, &si);
		let_it_end(s, t, signo, &si);
		return;
	}
	t->stop_sig = signo;
	tracee_resume(s, t);
	if (!muted)
		put_signal(s, t, signo, fate, &si);
}
