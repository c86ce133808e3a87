/* SPDX-License-Identifier: MIT */
#pragma once
/* Processes to attach to (-p): whether they can be, and in words why not; the same whatever the backend. */
#include <sys/types.h>

struct capture_options;
struct diag;

/*
 * Before a backend is opened: what is looked at in /proc needs one, and something to look at.  note: what will be
 * missing; left as it is otherwise.
 */
int target_check_running(const struct capture_options *opt, struct diag *note, struct diag *diag);
/* *ret_tgid: its process; a thread's number means that.  There is one, it has a program, and it is not ourselves. */
int target_check(pid_t pid, pid_t *ret_tgid, struct diag *diag);
/* For one that the caller may not trace.  what: it does or is; NULL: another user's. */
int target_forbidden(pid_t pid, const char *what, struct diag *diag);
