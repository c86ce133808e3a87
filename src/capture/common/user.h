/* SPDX-License-Identifier: MIT */
#pragma once
/* Another user that the command runs as (-u): looked up before it is started, become in its process. */
#include <sys/types.h>

struct diag;

struct run_as { uid_t uid; gid_t gid; gid_t *groups; int ngroups; };

/* By name or by number; needs root.  ret_as->groups is the caller's to free.  -errno with diag. */
int user_find(const char *name, struct run_as *ret_as, struct diag *diag);
/* Takes its groups and ids for good.  Async-signal-safe.  -errno. */
int user_become(const struct run_as *as);
/* After user_become() failed with err. */
int user_refused(const char *name, int err, struct diag *diag);
