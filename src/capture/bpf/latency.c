/* SPDX-License-Identifier: MIT */
/* Waits for a CPU and block I/O: programs beside capture.bpf.c, or a source of their own beside ptrace. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/macro.h"
#include "capture/bpf/internal.h"
#include "capture/bpf/kernel.h"
#include "capture/bpf/prepare.h"
#include "capture.skel.h"
#include "latency.skel.h"
#include "record/build.h"

enum { RING_BYTES = 4 << 20, POLL_NS = 4000000, SETTLE_NS = 2000000 };

static int share_maps(struct bpf_source *s, struct latency_bpf *k)
{
	struct bpf_map *maps[] = { k->maps.tasks, k->maps.events, k->maps.losses, k->maps.targets, k->maps.shared_map };
	int rc = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(maps) && rc == 0; i++)
		rc = bpf_map__reuse_fd(maps[i], bpf_map__fd(bpf_shared_maps(s, i)));
	k->rodata->sched_min_ns = s->opt->sched_min_ns;
	k->rodata->ring_half = s->skel->rodata->ring_half;
	k->rodata->ring_most = s->skel->rodata->ring_most;
	/* who is traced is known already */
	bpf_program__set_autoload(k->progs.on_fork, false);
	bpf_program__set_autoload(k->progs.on_exec, false);
	bpf_program__set_autoload(k->progs.each_self, false);
	bpf_program__set_autoload(k->progs.each_adopt, false);
	return rc;
}

int latency_share(struct bpf_source *s)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct prepare *p;
	int rc = prepare_begin(&p, &opts);

	s->latency = rc == 0 ? latency_bpf__open_opts(&opts) : NULL;
	if (rc == 0)
		rc = s->latency ? prepare_objects(p, (const struct bpf_object *[]){ s->latency->obj }, 1) : -errno;
	if (rc == 0)
		rc = share_maps(s, s->latency);
	if (rc == 0)
		rc = latency_bpf__load(s->latency);
	prepare_end(p);
	return rc ? rc : prepare_attach(s->latency->skeleton);
}

void latency_unshare(struct bpf_source *s)
{
	latency_bpf__destroy(s->latency);
	s->latency = NULL;
}

/* ---- beside ptrace ---- */

struct latency_source {
	struct source src;
	struct latency_bpf *skel;
	struct kring ring;
	struct buf rec;
	unsigned ncpus;
	struct wire_losses *losses;
	uint64_t *reported;
	_Atomic bool stop;
};

static void put_losses(struct latency_source *s, source_emit_fn *emit, void *ctx)
{
	static const char why[] = "the ring of --ebpf was full";
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(s->skel->maps.losses), &zero, s->losses))
		return;
	for (unsigned cpu = 0; cpu < s->ncpus; cpu++) {
		uint64_t n = s->losses[cpu].n[LOSS_RING] + s->losses[cpu].n[LOSS_TASK];
		struct record_lost *r;

		if (n == s->reported[cpu])
			continue;
		r = record_begin(&s->rec, RECORD_LOST, sizeof(*r), 0, 0, clock_ns());
		r->count = n - s->reported[cpu];
		r->cpu = cpu;
		r->nchunks = 1;
		record_chunk(&s->rec, 0, PART_TEXT, 0, why, strlen(why));
		emit(ctx, record_finish(&s->rec));
		s->reported[cpu] = n;
	}
}

static int latency_step(struct source *src, source_emit_fn *emit, void *ctx)
{
	struct latency_source *s = CONTAINER_OF(src, struct latency_source, src);
	const struct timespec nap = { 0, POLL_NS };
	uint64_t before = clock_ns();
	bool stop = atomic_load(&s->stop);
	const struct record *r;
	unsigned long mark;
	uint32_t size;

	mark = kring_mark(&s->ring);
	while ((r = kring_peek(&s->ring, &size))) {
		if (size >= sizeof(*r) && r->size <= size)
			emit(ctx, r);
		kring_pop(&s->ring);
	}
	put_losses(s, emit, ctx);
	if (kring_read_to(&s->ring, mark))
		atomic_store_explicit(&src->settled_ns, before - SETTLE_NS, memory_order_release);
	if (stop)
		return 0;
	nanosleep(&nap, NULL);
	return 1;
}

