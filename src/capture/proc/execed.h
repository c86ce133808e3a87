/* SPDX-License-Identifier: MIT */
#pragma once
/* What an exec was given, of a program that has not run yet: at PTRACE_EVENT_EXEC. */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The begin of its stack, as it was read: len bytes from address at on.  argv: strings that end with NUL. */
struct execed {
	char stack[12288];
	uint64_t at;
	size_t len;
	const char *name, *argv;
	size_t name_len, argv_len;
};
/* Finds name and argv in it, of a program of 64 bits; false: they are not there, or not whole. */
bool execed_stack(struct execed *e);
/* The name, ended by NUL, as the call had it (of execveat: /dev/fd/N and what follows): its length, 0 not known. */
size_t execed_name(pid_t tid, char to[PATH_MAX]);
/*
 * A script's interpreter stands before its name in argv (execve(2), "Interpreter scripts"), its own argv[0] is lost.
 * argv: strings that end with NUL, len bytes.  Where the name stands, behind the interpreter; 0: it is no script.
 */
size_t execed_interpreter(pid_t tid, const char *name, const char *argv, size_t len);
