/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The environment that a command gets: the one that we were given.
 *
 * In a program with file capabilities, or set-user-ID (AT_SECURE), the C library takes LD_LIBRARY_PATH, TMPDIR, TZDIR
 * and some twenty others out of `environ` before main (ld.so(8)).  That protects us; the command has no such rights and
 * is to find what it would have found without us.  The strings are still where execve(2) put them: behind those of
 * argv, up to the file's name (AT_EXECFN), as mm->env_start and env_end have it.  /proc/self/environ shows the same
 * bytes, but not to a process that may not be dumped.
 */
void environ_save(int argc, char *const *argv);	/* first of all, before anybody moves argv or changes a variable */
/* Each VAR=VALUE is put into it, each VAR taken out, in order; NULL ends them.  Borrowed. */
void environ_change(char *const *words);
char *const *environ_given(void);		/* valid to the end; the caller changes nothing */
