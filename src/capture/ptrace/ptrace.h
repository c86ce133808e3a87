/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The ptrace backend, inside: tracees and what its files share.
 *
 *   source.c    what the session calls: open, step, stop, free
 *   loop.c      the one loop that waits, in every phase
 *   spawn.c     finds and starts the command, stopped and seized before its first instruction
 *   attach.c    seizes living processes
 *   leave.c     lets everything go again
 *   keeper.c    looks after what was started with our seccomp filter and is let go
 *   ptrace.c    which stop it is, and what it means
 *   life.c      births and ends of tasks
 *   calls.c     syscall-stops: entry and exit
 *   resident.c  the resident memory of processes
 *   signal.c    signals: their fate, and faults of the first process of a pid namespace
 *   wait.c      waits that only a handler may end
 *   disguise.c  what is answered in the kernel's place, so that a program does not see us
 *   status.c    reads of /proc/PID/status, whose text would show us; status_maps.c: of maps
 *   stacks.c    which calls have their stacks copied, and when
 *   facts.c     asks the kernel about descriptors whose call does not tell
 *   control.c   descriptors in control messages
 *   cpu.c       what calls take of a CPU
 *   looked.c    which descriptor a call is about, where copies of descriptors are not followed
 *   kind.c      which of the answers are recorded
 *   stderrs.c   which descriptors are copies of the standard error
 *   seccomp.c   the seccomp program: which calls stop
 *   mem.c       copies what a plan says out of a tracee's memory
 *   mem_read.c  bytes and strings of it
 *   mem_strv.c  vectors of strings
 *   tracee.c    the table of tracees, and how they are resumed
 *   emit.c      records that several files make
 *   arch.c      in which table a call's number is
 *   near.c      keeps us on the tracee's CPU
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/hash.h"
#include "capture/common/emitter.h"
#include "capture/inprocess/space.h"
#include "capture/plan.h"
#include "capture/proc/fd.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/near.h"
#include "capture/source.h"
#include "record/record.h"

struct diag;
struct syscall_spec;
struct waiting;

/* wait.c: the wait a task is in. */
struct wait {
	uint64_t since_ns;	/* when the program made the call, 0: not known */
	uint64_t until_ns;	/* when it has to end, 0: not known yet, or never */
	uint64_t held_ns;
	unsigned nr;
	unsigned ntaken;	/* how often it went on though no signal came to this thread */
	bool inside;		/* between its entry and its exit, both of which stop */
	bool again;		/* the call that comes next is its continuation */
	bool asked;		/* for that we have put ERESTARTNOHAND in the place of EINTR */
	bool over;		/* a handler or a stop has ended it */
	bool held;		/* its record waits for what becomes of it */
};

/* cpu.c: what a thread's calls take of a CPU. */
enum { CPU_UNASKED = 0, CPU_UNKNOWN = -1, CPU_STOPS_KEPT = 9 };
struct tracee_cpu {
	int fd;			/* its schedstat, or CPU_* */
	uint64_t since, at_exit;	/* the kernel's count at the call's entry, at the exit; 0: not known */
	unsigned nstops;	/* since that entry */
	bool sampling;		/* the next stop is one in which nothing was done */
};

/* resident.c: the resident memory of a process, in bytes. */
struct rss {
	uint64_t inherited;	/* what ru_maxrss was at its last exec */
	uint64_t peak;		/* of its own memory, as far as it was read; 0: it was not */
	bool own;		/* since an exec, or its own when we attached: no copy of its parent's */
	bool parent;		/* it has made processes, whose memory may be in ru_maxrss */
};

enum tracee_state {
	TRACEE_RUNNING,
	TRACEE_LISTENING,	/* in group-stop, waiting for SIGCONT (PTRACE_LISTEN) */
	TRACEE_STOPPED,		/* in a ptrace-stop that we have not ended */
	TRACEE_HELD,		/* likewise, until its parent's fork event is seen */
	TRACEE_ZOMBIE,		/* of loop_leave(): a leader that has ended, and no wait reports it */
	TRACEE_GONE,		/* SIGKILLed or vanished: only its end is awaited */
	TRACEE_ENDED,		/* its end has come before its parent's fork event: reported after that */
};

