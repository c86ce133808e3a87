/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * --duration and --events: the tracing ends before what is traced does.  Everything is let go, and lives on untraced.
 *
 * The capture's thread opens, starts and looks; the reader's counts.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct diag;
struct event;
struct source;

struct limit {
	uint64_t duration_ns, events;	/* 0: without end */
	uint64_t end_ns, nevents;
	timer_t timer;			/* interrupts the capture when the time is up, and until it has looked */
	bool has_timer, ended;		/* ended: the source was asked to stop, for this */
	_Atomic bool reached;		/* by the number of events */
};

/* Zeroes mean no limit.  -errno with diag. */
int limit_open(struct limit *l, uint64_t duration_ns, uint64_t events, struct diag *diag);
void limit_start(struct limit *l);			/* now */
/* Whether the event is still of what was asked for; those of ends, that nothing happened in, always are. */
bool limit_count(struct limit *l, const struct event *ev);	/* with --events */
static inline bool limit_event(struct limit *l, const struct event *ev)
{
	return !l->events || limit_count(l, ev);
}
void limit_look(struct limit *l, struct source *source);	/* stops it when the limit is reached */
void limit_close(struct limit *l);
/*
 * After the end: the command runs on as our child, and its end is ours.  Signals that come are passed on to it as they
 * were while it was traced.  Returns its status in wait form, -1 when it cannot be known.
 */
struct signals;
int limit_wait(struct signals *signals, pid_t pid);
