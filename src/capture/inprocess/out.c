/* SPDX-License-Identifier: MIT */
/* The ways out of the stubs: for a thread that stands in one, for a text with jumps in it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/process.h"
#include "capture/inprocess/inside.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/mem.h"
#include "capture/ptrace/ptrace.h"

/* For how long a thread is waited for that is asked to stop: deep in a file system it does not. */
enum { PATIENCE_NS = 300000000, NAP_NS = 30000, SYS_SECCOMP_CODE = 1 };

int space_memory(pid_t tid)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/mem", (int)tid);
	return open(name, O_RDWR | O_CLOEXEC);
}

/* ---- a thread ---- */

static void restore_stash(const struct tracee *t, struct stub_undo *u, struct user_regs_struct *r)
{
	struct stub_stash was;

	if (mem_read(t->tid, r->fs_base + STUB_STASH, &was, sizeof(was)) != sizeof(was))
		return;
	u->ret = (int64_t)was.ret;
	if (!u->stashed)
		return;
	r->rdi = was.rdi, r->rsi = was.rsi, r->rdx = was.rdx, r->r10 = was.r10, r->r8 = was.r8;
}

/* What it had when it came to the spring, where that is stored before anything is changed. */
static void restore_r11(const struct tracee *t, const struct space_site *site, struct user_regs_struct *r)
{
	unsigned long long was;

	if (site->stored && mem_read(t->tid, r->rsp + STUB_R11, &was, sizeof(was)) == sizeof(was))
		r->r11 = was;
}

static void undone(struct ptrace_source *s, struct tracee *t, const struct space_site *site, struct stub_undo *u,
		   struct user_regs_struct *r)
{
	r->rdx = u->rdx;	/* before those of the stash */
	if (u->taken && !u->put)
		ring_void(&t->space->ring, u->slot);
	if (!u->made) {
		t->stub_call.open = false;
		r->rip = site->patch;
		r->rax = site->nr;
		restore_r11(t, site, r);
		return;
	}
	if (u->ret_stashed)
		restore_stash(t, u, r);
	if (t->stub_call.open && s->inside->known[site->nr] & (RING_OPENS | 1 << RING_AN_OUT) && u->ret >= 0) {
		s->inside->ncalls++;
		space_put_whole(s, t, u->ret);
	} else if (t->stub_call.open) {
		/* to be made again, by a thread that is let go: it is in it still */
		bool again = u->inside && (int64_t)r->orig_rax >= 0 && u->ret <= -512 && u->ret >= -516;

		if (again && s->inside->leaving)
			space_put_call(s, t, CALL_UNFINISHED | CALL_RUNNING, 0);
		else
			space_put_call(s, t, 0, u->ret);
	}
	r->rip = site->call + 2;
	r->rax = (uint64_t)u->ret;
}

static uint64_t own_way(const struct space *sp, unsigned n)
{
	return sp->near + STUB_SPRINGS + n * STUB_SPRING + sp->sites[n].way;
}

/* faulted: the fault of what it stands at is reported now, or is to be. */
static void leave_block(struct ptrace_source *s, struct tracee *t, struct user_regs_struct *r, bool faulted)
{
	unsigned n = (unsigned)((r->rip - STUB_BLOCKS) / STUB_BLOCK);
	const struct stub_regs regs = { r->rax, r->rcx, r->rdx, r->r11 };
	struct stub_undo u;

	if (n >= t->space->nsites)
		return;
	if (t->space->sites[n].chooses) {
		r->rip = t->space->sites[n].patch;
		restore_r11(t, &t->space->sites[n], r);
		return;
	}
	stub_undo((r->rip - STUB_BLOCKS) % STUB_BLOCK, &regs, &u);
	undone(s, t, &t->space->sites[n], &u, r);
	if (!u.load || !faulted)
		return;
	/* what is to be copied is not there: before the call, the kernel is to find that out */
	t->path_fault = true;
	if (!u.made)
		r->rip = own_way(t->space, n);
}

