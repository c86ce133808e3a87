/* SPDX-License-Identifier: MIT */
/*
 * Waits that only a handler may end.  The kernel drops an ignored signal where it is sent, unless the receiver is
 * traced (sig_ignored()): then it wakes the receiver up, and so does our own PTRACE_INTERRUPT.  Most calls are started
 * again as if nothing had been.  Those with a call_wait in their row are not: they report EINTR, and started again they
 * wait for their whole time.  So they are started again here (ERESTARTNOHAND: unless a handler really runs), and at the
 * end of their time, counted from the call the program made, they return what they return then.
 *
 * In a process with threads the signal that woke one may be taken by another: then there is no stop but that at the
 * call's exit, at which nothing tells whether a handler will run.  ERESTARTNOHAND leaves that to the kernel, and the
 * record of the call is held until it shows.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>

#include "abi/spec.h"
#include "base/macro.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

enum { KERNEL_ERESTARTSYS = 512, KERNEL_ERESTARTNOHAND = 514 };
enum { NO_LIMIT = 0, TICK_NS = 5000000, TAKEN_MAX = 16, FOUND_WITHIN_NS = 5000000 };

/* A call at whose end a task stands. */
struct ended { const struct call_wait *wait; bool narrow; unsigned nr; uint64_t args[6]; int64_t ret; };

static bool is_unwritten(unsigned limit)
{
	return limit >= WAIT_TIMESPEC_UNWRITTEN && limit <= WAIT_TIMEVAL32_UNWRITTEN;
}

bool wait_is_seen(const struct syscall_spec *spec)
{
	return spec->wait.limit != WAIT_NOT && !is_unwritten(spec->wait.limit);
}

static void set_ret(const struct tracee *t, int64_t ret)
{
	ptrace(PTRACE_POKEUSER, t->tid, offsetof(struct user_regs_struct, rax), ret);
}

/* False when t is at the end of no wait, or one that has ended by itself. */
static bool wait_ended(const struct tracee *t, struct ended *ret)
{
	struct __ptrace_syscall_info si;
	struct user_regs_struct r;
	unsigned arch;

	if (ptrace(PTRACE_GETREGS, t->tid, 0, &r) < 0 || (int64_t)r.orig_rax < 0 ||
	    ((int32_t)r.rax != -EINTR && (int32_t)r.rax != -KERNEL_ERESTARTNOHAND) ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(si), &si) < 0)
		return false;
	ret->ret = (int32_t)r.rax;
	arch = call_arch(si.arch, r.orig_rax, &ret->nr);
	ret->narrow = arch != ARCH_X86_64;
	if (arch == ARCH_I386)
		memcpy(ret->args, (uint64_t[]){ r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp }, sizeof(ret->args));
	else
		memcpy(ret->args, (uint64_t[]){ r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9 }, sizeof(ret->args));
	if (arch == ARCH_I386)
		call_unwrap(t, &ret->nr, ret->args);
	ret->wait = &syscall_spec(arch, ret->nr)->wait;
	return ret->wait->limit != WAIT_NOT;
}

/* ---- how long it may wait: ns, or NO_LIMIT ---- */

static uint64_t limit_at(pid_t tid, uint64_t addr, bool narrow, uint64_t unit_ns)
{
	int64_t wide[2];
	int32_t half[2];

	if (!addr)
		return NO_LIMIT;
	if (narrow && mem_read(tid, addr, half, sizeof(half)) == sizeof(half))
		memcpy(wide, (int64_t[]){ half[0], half[1] }, sizeof(wide));
	else if (narrow || mem_read(tid, addr, wide, sizeof(wide)) != sizeof(wide))
		return NO_LIMIT;
	if (wide[0] < 0 || wide[0] > UINT32_MAX || wide[1] < 0 || wide[1] >= 1000000000)
		return NO_LIMIT;
	return (uint64_t)wide[0] * 1000000000 + (uint64_t)wide[1] * unit_ns + 1;
}

static int option_of(const struct tracee *t, int fd, int option, void *value, socklen_t len)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0);
	_cleanup_close_ int sock = pidfd >= 0 ? (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0) : -1;

	return sock >= 0 ? getsockopt(sock, SOL_SOCKET, option, value, &len) : -1;
}

