/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A source of records: a live backend, or a recording.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "record/record.h"

struct diag;
struct source;

/*
 * Calls whose stacks are copied, whatever comes of them, or when they failed; of these, what no output will show is
 * left out (screen, NULL: nothing).
 */
struct stack_wish { const struct callset *always, *failed; const struct screen *screen; };

enum in_process { IN_PROCESS_AUTO, IN_PROCESS_ON, IN_PROCESS_OFF };	/* as the option's words */

/* What to trace, and how closely; owned by the session, outlives the source. */
struct capture_options {
	char *const *argv;		/* the command, or NULL */
	const char *user;		/* who the command runs as, NULL: as we do */
	const pid_t *pids; unsigned npids;
	bool descendants;
	bool all_calls;			/* every syscall, with results and durations (-v, --report, --record) */
	/*
	 * Without all_calls: these, and what names need; NULL: the default set.  As it was written, for the recording.
	 */
	const struct callset *chosen;
	/* With chosen: of these, too, what would be captured without; NULL: of none. */
	const struct callset *usual;
	unsigned names;			/* with chosen: NAMES_* (abi/spec.h) of what has to have its name */
	bool strings_begin;		/* how vectors of strings begin is enough, except of chosen calls */
	const char *chosen_text, *filter_text;	/* NULL: not by that */
	unsigned max_payload;		/* bytes of buffers to copy; 0: none */
	bool want_links;		/* where names of files led, links and all */
	bool no_seccomp;
	bool no_resident;		/* how much memory a process had resident at most is of no use */
	bool no_own_cpu;		/* nor how long a task ran and was ready to: with no_resident */
	/*
	 * ptrace: calls are made in stubs, where they can be (docs/inprocess.md).  Of IN_PROCESS_AUTO nothing is
	 * printed without explain.
	 */
	enum in_process in_process;
	bool explain;			/* what is remarked at the end says why, too */
	bool may_end_first;		/* the tracing may end before the command does, which runs on */
	bool want_cpu;			/* what each call takes of a CPU, where that is to be had at its stops (-c) */
	bool want_env;			/* copy envp at exec */
	bool want_maps;			/* exact address spaces: /proc/PID/maps after each exec */
	/* the kernel backend's */
	const char *cgroup;		/* trace what runs in this cgroup, NULL: none */
	bool system;			/* trace everything but ourselves */
	/* calls are to be counted only: a backend that can, emits RECORD_COUNTS at the end and sets source.counts */
	bool count;
	/* What a backend may leave out of calls that names do not need; NULL: nothing. */
	const struct screen *screen;
	const struct stack_wish *stacks;	/* NULL: none; ptrace alone can */
	bool lossy;			/* never hold traced programs back */
	size_t ring_bytes;		/* 0: the usual */
	/* SCHED and BLOCK records, too; ptrace cannot: source_latency_open() beside it */
	bool latency;
	uint64_t sched_min_ns;		/* shorter waits for a CPU are not recorded */
	/* The command exists and waits for its go: the last moment to look at it from outside.  May be NULL. */
	void (*spawned)(void *ctx, pid_t pid);
	/*
	 * Whether the user has asked for the end: looked at last before anything is started or attached to.  May be
	 * NULL.
	 */
	bool (*asked_to_end)(void *ctx);
	void *spawned_ctx;		/* of both */
};

/* One record; r lives until emit returns.  May not be called from signal handlers. */
typedef void source_emit_fn(void *ctx, const struct record *r);

struct source_ops {
	/*
	 * Waits for things to happen and emits them.  1: more may come; 0: the stream has ended (END was emitted);
	 * -EINTR: a signal arrived, ask again.  Everything that can fail for the user's fault fails in open.
	 */
	int (*step)(struct source *s, source_emit_fn *emit, void *ctx);
	/* Ends tracing at the next step: lets everything go, to live on; with kill, kills what was spawned. */
	void (*stop)(struct source *s, bool kill);
	void (*free)(struct source *s);	/* detaches or kills what is left */
	int (*status)(const struct source *s);		/* how the command ended, in wait form; -1 when it did not */
	pid_t (*main_pid)(const struct source *s);	/* the command's pid; 0 when there is none (attach, replay) */
	/* Whether it traces this process, or did so lately.  May be absent. */
	bool (*traces)(const struct source *s, pid_t pid);
	/*
	 * After the end of the stream: the i-th thing that was wrong with it (a recording cut short), NULL behind the
	 * last.  May be absent.
	 */
	const struct diag *(*damage)(const struct source *s, unsigned i);
	/* After the end of the stream: what could not be shown though nothing went wrong, or NULL.  May be absent. */
	const struct diag *(*remark)(struct source *s);
};
/* To let everything go, to live on; or to kill what was spawned. */
enum stop_request { STOP_NONE, STOP_DETACH, STOP_KILL };

struct source {
	const struct source_ops *ops;
	bool counts;				/* calls have no records: capture_options.count */
	enum stop_request stop_request;	/* common/stop.h: of live backends */
	/* Set while the backend waits for something to happen: every time stamp it takes later is later. */
	_Atomic bool waiting;
	/* Of a backend that is never at rest: nothing it emits from now on happened before this. */
	_Atomic uint64_t settled_ns;
};

/* As struct backend_row (backend.h) has it. */
int source_ptrace_open(const struct capture_options *opt, struct source **ret_source, struct diag *note,
		       struct diag *diag);
/*
 * Page faults of the command (from `spawned` on) or of opt->pids, their threads and children.  Runs beside another
 * source; add(pid) is what `spawned` has to call.
 */
int source_faults_open(const struct capture_options *opt, struct source **ret_source, struct diag *diag);
void source_faults_add(struct source *s, pid_t pid);
/* Waits for a CPU and block I/O, likewise. */
int source_latency_open(const struct capture_options *opt, struct source **ret_source, struct diag *diag);
void source_latency_add(struct source *s, pid_t pid);
/* path: as record_reader_open() has it. */
int source_replay_open(const char *path, struct source **ret_source, struct diag *diag);
/* Several, merged by time: n > 1.  Records of which is emitted: the place in paths. */
int source_replay_open_many(const char *const *paths, unsigned n, struct source **ret_source, struct diag *diag);
unsigned source_replay_current(const struct source *s);
unsigned source_replay_streams(const struct source *s);	/* once a record is emitted: parts of one trace are one */
bool source_replay_many_follow(const struct source *s);
/*
 * Over which time a replay goes, by the clock of what it emits, before its first step: start_ns and wall_ns as its
 * (first) START has them, end_ns when the last thing in it happened.  false: a stream, or it has no START.
 */
struct replay_span { uint64_t start_ns, wall_ns, end_ns; };
bool source_replay_span(struct source *s, struct replay_span *ret);
bool source_replay_many_span(struct source *s, struct replay_span *ret);
/* Whether it may still be written: a step then returns -EINTR when nothing came for a while. */
bool source_replay_follows(const struct source *s);
