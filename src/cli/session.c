/* SPDX-License-Identifier: MIT */
#include "cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyze/totals.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/macro.h"
#include "base/process.h"
#include "base/term.h"
#include "capture/backend.h"
#include "capture/command.h"
#include "capture/source.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/signals.h"
#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"
#include "record/file.h"
#include "record/ring.h"
#include "sink/out.h"
#include "sink/sink.h"

enum {
	RING_BYTES = 8 << 20,
	PAYLOAD = 64,			/* bytes of buffers copied for -v and recordings */
	SINKS_MAX = 4,
	SIDES_MAX = 2,
	SIDE_RING_BYTES = 4 << 20,
	SIDE_NAP_NS = 1000000,
	SIDE_GRACE_NS = 20000000,
	TICK_NS = 50000000,		/* live lines appear at least this often */
	IDLE_NS = 1000000000,
	LEFT_NS = 1000000000,		/* what outlives the command by this much is named */
	LET_GO_NS = 2000000000,		/* how long a command may take to end after SIGTERM */
	FORWARD_NS = 100000000,		/* a signal that somebody sends to our whole group reaches the command within this */
	SAME_NS = 500000000,		/* two equal signals of a process this close are one: timeout(1) sends to its child, then to the group,
					 * and on a busy machine we may look much later; whoever is at a terminal is not meant */
};

/* Threads that are made before the command is, so that it never runs without them. */
struct gate { sem_t go; bool called_off; };

struct side { struct source *source; struct ring *ring; pthread_t thread; struct gate *gate; };

struct session {
	const struct options *opt;
	struct sink_options sink_opt;
	struct capture_options capture;
	struct source *source;
	struct ring *ring;
	pthread_t reader;
	struct gate gate;
	struct side sides[SIDES_MAX];	/* sources that run beside it, merged by time */
	unsigned nsides;
	struct source *faults, *latency;	/* among the sides, or NULL */
	struct record_writer *writer;
	struct totals *totals;
	struct world *world;
	struct out *out;
	struct sink *sinks[SINKS_MAX];
	unsigned nsinks;
	struct arena arena;
	uint64_t seen_ns[NSIG];		/* when the command was last seen to get a signal */
	bool left_named;
	uint64_t nbad, nunknown;	/* records that could not be decoded; of kinds not known here */
	char notes[4][1024];		/* what went wrong on the way, said last */
	unsigned nnotes;
};

static uint64_t now_ns(void) { return clock_ns(); }

static void note(struct session *s, const struct diag *d)
{
	if (d->text[0] && s->nnotes < ARRAY_SIZE(s->notes))
		memcpy(s->notes[s->nnotes++], d->text, sizeof(s->notes[0]));
}

/* ---- the reading side ---- */

static void on_event(void *ctx, const struct event *ev)
{
	struct session *s = ctx;

	totals_event(s->totals, ev);
	for (unsigned i = 0; i < s->nsinks; i++)
		s->sinks[i]->ops->event(s->sinks[i], ev);
}

static void on_record(void *ctx, const struct record *r)
{
	struct session *s = ctx;
	struct item item;
	int rc;

	if (s->writer)
		record_writer_add(s->writer, r);
	rc = decode_record(r, r->size, &s->arena, &item);
	if (rc == 0)
		world_feed(s->world, &item);
	else if (rc == -ENOTSUP)
		s->nunknown++;
	else
		s->nbad++;
	arena_reset(&s->arena);
}

/* The command has ended and something it started has not: whoever waits for us wants to know what for. */
static void name_left_behind(struct session *s, uint64_t now)
{
	enum { NAMES_MAX = 5 };
	const struct totals *t = s->totals;
	const struct totals_proc *p = totals_proc(t, t->main_proc);
	struct buf b = { 0 };
	unsigned n = 0;

	if (s->left_named || !(t->start_mode & START_COMMAND) || !p || !p->end_ns || !t->nalive || now < p->end_ns + LEFT_NS)
		return;
	s->left_named = true;
	buf_puts(&b, "the command has ended; waiting for what it left running: ");
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
	buf_puts(&b, ". Ctrl-C lets it go on untraced");
	if (n)
		signals_say(b.s);
	buf_done(&b);
}

static void tick(struct session *s, uint64_t now)
{
	name_left_behind(s, now);

	for (unsigned i = 0; i < s->nsinks; i++)
		if (s->sinks[i]->ops->tick)
			s->sinks[i]->ops->tick(s->sinks[i], now);
}

