/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which tasks live, as far as the records that were passed on tell: begun, and not yet ended.
 *
 * Programs run on several CPUs, and the last thread of a process to come to its end is not the last one to have room
 * reserved for it in the ring.  A process has ended when the kernel counts no thread of it any more and the end of
 * every thread that is known here has been read.  What comes of a task after its end (a signal that found it exiting, a
 * call of one that has just been let go) is not passed on: to the model it would be a process that no other one
 * started.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "record/record.h"

struct wire_exit;

struct live_task { uint32_t tid, pid; UT_hash_handle hh; };
struct live_process {
	uint32_t pid, nthreads;
	UT_hash_handle hh;
	bool over;			/* the kernel counts no thread any more */
	bool leader_ended;		/* and `leader` is how; wait(2) reports it when the process has ended */
	struct record_exit leader;
	/* CPU time in ns: the sum of those that were seen to end, and the most that one of them had of the process */
	uint64_t own_utime, own_stime, utime, stime;
	uint32_t cpu_limit;
};
struct live { struct live_task *tasks; struct live_process *processes; };

bool live_has(const struct live *l, uint32_t tid);
bool live_has_process(const struct live *l, uint32_t pid);
void live_begin(struct live *l, uint32_t pid, uint32_t tid);		/* nothing when it lives already */
/* Its process, made when it is not known; valid until live_forget().. */
struct live_process *live_end(struct live *l, uint32_t pid, uint32_t tid);
void live_forget(struct live *l, struct live_process *p);		/* with what is left of its threads */
void live_add_times(struct live_process *p, const struct wire_exit *w);	/* of a thread of it that ended */
void live_times(const struct live_process *p, struct record_exit *r);		/* into r: what all of it used, ns */
/* the one that called takes the leader's number */
void live_exec(struct live *l, uint32_t pid, uint32_t old_tid);
void live_done(struct live *l);
