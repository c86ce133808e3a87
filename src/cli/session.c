/* SPDX-License-Identifier: MIT */
#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "abi/spec.h"
#include "analyze/totals.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/macro.h"
#include "capture/backend.h"
#include "capture/common/command.h"
#include "capture/common/environ.h"
#include "capture/source.h"
#include "cli/asked.h"
#include "cli/before.h"
#include "cli/blocked.h"
#include "cli/choosing.h"
#include "cli/ending.h"
#include "cli/flight.h"
#include "cli/hosts.h"
#include "cli/limit.h"
#include "cli/merge.h"
#include "cli/noise.h"
#include "cli/options.h"
#include "cli/outputs.h"
#include "cli/reading.h"
#include "cli/signals.h"
#include "cli/stacks.h"
#include "cli/window.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "record/record.h"
#include "redact/redact.h"
#include "sink/chooser.h"

enum {
	PAYLOAD = 64,			/* bytes of buffers copied for -v and recordings, at least */
	LEFT_NS = 1000000000,		/* what outlives the command by this much is named */
};

/* What went wrong on the way, printed last. */
struct notes { char **text; unsigned n; };

struct session {
	const struct options *opt;
	struct capture_options capture;
	struct source *source;
	struct merge merge;
	struct source *faults, *latency;	/* among its sides, or NULL */
	struct ending ending;
	struct limit limit;
	struct flight flight;
	struct chooser *chooser;		/* NULL: nothing was chosen */
	struct totals *totals;
	struct world *world;
	struct hosts hosts;
	struct outputs *outputs;
	struct blocked *blocked;	/* NULL: neither lines nor progress are wanted, or it is a replay */
	struct arena arena;
	struct window *window;		/* NULL: all is shown */
	struct redact *redact;		/* NULL: everything as it is */
	bool left_named;
	pid_t runs_on;			/* the command, that the tracing ended before; 0: not */
	uint64_t nbad, nunknown;	/* records that could not be decoded; of kinds not known here */
	struct notes notes;
};

static void note(void *ctx, const struct diag *d)
{
	struct notes *n = &((struct session *)ctx)->notes;

	if (!d->text[0])
		return;
	n->text = xrealloc(n->text, (n->n + 1) * sizeof(char *));
	n->text[n->n++] = xmemdup0(d->text, strlen(d->text));
}

static void say_notes(struct notes *n)
{
	for (unsigned i = 0; i < n->n; i++) {
		signals_say(n->text[i]);
		free(n->text[i]);
	}
	free(n->text);
}

static void say(void *ctx UNUSED, const struct diag *d) { signals_say(d->text); }

/* ---- records to events to outputs: on the reader's thread, or in a replay on the only one ---- */

static void on_event(void *ctx, const struct event *ev)
{
	struct session *s = ctx;

	if (!limit_event(&s->limit, ev))
		return;
	if (s->chooser) {
		totals_judge(s->totals, ev);
		s->totals->left_out = !chooser_event(s->chooser, ev);
		chooser_counts(s->chooser, &s->totals->nchosen, &s->totals->nrows);
	}
	totals_event(s->totals, ev);
	outputs_event(s->outputs, ev);
	if (s->blocked)
		blocked_event(s->blocked);
	flight_event(&s->flight, ev);
}

static void note_unread(struct session *s, int rc)
{
	s->nunknown += rc == -ENOTSUP;
	s->nbad += rc != -ENOTSUP;
}

static void show_record(struct session *s, const struct record *r)
{
	struct item item;
	int rc;

	flight_look(&s->flight, s->outputs);
	outputs_record(s->outputs, r);
	rc = decode_record(r, r->size, &s->arena, &item);
	if (rc == 0)
		hosts_feed(&s->hosts, s->source, &item);
	else
		note_unread(s, rc);
	arena_reset(&s->arena);
}

static void show(void *ctx, const struct record *r) { show_record(ctx, r); }
static void on_settle(void *ctx) { outputs_settle(((struct session *)ctx)->outputs); }

static void on_record(void *ctx, const struct record *r)
{
	struct session *s = ctx;
	int rc = s->redact ? redact_record(s->redact, r, &r) : 0;

	if (rc == 0 && s->window)
		rc = window_record(s->window, r);
	else if (rc == 0)
		show_record(s, r);
	if (rc < 0)
		note_unread(s, rc);
}