static void leave_spring(struct tracee *t, struct user_regs_struct *r)
{
	uint64_t springs = t->space->near + STUB_SPRINGS;
	unsigned n = (unsigned)((r->rip - springs) / STUB_SPRING), at = (r->rip - springs) % STUB_SPRING;
	const struct space_site *site = &t->space->sites[n];
	enum { LOADED = 5, CALLED = 2 };	/* bytes of the mov, of the call */
	unsigned called = (site->number == STUB_NUMBER ? LOADED : 0) + CALLED;

	if (n >= t->space->nsites)
		return;
	if (site->own == STUB_OWN_CALL && at == site->way + called) {
		r->rip = site->call + 2;	/* rax as it is: the kernel may make the call again */
		return;
	}
	r->rip = site->own == STUB_AT_SITE && at == site->way + LOADED ? site->call : site->patch;
	if (site->number == STUB_NUMBER)
		r->rax = site->nr;
	if (at >= STUB_STORED)
		restore_r11(t, site, r);
}

/* Where the call was made, as a handler is to see it. */
static void show_site(struct tracee *t, uint64_t back)
{
	siginfo_t si;

	if (ptrace(PTRACE_GETSIGINFO, t->tid, 0, &si) < 0 || si.si_signo != SIGSYS || si.si_code != SYS_SECCOMP_CODE)
		return;
	si.si_call_addr = (void *)(uintptr_t)back;
	ptrace(PTRACE_SETSIGINFO, t->tid, 0, &si);
}

static bool is_fault(const siginfo_t *si)
{
	return si->si_code > 0 && (si->si_signo == SIGSEGV || si->si_signo == SIGBUS || si->si_signo == SIGILL);
}

/* At this stop, or on its way: a stop that we have asked for comes before the signal of a fault just made. */
static bool has_faulted(const struct tracee *t, bool *ret_now)
{
	enum { AT_ONCE = 16 };
	const struct __ptrace_peeksiginfo_args args = { .nr = AT_ONCE };
	siginfo_t si[AT_ONCE];
	long n;

	*ret_now = ptrace(PTRACE_GETSIGINFO, t->tid, 0, si) == 0 && is_fault(si);
	if (*ret_now)
		return true;
	n = ptrace(PTRACE_PEEKSIGINFO, t->tid, &args, si);
	for (long i = 0; i < n; i++)
		if (is_fault(&si[i]))
			return true;
	return false;
}

static bool in_blocks(uint64_t ip) { return ip >= STUB_BLOCKS && ip < STUB_END; }

static bool in_springs(const struct space *sp, uint64_t ip)
{
	return sp->near && ip >= sp->near + STUB_SPRINGS && ip < sp->near + STUB_NEAR_SIZE;
}

void space_lead_out(struct ptrace_source *s, struct tracee *t)
{
	struct space *sp = t->space;
	struct user_regs_struct r;
	uint64_t was;
	bool now, faulted;

	if (!sp || !sp->patched || ptrace(PTRACE_GETREGS, t->tid, 0, &r) < 0)
		return;
	was = r.rip;
	if (!in_blocks(was) && !in_springs(sp, was))
		return;
	faulted = has_faulted(t, &now);
	space_drain(s, sp, t);
	if (in_blocks(was))
		leave_block(s, t, &r, faulted);
	else
		leave_spring(t, &r);
	t->stub_fault |= faulted && !t->path_fault;
	if (r.rip == was)
		return;
	ptrace(PTRACE_SETREGS, t->tid, 0, &r);
	show_site(t, r.rip);
}

static bool touches(uint64_t addr, uint64_t len)
{
	return addr < STUB_END && (addr + len > STUB_RING || addr + len < addr);
}

/* Is it going to change what is mapped where the ring and the blocks are? */
static bool changes_us(uint64_t nr, const uint64_t args[6])
{
	switch (nr) {
	case SYS_mmap:
		return args[3] & MAP_FIXED && touches(args[0], args[1]);
	case SYS_mremap:
		return touches(args[0], args[1]) || (args[3] & MREMAP_FIXED && touches(args[4], args[2]));
	case SYS_munmap: case SYS_mprotect: case SYS_pkey_mprotect: case SYS_madvise: case SYS_remap_file_pages:
		return touches(args[0], args[1]);
	case SYS_shmat:
		return args[1] && touches(args[1], UINT32_MAX);
	default:
		return false;
	}
}

/* It goes on behind the site, and what the kernel makes again it makes from there. */
static void come_back_at(const struct tracee *t, unsigned n)
{
	if (n < t->space->nsites)
		ptrace(PTRACE_POKEUSER, t->tid, offsetof(struct user_regs_struct, rip), t->space->sites[n].call + 2);
}

