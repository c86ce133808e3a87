/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Runs a capture plan on a stopped tracee: copies what the arguments point to
 * into chunks.  A page that is not there gives a chunk marked FAULT, never an
 * error; a task that has died gives nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "capture/plan.h"

enum { MEM_CONTROL_MAX = 2048 };	/* of msg_control; SCM_MAX_FD descriptors are 1028 bytes */

struct mem_call { pid_t tid; bool compat; /* 32-bit layouts */ const uint64_t *args; int64_t ret; unsigned payload; };

/* As many bytes as are there, up to n; 0 when nothing is. */
size_t mem_read(pid_t tid, uint64_t addr, void *to, size_t n);
/*
 * From here on a page may be there only when a traced process has filled it: the tracer does not wait for that
 * (reader.h).
 */
void mem_may_wait(void);
void mem_copy_enter(struct buf *b, const struct capture_plan *plan, const struct mem_call *c);
void mem_copy_leave(struct buf *b, const struct capture_plan *plan, const struct mem_call *c);
/*
 * The bytes of a thread's name that the call wrote (plan->names); names: how many such writes to look at, counted down.
 */
void mem_copy_name(struct buf *b, const struct capture_plan *plan, const struct mem_call *c, uint8_t *names);
/* What the call wrote to the standard error, or a copy of it (stderrs): its first and last bytes (plan->words). */
void mem_copy_words(struct buf *b, const struct capture_plan *plan, const struct mem_call *c, uint64_t stderrs);
/* A string, max bytes at most, as a chunk. */
void mem_copy_str(struct buf *b, unsigned arg, unsigned part, pid_t tid, uint64_t addr, size_t max);
/* Strings of a NULL-terminated vector in the tracee, as PART part chunks. */
void mem_copy_strv(struct buf *b, unsigned arg, unsigned part, pid_t tid, bool compat, uint64_t addr, size_t max);
