/* SPDX-License-Identifier: MIT */
#pragma once
/* What being traced costs a program when the tracer is an ordinary user (execve(2), ptrace(2)). */
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

bool rights_may_ptrace_all(void);	/* CAP_SYS_PTRACE: nothing of this page applies */
/*
 * Just after an exec: EXEC_* of record.h.  call: the execve's chunks, of which the first is the path.
 * nnp_ours: that it has no_new_privs is our doing; else no rights would have come to it without us either.
 */
unsigned rights_lost_at_exec(pid_t tid, const struct buf *call, bool nnp_ours);
/* Whether the kernel lets us read what is surely there: the top of its stack. */
bool rights_can_read(pid_t tid, unsigned long long stack_pointer);
bool rights_any_fault(const struct buf *chunks);
