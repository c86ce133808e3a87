/* SPDX-License-Identifier: MIT */
/* The source: starts or finds what is traced, moves records, ends. */
#include "capture/bpf/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/macro.h"
#include "base/process.h"
#include "capture/bpf/guard.h"
#include "capture/bpf/internal.h"
#include "capture/bpf/kernel.h"
#include "capture/bpf/priority.h"
#include "capture/common/start.h"
#include "capture/common/stop.h"
#include "capture/common/target.h"
#include "capture/proc/fd.h"
#include "capture/proc/proc.h"
#include "capture/waiting.h"
#include "record/build.h"

enum {
	BATCH = 4096,
	POLL_NS = 5000000,
	BUSY_POLL_NS = 200000,
	BUSY_PARTS = 8,
	IDLE_POLLS = 40,
	SLEEP_MS = 1000,
	SETTLE_NS = 2000000
};

/* ---- a command ---- */

static void put_start(struct bpf_source *s)
{
	s->start_ns = clock_ns();
	proc_put_start(s->opt, START_BPF, &s->out.rec, s->start_ns);
	emitter_put(&s->out);
}

/* Held in the pipe's read, it is followed and guarded. */
static int begin(struct bpf_source *s, const struct start *st, struct diag *note, struct diag *diag)
{
	int rc, guard_rc;

	s->main_pidfd = (int)syscall(SYS_pidfd_open, st->pid, 0);
	rc = s->main_pidfd < 0 ? -errno : bpf_follow_child(s, s->main_pidfd, st->pid);
	if (rc < 0)
		return diag_set(diag, 125, -rc, "cannot follow the command: %s", strerror(-rc));
	s->main_pid = st->pid;
	live_begin(&s->live, (uint32_t)st->pid, (uint32_t)st->pid);
	guard_rc = guard_start(&s->guard, s);
	if (guard_rc < 0)
		diag_set(note, 125, -guard_rc,
			 "cannot start the process that ends the command if compendium is killed: %s; tracing "
			 "continues, but then the command would run on",
			 strerror(-guard_rc));
	return 0;
}

static int run(struct bpf_source *s, struct start *st, struct diag *note, struct diag *diag)
{
	int rc = begin(s, st, note, diag);

	if (rc < 0)
		return rc;
	if (s->opt->spawned)
		s->opt->spawned(s->opt->spawned_ctx, st->pid);
	put_start(s);
	if (proc_put_command(st->pid, &s->out.rec, emitter_put, &s->out) & PROC_HAS_FANOTIFY)
		s->shared->fanotify = 1;
	start_go(st, 'g');
	rc = start_result(st, diag);
	if (rc < 0)
		s->main_pid = 0;
	return rc;
}

/* ---- what runs already ---- */

static void found(void *emitter, const struct waiting *w)
{
	drain_resumes(CONTAINER_OF(emitter, struct bpf_source, out), w);
}

static void snapshot(struct bpf_source *s, pid_t pid)
{
	if (pid <= 0 || live_has_process(&s->live, (uint32_t)pid))
		return;
	drain_begin_process(s, pid);
	if (proc_put_process(pid, LEADER_LOOK, true, &s->out.rec, emitter_put, &s->out) & PROC_HAS_FANOTIFY)
		s->shared->fanotify = 1;
	waiting_put_process(pid, s->opt->max_payload, &s->out.rec, found, emitter_put, &s->out);
}

static int add_process(struct bpf_source *s, pid_t pid, struct diag *diag)
{
	pid_t tgid;
	int rc = target_check(pid, &tgid, diag);

	if (rc < 0)
		return rc;
	if (!bpf_sees_all() && !proc_may_look(tgid))
		return target_forbidden(pid,
					proc_uid(tgid) != getuid() ? NULL :
								     "has privileges that you do not have, or "
								     "forbids access to its memory",
					diag);
	return bpf_add_target(s, tgid);
}

static void add_child(void *ctx, pid_t pid)
{
	struct diag ignored;

	if (add_process(ctx, pid, &ignored) == 0)
		proc_each_child(pid, add_child, ctx);
}

static void snapshot_cb(void *ctx, pid_t pid) { snapshot(ctx, pid); }

static int attach(struct bpf_source *s, struct diag *diag)
{
	int rc;

	s->attached = true;
	/* Register targets before the snapshot, so that children forked meanwhile are followed. */
	bpf_seek(s, SEEK_TARGETS);
	for (unsigned i = 0; i < s->opt->npids; i++) {
		rc = add_process(s, s->opt->pids[i], diag);
		if (rc < 0)
			return rc;
		if (s->opt->descendants)
			proc_each_child(s->opt->pids[i], add_child, s);
	}
	bpf_adopt_targets(s);
	bpf_seek(s, 0);
	bpf_each_pid(s, snapshot_cb, s);
	s->snapshot_ns = clock_ns();
	return 0;
}