/* When a record was made: at the end of what it tells of. */
static uint64_t made_ns(const struct record *r)
{
	switch (r->kind) {
	case RECORD_CALL: return MAX(r->ts_ns, ((const struct record_call *)r)->exit_ns);
	case RECORD_SCHED: return r->ts_ns + ((const struct record_sched *)r)->delay_ns;
	case RECORD_BLOCK: return r->ts_ns + ((const struct record_block *)r)->queue_ns + ((const struct record_block *)r)->device_ns;
	default: return r->ts_ns;
	}
}

/* What the sides made before ns, in order; first waits until they are that far. */
static void feed_sides(struct session *s, uint64_t ns)
{
	const struct timespec nap = { 0, SIDE_NAP_NS };
	const struct record *r;

	for (unsigned i = 0; i < s->nsides; i++) {
		struct side *side = &s->sides[i];

		for (;;) {
			bool settled = atomic_load_explicit(&side->source->settled_ns, memory_order_acquire) >= ns || ring_done(side->ring);

			while ((r = ring_peek(side->ring)) && made_ns(r) <= ns) {
				on_record(s, r);
				ring_pop(side->ring);
			}
			if (settled || r)
				break;
			nanosleep(&nap, NULL);
		}
	}
}

static bool pass(struct gate *g)
{
	while (sem_wait(&g->go) < 0)
		;
	return !g->called_off;
}

static void *reader(void *ctx)
{
	struct session *s = ctx;
	const struct record *r;
	uint64_t ticked = 0, busy = 0;

	if (!pass(&s->gate))
		return NULL;

	while (!ring_done(s->ring)) {
		/* In this order: with the source waiting after `now` and the ring empty after that, nothing earlier can come. */
		uint64_t now = now_ns();
		bool waiting = atomic_load_explicit(&s->source->waiting, memory_order_acquire);
		uint64_t settled = atomic_load_explicit(&s->source->settled_ns, memory_order_acquire);
		unsigned n = 0;

		while ((r = ring_peek(s->ring))) {
			if (s->nsides)
				/* nothing is read after the end: those that were held up on their way may still come */
				feed_sides(s, made_ns(r) + (r->kind == RECORD_END ? SIDE_GRACE_NS : 0));
			on_record(s, r);
			ring_pop(s->ring);
			n++;
		}
		if (n)
			busy = now;
		if (n || ring_done(s->ring))
			continue;
		if (!waiting && settled)
			now = settled;
		if ((waiting || settled) && now >= ticked + TICK_NS) {
			if (s->nsides)
				feed_sides(s, now);
			tick(s, now);
			ticked = now;
		}
		/* once everything is shown only a record (which wakes us) makes a difference */
		ring_wait(s->ring, now - busy < IDLE_NS ? TICK_NS : IDLE_NS);
	}
	return NULL;
}

/* ---- the capturing side ---- */

static void to_ring(void *ctx, const struct record *r)
{
	struct session *s = ctx;

	if (r->kind == RECORD_SIGNAL && r->pid == (rec_u32)s->source->ops->main_pid(s->source)) {
		int signo = ((const struct record_signal *)r)->signo;

		if (signo > 0 && signo < NSIG)
			s->seen_ns[signo] = now_ns();
	}
	ring_push(s->ring, r);
}

static void to_side(void *ctx, const struct record *r) { ring_push(((struct side *)ctx)->ring, r); }

static void *run_side(void *ctx)
{
	struct side *side = ctx;

	if (!pass(side->gate))
		return NULL;
	while (side->source->ops->step(side->source, to_side, side) != 0)
		;
	ring_close(side->ring);
	return NULL;
}

static void stop_sides(struct session *s)
{
	for (unsigned i = 0; i < s->nsides; i++) {
		s->sides[i].source->ops->stop(s->sides[i].source, false);
		if (s->sides[i].thread)
			pthread_join(s->sides[i].thread, NULL);
		s->sides[i].thread = 0;
	}
}

/*
 * A process of the command: it sends to its group, or to its parent, and not to a tracer it knows nothing of.  Who is attached
 * to is nobody's child of ours; it may be the shell in which somebody ends us, or with --system anybody.
 */
static bool is_ours(struct session *s, pid_t pid)
{
	return pid > 0 && s->source->ops->main_pid(s->source) > 0 && s->source->ops->traces && s->source->ops->traces(s->source, pid);
}

/*
 * A signal that a process sent to us goes on to the command, as if compendium were not there.  Whether it was sent to
 * our whole group, so that the command has it already, nothing tells; but then we see the command get it.
 */
