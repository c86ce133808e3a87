/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where the time went: what each thread waited for, and budgets of threads, processes and the run whose parts sum to
 * their whole time.  docs/summary.md defines the parts.
 */
#include <stdbool.h>
#include <stdint.h>

#include "analyze/turns.h"
#include "event/event.h"
#include "model/model.h"

struct critical;
struct totals;
struct totals_conn;
struct totals_proc;

enum spent {
	SPENT_CPU,
	SPENT_PEER,		/* connect, accept, receive, send, or readiness of a socket */
	SPENT_CHILD,		/* wait(2), vfork, a pidfd */
	SPENT_THREAD,		/* pthread_join */
	SPENT_LOCK,		/* a futex that is a lock, flock, System V semaphores */
	SPENT_WAKE,		/* a futex that is none: a condition, a semaphore, work for an idle thread */
	SPENT_FILE,		/* files, directories, devices: open, read, write, fsync… */
	SPENT_PIPE,
	SPENT_TERMINAL,
	SPENT_SLEEP,		/* sleeps, timerfds, a poll of nothing */
	SPENT_SIGNAL,
	SPENT_EVENT,		/* eventfds, io_uring, and readiness of what is not known */
	SPENT_MESSAGE,		/* a message queue: msgrcv, mq_receive, and their like that send */
	SPENT_WATCH,		/* inotify, fanotify: what happens to files */
	SPENT_FAULT,		/* page faults that the thread slept in: a disk, other threads that map memory */
	SPENT_STOPPED,		/* SIGSTOP and the like */
	SPENT_QUEUE,		/* it could have run and no CPU was free */
	SPENT_UNKNOWN,		/* the tracer's own stops, calls that were not traced, faults without --faults */
	_SPENT
};
const char *spent_name(enum spent s);		/* "peer" */

struct totals_task;

/* What a process waited for: one row for each thing. */
struct totals_wait {
	enum spent what;
	uint32_t proc;				/* process id of who waited; several: of the first one */
	struct totals_conn *conn;		/* PEER, where it is known */
	struct bytes name;			/* a path, a pipe; no bytes: none */
	uint32_t target;			/* CHILD: process id; THREAD: task id; 0: not known */
	const struct totals_proc *target_proc;	/* CHILD: its row, NULL not known */
	uint32_t peer_pid;			/* PIPE: who had the other end last, 0 not known */
	const struct totals_proc *peer;		/* its row, NULL not known */
	uint32_t target_pid;			/* CHILD: by a pidfd of it, 0: by another way */
	uint64_t *pipe_ns;			/* PIPE: all that was waited for it; NULL: not known which */
	uint64_t addr;				/* LOCK: of the futex, 0: none; shared: its place in name */
	bool shared, several;			/* other processes may wait for it, too; do */
	struct turns *turns;			/* of a futex, NULL: it is none */
	bool held;				/* of the futex: it was a lock, no condition or pool */
	bool semaphores; uint32_t semid;	/* LOCK: a set of System V semaphores */
	uint64_t n, ns, longest_ns, longest_at_ns;
	uint32_t waiters[16]; unsigned nwaiters;	/* tids, the first ones */
	/* PEER: the sum over all connections of a host to that peer, NULL: of none other; of such a sum: */
	struct totals_wait *whole;
	const struct totals_wait *first; unsigned nconns;	/* the first row of it, and how many connections */
	/* a futex: the last to wake others, and when; the last span of a wait for it: its thread, its number there */
	uint32_t woke_task; uint64_t woke_ns;
	struct totals_task *span_task; unsigned span_at;
	uint32_t wakers[4]; unsigned nwakers;		/* LOCK: tids of who woke others by that futex, where known */
};

