/* SPDX-License-Identifier: MIT */
#include "capture/common/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"

/*
 * The kernel's own, for the signals that libc does not let go of (SIGCANCEL, SIGSETXID): struct sigaction of
 * asm/signal.h.
 */
struct raw_action { void (*handler)(int); unsigned long flags; void (*restorer)(void); uint64_t mask; };
enum { LIBC_FIRST = 32 };
static struct raw_action libc_own[8];

/* set once, before any thread */
static struct { sigset_t mask; struct sigaction act[NSIG]; bool known[NSIG]; } at_start;

void command_save_signals(void)
{
	sigprocmask(SIG_BLOCK, NULL, &at_start.mask);
	for (int i = 1; i < NSIG; i++)
		at_start.known[i] = sigaction(i, NULL, &at_start.act[i]) == 0;
	for (int i = LIBC_FIRST; i < SIGRTMIN; i++)
		syscall(SYS_rt_sigaction, i, NULL, &libc_own[i - LIBC_FIRST], sizeof(uint64_t));
}

void command_restore_signals(void)
{
	for (int i = 1; i < NSIG; i++)
		if (at_start.known[i] && i != SIGKILL && i != SIGSTOP)
			sigaction(i, &at_start.act[i], NULL);
	for (int i = LIBC_FIRST; i < SIGRTMIN; i++)
		syscall(SYS_rt_sigaction, i, &libc_own[i - LIBC_FIRST], NULL, sizeof(uint64_t));
	sigprocmask(SIG_SETMASK, &at_start.mask, NULL);
}

void command_ignore_signal(int signo)
{
	const struct raw_action ignore = { .handler = SIG_IGN };

	syscall(SYS_rt_sigaction, signo, &ignore, NULL, sizeof(uint64_t));
}

pid_t command_fork(void)
{
	int was = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	pid_t pid;

	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	pid = fork();
	if (pid != 0 && was != 1)
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return pid;
}

static int not_executable(const char *path, int err, struct diag *diag)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return diag_set(diag, 126, EISDIR, "%s is a directory; name a program to run", path);
	if (err == EACCES)
		return diag_set(diag, 126, EACCES,
				"%s is not executable; make it so with chmod +x, or name its interpreter: compendium "
				"-- sh %s",
				path, path);
	return diag_set(diag, 126, err, "cannot run %s: %s", path, strerror(err));
}

/* 0, or -errno of why it cannot be executed. */
static int check(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return -EACCES;
	return 0;
}

int command_find(const char *name, char **ret_path, struct diag *diag)
{
	const char *dirs = getenv("PATH"), *p;
	struct buf b = { 0 };
	char *denied = NULL;
	int rc;

	if (!*name)
		return diag_set(diag, 127, ENOENT, "the command is an empty word; name a program to run");
	if (strchr(name, '/')) {
		rc = check(name);
		if (rc == -ENOENT || rc == -ENOTDIR)
			return diag_set(diag, 127, -rc, "%s: no such file; check the path", name);
		if (rc < 0)
			return not_executable(name, -rc, diag);
		*ret_path = xmemdup0(name, strlen(name));
		return 0;
	}
	for (p = dirs ? dirs : "/bin:/usr/bin"; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
		size_t n = strcspn(p, ":");

		buf_reset(&b);
		buf_add(&b, n ? p : ".", n ? n : 1);	/* an empty element is the current directory */
		buf_printf(&b, "/%s", name);
		rc = check(b.s);
		if (rc == 0) {
			*ret_path = b.s;
			free(denied);
			return 0;
		}
		/* a directory of PATH that we may not search holds nothing for us */
		if (rc == -EACCES && !denied && access(b.s, F_OK) == 0)
			denied = xmemdup0(b.s, b.len);
	}
	buf_done(&b);
	if (denied) {
		rc = not_executable(denied, EACCES, diag);
		free(denied);
		return rc;
	}
	return diag_set(diag, 127, ENOENT, "%s: command not found; check the name or PATH", name);
}

int command_exec_failed(const char *path, int err, struct diag *diag)
{
	char line[256] = "", *interp, *end;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, line, sizeof(line) - 1) : 0;

	if (n > 2 && !memcmp(line, "#!", 2)) {
		line[n] = '\0';
		interp = line + 2 + strspn(line + 2, " \t");
		end = interp + strcspn(interp, " \t\n");
		*end = '\0';
		return diag_set(diag, 126, err,
				"%s: its interpreter \"%s\" cannot be run: %s; fix its first line, or name an "
				"interpreter: compendium -- sh %s",
				path, interp, strerror(err), path);
	}
	if (err == ENOEXEC)
		return diag_set(diag, 126, err,
				"%s is neither a program for this machine nor a script with a #! line; run it as: "
				"compendium -- sh %s",
				path, path);
	if (err == ENOENT)
		return diag_set(diag, 126, err,
				"%s: the dynamic loader it asks for is not on this system (a program for another libc "
				"or architecture?)",
				path);
	return not_executable(path, err, diag);
}