struct tracee {
	pid_t tid, pid;
	UT_hash_handle hh;
	enum tracee_state state;
	bool announced;		/* a FORK, TASK or START record is about it */
	bool seize_stop_due;	/* its first event-stop is still to come */
	bool interrupted;	/* we asked it to stop (PTRACE_INTERRUPT) and the stop is still to come */
	bool in_vfork;		/* waits, deaf to signals, for its child to exec or end */
	pid_t vforked_by;	/* who may wait so for this one, 0 from its exec on */
	bool filtered;		/* our seccomp filter is in place: wanted calls stop by themselves */
	bool every_call;	/* stop at every call (no filter, or the program works with seccomp itself) */
	bool muted;		/* our own child before its exec: nothing is recorded */
	int end_status;
	bool restore_flags;	/* born of a call whose flags we changed: disguise_born() is due at its first stop */
	int stop_sig;		/* signal to deliver at the next resume */
	uint32_t ns_tid;	/* in its own pid namespace, 0 when that is ours */
	bool other_pidns;	/* its children may be in another one: unshare, setns (pid_namespaces(7)) */
	/* the call it is in */
	bool in_call, want_exit;
	bool ends_unseen;	/* it has succeeded if the next stop is an exec's, else it has failed: no record */
	bool inside;		/* in any, also one that is not recorded (with every_call only) */
	bool found;		/* it was in one when we attached: number found_nr, which it enters again */
	bool resumes;		/* what restart_syscall(2) goes on with is known: found_nr */
	uint32_t found_nr;
	bool answer_due;	/* disguise.c has to see its exit */
	bool exit_due;		/* wait.c has to see it, or its entry was a stop by itself */
	bool entered;		/* its entry has been seen: at its seccomp-stop nothing is new */
	bool threaded;		/* its process has, or had, several threads */
	struct wait wait;
	bool skip_exit;		/* the next exit-stop belongs to a call already recorded */
	uint8_t arch;
	uint32_t nr, own_nr;	/* own_nr: the register's, before socketcall and ipc were looked through */
	uint64_t args[6], enter_ns;
	struct buf chunks;
	struct buf stack;		/* chunks of its STACK; empty: it has none */
	uint32_t stack_nchunks;
	uint16_t stack_flags;
	bool maps_code;			/* with s->stacks: its call may map code */
	struct waiting *waiting;	/* what it was in before we attached, until that is reported */
	uint8_t own_seccomp;	/* what the program itself has set: 0, 1 strict, 2 filter */
	uint8_t fixup;		/* disguise.c: what to answer at this call's exit */
	uint8_t names;		/* writes to look at: it opened the file with a thread's name */
	pid_t files;		/* whose descriptor table it uses: its process, but for CLONE_FILES */
	uint64_t stderrs;	/* of that table: the copies of descriptor 2 (capture/stderr.h) */
	bool own_nnp;		/* the program itself set no_new_privs */
	bool supervised;	/* a seccomp filter with a listener: its calls may be answered by another process */
	bool sealed;		/* its memory may not be read, which has been reported */
	struct space *space;	/* whose calls are made in stubs, or a copy of one; NULL: none (inprocess/space.h) */
	struct space_call stub_call;
	uint64_t ended_ns;		/* its last call whose record was put */
	bool stub_fault;	/* a fault of its stub is still to be delivered, which it is not to see */
	bool path_fault;	/* likewise, of what it copies and is not there: nothing is wrong with its stub */
	uint64_t thread;	/* its thread pointer (fs base), by which a stub names it; 0: not known */
	unsigned nfast, nlooks;
	bool had_status;	/* with s->inside: it opened a file of status.c */
	bool stubs_tried;	/* none are put in, whatever it does */
	unsigned stubs_why;	/* it has none: enum space_why; 0: nothing is known against it */
	bool forbidden;		/* made to exit: it made a call that strict mode forbids */
	struct tracee_cpu cpu;
	struct rss rss;			/* of a leader: its process's */
};

enum phase {
	STARTING,		/* open(): until the command's exec, or until what is attached to has stopped */
	RUNNING,
	ABOUT_TO_LEAVE,		/* asked to let everything go; a child that holds its parent has to exec or end first */
	LEAVING,		/* each is let go as it stops */
	ENDED,
};

/* What a wait has brought: a status as wait4(2) gives it.  The times are of a process that has ended. */
/* utime_ns on: of an end. */
struct report {
	pid_t tid;
	int status;
	/* of its process and of the children that it waited for; rss: also of PTRACE_EVENT_EXEC and _EXIT */
	uint64_t utime_ns, stime_ns, rss;
	struct proc_usage usage; bool has_usage;	/* of the thread alone */
	uint32_t cpu_limit;			/* as in struct record_exit */
};

