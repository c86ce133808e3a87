/* SPDX-License-Identifier: MIT */
#pragma once
/* What an exec was given, of a program that has not run yet: at PTRACE_EVENT_EXEC. */
#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

/* The name, ended by NUL, as the call had it (of execveat: /dev/fd/N and what follows): its length, 0 not known. */
size_t execed_name(pid_t tid, char to[PATH_MAX]);
/*
 * A script's interpreter stands before its name in argv (execve(2), "Interpreter scripts"), its own argv[0] is lost.
 * argv: strings that end with NUL, len bytes.  Where the name stands, behind the interpreter; 0: it is no script.
 */
size_t execed_interpreter(pid_t tid, const char *name, const char *argv, size_t len);
