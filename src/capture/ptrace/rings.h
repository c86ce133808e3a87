/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The queues of io_urings, in memory that the kernel shares with the program: where they are, io_uring_setup and mmap
 * say; what is in them is copied at io_uring_enter.
 */
#include "capture/ptrace/ptrace.h"

/* At the entry of io_uring_enter: the requests that it submits, or, with SQPOLL, those in the queue (PART_SQES). */
void rings_entered(struct ptrace_source *s, struct tracee *t);
/* At the exit of a call that succeeded: a ring is made, or mapped; of io_uring_enter the completions (PART_CQES). */
void rings_left(struct ptrace_source *s, struct tracee *t, int64_t ret, const struct capture_plan *plan);
void rings_done(struct ptrace_source *s);