static inline bool tracee_is_gone(const struct tracee *t) { return t->state >= TRACEE_GONE; }

/* loop.c: tracees that are asked for a report, one after the other */
struct report_round {
	pid_t *tids;
	unsigned n, at, max;
	unsigned nfound;	/* had one */
	unsigned nothers;	/* reports since the last round */
};

struct ptrace_source {
	struct source src;
	const struct capture_options *opt;
	struct tracee *tracees;		/* by tid */
	struct tracee *last;		/* most stops come in runs from one thread */
	struct capture_plan *plans[3];	/* by record_arch; SYSCALL_MAX each, compiled at first use */
	bool *planned[3];
	struct emitter out;
	pid_t main_pid;			/* the command, or 0 */
	int main_status;		/* wait form, -1 while it runs */
	bool attached;			/* -p: let go at the end instead of waiting */
	bool filter_set;		/* the command was started with our filter */
	uint16_t mark;			/* the filter's SECCOMP_RET_DATA */
	bool may_all;			/* we have CAP_SYS_PTRACE: being traced takes no rights from a program */
	struct status_files *status;	/* status.c; NULL: nothing of the kind was seen */
	bool nnp_ours;			/* the filter needed no_new_privs, which the program did not set */
	/* call_returned(), for what lies below */
	void (*returned)(struct ptrace_source *s, struct tracee *t, int64_t ret);
	struct stacks *stacks;		/* NULL: none are copied */
	struct inside *inside;		/* calls may be made in stubs (inprocess/space.h); NULL: each stops */
	struct diag remark;
	bool interrupted, stop_self;
	enum phase phase;
	bool give_up;			/* asked for again */
	unsigned idle_rounds;		/* of loop_leave() */
	struct buf kept;		/* struct kept[]: let go, for the keeper to seize */
	struct proc_fds fds;		/* for questions about descriptors */
	unsigned has;			/* enum proc_has, of all tasks */
	bool filters;			/* a tracee may have a seccomp filter that is not ours */
	bool looks;			/* calls look at their descriptors: no NAMES_COPIES */
	struct {			/* cpu.c: the last stops in which nothing was done, in ns */
		uint64_t stops[CPU_STOPS_KEPT];
		unsigned nstops, ncalls, nopen;
	} cpu;
	struct looked *looked;		/* looked.c; NULL: none was looked at */
	struct rings *rings;		/* rings.c; NULL: no io_uring was made */
	struct near near;
	bool near_open;
	struct report_round round;
	uint64_t next_end_ns;		/* the first wait.until_ns of all, 0: none */
	timer_t timer;
	bool has_timer;
};

/* emit.c */
uint64_t ptrace_now_ns(void);
void emit_fork(struct ptrace_source *s, struct tracee *child, pid_t parent_pid, pid_t parent_tid, uint64_t flags);
void emit_stop(struct ptrace_source *s, struct tracee *t, int signo, unsigned flags);
void call_put(struct ptrace_source *s, struct tracee *t, unsigned flags, int64_t ret, uint64_t exit_ns);
void call_abandon(struct ptrace_source *s, struct tracee *t);	/* the task ends inside a call */
void call_unseen(struct tracee *t);	/* at a stop that is no exec's: a call that ends unseen is over */

/* tracee.c */
struct tracee *tracee_find(struct ptrace_source *s, pid_t tid);
struct tracee *tracee_add(struct ptrace_source *s, pid_t tid, pid_t pid);
void tracee_drop(struct ptrace_source *s, struct tracee *t);
void tracee_resume(struct ptrace_source *s, struct tracee *t);
/* t has another address space now, or ends: who waited for that in vfork goes on.  by_itself: no signal ended it. */
void tracee_end_vfork(struct ptrace_source *s, struct tracee *t, bool by_itself);
const struct capture_plan *ptrace_plan(struct ptrace_source *s, unsigned arch, unsigned nr);

/* arch.c */
/* enum record_arch, and the number in its table */
unsigned call_arch(uint32_t audit_arch, uint64_t nr, uint32_t *ret_nr);
void call_unwrap(const struct tracee *t, unsigned *nr, uint64_t args[6]);	/* i386: spec_unwrap() */

