/* SPDX-License-Identifier: MIT */
#include "cli/limit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/process.h"
#include "capture/source.h"
#include "cli/signals.h"
#include "event/event.h"

enum { AGAIN_NS = 20000000 };	/* a signal between the look and the wait would be missed: it comes again */

/* SIGALRM is caught, does nothing, and ends a wait with EINTR (cli/signals.c). */
int limit_open(struct limit *l, uint64_t duration_ns, uint64_t events, struct diag *diag)
{
	struct sigevent alarm = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };

	*l = (struct limit){ .duration_ns = duration_ns, .events = events };
	if (!duration_ns && !events)
		return 0;
	if (timer_create(CLOCK_MONOTONIC, &alarm, &l->timer) < 0)
		return diag_set(diag, 125, errno, "cannot make a timer for --duration: %s", strerror(errno));
	l->has_timer = true;
	return 0;
}

static void interrupt_in(struct limit *l, uint64_t ns)
{
	const struct itimerspec it = {
		.it_value = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) },
		.it_interval = { 0, ns ? AGAIN_NS : 0 },
	};

	timer_settime(l->timer, 0, &it, NULL);
}

void limit_start(struct limit *l)
{
	if (!l->duration_ns)
		return;
	l->end_ns = clock_ns() + l->duration_ns;
	interrupt_in(l, l->duration_ns);
}

static bool is_counted(enum event_kind kind)
{
	switch (kind) {
	case EV_START: case EV_END: case EV_LOST: case EV_RELEASE: case EV_MEMORY_SNAPSHOT:
	case EV_ATTACH: case EV_DETACH: case EV_WAITING: case EV_COUNTS:
		return false;
	default:
		return true;
	}
}

bool limit_count(struct limit *l, const struct event *ev)
{
	if (!is_counted(ev->kind))
		return true;
	if (l->nevents == l->events)
		return false;
	if (++l->nevents == l->events) {
		atomic_store(&l->reached, true);
		interrupt_in(l, 1);
	}
	return true;
}

void limit_look(struct limit *l, struct source *source)
{
	if (l->ended || !(atomic_load(&l->reached) || (l->end_ns && clock_ns() >= l->end_ns)))
		return;
	l->ended = true;
	source->ops->stop(source, false);
}

void limit_close(struct limit *l)
{
	if (l->has_timer)
		timer_delete(l->timer);
	l->has_timer = false;
}

/* As in a shell: what the terminal sends reaches the command without us. */
static void pass_on(struct signals *signals, pid_t pid)
{
	struct signal_came c;

	while (signals_next(signals, &c))
		if (!c.from_terminal && c.sender != pid) {
			if (c.queued)
				sigqueue(pid, c.signo, c.value);
			else
				kill_one(pid, c.signo);
		}
}

int limit_wait(struct signals *signals, pid_t pid)
{
	int status, rc;

	for (;;) {
		pass_on(signals, pid);
		rc = wait_one(pid, &status, WUNTRACED);
		if (rc < 0 && rc != -EINTR)
			return -1;
		if (rc <= 0)
			continue;
		if (!WIFSTOPPED(status))
			return status;
		/* Ctrl-Z: our shell waits for us, so we stop when the command has. */
		if (WSTOPSIG(status) != SIGSTOP && getpgid(pid) == getpgrp())
			kill(getpid(), SIGSTOP);
	}
}
