/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A tracee does one family of things and says, before or after each, the line
 * that a tracer has to show for it.  run.py runs it untraced (its own checks
 * must hold), then under compendium in several ways, and compares.
 *
 * Only what happens between tracee_begin() and tracee_end() counts, line by
 * line for each thread.  A line is a pattern: `*` stands for anything within
 * it.  Expectations are kept in shared memory, so that saying them is no call.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

void tracee_begin(void);
/* Writes the expectations to $TRACEE_EXPECT and ends the process (exit status 0) without another call that shows. */
_Noreturn void tracee_end(void);

/* The line this thread's next visible act gives.  "? " before it: it may be missing. */
void expect(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void expect_of(pid_t tid, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A call as -v has to show it, result and all; in the order of these, whoever made them. */
void expect_call(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A name that the thread's lines have to carry (-Y), the last of them after those before, in order. */
void expect_name(pid_t tid, const char *name);
/* Lines by default left out of the comparison: "memory", "sigchld". */
void tracee_watch(const char *what);
/* Lines matching the regular expression are left out, too. */
void tracee_ignore(const char *regex);
/* A line that must not appear anywhere (regular expression). */
void tracee_never(const char *regex);
/* Does int $0x80 make a call?  Without 32-bit emulation it faults.  To be asked before tracee_begin(). */
bool tracee_has_i386(void);
/* The rest of the run is skipped, with this reason; behind tracee_begin(). */
_Noreturn void tracee_skip(const char *reason);

/*
 * A checkpoint: what the kernel says about the calling process right now (descriptors, maps), against what the model
 * holds at this place in a recording (dump.c).  what: "fd", "map" or both, and a name.
 */
void checkpoint(const char *what, const char *name);

/* The tracee's own check: what would be wrong without a tracer, too, or what a tracer broke. */
#define CHECK(cond) do { if (!(cond)) tracee_broken(__FILE__, __LINE__, #cond); } while (0)
_Noreturn void tracee_broken(const char *file, int line, const char *what);

/* "$TRACEE_DIR/name" (also the working directory), in static memory that is never reused. */
const char *in_dir(const char *name);

static inline pid_t tid_now(void) { return (pid_t)syscall(SYS_gettid); }
/* Waits for a child; its wait status. */
static inline int reap(pid_t pid)
{
	int status;

	return wait_end(pid, &status) < 0 ? -1 : status;
}