/* life.c */
void life_forked(struct ptrace_source *s, struct tracee *parent, int event);	/* at PTRACE_EVENT_FORK, VFORK, CLONE */
/* There, too: whether only the call's result says which number the child has in the pid namespace of parent. */
bool life_needs_number(const struct tracee *parent, int event);
void ptrace_adopt_held(struct ptrace_source *s);		/* newborns whose parent's event cannot come any more */
/* frees t.  end: what it used, NULL not known */
void ptrace_ended(struct ptrace_source *s, struct tracee *t, int status, const struct report *end);

/* ptrace.c */
bool ptrace_stops_group(int signo);				/* of a PTRACE_EVENT_STOP: it is a group-stop */
void ptrace_handle(struct ptrace_source *s, const struct report *r);	/* its tracee may be gone afterwards */

/* able.c: 0, or -ENOTSUP on a kernel before 5.3 */
int ptrace_able(struct diag *diag);

/* signal.c: at a signal-delivery-stop. */
void signal_stopped(struct ptrace_source *s, struct tracee *t, int signo);	/* t may be gone afterwards */
/* An ignored signal leaves no EINTR behind. */
void signal_hide_ignored(struct ptrace_source *s, struct tracee *t, int signo);

/* resident.c */
void resident_before_exec(struct ptrace_source *s, const struct tracee *t);	/* at the entry of an exec */
/* At PTRACE_EVENT_EXEC; was_thread: t had another number.  maxrss: bytes. */
void resident_execed(const struct ptrace_source *s, struct tracee *t, bool was_thread, uint64_t maxrss);
void resident_born(const struct ptrace_source *s, const struct tracee *t);	/* stopped, for the first time */
void resident_read(struct ptrace_source *s, const struct tracee *t);		/* t's memory is still there */
void resident_at_exit(struct ptrace_source *s, const struct report *r);	/* of PTRACE_EVENT_EXIT: it goes on */
/* Options of a task: PTRACE_OPTIONS, and whether it stops when it ends, which one of a process does. */
long resident_options(const struct ptrace_source *s, bool stops);
uint64_t resident_peak(const struct tracee *leader, uint64_t maxrss);	/* bytes, of one that has ended; 0 not known */

/* calls.c */
void call_entered(struct ptrace_source *s, struct tracee *t, const struct __ptrace_syscall_info *si);
/* Resumes the tracee itself, as early as it can. */
void call_left(struct ptrace_source *s, struct tracee *t, const struct __ptrace_syscall_info *si);
void call_let_go(struct ptrace_source *s, struct tracee *t);	/* the task is let go, maybe inside a call */
/* The call that t's fields are about has returned ret: the rest is copied and asked for, t being stopped. */
void call_returned(struct ptrace_source *s, struct tracee *t, int64_t ret);
/* At an exit-stop at which it is let go: a call that ended is one. */
void call_ended(struct ptrace_source *s, struct tracee *t, int64_t ret);

/* stderrs.c */
/* t's call by this plan has returned ret, 0 of one whose result is not known. */
void stderrs_follow(struct ptrace_source *s, struct tracee *t, const struct capture_plan *plan, const uint64_t *args,
		    int64_t ret);
void stderrs_at_exec(struct ptrace_source *s, struct tracee *t);	/* what was closed by it is no copy */

/* wait.c */
bool wait_is_seen(const struct syscall_spec *spec);		/* our filter has to stop at it */
/* Before anything of the last call is overwritten. */
void wait_before_entry(struct ptrace_source *s, struct tracee *t);
void wait_entered(struct tracee *t);
/*
 * Where read and the like do not stop, one that sets a limit to the waits of a socket (SO_RCVTIMEO, SO_SNDTIMEO, old
 * and new) makes its process stop at every call from now on.
 */
#define WAIT_SOCKET_OPTIONS 20, 21, 66, 67
void wait_limited(struct ptrace_source *s, const struct tracee *t);
/* At every call from now on, whoever shares the descriptors of files. */
void ptrace_stop_always(struct ptrace_source *s, pid_t files);
void wait_found(struct tracee *t, unsigned nr, uint64_t since_ns);	/* it was in that call when we came */
bool wait_left(struct tracee *t, int64_t ret);	/* true: the record of the call is held back */
/* A wait cut short by our own PTRACE_INTERRUPT or by an ignored signal goes on, or ends as at the end of its time. */
void wait_hide(struct ptrace_source *s, struct tracee *t);
/* At a signal-delivery-stop, or at a group-stop (stops). */
void wait_signalled(struct ptrace_source *s, struct tracee *t, bool ignored, bool stops);
void wait_clock(struct ptrace_source *s);	/* ends what has waited for long enough, when next_end_ns has come */
void wait_done(struct ptrace_source *s);