static void latency_stop(struct source *src, bool kill UNUSED)
{
	atomic_store(&CONTAINER_OF(src, struct latency_source, src)->stop, true);
}
static int latency_status(const struct source *src UNUSED) { return -1; }
static pid_t latency_main_pid(const struct source *src UNUSED) { return 0; }

static void latency_free(struct source *src)
{
	struct latency_source *s = CONTAINER_OF(src, struct latency_source, src);

	kring_close(&s->ring);
	latency_bpf__destroy(s->skel);
	buf_done(&s->rec);
	free(s->losses);
	free(s->reported);
	free(s);
}

static const struct source_ops latency_ops = {
	.step = latency_step, .stop = latency_stop, .free = latency_free, .status = latency_status, .main_pid = latency_main_pid,
};

void source_latency_add(struct source *src, pid_t pid)
{
	struct latency_source *s = CONTAINER_OF(src, struct latency_source, src);
	uint32_t key = (uint32_t)pid, one = 1;

	bpf_map__update_elem(s->skel->maps.targets, &key, sizeof(key), &one, sizeof(one), BPF_ANY);
	bpf_run_iter(s->skel->progs.each_adopt, NULL, NULL);
}

static int load_alone(struct latency_source *s, const struct capture_options *opt)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct prepare *p;
	int rc = prepare_begin(&p, &opts);

	s->skel = rc == 0 ? latency_bpf__open_opts(&opts) : NULL;
	if (rc == 0)
		rc = s->skel ? prepare_objects(p, (const struct bpf_object *[]){ s->skel->obj }, 1) : -errno;
	if (rc == 0) {
		s->skel->rodata->restricted = !bpf_sees_all();
		s->skel->rodata->sched_min_ns = opt->sched_min_ns;
		s->skel->rodata->self_nr = (uint32_t)getpid();
		s->skel->rodata->self_pidns = bpf_own_pidns();
		bpf_map__set_max_entries(s->skel->maps.events, RING_BYTES);
		bpf_program__set_autoattach(s->skel->progs.each_self, false);
		bpf_program__set_autoattach(s->skel->progs.each_adopt, false);
		rc = latency_bpf__load(s->skel);
	}
	prepare_end(p);
	return rc;
}

static int start(const struct capture_options *opt, struct source **ret_source, struct diag *diag)
{
	struct latency_source *s;
	struct rlimit memlock;
	struct diag why;
	int rc = bpf_allowed(&why), ncpus = -1;

	if (rc < 0)
		return diag_set(diag, 125, ENOTSUP, "--ebpf: waits for a CPU and block I/O are not shown: %s",
				why.text);
	bpf_keep_log();
	s = xcalloc(1, sizeof(*s));
	s->src.ops = &latency_ops;
	getrlimit(RLIMIT_MEMLOCK, &memlock);
	rc = load_alone(s, opt);
	setrlimit(RLIMIT_MEMLOCK, &memlock);
	if (rc == 0)
		rc = bpf_run_iter(s->skel->progs.each_self, NULL, NULL);
	if (rc == 0)
		rc = kring_open(&s->ring, bpf_map__fd(s->skel->maps.events), RING_BYTES);
	if (rc == 0)
		rc = prepare_attach(s->skel->skeleton);
	if (rc == 0 && (ncpus = libbpf_num_possible_cpus()) < 0)
		rc = ncpus;
	if (rc < 0) {
		latency_free(&s->src);
		if (bpf_lacks_files(rc))
			return diag_set(diag, 125, ENOTSUP,
					"--ebpf: waits for a CPU and block I/O are not shown: too few open files are "
					"allowed; raise the limit: ulimit -n 256");
		return diag_set(diag, 125, ENOTSUP,
				"--ebpf: waits for a CPU and block I/O are not shown: the kernel refuses the programs: "
				"%s: %s",
				strerror(-rc), bpf_last_error());
	}
	s->ncpus = (unsigned)ncpus;
	s->losses = xcalloc(s->ncpus, sizeof(*s->losses));
	s->reported = xcalloc(s->ncpus, sizeof(*s->reported));
	for (unsigned i = 0; i < opt->npids; i++)
		source_latency_add(&s->src, opt->pids[i]);
	*ret_source = &s->src;
	return 0;
}

int source_latency_open(const struct capture_options *opt, struct source **ret_source, struct diag *diag)
{
	sigset_t old;
	int rc;

	bpf_hold_signals(&old);
	rc = start(opt, ret_source, diag);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}