/* No thread that is in a call that stops stands in a spring later, when there may be none any more. */
static void leave_own_way(const struct tracee *t, uint64_t ip)
{
	if (in_springs(t->space, ip))
		come_back_at(t, (unsigned)((ip - t->space->near - STUB_SPRINGS) / STUB_SPRING));
}

bool space_has_opened(struct ptrace_source *s, struct tracee *t, uint64_t ip)
{
	unsigned n = (unsigned)((ip - STUB_BLOCKS) / STUB_BLOCK), at = (unsigned)((ip - STUB_BLOCKS) % STUB_BLOCK);
	struct user_regs_struct r;
	struct stub_undo u = { .made = true, .stashed = at == stub_stat_end(), .ret_stashed = true };

	if (!in_blocks(ip) || n >= t->space->nsites || (at != stub_stat_end() && at != stub_asked_end()) ||
	    ptrace(PTRACE_GETREGS, t->tid, 0, &r) < 0)
		return false;
	restore_stash(t, &u, &r);
	r.rip = t->space->sites[n].call + 2;
	r.rax = (uint64_t)u.ret;
	r.orig_rax = -1ull;	/* the call is not made */
	ptrace(PTRACE_SETREGS, t->tid, 0, &r);
	if (t->stub_call.open)
		space_begin_open(s, t);
	return true;
}

/* In a block: seen because it stopped all the same (a filter of the program's own, every call stops now). */
void space_at_entry(struct ptrace_source *s, struct tracee *t, uint64_t nr, const uint64_t args[6], uint64_t ip)
{
	struct space *sp = t->space;

	if (!sp || !sp->patched)
		return;
	/* once it has another address space, calls of this thread pointer are its parent's */
	if (t->vforked_by && (nr == SYS_execve || nr == SYS_execveat))
		t->thread = NO_THREAD;
	leave_own_way(t, ip);
	if (in_blocks(ip)) {
		space_drain(s, sp, t);
		t->stub_call.open = false;
		come_back_at(t, (unsigned)((ip - STUB_BLOCKS) / STUB_BLOCK));
	}
	if (sp->ring.mem && changes_us(nr, args))
		space_off_for(s, sp, SPACE_TOUCHED);
}

bool space_faulted(struct ptrace_source *s, struct tracee *t, int signo)
{
	bool now, path;

	if (!t->space || (signo != SIGSEGV && signo != SIGBUS && signo != SIGILL))
		return false;
	space_lead_out(s, t);
	path = t->path_fault;
	if ((!t->stub_fault && !path) || !has_faulted(t, &now) || !now)
		return false;
	t->stub_fault = t->path_fault = false;
	if (!path)
		space_off_for(s, t->space, SPACE_TOUCHED);
	return true;
}

/* ---- all of them ---- */

static bool is_call_stop(int status)
{
	return status == (SIGTRAP | 0x80) || status == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
}

/*
 * Asked to stop, and waited for; its report is left for the loop.  Any stop takes back what was asked, so that is asked
 * again: the stop that t->interrupted announces comes.
 */
static bool stop(struct ptrace_source *s, struct tracee *t, uint64_t until)
{
	const struct timespec nap = { 0, NAP_NS };

	if (ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0)
		return true;	/* it is no more */
	t->interrupted = true;
	for (;;) {
		siginfo_t si;
		int rc = wait_look(t->tid, &si, WNOHANG);
		char state;

		if ((rc < 0 && rc != -EINTR) || (rc > 0 && si.si_code != CLD_TRAPPED && si.si_code != CLD_STOPPED))
			return true;
		if (rc > 0) {
			if (si.si_status >> 8 != PTRACE_EVENT_STOP)
				ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
			if (is_call_stop(si.si_status))
				leave_own_way(t, (uint64_t)ptrace(PTRACE_PEEKUSER, t->tid,
								  offsetof(struct user_regs_struct, rip), 0));
			else
				space_lead_out(s, t);
			return true;
		}
		state = proc_state(t->pid, t->tid);
		if (state == 'Z' || state == 'X' || !state)
			return true;
		if (clock_ns() > until)
			return false;
		nanosleep(&nap, NULL);
	}
}

