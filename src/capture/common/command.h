/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The command to start: where it is, and in words why it cannot be started.
 * Shared by the backends.
 */
#include <sys/types.h>

struct diag;

/* Searches PATH as execvp does.  *ret_path is the caller's to free.  127 not found, 126 found and not executable. */
int command_find(const char *name, char **ret_path, struct diag *diag);
/* After execve of a file that command_find() accepted failed with err. */
int command_exec_failed(const char *path, int err, struct diag *diag);

/*
 * fork() for the command.  With capabilities on our file we may not be dumped, so a copy of us could not be traced and
 * its /proc/PID belongs to root: the copy may be dumped.  Its capabilities go on to keep others out of it (ptrace(2)).
 */
pid_t command_fork(void);

/*
 * Signals: the tracer catches some and the command must not notice.  Remembers the dispositions and the mask there
 * were at the start; to be called before any is changed.
 */
void command_save_signals(void);
void command_restore_signals(void);	/* in the child, before exec; async-signal-safe */
void command_ignore_signal(int signo);	/* also one that libc keeps for itself: its sigaction() refuses those */