static void forward(struct session *s, struct signals *sig, pid_t pid, int signo, uint64_t now)
{
	const struct signal_came *what = &sig->forwards[signo].what;
	bool has_it = s->seen_ns[signo] + FORWARD_NS > sig->forwards[signo].since_ns;

	if (!has_it && now < sig->forwards[signo].since_ns + FORWARD_NS)
		return;
	if (!has_it && pid > 0 && !is_ours(s, what->sender)) {
		if (what->queued)
			sigqueue(pid, signo, what->value);
		else
			kill_one(pid, signo);
	}
	sig->forwards[signo].since_ns = 0;
	sig->nforwards--;
}

static void set_forward(struct signals *sig, const struct signal_came *what, uint64_t now)
{
	sig->nforwards += !sig->forwards[what->signo].since_ns;
	sig->forwards[what->signo].what = *what;
	sig->forwards[what->signo].since_ns = now;
}

static void let_go(struct session *s, struct signals *sig, int signo)
{
	sig->let_go_by = signo;
	s->source->ops->stop(s->source, false);
}

/* What a signal to compendium means; see docs/architecture.md, "Ending". */
static void obey(struct session *s, struct signals *sig)
{
	pid_t pid = s->source->ops->main_pid(s->source);
	bool runs = pid > 0 && s->source->ops->status(s->source) < 0;
	struct signal_came c;
	uint64_t now = now_ns();

	for (int signo = 1; signo < NSIG && sig->nforwards; signo++)
		if (sig->forwards[signo].since_ns)
			forward(s, sig, runs ? pid : 0, signo, now);
	while (signals_next(sig, &c)) {
		bool interrupt = c.signo == SIGINT || c.signo == SIGQUIT;

		if (is_ours(s, c.sender))
			continue;
		if (!signals_is_obeyed(c.signo) && (runs || c.signo == SIGTSTP || c.signo == SIGTTIN)) {
			if (runs)
				set_forward(sig, &c, now);
			continue;
		}
		if (!c.from_terminal && c.signo == sig->last && now < sig->last_ns + SAME_NS)
			continue;
		sig->last = c.signo;
		sig->last_ns = now;
		if (!runs) {
			/* -p; or only what the command left behind is still there */
			s->source->ops->stop(s->source, sig->nleft++ > 0);
		} else if (sig->nobeyed++ > 0) {
			s->source->ops->stop(s->source, true);
		} else if (!interrupt && signals_ignored_by(pid, c.signo)) {
			let_go(s, sig, c.signo);
		} else {
			if (!interrupt || !c.from_terminal)
				set_forward(sig, &c, now);
			if (!interrupt)
				sig->deadline_ns = now + LET_GO_NS;
		}
	}
	if (sig->deadline_ns && (!runs || now > sig->deadline_ns)) {
		sig->deadline_ns = 0;
		if (runs)
			let_go(s, sig, sig->last);
		else
			s->source->ops->stop(s->source, false);
	}
}

static int start_thread(pthread_t *ret_thread, void *(*run)(void *), void *ctx, struct diag *diag)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);	/* signals are the main thread's business */
	rc = pthread_create(ret_thread, NULL, run, ctx);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!rc)
		return 0;
	*ret_thread = 0;
	/* clone(2): the one EINVAL that flags of a thread can have; only a fork may leave the pid namespace */
	if (rc == EINVAL)
		return diag_set(diag, 125, rc, "cannot start a thread: what starts here goes into another pid namespace, and a thread cannot (unshare -p without -f); "
				"start compendium inside it: unshare -p -f compendium ...");
	return diag_set(diag, 125, rc, "cannot start a thread: %s; is the number of processes limited (ulimit -u, a container's pids limit)?", strerror(rc));
}

static int open_reader(struct session *s, struct diag *diag)
{
	s->ring = ring_new(RING_BYTES);
	if (!s->ring)
		return diag_set(diag, 125, ENOMEM, "cannot reserve %d MB of memory for the trace", RING_BYTES >> 20);
	sem_init(&s->gate.go, 0, 0);
	return start_thread(&s->reader, reader, s, diag);
}

/* Lets the threads that wait begin, or end when nothing is traced. */
static void open_gate(struct session *s, bool call_off)
{
	s->gate.called_off = call_off;
	for (unsigned i = 0; i < s->nsides + (s->reader != 0); i++)
		sem_post(&s->gate.go);
}

static void run_live(struct session *s, struct signals *sig)
{
	open_gate(s, false);
	while (s->source->ops->step(s->source, to_ring, s) != 0)
		if (signals_pending(sig))
			obey(s, sig);
	ring_close(s->ring);
	pthread_join(s->reader, NULL);
	stop_sides(s);
}

