/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The functions that a stopped thread is in, from the innermost out: by the unwind tables that programs have for their
 * exceptions (cfi.h), else by frame pointers (Go, compilers that make code at run time).
 *
 * What a thread's stack and files say is never trusted: a stack has at most STACK_DEPTH frames, each lies above the
 * one before, reads are counted, and names are bytes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "record/record.h"

enum { STACK_DEPTH = STACK_FRAMES_MAX };

struct stacks;

struct stacks *stacks_new(void);
void stacks_free(struct stacks *s);	/* NULL is fine */
/*
 * Looks where the thread is, which is in a ptrace-stop, of 64 bits; kept until the next one.  false: nothing is known.
 */
bool stacks_take(struct stacks *s, pid_t pid, pid_t tid);
/* Appends the chunks of RECORD_STACK for what was taken last; it may run on meanwhile.  Returns h.flags. */
unsigned stacks_put(struct stacks *s, struct buf *chunks, uint32_t *ret_nchunks);
void stacks_changed(struct stacks *s, pid_t pid);	/* its mappings may have changed */
void stacks_drop(struct stacks *s, pid_t pid);		/* it ended, or runs another program */