static int watch_cgroup(struct bpf_source *s, struct diag *diag)
{
	_cleanup_close_ int fd = open(s->opt->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[4200];
	FILE *f;
	int pid, rc = fd < 0 ? -errno : bpf_watch_cgroup(s, fd);

	if (fd < 0)
		return diag_set(diag, 125, -rc,
				"--cgroup %s: %s; give a directory of the cgroup2 file system, as /sys/fs/cgroup/NAME",
				s->opt->cgroup, strerror(-rc));
	if (rc < 0)
		return diag_set(diag, 125, -rc,
				"--cgroup %s is not a cgroup (v2); give a directory of the cgroup2 file system, as "
				"/sys/fs/cgroup/NAME",
				s->opt->cgroup);
	s->attached = true;
	snprintf(path, sizeof(path), "%s/cgroup.procs", s->opt->cgroup);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		if (pid != getpid())
			bpf_add_target(s, pid);
	if (f)
		fclose(f);
	bpf_seek(s, SEEK_CGROUP | SEEK_TARGETS);
	bpf_adopt_targets(s);
	bpf_each_pid(s, snapshot_cb, s);
	s->snapshot_ns = clock_ns();
	return 0;
}

static int find_running(struct bpf_source *s, struct diag *diag)
{
	put_start(s);
	if (s->opt->cgroup)
		return watch_cgroup(s, diag);
	if (!s->opt->system)
		return attach(s, diag);
	bpf_seek(s, SEEK_ALL);
	return 0;
}

/* ---- running ---- */

static void put_end(struct bpf_source *s)
{
	drain_losses(s);
	if (!s->detached)
		drain_ends(s);
	if (s->src.counts)
		count_put(s);
	drain_excluded(s);
	emitter_end(&s->out, s->main_pid, s->main_status, s->interrupted);
	s->ended = true;
}

static void kill_cb(void *ctx UNUSED, pid_t pid) { kill_one(pid, SIGKILL); }

static void asked_to_stop(struct bpf_source *s)
{
	enum stop_request how = source_take_request(&s->src);

	s->interrupted = true;
	if (how == STOP_KILL && s->main_pid) {
		bpf_each_pid(s, kill_cb, NULL);
	} else {
		bpf_seek(s, 0);		/* or their next call would make them ours again */
		bpf_detach_all(s);
		s->shared->hold = HOLD_NOT;
		s->detached = true;
	}
}

static void reap(struct bpf_source *s)
{
	int status;

	if (s->reaped || wait_one(s->main_pid, &status, WNOHANG | WUNTRACED) <= 0)
		return;
	if (WIFSTOPPED(status)) {
		/* Ctrl-Z: our shell waits for us, so we stop when the command has. */
		s->stop_self = WSTOPSIG(status) != SIGSTOP && getpgid(s->main_pid) == getpgrp();
		return;
	}
	s->main_status = status;
	s->reaped = true;
}

/* Until the command ends, the time is up, or (asleep) something is in the ring. */
static int wait_for_more(struct bpf_source *s)
{
	struct pollfd p[2];
	struct timespec ts = { 0, s->busy ? BUSY_POLL_NS : POLL_NS };
	unsigned n = 0;
	int rc;

	if (s->main_pid && !s->reaped)
		p[n++] = (struct pollfd){ s->main_pidfd, POLLIN, 0 };
	if (s->idle++ >= IDLE_POLLS) {
		s->shared->wake = 1;
		atomic_thread_fence(memory_order_seq_cst);
		p[n++] = (struct pollfd){ s->ring_fd, POLLIN, 0 };
		ts = (struct timespec){ SLEEP_MS / 1000, SLEEP_MS % 1000 * 1000000 };
	}
	rc = ppoll(p, n, &ts, NULL);
	s->shared->wake = 0;
	return rc < 0 ? -errno : rc;
}

static int bpf_step(struct source *src, source_emit_fn *emit, void *ctx)
{
	struct bpf_source *s = CONTAINER_OF(src, struct bpf_source, src);
	uint64_t before = clock_ns();
	unsigned long mark, from = s->ring.at;
	bool caught_up;
	unsigned n;
	int rc;

	emitter_to(&s->out, emit, ctx);
	if (s->ended)
		return 0;
	if (src->stop_request)
		asked_to_stop(s);
	reap(s);
	/* In this order: with no task left, and the ring empty after that, nothing can come. */
	bool over = s->detached ||
		    (!s->opt->system && !s->opt->cgroup && s->shared->alive == 0 && (!s->main_pid || s->reaped));

	mark = kring_mark(&s->ring);
	n = drain(s, BATCH);
	s->busy = s->ring.at - from > s->ring.size / BUSY_PARTS;
	caught_up = kring_read_to(&s->ring, mark);
	if (caught_up) {
		drain_losses(s);
		/* programs stamp first and reserve then; they are not interrupted for longer than this */
		atomic_store_explicit(&src->settled_ns, before - SETTLE_NS, memory_order_release);
	}
	if (n) {
		s->idle = 0;
		if (n == BATCH)
			return 1;
	} else if (over && caught_up) {
		put_end(s);
		return 0;
	}
	if (s->stop_self) {
		s->stop_self = false;
		kill(getpid(), SIGSTOP);
		return 1;
	}
	if (over)
		return 1;
	rc = wait_for_more(s);
	return rc == -EINTR ? -EINTR : 1;
}

static int bpf_status(const struct source *src) { return CONTAINER_OF(src, struct bpf_source, src)->main_status; }
static pid_t bpf_main_pid(const struct source *src) { return CONTAINER_OF(src, struct bpf_source, src)->main_pid; }

static void bpf_free(struct source *src)
{
	struct bpf_source *s = CONTAINER_OF(src, struct bpf_source, src);

	guard_dismiss(&s->guard);
	latency_unshare(s);
	bpf_unload(s);
	drain_done(s);
	if (s->main_pidfd >= 0)
		close(s->main_pidfd);
	emitter_done(&s->out);
	free(s);
}

static bool bpf_traces(const struct source *src, pid_t pid)
{
	return bpf_is_traced(CONTAINER_OF(src, struct bpf_source, src), pid);
}

static const struct diag *bpf_remark(struct source *src)
{
	struct bpf_source *s = CONTAINER_OF(src, struct bpf_source, src);

	if (!s->nhidden)
		return NULL;
	if (s->nhidden == 1)
		diag_set(&s->remark, 0, 0,
			 "%s ran with privileges that you do not have, so what it did is not shown; run compendium as "
			 "root to see it",
			 s->hidden);
	else
		diag_set(&s->remark, 0, 0,
			 "%u programs, the first %s, ran with privileges that you do not have, so what they did is not "
			 "shown; run compendium as root to see it",
			 s->nhidden, s->hidden);
	return &s->remark;
}

static const struct source_ops bpf_ops = {
	.step = bpf_step, .stop = source_request_stop, .free = bpf_free, .status = bpf_status, .main_pid = bpf_main_pid, .remark = bpf_remark,
	.traces = bpf_traces,
};

static int start_programs(struct bpf_source *s, struct diag *diag)
{
	sigset_t old;
	int rc;

	bpf_hold_signals(&old);
	rc = bpf_load(s, diag);
	/*
	 * attached first: on a tracepoint that both use, it still finds the task's state, which ours takes away at the
	 * exit
	 */
	if (rc == 0 && s->opt->latency)
		rc = bpf_explain(latency_share(s), diag);
	if (rc == 0)
		rc = bpf_explain(bpf_attach(s), diag);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

/* The command is there, held, before the programs are: a fork is cheaper, and none of what they are is open in it. */
static int open_held(struct bpf_source *s, struct start *st, struct diag *note, struct diag *diag)
{
	int rc = bpf_allowed(diag);

	if (rc == 0 && s->opt->argv)
		rc = start_find(st, s->opt, diag);
	if (rc == 0 && s->opt->argv)
		rc = start_fork(st, diag);
	if (rc == 0)
		rc = start_programs(s, diag);
	if (rc == 0 && s->opt->asked_to_end && s->opt->asked_to_end(s->opt->spawned_ctx))
		rc = diag_set(diag, 125, ECANCELED, "ended before tracing began");
	if (rc == 0)
		rc = s->opt->argv ? run(s, st, note, diag) : find_running(s, diag);
	if (rc < 0 && st->pid)
		start_kill(st);
	return rc;
}

int source_bpf_open(const struct capture_options *opt, struct source **ret_source, struct diag *note, struct diag *diag)
{
	struct start st = { .go_fd = -1, .error_fd = -1 };
	struct bpf_source *s = xcalloc(1, sizeof(*s));
	int rc;

	*s = (struct bpf_source){
		.src.ops = &bpf_ops, .src.counts = opt->count, .opt = opt, .main_status = -1, .main_pidfd = -1, .guard.fd = -1
	};
	rc = open_held(s, &st, note, diag);
	start_done(&st);
	if (rc == 0 && (opt->system || opt->cgroup) && !bpf_sees_all())
		diag_set(note, 0, 0,
			 "only processes that you may trace are shown: your own, without further privileges; run as "
			 "root to see all");
	if (rc < 0) {
		bpf_free(&s->src);
		return rc;
	}
	if (s->shared->hold == HOLD_LONG)
		priority_raise();
	*ret_source = &s->src;
	return 0;
}