/* The command has ended and something it started has not: whoever waits for us wants to know what for. */
static void name_left_behind(struct session *s, uint64_t now)
{
	enum { NAMES_MAX = 5 };
	const struct totals *t = s->totals;
	const struct totals_proc *p = totals_proc(t, t->main_proc);
	struct buf b = { 0 };
	unsigned n = 0;

	if (s->left_named || !(t->start_mode & START_COMMAND) || !p || !p->end_ns || !t->nalive ||
	    now < p->end_ns + LEFT_NS)
		return;
	s->left_named = true;
	buf_puts(&b, "the command has ended; waiting for the processes it left running: ");
	for (unsigned i = 0; i < t->procs.n; i++) {
		p = t->procs.v[i];
		if (p->end_ns || p->detached || n++ >= NAMES_MAX)
			continue;
		buf_puts(&b, n > 1 ? ", " : "");
		buf_add(&b, p->comm.s, p->comm.len);
		buf_printf(&b, " (%u)", p->pid);
	}
	if (n > NAMES_MAX)
		buf_printf(&b, " and %u more", n - NAMES_MAX);
	buf_puts(&b, ". Ctrl-C detaches from them");
	if (n) {
		outputs_clear(s->outputs);
		signals_say(b.s);
	}
	buf_done(&b);
}

static void on_tick(void *ctx, uint64_t now)
{
	struct session *s = ctx;

	name_left_behind(s, now);
	outputs_tick(s->outputs, now);
	if (s->blocked)
		blocked_tick(s->blocked, now);
	flight_look(&s->flight, s->outputs);
}

/* ---- the capturing side ---- */

static void captured(void *ctx, const struct record *r)
{
	struct session *s = ctx;

	ending_note(&s->ending, r);
	merge_push(&s->merge, r);
}

static void run_live(struct session *s)
{
	outputs_lend(s->outputs, merge_lends(&s->merge) && !s->redact);	/* what is masked is a copy */
	merge_start(&s->merge, s->source, !s->blocked && !choosing_records_at_once(s->opt));
	limit_start(&s->limit);
	while (s->source->ops->step(s->source, captured, s) != 0) {
		ending_look(&s->ending);
		limit_look(&s->limit, s->source);
	}
	merge_finish(&s->merge);
	limit_close(&s->limit);
}

static void on_quiet(void *ctx, uint64_t now) { outputs_tick(((struct session *)ctx)->outputs, now); }

/* ---- opening and closing ---- */

/* If an extra source cannot be opened, warn and continue without it. */
static struct source *open_side(struct session *s,
				int (*open)(const struct capture_options *, struct source **, struct diag *))
{
	struct source *side;
	struct diag why;

	if (open(&s->capture, &side, &why) == 0 && merge_add(&s->merge, side, &why) == 0)
		return side;
	signals_say(why.text);
	return NULL;
}

static bool asked_to_end(void *ctx UNUSED) { return signals_end_asked(); }

static void spawned(void *ctx, pid_t pid)
{
	struct session *s = ctx;

	if (s->faults)
		source_faults_add(s->faults, pid);
	if (s->latency)
		source_latency_add(s->latency, pid);
}

static void say_how_counted(const struct session *s)
{
	const char *why = choosing_records(s->opt);
	struct diag d;

	if (s->source->counts)
		diag_set(&d, 0, 0, "-c: calls are counted in the kernel, and have no records");
	else
		diag_set(&d, 0, 0, "-c: calls are counted from their records: %s",
			 why ? why : "only --backend bpf counts in the kernel");
	signals_say(d.text);
}

static int open_recordings(struct session *s, struct diag *diag)
{
	const struct options *opt = s->opt;
	int rc = opt->nreads > 1 ? source_replay_open_many(opt->reads, opt->nreads, &s->source, diag) :
				   source_replay_open(opt->read, &s->source, diag);

	return rc == 0 ? window_open(opt, s->source, show, s, &s->window, diag) : rc;
}