/* It waits for its child, which has neither exec'd nor ended, even if that was not reported yet. */
static bool waits_in_vfork(struct ptrace_source *s, const struct tracee *t)
{
	siginfo_t si;
	int rc;

	for (struct tracee *u = t->in_vfork ? s->tracees : NULL; u; u = u->hh.next) {
		if (u->vforked_by != t->tid)
			continue;
		rc = wait_look(u->tid, &si, WNOHANG);
		return rc == 0 || (rc > 0 && (si.si_code == CLD_TRAPPED || si.si_code == CLD_STOPPED) &&
				   si.si_status != (SIGTRAP | PTRACE_EVENT_EXEC << 8));
	}
	return false;
}

/* The others of sp.  One that waits in vfork does so at a place of its own; one that listens has stopped. */
static bool stop_all(struct ptrace_source *s, struct space *sp)
{
	uint64_t until = clock_ns() + PATIENCE_NS;
	bool all = true;

	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->space == sp && t->state == TRACEE_RUNNING && !t->in_vfork)
			all &= stop(s, t, until);
		else if (t->space == sp && t->state == TRACEE_STOPPED && !t->in_call && !t->entered)
			space_lead_out(s, t);
	/* after those that they may wait for */
	for (struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->space == sp && t->state == TRACEE_RUNNING && t->in_vfork && !waits_in_vfork(s, t))
			all &= stop(s, t, until);
	return all;
}

/*
 * Memory of sp: what was opened when its stubs were put in stays open, also when the program may not be looked at any
 * more (PR_SET_DUMPABLE); a fork's copy is opened now.
 */
static int memory_of(struct ptrace_source *s, struct space *sp)
{
	for (struct tracee *t = s->tracees; t && sp->mem < 0; t = t->hh.next)
		if (t->space == sp && !tracee_is_gone(t))
			sp->mem = space_memory(t->tid);
	return sp->mem;
}

/* Writes n ≤ 8 bytes where `were` stand; else it is another text by now, or the program has written there itself. */
static bool replace(int mem, uint64_t addr, const uint8_t *were, const uint8_t *bytes, size_t n)
{
	uint8_t there[8];

	if (mem < 0 || pread(mem, there, n, (off_t)addr) != (ssize_t)n)
		return mem >= 0;	/* not mapped */
	return memcmp(there, were, n) != 0 || pwrite(mem, bytes, n, (off_t)addr) == (ssize_t)n;
}

/* The switch has a mark behind it: after an exec that was not seen yet other memory may be at its address. */
static void turn(int mem, const struct space *sp, bool on)
{
	uint8_t to[8], from[8];

	memcpy(to, &sp->mark, 8);
	memcpy(from, to, 8);
	to[0] = on;
	from[0] = !on;
	replace(mem, sp->near, from, to, 8);
}

void space_pause(struct space *sp, bool pause)
{
	if (!sp->on || sp->paused == pause)
		return;
	sp->paused = pause;
	turn(sp->mem, sp, !pause);
}

/* Where it cannot be (a fork's copy that may not be looked at), the jumps lead to the calls' own ways: it is off. */
static bool restore(int mem, const struct space *sp)
{
	bool all = true;

	for (unsigned i = 0; i < sp->nsites; i++)
		for (unsigned k = sp->sites[i].nwrites; k--;) {
			const struct site_write *w = &sp->sites[i].writes[k];

			all &= replace(mem, w->addr, w->bytes, sp->sites[i].were[k], w->len);
		}
	return all;
}

void space_off(struct ptrace_source *s, struct space *sp)
{
	int mem;

	if (!sp->patched)
		return;
	mem = memory_of(s, sp);
	sp->on = false;
	sp->off_due = true;
	turn(mem, sp, false);
	if (!stop_all(s, sp))
		return;
	sp->patched = !restore(mem, sp);
	ring_end(&sp->ring, sp->killed);
	space_drain(s, sp, NULL);
	sp->off_due = false;
	if (sp->ring.mem)
		munmap(sp->ring.mem, RING_SIZE);
	sp->ring.mem = NULL;
}

void space_off_for(struct ptrace_source *s, struct space *sp, enum space_why why)
{
	s->inside->nwhy[why] += sp->on;
	space_off(s, sp);
}