/* facts.c */
/*
 * Whether t, stopped at the exit of its call, may go on before facts_ask(): true when its descriptor stays what it is
 * until we handle the next stop.
 */
bool facts_can_wait(struct ptrace_source *s, const struct tracee *t);
void facts_ask(struct ptrace_source *s, struct tracee *t, int64_t ret);	/* t's call has succeeded */

/* control.c */
/* Descriptors in control messages of t's call: in those copied at its exit (CHUNK_AT_EXIT), or at its entry (0). */
typedef void control_fn(void *ctx, int fd);
void control_each(const struct tracee *t, unsigned flags, control_fn *each, void *ctx);

/* cpu.c, with s->opt->want_cpu */
void cpu_entered(struct ptrace_source *s, struct tracee *t);
void cpu_left(struct ptrace_source *s, struct tracee *t);		/* adds it to the chunks of the call */
void cpu_before_resume(struct ptrace_source *s, struct tracee *t, int64_t ret);	/* from the exit of a call */
void cpu_at_exec(struct ptrace_source *s, struct tracee *t);	/* likewise, from the last stop of an exec */
void cpu_again(struct ptrace_source *s, struct tracee *t);	/* likewise, from PTRACE_INTERRUPT's stop */
/* At each stop; by_us: PTRACE_INTERRUPT's. */
void cpu_stopped(struct ptrace_source *s, struct tracee *t, bool by_us);
void cpu_close(struct ptrace_source *s, struct tracee *t);

/* looked.c */
/* At the entry of a call: its descriptor, and those that it sends, are looked at, and described where they changed. */
void looked_at_entry(struct ptrace_source *s, struct tracee *t, const struct capture_plan *plan);
/* The record that is being made says what that descriptor of t is. */
void looked_described(struct ptrace_source *s, const struct tracee *t, const struct record_fact *fact);
void looked_forget(struct ptrace_source *s, pid_t files);	/* the table ends, or an exec closes some of it */
void looked_done(struct ptrace_source *s);

/* kind.c: of what is opened by name */
/* Can it be nothing but a directory, or nothing but a new regular file?  Then no system call is spent on it. */
bool kind_is_known(const struct syscall_spec *spec, const uint64_t *args);
/* Whether it is recorded to be of that st_mode. */
bool kind_is_wanted(unsigned nr, const uint64_t *args, unsigned mode);

/* spawn.c */
int spawn_command(struct ptrace_source *s, struct diag *note, struct diag *diag);

/* attach.c */
int attach_pids(struct ptrace_source *s, struct diag *diag);

/* leave.c: what loop_leave() is made of. */
void leave_begin(struct ptrace_source *s);	/* ABOUT_TO_LEAVE becomes LEAVING, when nothing holds its parent */
void leave_report(struct ptrace_source *s, const struct report *r);
void leave_idle(struct ptrace_source *s);			/* nothing was reported */
bool leave_is_stuck(const struct ptrace_source *s);		/* nothing of what is left can stop, nor need it */
void leave_finish(struct ptrace_source *s);

/* loop.c: the only place that waits for tracees. */
/* 1: a report was handled; 0: there is none; -EINTR; -ECHILD: nothing is left */
int loop_turn(struct ptrace_source *s, bool block);
/* A round of letting everything go, from ABOUT_TO_LEAVE on; true: done. */
bool loop_leave(struct ptrace_source *s);

/* keeper.c */
struct kept { pid_t tid, pid; bool was_stopped, woken; };
bool keeper_may(void);	/* is there to be one? else what has our filter is killed */
void keeper_add(struct ptrace_source *s, pid_t tid, pid_t pid, bool was_stopped);	/* just before it is let go */
void keeper_start(struct ptrace_source *s);	/* when all were let go; does nothing when there are none */
void keeper_kill(const struct ptrace_source *s);		/* those that wait for it */

#define PTRACE_OPTIONS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP)