static int open_source(struct session *s, struct diag *diag)
{
	const struct options *opt = s->opt;
	unsigned wants = outputs_wants(opt);
	bool every_call = opt->verbose || opt->count_only || opt->count_too || wants & WANTS_CALLS;
	struct diag note;
	int rc;

	for (unsigned i = 0; s->redact && i < opt->nreads; i++)
		redact_learn_file(s->redact, opt->reads[i]);
	if (opt->read)
		return open_recordings(s, diag);
	s->capture = (struct capture_options){
		.argv = opt->argv, .user = opt->user, .pids = opt->pids, .npids = opt->npids, .descendants = opt->descendants,
		.max_payload = opt->redact ? 0 : opt->verbose || wants & WANTS_PAYLOAD ?
			MAX((unsigned)opt->string_bytes, (unsigned)PAYLOAD) : 0, .no_seccomp = opt->no_seccomp,
		.in_process = opt->in_process, .explain = opt->verbose || (opt->count_only && opt->in_process == IN_PROCESS_ON),
		.want_cpu = opt->count_only || opt->count_too, .want_env = wants & WANTS_ENV, .want_links = wants & WANTS_LINKS,
		.cgroup = opt->cgroup, .system = opt->system, .lossy = opt->lossy, .ring_bytes = opt->ring_bytes,
	};
	s->capture.may_end_first = opt->duration_ns || opt->events;
	choosing_capture(opt, s->chooser, every_call, &s->capture);
	stacks_choose(opt, s->chooser, &s->capture);
	s->totals->ends_missing = !(s->capture.names & NAMES_FILES);
	environ_change(opt->env);
	if (s->redact && opt->argv)
		redact_learn_env(s->redact, environ_given());
	s->capture.latency = opt->ebpf;
	s->capture.sched_min_ns = opt->sched_kept_us * 1000;
	s->capture.spawned = spawned;
	s->capture.asked_to_end = asked_to_end;
	s->capture.spawned_ctx = s;
	if (opt->faults)
		s->faults = open_side(s, source_faults_open);
	if (opt->ebpf && !backend_first_can(opt->backend, &s->capture, CAN_LATENCY))
		s->latency = open_side(s, source_latency_open);
	if (opt->ring_rounded) {
		diag_set(&note, 0, 0, "--ring-size: made %llu KB, the next power of two",
			 (unsigned long long)opt->ring_bytes >> 10);
		signals_say(note.text);
	}
	rc = backend_open(opt->backend, &s->capture, &s->source, &note, diag);
	if (note.text[0])
		signals_say(note.text);
	if (rc == 0 && opt->count_only && opt->verbose)
		say_how_counted(s);
	return rc;
}

/* A command that is not there must not cost an older report or recording its content. */
static int check_command(const struct options *opt, struct diag *diag)
{
	_cleanup_free_ char *path = NULL;

	return opt->argv ? command_find(opt->argv[0], &path, diag) : 0;
}

/* Everything that may be refused is refused before the command runs. */
static int open_all(struct session *s, struct diag *diag)
{
	static const struct merge_ops ops = { .record = on_record, .settle = on_settle, .tick = on_tick };
	int rc = choosing_open(s->opt, s->totals, &s->chooser, diag);

	if (rc == 0 && s->opt->noise)
		rc = noise_choose(s->opt->noise, &s->totals->noise_shown, diag);
	if (rc == 0)
		rc = check_command(s->opt, diag);
	if (rc == 0)
		rc = before_open(s->opt, s->totals, diag);
	if (rc == 0)
		rc = flight_open(&s->flight, s->opt, s->totals, session_run, diag);
	if (rc == 0)
		rc = outputs_open(flight_options(&s->flight), &s->flight.recording, s->world, s->totals, s->chooser,
				  say, s, &s->outputs, diag);
	if (rc == 0 && !s->opt->read && (asked_for_lines(s->opt) || s->opt->progress))
		s->blocked = blocked_new(s->totals, s->world, s->outputs, asked_for_lines(s->opt), s->opt->progress);
	if (rc == 0)
		rc = limit_open(&s->limit, s->opt->duration_ns, s->opt->events, diag);
	if (rc == 0 && !s->opt->read)
		rc = merge_open(&s->merge, &ops, s, diag);
	return rc == 0 ? open_source(s, diag) : rc;
}

/* What is wrong with the trace itself. */
static void note_losses(struct session *s)
{
	const struct source_ops *ops = s->source->ops;
	struct diag d;

	for (unsigned i = 0; ops->damage && ops->damage(s->source, i); i++)
		note(s, ops->damage(s->source, i));
	if (ops->remark && ops->remark(s->source))
		note(s, ops->remark(s->source));
	if (s->window && window_missed(s->window))
		note(s, window_missed(s->window));
	if (s->nbad || s->nunknown) {
		diag_set(&d, 125, EBADMSG,
			 "%llu records could not be read and %llu are of a kind this version does not know; they are "
			 "missing above",
			 (unsigned long long)s->nbad, (unsigned long long)s->nunknown);
		note(s, &d);
	}
}