static void run_replay(struct session *s)
{
	while (s->source->ops->step(s->source, on_record, s) == 1)
		;
}

/* ---- opening and closing ---- */

/* What there is to say of something that went well. */
static void say(struct diag *d)
{
	if (d->text[0])
		signals_say(d->text);
	d->text[0] = '\0';
}

/* Everything that may be refused is opened before the command runs. */
static int open_sinks(struct session *s, struct diag *diag)
{
	const struct options *opt = s->opt;
	int rc;

	s->totals = totals_new();
	s->sink_opt = (struct sink_options){
		.verbose = opt->verbose, .all = opt->all, .show_comm = opt->show_comm, .color = term_wants_color(STDERR_FILENO, opt->color), .live = true,
		.max_report_events = opt->max_report_events, .report_path = opt->report, .sched_shown_ns = opt->sched_shown_us * 1000, .totals = s->totals,
	};
	/* what stands in for a stream that was closed at the start (main.c) takes no text */
	s->out = out_new(fcntl(STDERR_FILENO, F_GETFL) & O_PATH ? -1 : STDERR_FILENO, s->sink_opt.color, term_columns(STDERR_FILENO));
	if (opt->output && (rc = out_open_file(s->out, opt->output, diag)) < 0)
		return rc;
	say(diag);
	if (opt->report) {
		rc = sink_html_new(&s->sink_opt, &s->sinks[s->nsinks], diag);
		if (rc < 0)
			return rc;
		s->nsinks++;
		say(diag);
	}
	if (opt->record && (rc = record_writer_open(opt->record, &s->writer, diag)) < 0)
		return rc;
	say(diag);
	s->sinks[s->nsinks++] = sink_text_new(s->out, &s->sink_opt);
	s->sinks[s->nsinks++] = sink_summary_new(s->out, &s->sink_opt);
	s->sinks[s->nsinks++] = sink_kernel_new(s->out, &s->sink_opt);
	s->world = world_new(on_event, s);
	return 0;
}

