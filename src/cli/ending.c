/* SPDX-License-Identifier: MIT */
#include "cli/ending.h"

#include <sys/types.h>

#include "base/clock.h"
#include "base/process.h"
#include "capture/source.h"
#include "record/record.h"

enum {
	LET_GO_NS = 2000000000, /* how long a command may take to end after SIGTERM */
	/* a signal that a process sends to our whole group reaches the command within this */
	FORWARD_NS = 100000000,
	/*
	 * two equal signals of a process this close are one: timeout(1) sends to its child, then to the group, and on a
	 * busy machine we may look much later; whoever is at a terminal is not meant
	 */
	SAME_NS = 500000000,
};

void ending_note(struct ending *e, const struct record *r)
{
	int signo;

	if (r->kind != RECORD_SIGNAL || r->pid != (rec_u32)e->source->ops->main_pid(e->source))
		return;
	signo = ((const struct record_signal *)r)->signo;
	if (signo > 0 && signo < NSIG)
		e->seen_ns[signo] = clock_ns();
}

/*
 * A process of the command: it sends to its group, or to its parent, and not to a tracer it knows nothing of.  Who is
 * attached to is no child of ours; it may be the shell from which a user ends us, or with --system any process.
 */
static bool is_ours(struct ending *e, pid_t pid)
{
	return pid > 0 && e->source->ops->main_pid(e->source) > 0 && e->source->ops->traces &&
	       e->source->ops->traces(e->source, pid);
}

/*
 * A signal that a process sent to us goes on to the command, as if compendium were not there.  Whether it was sent to
 * our whole group, so that the command has it already, nothing tells; but then we see the command get it.
 */
static void forward(struct ending *e, pid_t pid, int signo, uint64_t now)
{
	const struct signal_came *what = &e->signals.forwards[signo].what;
	bool has_it = e->seen_ns[signo] + FORWARD_NS > e->signals.forwards[signo].since_ns;

	if (!has_it && now < e->signals.forwards[signo].since_ns + FORWARD_NS)
		return;
	if (!has_it && pid > 0 && !is_ours(e, what->sender)) {
		if (what->queued)
			sigqueue(pid, signo, what->value);
		else
			kill_one(pid, signo);
	}
	e->signals.forwards[signo].since_ns = 0;
	e->signals.nforwards--;
}

static void set_forward(struct ending *e, const struct signal_came *what, uint64_t now)
{
	e->signals.nforwards += !e->signals.forwards[what->signo].since_ns;
	e->signals.forwards[what->signo].what = *what;
	e->signals.forwards[what->signo].since_ns = now;
}

static void let_go(struct ending *e, int signo)
{
	e->signals.let_go_by = signo;
	e->source->ops->stop(e->source, false);
}

static void one_signal(struct ending *e, const struct signal_came *c, pid_t pid, bool runs, uint64_t now)
{
	struct signals *sig = &e->signals;
	bool interrupt = c->signo == SIGINT || c->signo == SIGQUIT;

	if (is_ours(e, c->sender))
		return;
	if (e->dump && c->signo == SIGUSR1) {
		e->dump(e->dump_ctx);
		return;
	}
	if (!signals_is_obeyed(c->signo) && (runs || c->signo == SIGTSTP || c->signo == SIGTTIN)) {
		if (runs)
			set_forward(e, c, now);
		return;
	}
	if (!c->from_terminal && c->signo == sig->last && now < sig->last_ns + SAME_NS)
		return;
	sig->last = c->signo;
	sig->last_ns = now;
	if (!runs) {
		/* -p; or only what the command left behind is still there */
		e->source->ops->stop(e->source, sig->nleft++ > 0);
	} else if (sig->nobeyed++ > 0) {
		e->source->ops->stop(e->source, true);
	} else if (!interrupt && signals_ignored_by(pid, c->signo)) {
		let_go(e, c->signo);
	} else {
		if (!interrupt || !c->from_terminal)
			set_forward(e, c, now);
		if (!interrupt)
			sig->deadline_ns = now + LET_GO_NS;
	}
}

static void handle_signals(struct ending *e)
{
	struct signals *sig = &e->signals;
	pid_t pid = e->source->ops->main_pid(e->source);
	bool runs = pid > 0 && e->source->ops->status(e->source) < 0;
	uint64_t now = clock_ns();
	struct signal_came c;

	for (int signo = 1; signo < NSIG && sig->nforwards; signo++)
		if (sig->forwards[signo].since_ns)
			forward(e, runs ? pid : 0, signo, now);
	while (signals_next(sig, &c))
		one_signal(e, &c, pid, runs, now);
	if (sig->deadline_ns && (!runs || now > sig->deadline_ns)) {
		sig->deadline_ns = 0;
		if (runs)
			let_go(e, sig->last);
		else
			e->source->ops->stop(e->source, false);
	}
}

void ending_look(struct ending *e)
{
	if (signals_pending(&e->signals))
		handle_signals(e);
}
