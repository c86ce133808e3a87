#include "cli/signals.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

static volatile sig_atomic_t count[NSIG], by_user[NSIG];
static const int obeyed[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

/*
 * A signal between the look at the flag and wait4() would not be noticed until the next stop, so while one is
 * unanswered a timer goes on interrupting.
 */
static void rearm(bool on)
{
	const struct itimerval it = { { 0, on ? 20000 : 0 }, { 0, on ? 20000 : 0 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

static void on_signal(int signo, siginfo_t *si, void *uc UNUSED)
{
	int err = errno;

	if (signo != SIGALRM && signo != SIGTSTP) {
		count[signo]++;
		by_user[signo] = si->si_code <= 0;	/* SI_USER, SI_TKILL, SI_QUEUE; the terminal's are SI_KERNEL */
		rearm(true);
	}
	errno = err;
}

static void catch(int signo, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction sa = { .sa_flags = handler ? SA_SIGINFO : 0 }, old;

	/* Without SA_RESTART: wait4() has to come back.  What was ignored at the start (nohup, a shell's &) stays so. */
	if (handler)
		sa.sa_sigaction = handler;
	else
		sa.sa_handler = SIG_IGN;
	if (sigaction(signo, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(signo, &sa, NULL);
}

void signals_open(struct signals *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < ARRAY_SIZE(obeyed); i++) {
		count[obeyed[i]] = 0;
		catch(obeyed[i], on_signal);
	}
	catch(SIGALRM, on_signal);
	catch(SIGTSTP, on_signal);	/* we stop when the command has: capture/ptrace/ptrace.c */
	catch(SIGTTOU, NULL);	/* the summary may be written from the background */
	catch(SIGPIPE, NULL);	/* a closed stderr is an error of write */
}

void signals_close(struct signals *s)
{
	s->deadline_ns = 0;
	s->forward = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(obeyed); i++)
		signal(obeyed[i], SIG_IGN);
	rearm(false);
}

bool signals_pending(struct signals *s)
{
	for (unsigned i = 0; i < ARRAY_SIZE(obeyed); i++)
		if (count[obeyed[i]])
			return true;
	return s->deadline_ns || s->forward;
}

int signals_next(struct signals *s)
{
	for (unsigned i = 0; i < ARRAY_SIZE(obeyed); i++) {
		int signo = obeyed[i];

		if (!count[signo])
			continue;
		count[signo]--;
		s->from_terminal = !by_user[signo];
		return signo;
	}
	if (!s->deadline_ns && !s->forward)
		rearm(false);
	return 0;
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
		/* nobody is left to tell */
	}
	buf_done(&b);
}
