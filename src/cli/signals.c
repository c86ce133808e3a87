/* SPDX-License-Identifier: MIT */
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "capture/common/command.h"

enum { CAME_MAX = 64, DEPTH_MAX = 64, FIRST_RT = 32 };	/* the kernel's first; libc keeps two for itself */

/* Written by the handler, which only the main thread runs and nothing interrupts; read by the same thread. */
static struct signal_came came[CAME_MAX];
static volatile sig_atomic_t ncame, nread;
static const int obeyed[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

bool signals_is_obeyed(int signo)
{
	for (unsigned i = 0; i < ARRAY_SIZE(obeyed); i++)
		if (obeyed[i] == signo)
			return true;
	return false;
}

/*
 * A signal between the look at the flag and wait4() would not be noticed until the next stop, so while one is
 * unanswered a timer goes on interrupting.
 */
static void rearm(bool on)
{
	const struct itimerval it = { { 0, on ? 20000 : 0 }, { 0, on ? 20000 : 0 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

/* The number behind key in /proc/PID/status, 0 when there is none.  Async-signal-safe. */
static pid_t status_number(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	pid_t v = 0;

	for (p = p ? p + strlen(key) : ""; *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (*p - '0');
	return v;
}

static ssize_t read_status(pid_t pid, char *text, size_t room)
{
	char path[32] = "/proc/", *p = path + 6, digits[12];
	unsigned n = 0;
	ssize_t len;
	int fd;

	for (; pid; pid /= 10)
		digits[n++] = (char)('0' + pid % 10);
	while (n)
		*p++ = digits[--n];
	memcpy(p, "/status", 8);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, text, room - 1);
	close(fd);
	text[MAX(len, 0)] = '\0';
	return len;
}

/*
 * Is it of what we have started, or do we trace it?  Asked in the handler, while the sender still is what it was: it
 * may be about to end.
 */
static bool is_traced(pid_t pid)
{
	char text[2048];

	for (unsigned i = 0; i < DEPTH_MAX && pid > 1; i++) {
		if (read_status(pid, text, sizeof(text)) <= 0)
			return false;
		if (i == 0 && status_number(text, "\nTracerPid:\t") == getpid())
			return true;
		pid = status_number(text, "\nPPid:\t");
		if (pid == getpid())
			return true;
	}
	return false;
}

static bool alarm_was_ignored;

static bool is_user(int code) { return code == SI_USER || code == SI_QUEUE || code == SI_TKILL; }

/* Of our own making: a fault, or the limit of our time.  What is done by default is right. */
static bool is_own(int signo, const siginfo_t *si)
{
	switch (signo) {
	case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGTRAP: case SIGSYS: case SIGXCPU:
		return si->si_code > 0;
	default:
		return false;
	}
}

static void on_signal(int signo, siginfo_t *si, void *uc UNUSED)
{
	int err = errno;

	if (signo == SIGALRM && alarm_was_ignored && is_user(si->si_code))
		return;
	if (is_own(signo, si)) {
		signal(signo, SIG_DFL);
		if (signo == SIGXCPU)
			raise(signo);
	} else if ((is_user(si->si_code) ? !is_traced(si->si_pid) : signals_is_obeyed(signo)) &&
		   ncame - nread < CAME_MAX) {
		came[ncame % CAME_MAX] = (struct signal_came){ signo, is_user(si->si_code) ? si->si_pid : 0, !is_user(si->si_code),
							       si->si_code == SI_QUEUE, si->si_value };
		ncame++;
		rearm(true);
	}
	errno = err;
}

/*
 * What was ignored at the start (nohup, a shell's &), or has a handler (a sanitizer's), stays so.  But our own timers
 * need SIGALRM: that of others is ignored in on_signal() then.
 */
static void catch(int signo, bool ignore, int flags)
{
	struct sigaction sa = { .sa_flags = flags }, old;

	sigfillset(&sa.sa_mask);
	if (ignore)
		sa.sa_handler = SIG_IGN;
	else
		sa.sa_sigaction = on_signal;
	if (sigaction(signo, NULL, &old) < 0)
		return;
	if (signo == SIGALRM)
		alarm_was_ignored = old.sa_handler == SIG_IGN;
	if (old.sa_handler == SIG_DFL || (signo == SIGALRM && alarm_was_ignored))
		sigaction(signo, &sa, NULL);
}

/*
 * Every signal that would end or stop us: what a program sends to its process group is meant for the group, and what
 * another process sends to us is meant for the command.
 */
void signals_open(struct signals *s)
{
	sigset_t alarm;

	memset(s, 0, sizeof(*s));
	nread = ncame;
	for (int signo = 1; signo < NSIG; signo++) {
		switch (signo) {
		case SIGKILL: case SIGSTOP: case SIGCHLD: case SIGCONT: case SIGURG: case SIGWINCH:
			break;
		case SIGTTOU:		/* the summary may be written from the background */
		case SIGPIPE:		/* a closed stderr is an error of write */
			catch(signo, true, 0);
			break;
		case SIGALRM:		/* without SA_RESTART: wait4() has to come back */
		case SIGINT: case SIGQUIT: case SIGTERM: case SIGHUP:
			catch(signo, false, SA_SIGINFO);
			break;
		default:		/* SIGTSTP, SIGTTIN: we stop when the command has: capture/ptrace/ptrace.c */
			catch(signo, false, SA_SIGINFO | SA_RESTART);
		}
	}
	for (int signo = FIRST_RT; signo < SIGRTMIN; signo++)
		command_ignore_signal(signo);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

int signals_end_asked(void)
{
	for (int i = nread; i < ncame; i++)
		if (signals_is_obeyed(came[i % CAME_MAX].signo))
			return came[i % CAME_MAX].signo;
	return 0;
}

void signals_close(struct signals *s)
{
	s->deadline_ns = 0;
	s->nforwards = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(obeyed); i++)
		signal(obeyed[i], SIG_IGN);
	rearm(false);
}

static volatile sig_atomic_t nasked;

static void on_asked(int signo UNUSED) { nasked++; }

void signals_open_reading(void)
{
	const struct sigaction sa = { .sa_handler = on_asked };
	struct sigaction old;

	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < ARRAY_SIZE(obeyed); i++)
		if (sigaction(obeyed[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(obeyed[i], &sa, NULL);
}

unsigned signals_reading_asked(void) { return (unsigned)nasked; }

bool signals_pending(struct signals *s) { return ncame != nread || s->deadline_ns || s->nforwards; }

bool signals_next(struct signals *s, struct signal_came *ret)
{
	if (ncame != nread) {
		*ret = came[nread % CAME_MAX];
		nread++;
		return true;
	}
	if (!s->deadline_ns && !s->nforwards)
		rearm(false);
	return false;
}

bool signals_ignored_by(pid_t pid, int signo)
{
	unsigned long long mask = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigIgn: %llx", &mask) == 1)
			break;
	if (f)
		fclose(f);
	return mask >> (signo - 1) & 1;
}

void signals_die(int signo)
{
	const struct rlimit none = { 0, 0 };
	sigset_t set;

	setrlimit(RLIMIT_CORE, &none);	/* the command has dumped its own, if any */
	signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signo);
}

void signals_say(const char *text)
{
	struct buf b = { 0 };

	buf_puts(&b, "compendium: ");
	text_safe(&b, text, strlen(text));
	buf_putc(&b, '\n');
	if (write(STDERR_FILENO, b.s, b.len) < 0) {
		/* no process is left to print to */
	}
	buf_done(&b);
}

void signals_show(const char *place)
{
	if (*place && (write(STDERR_FILENO, place, strlen(place)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)) {
		/* likewise */
	}
}
