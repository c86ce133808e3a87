/* SPDX-License-Identifier: MIT */
#pragma once
/* What the files of the kernel backend share. */
#include <stdatomic.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/hash.h"
#include "capture/bpf/guard.h"
#include "capture/bpf/kring.h"
#include "capture/bpf/live.h"
#include "capture/bpf/wire.h"
#include "capture/common/emitter.h"
#include "capture/source.h"

struct waiting;
struct capture_bpf;
struct leave_bpf;
struct tasks_bpf;
struct latency_bpf;
struct bpf_map;
struct bpf_link;

struct pending { uint32_t tid; UT_hash_handle hh; unsigned nchunks; struct buf chunks; };	/* of a call entered */
/* what restart_syscall(2) goes on with */
struct resume { uint32_t tid; UT_hash_handle hh; uint32_t nr; };

struct bpf_source {
	struct source src;
	const struct capture_options *opt;
	/* one for all tasks and the maps, which the others share; for events; for the ends of calls */
	struct tasks_bpf *tasks;
	struct capture_bpf *skel;
	struct leave_bpf *leave;
	struct latency_bpf *latency;
	bool kernel_maps;		/* regions come through the ring, too */
	volatile struct wire_shared *shared;
	struct kring ring;
	struct emitter out;
	/* drain.c */
	struct pending *pendings;
	struct resume *resumes;
	uint64_t start_ns;
	struct live live;
	uint64_t snapshot_ns, lost_seen;
	uint64_t *lost_reported;		/* by CPU */
	unsigned ncpus;
	int losses_fd, ring_fd;
	struct wire_losses *losses;	/* ncpus of them */
	/* bpf.c */
	pid_t main_pid;
	int main_status, main_pidfd;
	bool reaped, ended, interrupted, stop_self, detached, attached;
	unsigned nhidden;		/* programs with rights that the caller does not have */
	char hidden[64];		/* the first */
	struct diag remark;
	bool busy;			/* the ring fills fast for its size */
	unsigned idle;
	struct guard guard;
};

/* load.c: configures and loads; the ring and shared words are mapped.  Hold signals around this (kernel.h). */
int bpf_load(struct bpf_source *s, struct diag *diag);
int bpf_attach(struct bpf_source *s);				/* from here on there are events; 0 or -errno */
void bpf_unload(struct bpf_source *s);
void bpf_detach_all(struct bpf_source *s);			/* DETACH of every traced task, into the ring */
void bpf_each_pid(struct bpf_source *s, void (*fn)(void *ctx, pid_t pid), void *ctx);
int bpf_add_target(struct bpf_source *s, pid_t tgid);
void bpf_adopt_targets(struct bpf_source *s);			/* their living threads, at once */
bool bpf_is_traced(struct bpf_source *s, pid_t pid);
int bpf_follow_child(struct bpf_source *s, int pidfd, pid_t pid);
int bpf_watch_cgroup(struct bpf_source *s, int cgroup_fd);
void bpf_seek(struct bpf_source *s, unsigned how);

/* Of count.bpf.h; plans: WIRE_RAW + 1 of them, until bpf_unmap_plans().  0 or -errno. */
int bpf_count_maps(const struct bpf_source *s, int *ret_counts, int *ret_errors, const struct wire_plan **ret_plans);
void bpf_unmap_plans(const struct wire_plan *plans);

/* count.c */
void count_put(struct bpf_source *s);			/* emits what was counted, a RECORD_COUNTS for each call */

/* tasks, events, losses, targets, shared */
const struct bpf_map *bpf_shared_maps(struct bpf_source *s, unsigned i);

/* latency.c: its programs beside ours, with the same maps */
int latency_share(struct bpf_source *s);
void latency_unshare(struct bpf_source *s);

/* drain.c */
unsigned drain(struct bpf_source *s, unsigned max);		/* emits at most max records; how many there were */
void drain_losses(struct bpf_source *s);			/* tells what was lost since */
void drain_excluded(struct bpf_source *s);			/* tells how many calls the filter left out */
void drain_resumes(struct bpf_source *s, const struct waiting *w);	/* a call that was found */
void drain_done(struct bpf_source *s);
void drain_begin_process(struct bpf_source *s, pid_t pid);	/* its threads live; a snapshot tells of them */
void drain_ends(struct bpf_source *s);				/* of those that have ended, but whose end was lost */
