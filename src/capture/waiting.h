/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the threads of a living process wait in: the call that began before
 * compendium looked.  Known from /proc/PID/task/TID/syscall, sched, wchan and stat,
 * and the memory its arguments point to.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "record/record.h"

/* how, stopped, since_ns: as in struct record_waiting.  A restarted call (restart_syscall(2)) is the one it was. */
struct waiting {
	pid_t pid, tid;
	uint64_t since_ns, args[6];
	uint32_t nr;
	uint8_t arch, how;
	bool stopped;
	char wchan[64], holder[64];
};

/*
 * Looks at a thread; false when it is gone, or we may not know (ptrace access is needed).  since: also at since when it
 * waits, which may take a visit to another CPU.
 */
bool waiting_look(pid_t pid, pid_t tid, bool since, struct waiting *ret);
/* Makes the record, with what the arguments point to (payload: bytes of buffers). */
void waiting_put(struct buf *rec, const struct waiting *w, unsigned payload, void (*put)(void *ctx), void *ctx);
/* All threads of a process, leader first.  found(ctx, w) is called for each that is in a call; may be NULL. */
void waiting_put_process(pid_t pid, unsigned payload, struct buf *rec,
			 void (*found)(void *ctx, const struct waiting *w), void (*put)(void *ctx), void *ctx);
/* The chunks of a call that is under way, as if every call were traced.  Returns how many. */
unsigned waiting_copy(struct buf *chunks, pid_t tid, unsigned arch, unsigned nr, const uint64_t args[6],
		      unsigned payload);
/*
 * When a thread last ran on a CPU (CLOCK_MONOTONIC); 0 not known.  To some milliseconds: the scheduler's clock leaves
 * interrupts out.  By one thread at a time; it may be on another CPU afterwards.
 */
uint64_t waiting_since(pid_t pid, pid_t tid);
/* How often a thread has left a CPU: the same number again, and it has not run in between.  0: not known. */
uint64_t waiting_switches(pid_t pid, pid_t tid);
bool waiting_is_restart(unsigned arch, unsigned nr);	/* restart_syscall(2) */