static uint64_t limit_of_socket(const struct tracee *t, uint64_t fd, int option)
{
	struct timeval tv;

	if (option_of(t, (int)fd, option, &tv, sizeof(tv)) < 0 || tv.tv_sec > UINT32_MAX)
		return NO_LIMIT;
	return (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000;
}

static uint64_t limit_of_ring(const struct tracee *t, const uint64_t args[6], unsigned flags_at)
{
	struct io_uring_getevents_arg arg;

	/* absolute: started again it ends at the same time; registered arguments: not looked at */
	if ((args[flags_at] & (IORING_ENTER_EXT_ARG | 0x20 /* ABS_TIMER */ | 0x40 /* EXT_ARG_REG */)) !=
		    IORING_ENTER_EXT_ARG ||
	    mem_read(t->tid, args[flags_at + 1], &arg, sizeof(arg)) != sizeof(arg))
		return NO_LIMIT;
	return limit_at(t->tid, arg.ts, false, 1);
}

static uint64_t limit_of(const struct tracee *t, const struct call_wait *w, const uint64_t args[6])
{
	uint64_t arg = args[w->arg], ns;

	switch ((enum wait_limit)w->limit) {
	case WAIT_MS:
		return (int32_t)arg < 0 ? NO_LIMIT : (uint64_t)(uint32_t)arg * 1000000 + 1;
	case WAIT_TIMESPEC: case WAIT_TIMESPEC_UNWRITTEN:
		return limit_at(t->tid, arg, false, 1);
	case WAIT_TIMESPEC32: case WAIT_TIMESPEC32_UNWRITTEN:
		return limit_at(t->tid, (uint32_t)arg, true, 1);
	case WAIT_TIMEVAL_UNWRITTEN:
		return limit_at(t->tid, arg, false, 1000);
	case WAIT_TIMEVAL32_UNWRITTEN:
		return limit_at(t->tid, (uint32_t)arg, true, 1000);
	case WAIT_RECV:
		return limit_of_socket(t, arg, SO_RCVTIMEO);
	case WAIT_SEND:
		return limit_of_socket(t, arg, SO_SNDTIMEO);
	case WAIT_SPLICE:
		ns = limit_of_socket(t, arg, SO_RCVTIMEO);
		return ns != NO_LIMIT ? ns : limit_of_socket(t, args[w->arg + 2], SO_SNDTIMEO);
	case WAIT_IO_URING:
		return limit_of_ring(t, args, w->arg);
	case WAIT_NOT: case WAIT_ENDLESS:
		break;
	}
	return NO_LIMIT;
}

/* What the call returns when its time is over: connect to a unix socket waits for room in a queue (unix(7)). */
static int64_t result_of(const struct tracee *t, const struct ended *e)
{
	int domain = 0;

	if (e->wait->result == -EINPROGRESS &&
	    option_of(t, (int)e->args[e->wait->arg], SO_DOMAIN, &domain, sizeof(domain)) == 0 && domain == AF_UNIX)
		return -EAGAIN;
	return e->wait->result;
}

/* ---- the clock ---- */

/* SIGALRM to this thread alone until no time is left to end: one that comes just before wait4() comes again. */
static void set_clock(struct ptrace_source *s, uint64_t in_ns)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	const struct itimerspec it = {
		.it_value = { (time_t)(in_ns / 1000000000), (long)(in_ns % 1000000000) }, .it_interval = { 0, in_ns ? TICK_NS : 0 },
	};

	ev._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (!s->has_timer && timer_create(CLOCK_MONOTONIC, &ev, &s->timer) < 0)
		return;
	s->has_timer = true;
	timer_settime(s->timer, 0, &it, NULL);
}

static void set_end(struct ptrace_source *s, uint64_t until, uint64_t now)
{
	if (s->next_end_ns && s->next_end_ns <= until)
		return;
	s->next_end_ns = until;
	set_clock(s, until > now ? until - now : 1);
}

void wait_clock(struct ptrace_source *s)
{
	uint64_t now = ptrace_now_ns();

	if (now < s->next_end_ns)
		return;
	s->next_end_ns = 0;
	for (struct tracee *t = s->tracees; t; t = t->hh.next) {
		if (!t->wait.until_ns || tracee_is_gone(t))
			continue;
		/* it stops at the call's exit, then for us: wait_hide() */
		if (t->wait.until_ns <= now && t->wait.inside && t->state == TRACEE_RUNNING && !t->interrupted &&
		    ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) == 0)
			t->interrupted = true;
		if (!s->next_end_ns || t->wait.until_ns < s->next_end_ns)
			s->next_end_ns = t->wait.until_ns > now ? t->wait.until_ns : now + TICK_NS;
	}
	set_clock(s, s->next_end_ns ? s->next_end_ns - now : 0);
}

void wait_done(struct ptrace_source *s)
{
	if (s->has_timer)
		timer_delete(s->timer);
	s->has_timer = false;
}

/* ---- stops ---- */

static void settle(struct ptrace_source *s, struct tracee *t, int64_t ret)
{
	if (!t->wait.held)
		return;
	t->wait.held = false;
	call_put(s, t, ret == -KERNEL_ERESTARTNOHAND ? CALL_RESTARTED : 0, ret, t->wait.held_ns);
}

void wait_before_entry(struct ptrace_source *s, struct tracee *t)
{
	if (!t->wait.held)
		return;
	/* started again though no signal came to this thread: another one took it */
	t->wait.ntaken++;
	settle(s, t, -KERNEL_ERESTARTNOHAND);
}

