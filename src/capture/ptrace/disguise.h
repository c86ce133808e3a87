/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a program may look at and would see of us, answered as if we were not
 * there: seccomp's mode and filters, no_new_privs, /proc/self/status (status.h).  And the
 * step aside: once a program sets a filter of its own, all of its calls stop
 * (its filter may hide calls from ours), and what its filter decides happens.
 */
#include <stdbool.h>
#include <stdint.h>

struct ptrace_source;
struct tracee;

/* tracee.fixup */
enum {
	ANSWER_NONE, ANSWER_GET_SECCOMP, ANSWER_GET_NNP, ANSWER_SET_NNP, ANSWER_SET_STRICT, ANSWER_SET_FILTER,
	ANSWER_TSYNC, ANSWER_READ_STATUS, ANSWER_DUP_STATUS, ANSWER_UNTRACED, ANSWER_MAP_FILES,
};

/* Calls the filter has to stop at whatever the plan says.  Returns its condition, or NULL; *ret_always: without one. */
const struct arg_cond *disguise_wants(unsigned arch, unsigned nr, bool *ret_always);
/* At entry, after nr, arch and args are known.  True: an answer is due at exit, so the exit-stop is needed. */
bool disguise_enter(struct ptrace_source *s, struct tracee *t, const uint64_t args[6]);
/* Likewise where a stub has opened what is looked at more closely, whose name is the first chunk of t. */
bool disguise_opens(struct ptrace_source *s, struct tracee *t);
/* At exit; returns the result to show, which may differ from the kernel's. */
int64_t disguise_leave(struct ptrace_source *s, struct tracee *t, int64_t ret);
/*
 * A new task at its first stop, args[0], arch and nr of its parent's call in it: what we changed in that call is put
 * back.
 */
void disguise_born(struct tracee *child);
/*
 * At a seccomp-stop: a RET_TRACE of the program's own filter has no tracer in its eyes, so the call fails with ENOSYS.
 */
void disguise_foreign_trace(const struct tracee *t);
