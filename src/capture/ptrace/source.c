/* SPDX-License-Identifier: MIT */
/* The source: opened, stepped, stopped and freed by the session. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/process.h"
#include "capture/common/stop.h"
#include "capture/proc/proc.h"
#include "capture/ptrace/ptrace.h"
#include "capture/ptrace/rings.h"
#include "capture/ptrace/rights.h"
#include "capture/ptrace/status.h"
#include "capture/stack/stack.h"
#include "record/build.h"

static void put_end(struct ptrace_source *s)
{
	emitter_end(&s->out, s->main_pid, s->main_status, s->interrupted);
	s->phase = ENDED;
	wait_done(s);
	near_close(&s->near);
}

/* No wait reports them any more: they have ended, when and how is not known. */
static void end_rest(struct ptrace_source *s)
{
	while (s->tracees)
		ptrace_ended(s, s->tracees, -1, NULL);
}

static void kill_all(struct ptrace_source *s)
{
	struct tracee *t;

	for (t = s->tracees; t; t = t->hh.next)
		kill_one(t->pid ? t->pid : t->tid, SIGKILL);
}

static void asked_to_stop(struct ptrace_source *s)
{
	enum stop_request how = source_take_request(&s->src);

	s->interrupted = true;
	if (s->main_pid && (how == STOP_KILL || (s->filter_set && !keeper_may()))) {
		kill_all(s);
		keeper_kill(s);
	} else if (s->phase == RUNNING) {
		s->phase = ABOUT_TO_LEAVE;
		if (s->inside)
			space_off_all(s);
	} else if (how == STOP_KILL) {
		s->give_up = true;
	}
}

/*
 * Stops are waited for, not signalled: the kernel need not make a SIGCHLD of each to find it ignored.  Ends with an
 * exec.
 */
static void want_no_signal_of_stops(void)
{
	struct sigaction sa;

	if (sigaction(SIGCHLD, NULL, &sa) < 0)
		return;
	sa.sa_flags |= SA_NOCLDSTOP;
	sigaction(SIGCHLD, &sa, NULL);
}

static int ptrace_step(struct source *src, source_emit_fn *emit, void *ctx)
{
	struct ptrace_source *s = CONTAINER_OF(src, struct ptrace_source, src);
	int rc;

	emitter_to(&s->out, emit, ctx);
	if (!s->near_open) {
		s->near_open = true;
		near_open(&s->near);
	}
	if (src->stop_request && s->phase != ENDED)
		asked_to_stop(s);
	if (s->inside)
		space_tick(s);
	switch (s->phase) {
	case STARTING:		/* over when open() returns */
	case ENDED:
		return 0;
	case ABOUT_TO_LEAVE:
	case LEAVING:
		if (!loop_leave(s))
			return 1;
		put_end(s);	/* the command may live on as our child; it is not waited for */
		return 0;
	case RUNNING:
		break;
	}
	if (s->next_end_ns)
		wait_clock(s);
	/* Before stopping ourselves every pending stop is handled, or a SIGCONT to the group could get ahead of it. */
	atomic_store_explicit(&src->waiting, !s->inside || !space_any(s), memory_order_release);
	rc = loop_turn(s, !s->stop_self);
	if (rc == -EINTR)
		return rc;
	if (rc == 0) {
		s->stop_self = false;
		kill(getpid(), SIGSTOP);
		return 1;
	}
	if (rc == -ECHILD)
		end_rest(s);
	if (rc < 0 || !s->tracees) {
		put_end(s);	/* nothing is left */
		return 0;
	}
	return 1;
}

static int ptrace_status(const struct source *src)
{
	return CONTAINER_OF(src, struct ptrace_source, src)->main_status;
}

static pid_t ptrace_main_pid(const struct source *src)
{
	return CONTAINER_OF(src, struct ptrace_source, src)->main_pid;
}

static bool ptrace_traces(const struct source *src, pid_t pid)
{
	const struct ptrace_source *s = CONTAINER_OF(src, struct ptrace_source, src);

	for (const struct tracee *t = s->tracees; t; t = t->hh.next)
		if (t->pid == pid)
			return true;
	return false;
}

static const struct diag *ptrace_remark(struct source *src)
{
	struct ptrace_source *s = CONTAINER_OF(src, struct ptrace_source, src);

	if (!s->inside)
		return NULL;
	space_remark(s, &s->remark);
	return &s->remark;
}

/* Who received the records has gone when a source is freed. */
static void ignore(void *ctx UNUSED, const struct record *r UNUSED)
{
}

static void ptrace_free(struct source *src)
{
	struct ptrace_source *s = CONTAINER_OF(src, struct ptrace_source, src);
	struct tracee *t, *tmp;

	emitter_to(&s->out, ignore, NULL);
	if (s->tracees && s->main_pid)
		kill_all(s);
	for (s->phase = ABOUT_TO_LEAVE; s->tracees && !s->main_pid && !loop_leave(s);)
		;
	HASH_ITER(hh, s->tracees, t, tmp)
		tracee_drop(s, t);
	space_end(s);
	for (unsigned i = 0; i < ARRAY_SIZE(s->plans); i++) {
		free(s->plans[i]);
		free(s->planned[i]);
	}
	proc_fds_close(&s->fds);
	status_done(s);
	looked_done(s);
	rings_done(s);
	emitter_done(&s->out);
	stacks_free(s->stacks);
	free(s->round.tids);
	free(s);
}

static const struct source_ops ptrace_ops = {
	.step = ptrace_step, .stop = source_request_stop, .free = ptrace_free, .status = ptrace_status, .main_pid = ptrace_main_pid,
	.traces = ptrace_traces, .remark = ptrace_remark,
};

int source_ptrace_open(const struct capture_options *opt, struct source **ret_source, struct diag *note,
		       struct diag *diag)
{
	struct ptrace_source *s = xcalloc(1, sizeof(*s));
	int rc;

	*s = (struct ptrace_source){
		.src.ops = &ptrace_ops, .opt = opt, .may_all = rights_may_ptrace_all(), .main_status = -1,
		/*
		 * One question a call is cheaper than the stops of what copies descriptors; who is attached to stops
		 * anyway, and a stub asks nothing.
		 */
		.looks = opt->argv && opt->in_process != IN_PROCESS_ON && opt->names & NAMES_COPIES &&
			 !(opt->names & NAMES_FILES),
	};
	if (opt->stacks)
		s->stacks = stacks_new();
	for (unsigned i = 0; i < ARRAY_SIZE(s->plans); i++) {
		s->plans[i] = xcalloc(SYSCALL_MAX, sizeof(s->plans[i][0]));
		s->planned[i] = xcalloc(SYSCALL_MAX, sizeof(bool));
	}
	proc_put_start(opt, START_PTRACE, &s->out.rec, ptrace_now_ns());
	emitter_put(&s->out);
	want_no_signal_of_stops();
	rc = ptrace_able(diag);
	if (rc == 0 && opt->asked_to_end && opt->asked_to_end(opt->spawned_ctx))
		rc = diag_set(diag, 125, ECANCELED, "ended before tracing began");
	if (opt->in_process == IN_PROCESS_ON && !opt->argv)
		diag_set(note, 0, 0, "--in-process: only for a command; each call stops, as without it");
	if (rc == 0)
		rc = opt->argv ? spawn_command(s, note, diag) : attach_pids(s, diag);
	if (rc < 0) {
		ptrace_free(&s->src);
		return rc;
	}
	s->phase = RUNNING;
	*ret_source = &s->src;
	return 0;
}