/* A side that cannot be had is said, and the trace goes on without it. */
static bool open_side(struct session *s, int (*open)(const struct capture_options *, struct source **, struct diag *))
{
	struct side *side = &s->sides[s->nsides];
	struct diag why;

	if (open(&s->capture, &side->source, &why) < 0) {
		signals_say(why.text);
		return false;
	}
	side->ring = ring_new(SIDE_RING_BYTES);
	side->gate = &s->gate;
	if (!side->ring || start_thread(&side->thread, run_side, side, &why) < 0) {
		signals_say(side->ring ? why.text : "cannot reserve memory for what runs beside the trace");
		side->source->ops->free(side->source);
		ring_free(side->ring);
		*side = (struct side){ 0 };
		return false;
	}
	s->nsides++;
	return true;
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

static int open_source(struct session *s, struct diag *diag)
{
	const struct options *opt = s->opt;
	bool every_call = opt->verbose || opt->report || opt->record;
	struct diag told;
	int rc;

	if (opt->read)
		return source_replay_open(opt->read, &s->source, diag);
	s->capture = (struct capture_options){
		.argv = opt->argv, .pids = opt->pids, .npids = opt->npids, .descendants = opt->descendants,
		.all_calls = every_call, .max_payload = opt->verbose || opt->record ? PAYLOAD : 0, .no_seccomp = opt->no_seccomp,
		.want_env = opt->record, .want_maps = every_call || opt->faults,
		.cgroup = opt->cgroup, .system = opt->system, .lossy = opt->lossy, .ring_bytes = opt->ring_bytes,
	};
	s->capture.latency = opt->ebpf;
	s->capture.sched_min_ns = opt->sched_kept_us * 1000;
	s->capture.spawned = spawned;
	s->capture.asked_to_end = asked_to_end;
	s->capture.spawned_ctx = s;
	if (opt->faults && open_side(s, source_faults_open))
		s->faults = s->sides[s->nsides - 1].source;
	if (opt->ebpf && !backend_is_bpf(opt->backend, &s->capture) && open_side(s, source_latency_open))
		s->latency = s->sides[s->nsides - 1].source;
	if (opt->ring_rounded) {
		diag_set(&told, 0, 0, "--ring-size: made %llu KB, the next power of two", (unsigned long long)opt->ring_bytes >> 10);
		signals_say(told.text);
	}
	rc = backend_open(opt->backend, &s->capture, &s->source, &told, diag);
	if (told.text[0])
		signals_say(told.text);
	return rc;
}

/* The report says what the text says, so the text sinks (behind it in the list) finish after it. */
static void finish(struct session *s, bool ran)
{
	struct diag d = { 0 };

	for (unsigned i = 0; i < s->nsinks && ran; i++) {
		int rc = s->sinks[i]->ops->finish(s->sinks[i], &d);

		if (rc < 0)
			note(s, &d);
		if (i == 0 && s->opt->report) {
			s->sink_opt.report_kept = sink_html_kept(s->sinks[0], &s->sink_opt.report_total);
			s->sink_opt.report_incomplete = rc < 0;
		}
	}
	d.text[0] = '\0';
	record_writer_close(s->writer, &d);
	note(s, &d);
	s->writer = NULL;
	if (s->source && s->source->ops->damage && s->source->ops->damage(s->source))
		note(s, s->source->ops->damage(s->source));
	if (ran && s->source && s->source->ops->remark && s->source->ops->remark(s->source))
		note(s, s->source->ops->remark(s->source));
	if (s->nbad || s->nunknown) {
		diag_set(&d, 125, EBADMSG, "%llu records could not be read and %llu are of a kind this version does not know; they are missing above",
			 (unsigned long long)s->nbad, (unsigned long long)s->nunknown);
		note(s, &d);
	}
	d.text[0] = '\0';
	if (s->out && ran)
		out_finish(s->out, &d);
	note(s, &d);
	for (unsigned i = 0; i < s->nsinks; i++)
		s->sinks[i]->ops->free(s->sinks[i]);
	world_free(s->world);
	totals_free(s->totals);
	out_free(s->out);
	stop_sides(s);
	for (unsigned i = 0; i < s->nsides; i++) {
		s->sides[i].source->ops->free(s->sides[i].source);
		ring_free(s->sides[i].ring);
	}
	if (s->source)
		s->source->ops->free(s->source);
	ring_free(s->ring);
	arena_done(&s->arena);
}

/* A command that is not there must not cost an older report or recording its content. */
static int check_command(const struct options *opt, struct diag *diag)
{
	_cleanup_free_ char *path = NULL;

	return opt->argv ? command_find(opt->argv[0], &path, diag) : 0;
}

int session_run(const struct options *opt, int *ret_signal, struct diag *diag)
{
	struct session s = { .opt = opt };
	struct files files;
	bool damaged, nothing, live;
	struct signals sig = { 0 };
	int rc, status = -1;

	*ret_signal = 0;
	command_save_signals();
	signal(SIGXFSZ, SIG_IGN);	/* RLIMIT_FSIZE is an error of write, as a full disk is */
	/* From before the first file is made, an end is asked for and not suffered. */
	live = !opt->read;
	if (live)
		signals_open(&sig);
	rc = files_check(opt, &files, diag);
	if (rc == 0)
		rc = check_command(opt, diag);
	if (rc == 0)
		rc = open_sinks(&s, diag);
	if (rc == 0 && live)
		rc = open_reader(&s, diag);
	if (rc == 0)
		rc = open_source(&s, diag);
	if (rc < 0) {
		open_gate(&s, true);
		if (s.reader)
			pthread_join(s.reader, NULL);
		if (rc == -ECANCELED && live)
			*ret_signal = signals_end_asked();
		if (live)
			signals_close(&sig);
		finish(&s, false);
		files_remove_made(&files);
		return *ret_signal ? 128 + *ret_signal : diag->exit_status;
	}
	if (live) {
		run_live(&s, &sig);
		signals_close(&sig);
	} else {
		run_replay(&s);
	}
	if (!opt->read)
		status = s.source->ops->status(s.source);
	damaged = s.source->ops->damage && s.source->ops->damage(s.source);
	nothing = damaged && !s.totals->nevents;	/* cut off before its first record */
	finish(&s, !nothing);
	if (nothing)
		files_remove_made(&files);
	for (unsigned i = 0; i < s.nnotes; i++)
		signals_say(s.notes[i]);
	if (damaged)
		return 125;
	if (status >= 0 && WIFSIGNALED(status)) {
		*ret_signal = WTERMSIG(status);
		return 128 + WTERMSIG(status);
	}
	/* the command was told to end and runs on: not 0, which would say that it has ended well */
	if (status < 0 && live && sig.let_go_by) {
		*ret_signal = sig.let_go_by;
		return 128 + sig.let_go_by;
	}
	return status >= 0 ? WEXITSTATUS(status) : 0;
}
