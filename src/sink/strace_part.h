/* SPDX-License-Identifier: MIT */
#pragma once
/* What strace writes its own way, by call (strace_own.c): NULL where it is as everywhere. */
#include "sink/strace.h"

struct call;

typedef void strace_arg_fn(struct strace_text *t, unsigned arg);
typedef void strace_result_fn(struct strace_text *t);
typedef void strace_call_fn(struct strace_text *t, struct strace_call *to); /* all arguments */

strace_arg_fn *strace_arg_of(const struct call *c, unsigned arg);
strace_result_fn *strace_result_of(const struct call *c);
strace_call_fn *strace_call_of(const struct call *c);

/* strace_structs.c */
strace_arg_fn strace_clone3_args, strace_limits, strace_statx_buf, strace_statx_mask, strace_statx_flags,
	strace_statfs_buf, strace_sysinfo_buf, strace_file_times, strace_poll_fds, strace_dir_entries;
strace_result_fn strace_poll_result;
strace_call_fn strace_clone_args;