void wait_entered(struct tracee *t)
{
	struct wait *w = &t->wait;
	bool waits = syscall_spec(t->arch, t->nr)->wait.limit != WAIT_NOT, again = w->again && waits && w->nr == t->nr;

	if (!again)
		*w = (struct wait){ .since_ns = waits ? t->enter_ns : 0, .nr = t->nr };
	w->again = w->asked = false;
	w->inside = waits;
	t->exit_due = (waits && (again || t->threaded)) || t->entered;
}

void wait_limited(struct ptrace_source *s, const struct tracee *t)
{
	static const int options[] = { WAIT_SOCKET_OPTIONS };

	if (!s->opt->chosen || syscall_spec(t->arch, t->nr)->effect != FX_SETSOCKOPT || (int)t->args[1] != SOL_SOCKET)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if ((int)t->args[2] == options[i])
			ptrace_stop_always(s, t->files);
}

void wait_found(struct tracee *t, unsigned nr, uint64_t since_ns)
{
	/* known to some milliseconds: too late is right for a time limit, too early is not */
	t->wait = (struct wait){ .since_ns = since_ns + FOUND_WITHIN_NS, .nr = nr };
}

/*
 * EINTR without a signal-stop comes from a signal that another thread took, or was made up (a seccomp filter's errno):
 * that comes each time.
 */
static bool may_be_taken(const struct tracee *t, const struct call_wait *row)
{
	if (row->limit == WAIT_NOT || t->wait.ntaken >= TAKEN_MAX)
		return false;
	/* those of a descriptor report ERESTARTSYS, but for a socket with a timeout */
	return (row->limit != WAIT_RECV && row->limit != WAIT_SEND && row->limit != WAIT_SPLICE) ||
	       limit_of(t, row, t->args) != NO_LIMIT;
}

/*
 * The kernel starts io_pgetevents again by itself, and sendfile that has not begun to wait (ERESTARTSYS): with all of
 * its time.
 */
static bool starts_anew(const struct call_wait *row, int64_t ret, int64_t code)
{
	return ret == -code && row->limit != WAIT_NOT && row->limit != WAIT_ENDLESS && !is_unwritten(row->limit);
}

bool wait_left(struct tracee *t, int64_t ret)
{
	const struct call_wait *row = &syscall_spec(t->arch, t->nr)->wait;
	struct wait *w = &t->wait;

	t->exit_due = false;
	w->inside = false;
	if ((ret == -EINTR && (t->interrupted || may_be_taken(t, row))) ||
	    starts_anew(row, ret, KERNEL_ERESTARTNOHAND)) {
		/*
		 * The code means something only where the kernel looks for signals: our interrupt makes it look.  One
		 * that came before this stop is no more (any trap clears a pending one: ptrace_stop()).
		 */
		if (ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0)
			return false;
		t->interrupted = true;
		w->again = true;
		w->asked = ret == -EINTR;
		if (w->asked)
			set_ret(t, -KERNEL_ERESTARTNOHAND);
	} else if (ret != -KERNEL_ERESTARTNOHAND || row->limit == WAIT_NOT || is_unwritten(row->limit)) {
		if (starts_anew(row, ret, KERNEL_ERESTARTSYS))
			w->again = true;
		else if (ret != -EINTR)
			*w = (struct wait){ 0 };
		return false;
	}
	w->held = t->in_call;
	w->held_ns = ptrace_now_ns();
	return w->held;
}

void wait_hide(struct ptrace_source *s, struct tracee *t)
{
	struct wait *w = &t->wait;
	uint64_t limit, now;
	struct ended e;

	if (w->over || !wait_ended(t, &e) ||
	    (e.ret == -KERNEL_ERESTARTNOHAND && is_unwritten(e.wait->limit) && !w->asked))
		return;
	now = ptrace_now_ns();
	limit = w->until_ns ? 0 : limit_of(t, e.wait, e.args);
	if (limit != NO_LIMIT)
		w->until_ns = (w->nr == e.nr && w->since_ns ? w->since_ns : now) + limit;
	if (w->until_ns && w->until_ns <= now) {
		int64_t result = result_of(t, &e);

		set_ret(t, result);
		settle(s, t, result);
		*w = (struct wait){ 0 };
		return;
	}
	if (e.ret != -KERNEL_ERESTARTNOHAND) {
		set_ret(t, -KERNEL_ERESTARTNOHAND);
		w->asked = true;
	}
	w->again = true;
	w->nr = e.nr;
	t->exit_due = true;
	if (w->until_ns)
		set_end(s, w->until_ns, now);
}

void wait_signalled(struct ptrace_source *s, struct tracee *t, bool ignored, bool stops)
{
	if (ignored) {
		t->wait.ntaken = 0;
		wait_hide(s, t);
		settle(s, t, -KERNEL_ERESTARTNOHAND);
		return;
	}
	/*
	 * A stop ends these calls with EINTR, traced or not (signal(7)), and the SIGCONT after it does not change that.
	 */
	if (stops && t->wait.asked)
		set_ret(t, -EINTR);
	settle(s, t, -EINTR);
	t->wait = (struct wait){ .over = true };
	t->exit_due = false;
}
