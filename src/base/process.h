/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Signals to, and waits for, one process.  A failed fork() leaves -1, and a number that was never found out is 0: to
 * kill(2) these are "every process that I may signal" and "my own process group", to waitpid(2) "any child".  So no
 * other file calls the two with a number that may be one of them; tools/check-calls.py holds the whole tree to that.
 */
#include <errno.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

/* 0 or -errno; -ESRCH for what is no process's number. */
static inline int kill_one(pid_t pid, int sig)
{
	if (pid <= 0)
		return -ESRCH;
	return kill(pid, sig) < 0 ? -errno : 0;
}

/* 1: *ret_status is its news; 0: there is none (WNOHANG); -errno: -ECHILD also for what is no process's number. */
static inline int wait_one(pid_t pid, int *ret_status, int options)
{
	pid_t got;

	if (pid <= 0)
		return -ECHILD;
	got = waitpid(pid, ret_status, options);
	return got < 0 ? -errno : got > 0;
}

/* As wait_one(), and what it used when its end is the news (usage may be NULL). */
struct rusage;
static inline int wait_usage(pid_t pid, int *ret_status, int options, struct rusage *usage)
{
	pid_t got;

	if (pid <= 0)
		return -ECHILD;
	got = wait4(pid, ret_status, options, usage);
	return got < 0 ? -errno : got > 0;
}

/* The news of one that is traced, left for who fetches it: 1, 0 none (WNOHANG), -errno. */
static inline int wait_look(pid_t pid, siginfo_t *ret, int options)
{
	*ret = (siginfo_t){ 0 };
	if (pid <= 0)
		return -ECHILD;
	if (waitid(P_PID, (id_t)pid, ret, WEXITED | WSTOPPED | WNOWAIT | __WALL | options) < 0)
		return -errno;
	return ret->si_pid > 0;
}

/* As wait_one(), until the child has ended, whatever signals come. */
static inline int wait_end(pid_t pid, int *ret_status)
{
	int rc;

	do
		rc = wait_one(pid, ret_status, 0);
	while (rc == -EINTR);
	return rc;
}