/* A thread. */
struct span {
	uint64_t start_ns, end_ns;
	struct totals_wait *wait;
	enum spent what : 8;
	bool endless : 1;			/* of a futex: it was waited for without a time */
	bool woken : 1;				/* of a futex: it ended as whoever wakes others ends it */
	/* PIPE: process id of who had its other end then; LOCK, WAKE: task id of who woke it; 0 not known */
	uint32_t other;
};
/* What kind of futex it waits for may be found later. */
static inline enum spent span_what(const struct span *s)
{
	return s->wait && (s->what == SPENT_LOCK || s->what == SPENT_WAKE) ? s->wait->what : s->what;
}
/* At least ns for this one, most of all of its kind; votes: how it was found. */
struct small_waits { const struct totals_wait *of; uint64_t ns, votes; };
struct totals_task {
	uint32_t id, tid, proc;
	uint32_t seq, next;			/* its row; row + 1 of the process's next one, 0: none */
	uint64_t start_ns, end_ns;		/* end 0: lived on */
	bool has_usage; uint64_t run_ns, delay_ns;
	struct span *spans; unsigned nspans, room;	/* in order, of SPAN_LEAST_NS or more */
	uint64_t all_ns;			/* of spans */
	uint64_t small[_SPENT];			/* waits that have no span */
	struct small_waits small_peer, small_fault;	/* of small[SPENT_PEER], small[SPENT_FAULT] */
};

/* What stands for it in tables: itself, or the sum that it is the first row of; NULL: another row does. */
static inline const struct totals_wait *wait_shown(const struct totals_wait *w)
{
	return !w->whole ? w : w->whole->first == w ? w->whole : NULL;
}

struct spending;
struct spending *spending_new(void);
void spending_free(struct spending *s);
/* How long was waited for that pipe, an open file description, by all together. */
uint64_t spending_pipe_ns(const struct totals *t, uint32_t file);
const struct totals_task *spending_task(const struct totals *t, uint32_t id);	/* NULL when not kept */
enum { WAIT_LEAST_NS = 20000 };	/* what is shorter was no wait: the call's own work, and the tracer's */
/* Whether it can be a wait, or a thread's beginning or end: most calls are short, and nothing of these. */
static inline bool spending_may(const struct event *ev)
{
	const struct call *c = ev->call;

	switch (ev->kind) {
	case EV_EXIT: case EV_THREAD_EXIT: case EV_DETACH: case EV_FORK: case EV_THREAD: case EV_ATTACH:
	case EV_STOP: case EV_CONT: case EV_FUTEX:
		return true;
	case EV_FAULT:
		return ev->dur_ns != 0;
	default:
		return c && (c->unfinished || (c->exit_ns >= c->enter_ns && c->exit_ns - c->enter_ns >= WAIT_LEAST_NS));
	}
}
void spending_event(struct spending *s, struct totals *t, const struct event *ev);	/* of which spending_may() */

/* ---- budgets ---- */

enum { SPENT_NAMED = 3 };
struct budget_part {
	enum spent what;
	uint64_t ns;
	/*
	 * what most of it went to.  wait: the row; of PEER the first one to that peer, and how many connections to it
	 * there are, 0 not known; proc: of CPU who ran, of QUEUE who could have, of CHILD which one; NULL not known
	 */
	struct {
		const struct totals_wait *wait;
		const struct totals_proc *proc;
		unsigned nconns;
		uint64_t ns;
	} named[SPENT_NAMED];
	unsigned nthings;	/* of the critical path: how many things it went to, of the others 0 */
	bool no_stops;		/* of UNKNOWN: BPF recorded it; false: ptrace did, or it is not known */
};
struct budget { uint64_t all_ns; struct budget_part parts[_SPENT]; };	/* the parts sum to the whole */

/* A wait for one of these is what that did meanwhile; PIPES: for who has the other end. */
enum { BUDGET_THREADS = 1, BUDGET_CHILDREN = 2, BUDGET_PIPES = 4 };
/*
 * Of a process: of its first thread, and while that waits for another one, of that.  With BUDGET_CHILDREN while it
 * waits for a child, of the child: the path that its end depended on.  false: there is none.
 */
bool budget_of_proc(const struct totals *t, const struct totals_proc *p, unsigned follow, struct budget *ret);
/* With threads and children: each is called for each row that time on that path went to, or its peer's sum. */
typedef void budget_each(void *ctx, const struct totals_wait *wait, uint64_t ns);
bool budget_of_run(const struct totals *t, const struct totals_proc *p, struct budget *ret, budget_each *each,
		   void *ctx);
bool budget_of_task(const struct totals *t, const struct totals_task *task, struct budget *ret);
/* The path of the run (critical.h): of its first process.  NULL: nothing is known of it. */
struct critical *critical_path(const struct totals *t);