static void close_all(struct session *s)
{
	merge_done(&s->merge);
	blocked_free(s->blocked);
	outputs_free(s->outputs);
	hosts_done(&s->hosts);
	window_free(s->window);
	world_free(s->world);
	chooser_free(s->chooser);
	redact_free(s->redact);
	totals_free(s->totals);
	if (s->source)
		s->source->ops->free(s->source);
	stacks_done(&s->capture);
	arena_done(&s->arena);
	say_notes(&s->notes);
	flight_close(&s->flight);
}

enum { OURS = 125 };	/* the exit status when compendium itself failed */

/* How compendium ends: as the command did. */
static int exit_status(const struct session *s, int status, int *ret_signal)
{
	if (status >= 0 && WIFSIGNALED(status)) {
		*ret_signal = WTERMSIG(status);
		return 128 + WTERMSIG(status);
	}
	/* the command was sent SIGTERM and still runs: not 0, which would mean that it ended well */
	if (status < 0 && s->ending.signals.let_go_by) {
		*ret_signal = s->ending.signals.let_go_by;
		return 128 + s->ending.signals.let_go_by;
	}
	return status >= 0 ? WEXITSTATUS(status) : 0;
}

static void note_unlearned(struct session *s)
{
	uint64_t n = s->redact ? redact_missed(s->redact) : 0;
	struct diag d;

	if (!n)
		return;
	diag_set(&d, 0, 0,
		 "--redact: a secret was found %llu times that was too much to remember; it is masked there, but may "
		 "be readable where nothing beside it says what it is",
		 (unsigned long long)n);
	note(s, &d);
}

static void note_runs_on(struct session *s)
{
	struct diag d;

	diag_set(&d, 0, 0, "--%s: tracing has ended; the command (%d) runs on, and compendium ends with it",
		 atomic_load(&s->limit.reached) ? "events" : "duration", s->runs_on);
	note(s, &d);
}

static int run(struct session *s, int *ret_signal)
{
	const struct source_ops *ops = s->source->ops;
	bool damaged, complete = true;
	int status = -1;

	s->ending.source = s->source;
	s->ending.dump = s->opt->last_ns || s->opt->last_bytes ? flight_ask : NULL;
	s->ending.dump_ctx = &s->flight;
	if (s->opt->read) {
		reading_run(s->source, on_record, on_quiet, s);
	} else {
		run_live(s);
		status = ops->status(s->source);
		s->runs_on = s->limit.ended && status < 0 ? ops->main_pid(s->source) : 0;
		if (!s->runs_on)
			signals_close(&s->ending.signals);
	}
	damaged = (ops->damage && ops->damage(s->source, 0)) || (s->window && window_missed(s->window));
	if (s->totals->nevents || !damaged)	/* else it was cut off before its first record: nothing is written */
		flight_end(&s->flight, s->outputs);
	if (s->totals->nevents || !damaged)
		complete = outputs_finish(s->outputs, note, s) && !s->flight.failed;
	note_losses(s);
	note_unlearned(s);
	if (s->runs_on)
		note_runs_on(s);
	/* a command's status is its own whatever became of a file; without one the files are what was asked for */
	if (damaged || (!complete && !s->opt->argv))
		return OURS;
	return exit_status(s, status, ret_signal);
}

int session_run(const struct options *opt, int *ret_signal, struct diag *diag)
{
	struct session s = { .opt = opt };
	int rc;

	*ret_signal = 0;
	if (!opt->read)
		command_save_signals();
	signal(SIGXFSZ, SIG_IGN);	/* RLIMIT_FSIZE is an error of write, as a full disk is */
	/* From before the first file is made, an end is asked for and not suffered. */
	if (!opt->read)
		signals_open(&s.ending.signals);
	s.totals = totals_new();
	s.redact = opt->redact ? redact_new(opt->redact == REDACT_PLACES) : NULL;
	s.world = world_new(on_event, &s);
	s.hosts = (struct hosts){ .paths = opt->reads, .n = opt->nreads, .first = s.world, .totals = s.totals,
				  .emit = on_event, .ctx = &s };
	rc = open_all(&s, diag);
	if (rc < 0) {
		if (rc == -ECANCELED && !opt->read)
			*ret_signal = signals_end_asked();
		if (!opt->read)
			signals_close(&s.ending.signals);
		rc = *ret_signal ? 128 + *ret_signal : diag->exit_status;
	} else {
		rc = run(&s, ret_signal);
	}
	close_all(&s);
	if (s.runs_on) {
		rc = exit_status(&s, limit_wait(&s.ending.signals, s.runs_on), ret_signal);
		signals_close(&s.ending.signals);
	}
	return rc;
}
