/* SPDX-License-Identifier: MIT */
/* Configures and loads the programs, and sets them up; later questions to their maps. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "capture/bpf/beside.h"
#include "capture/bpf/internal.h"
#include "capture/bpf/kernel.h"
#include "capture/bpf/prepare.h"
#include "filter/callset.h"
#include "capture.skel.h"
#include "leave.skel.h"
#include "tasks.skel.h"

enum { RING_BYTES = 16 << 20, RING_KEPT_PARTS = 16, RING_LARGE = 4 << 20, NS_LEVEL_MAX = 32 };

static void fill_cond(struct wire_cond *to, const struct arg_cond *c)
{
	if (!c)
		return;
	*to = (struct wire_cond){ .arg = c->arg, .n = c->nvals, .invert = c->invert, .mask = c->mask };
	for (unsigned i = 0; i < COND_VALS; i++)
		to->vals[i] = c->vals[i < c->nvals ? i : 0];
}

/*
 * What is counted needs no record, but for what the summary says beside the table: programs, threads, seccomp filters,
 * io_urings.  A probe of another tracer is no call, the end of a thread never returns.
 */
static void fill_count(struct wire_plan *p, const struct syscall_spec *spec)
{
	const struct effect_info *fx = effect_info((enum effect)spec->effect);

	if (!p->plan.wanted || !p->plan.exit || !spec->name || spec->wraps || spec->effect == FX_PROBE)
		return;
	p->foreign = spec->ret == RET_FOREIGN;
	p->count = fx->names & NAMES_TASKS || spec->effect == FX_SPECIAL_FD ? COUNT_TOO : COUNT_ONLY;
	if (p->count == COUNT_ONLY)
		p->plan = (struct capture_plan){ .wanted = true, .every_form = p->plan.every_form, .exit = true };
}

/* What calls do to the model that names do not need: nothing; or something to what a socket is, or fanotify. */
static unsigned screened(const struct syscall_spec *spec)
{
	switch ((enum effect)spec->effect) {
	case FX_NONE: case FX_LOOKUP: case FX_READLINK: case FX_FSTAT: case FX_DIR: case FX_SEEK: case FX_CLOCK:
	case FX_ID: case FX_LIMIT: case FX_INFO: case FX_SIGMASK: case FX_XATTR: case FX_CHMOD: case FX_CHOWN:
	case FX_UTIMES: case FX_SYNC: case FX_FUTEX: case FX_SLEEP: case FX_LOCK:
		return SCREEN_ASKED;
	case FX_READ: case FX_WRITE: case FX_SEND:
		return SCREEN_ASKED | SCREEN_MOVES;
	case FX_RECV:	/* recvmsg may bring descriptors */
		return spec_find_arg(spec, ARG_MSGHDR_OUT, 0) < 0 ? SCREEN_ASKED | SCREEN_MOVES : 0;
	default:
		return 0;
	}
}

static void fill_screen(struct wire_plan *p, const struct syscall_spec *spec, bool failing)
{
	int path = spec_find_arg(spec, ARG_PATH, 0);

	if (!p->plan.wanted || !p->plan.exit || !spec->name || spec->wraps || spec->ret == RET_FOREIGN ||
	    spec->ret == RET_FD)
		return;
	p->screen = (rec_u8)screened(spec);
	if (p->screen && failing)
		p->screen |= SCREEN_FAILING;
	if ((p->screen & (SCREEN_ASKED | SCREEN_MOVES)) == SCREEN_ASKED && path >= 0 &&
	    spec_find_arg(spec, ARG_PATH, 1) < 0) {
		p->screen |= SCREEN_NAMED;
		p->path = (rec_u8)path;
	}
}

static bool must_fail(const struct screen *s, unsigned arch, unsigned nr)
{
	return s->failing && callset_has(s->failing, arch, nr);
}

static void configure_screen(struct wire_screen *to, const struct screen *s)
{
	to->min_ns = s->min_ns;
	to->max_ns = s->max_ns;
	to->nerrs = s->nerrs;
	to->nunwanted = s->nunwanted;
	to->npaths = s->npaths;
	to->nasked = s->nasked;
	for (unsigned i = 0; i < s->nerrs; i++)
		to->errs[i] = (rec_u32)s->errs[i];
	for (unsigned i = 0; i < s->nunwanted; i++)
		to->unwanted[i] = (rec_u32)s->unwanted[i];
	for (unsigned i = 0; i < s->npaths; i++) {
		to->paths[i].len = s->paths[i].len;
		to->paths[i].whole = s->paths[i].whole;
		to->paths[i].out = s->paths[i].out;
		memcpy(to->paths[i].s, s->paths[i].s, s->paths[i].len);
	}
}

/* Both read and written by the kernel: what was there before the call cannot be had any more. */
static bool overwritten(const struct capture_plan *p, unsigned arg)
{
	unsigned op = p->leave[arg].op;

	return p->enter[arg].op != PLAN_SKIP && op != PLAN_SKIP && op != PLAN_REAL && op != PLAN_DEREF;
}

static void fill_plans(struct wire_plan *v, const struct capture_options *opt)
{
	static const unsigned arches[WIRE_ARCHES] = { ARCH_X86_64, ARCH_I386 };
	const struct plan_wish wish = {
		.all = opt->all_calls, .max_payload = opt->max_payload, .chosen = opt->chosen, .usual = opt->usual,
		.links = opt->want_links, .names = opt->names, .strings_begin = opt->strings_begin,
	};

	for (unsigned a = 0; a < WIRE_ARCHES; a++)
		for (unsigned nr = 0; nr < WIRE_CALLS; nr++) {
			const struct syscall_spec *spec = syscall_spec(arches[a], nr);
			struct wire_plan *p = &v[a * WIRE_CALLS + nr];

			plan_compile(arches[a], nr, &wish, &p->plan);
			if (opt->count && (!opt->chosen || callset_has(opt->chosen, arches[a], nr)))
				fill_count(p, spec);
			else if (opt->screen)
				fill_screen(p, spec, must_fail(opt->screen, arches[a], nr));
			for (unsigned i = 0; i < 6; i++) {
				p->any_enter |= (p->plan.enter[i].op != PLAN_SKIP) << i;
				p->any_leave |= (p->plan.leave[i].op != PLAN_SKIP) << i;
				p->overwritten |= overwritten(&p->plan, i) << i;
			}
			p->exec = spec->effect == FX_EXEC;
			if (!p->plan.every_form)
				fill_cond(&p->when, spec->when);
			fill_cond(&p->ask_when, spec_question(spec).when);
		}
	if (wish.all || !wish.chosen || callset_has(wish.chosen, ARCH_X86_64, UINT32_MAX))
		v[WIRE_RAW].plan = (struct capture_plan){ .wanted = true, .exit = true };
}

static bool count_words(void *ctx, uint64_t addr UNUSED, unsigned nwords, uint32_t *ret_words)
{
	*(unsigned *)ctx = nwords;
	memset(ret_words, 0, nwords * sizeof(*ret_words));
	return true;
}

/* What abi/ does with a wrapper is found out by letting it unwrap one whose arguments are their own places. */
static int fill_unwraps(struct bpf_map *map)
{
	static const unsigned wrappers[] = { 82, 90, 102, 117 }, at[] = { 0, 1, UNWRAP_SOCKETCALL, UNWRAP_IPC };
	int rc = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(wrappers); i++)
		for (unsigned call = 0; call < (i < 2 ? 1 : UNWRAP_SOCKETCALL_MAX); call++) {
			uint64_t args[6] = { call, 1, 2, 3, 4, 5 };
			unsigned nr = wrappers[i], nwords = 0;
			struct wire_unwrap u = { 0 };
			uint32_t key = at[i] + call;

			spec_unwrap(&nr, args, count_words, &nwords);
			if (nr == wrappers[i] && !nwords)
				continue;
			u.nr = (uint16_t)nr;
			u.nwords = (uint8_t)nwords;
			for (unsigned k = 0; k < 5 && !nwords; k++)
				u.from[k] = (uint8_t)args[k];
			if (bpf_map__update_elem(map, &key, sizeof(key), &u, sizeof(u), BPF_ANY) < 0)
				rc = -errno;
		}
	return rc;
}

static size_t page_up(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) & ~(page - 1);
}

static size_t plans_bytes(void) { return page_up(sizeof(struct wire_plan) * (WIRE_RAW + 1)); }

static int map_shared(struct bpf_source *s)
{
	void *mem = mmap(NULL, page_up(sizeof(struct wire_shared)), PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(s->tasks->maps.shared_map), 0);
	struct wire_plan *plans;

	if (mem == MAP_FAILED)
		return -errno;
	s->shared = mem;
	plans = mmap(NULL, plans_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(s->tasks->maps.plans), 0);
	if (plans == MAP_FAILED)
		return -errno;
	fill_plans(plans, s->opt);
	munmap(plans, plans_bytes());
	return fill_unwraps(s->tasks->maps.unwraps);
}

int bpf_attach(struct bpf_source *s)
{
	struct capture_bpf *skel = s->skel;
	struct bpf_program *progs[] = { skel->progs.on_enter, s->leave->progs.on_exit, skel->progs.on_fork, skel->progs.on_helper, skel->progs.on_exec, skel->progs.on_task_exit,
					skel->progs.on_signal, skel->progs.on_generate };
	struct bpf_link **links[] = { &skel->links.on_enter, &s->leave->links.on_exit, &skel->links.on_fork, &skel->links.on_helper, &skel->links.on_exec, &skel->links.on_task_exit,
				      &skel->links.on_signal, &skel->links.on_generate };

	for (unsigned i = 0; i < ARRAY_SIZE(progs); i++) {
		*links[i] = bpf_program__attach_trace(progs[i]);
		if (!*links[i])
			return -errno;
	}
	if (bpf_program__autoload(s->leave->progs.on_switch)) {
		s->leave->links.on_switch = bpf_program__attach_trace(s->leave->progs.on_switch);
		if (!s->leave->links.on_switch)
			return -errno;
	}
	/* behind on_exec on the same tracepoint: regions follow the EXEC they belong to */
	if (bpf_program__autoload(skel->progs.on_exec_maps)) {
		skel->links.on_exec_maps = bpf_program__attach_trace(skel->progs.on_exec_maps);
		if (!skel->links.on_exec_maps)
			return -errno;
	}
	return 0;
}

/* What programs of several objects know. */
#define CONFIGURE(rodata, s, ring) do { \
	(rodata)->payload_bytes = (s)->opt->max_payload; \
	(rodata)->counting = (s)->opt->count; \
	(rodata)->timing = (s)->opt->want_cpu && !(s)->opt->count; \
	(rodata)->ring_half = (ring) / 2; \
	(rodata)->ring_look = (ring) >= RING_LARGE ? 7 : 0; \
	(rodata)->ring_most = (ring) - (ring) / RING_KEPT_PARTS; } while (0)

static void configure(struct bpf_source *s, size_t ring)
{
	CONFIGURE(s->tasks->rodata, s, ring);
	CONFIGURE(s->skel->rodata, s, ring);
	CONFIGURE(s->leave->rodata, s, ring);
	s->tasks->rodata->self_nr = (uint32_t)getpid();
	s->tasks->rodata->self_pidns = bpf_own_pidns();
	s->tasks->rodata->sees_cpus = !kernel_is_older(5, 19);
	s->tasks->rodata->restricted = s->skel->rodata->restricted = !bpf_sees_all();
	bpf_program__set_autoload(s->skel->progs.on_exec_maps, s->kernel_maps);
	s->leave->rodata->screening = s->opt->screen != NULL;
	if (s->opt->screen)
		configure_screen((struct wire_screen *)(uintptr_t)&s->leave->rodata->screen, s->opt->screen);
	bpf_program__set_autoload(s->leave->progs.on_switch, s->opt->count || s->opt->want_cpu);
	if (s->opt->count) {
		bpf_map__set_max_entries(s->tasks->maps.counts, COUNT_SLOTS + 1);
		bpf_map__set_max_entries(s->tasks->maps.count_errors, COUNT_ERRORS);
	}
	bpf_map__set_max_entries(s->tasks->maps.works, s->ncpus);
}

static int share_maps(const struct bpf_object *from, const struct bpf_object *to)
{
	struct bpf_map *map, *theirs;
	int rc = 0;

	bpf_object__for_each_map(map, to) {
		theirs = bpf_map__is_internal(map) ? NULL : bpf_object__find_map_by_name(from, bpf_map__name(map));
		if (theirs && rc == 0)
			rc = bpf_map__reuse_fd(map, bpf_map__fd(theirs));
	}
	return rc;
}

struct leaving { struct leave_bpf *leave; int rc; };

static void load_leave(void *ctx)
{
	struct leaving *l = ctx;

	l->rc = leave_bpf__load(l->leave);
}

/* The verifier works for a thread at a time, and for several at once. */
static int load_events(struct bpf_source *s)
{
	struct leaving l = { .leave = s->leave };
	struct beside beside;
	int rc = share_maps(s->tasks->obj, s->skel->obj);

	if (rc == 0)
		rc = share_maps(s->tasks->obj, s->leave->obj);
	if (rc)
		return rc;
	beside_begin(&beside, load_leave, &l);
	rc = capture_bpf__load(s->skel);
	beside_end(&beside);
	return rc ? rc : l.rc;
}

static int open_all(struct bpf_source *s, struct prepare *p, const struct bpf_object_open_opts *opts)
{
	s->tasks = tasks_bpf__open_opts(opts);
	s->skel = s->tasks ? capture_bpf__open_opts(opts) : NULL;
	s->leave = s->skel ? leave_bpf__open_opts(opts) : NULL;
	if (!s->leave)
		return -errno;
	return prepare_objects(p, (const struct bpf_object *[]){ s->tasks->obj, s->skel->obj, s->leave->obj }, 3);
}

static int open_and_load(struct bpf_source *s, size_t ring)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct kring_making making;
	struct prepare *p;
	int rc, ring_fd;

	kring_make(&making, &s->ring, ring);
	rc = prepare_begin(&p, &opts);
	if (rc == 0)
		rc = open_all(s, p, &opts);
	ring_fd = kring_made(&making);
	if (rc == 0)
		rc = ring_fd < 0 ? ring_fd : bpf_map__reuse_fd(s->tasks->maps.events, ring_fd);
	if (ring_fd >= 0)
		close(ring_fd);
	if (rc == 0) {
		/* before 6.7 there is no walking through regions */
		s->kernel_maps = s->opt->want_maps && prepare_can_walk_regions(p);
		configure(s, ring);
		rc = tasks_bpf__load(s->tasks);
	}
	if (rc == 0)
		rc = load_events(s);
	prepare_end(p);
	return rc;
}

static int set_up(struct bpf_source *s)
{
	int rc = map_shared(s);

	/* what a whole system does not survive well is a shell or a terminal that is held for long */
	if (rc == 0)
		s->shared->hold = s->opt->lossy ? HOLD_NOT : s->opt->system ? HOLD_SHORTLY : HOLD_LONG;
	s->losses = xcalloc(s->ncpus, sizeof(*s->losses));
	s->lost_reported = xcalloc(s->ncpus * _LOSS_MAX, sizeof(*s->lost_reported));
	s->ring_fd = bpf_map__fd(s->tasks->maps.events);
	s->losses_fd = bpf_map__fd(s->tasks->maps.losses);
	if (rc == 0)
		rc = bpf_run_iter(s->tasks->progs.each_self, NULL, NULL);
	return rc;
}

int bpf_load(struct bpf_source *s, struct diag *diag)
{
	size_t ring = s->opt->ring_bytes ? s->opt->ring_bytes : RING_BYTES;
	struct rlimit memlock;
	int rc, ncpus;

	bpf_keep_log();
	ncpus = libbpf_num_possible_cpus();
	if (ncpus < 0)
		return bpf_explain(ncpus, diag);
	s->ncpus = (unsigned)ncpus;
	/* Before 5.11 libbpf raises this limit for us; the command must not inherit that. */
	getrlimit(RLIMIT_MEMLOCK, &memlock);
	rc = open_and_load(s, ring);
	setrlimit(RLIMIT_MEMLOCK, &memlock);
	if (rc == 0)
		rc = set_up(s);
	return bpf_explain(rc, diag);
}

void bpf_unload(struct bpf_source *s)
{
	kring_close(&s->ring);
	if (s->shared)
		munmap((void *)(uintptr_t)s->shared, page_up(sizeof(struct wire_shared)));
	s->shared = NULL;
	leave_bpf__destroy(s->leave);
	capture_bpf__destroy(s->skel);
	tasks_bpf__destroy(s->tasks);
	s->leave = NULL;
	s->skel = NULL;
	s->tasks = NULL;
	free(s->losses);
	free(s->lost_reported);
}

const struct bpf_map *bpf_shared_maps(struct bpf_source *s, unsigned i)
{
	const struct bpf_map *maps[] = { s->tasks->maps.tasks, s->tasks->maps.events, s->tasks->maps.losses,
					 s->tasks->maps.targets, s->tasks->maps.shared_map };

	return maps[i];
}

int bpf_count_maps(const struct bpf_source *s, int *ret_counts, int *ret_errors, const struct wire_plan **ret_plans)
{
	*ret_counts = bpf_map__fd(s->tasks->maps.counts);
	*ret_errors = bpf_map__fd(s->tasks->maps.count_errors);
	*ret_plans = mmap(NULL, plans_bytes(), PROT_READ, MAP_SHARED, bpf_map__fd(s->tasks->maps.plans), 0);
	return *ret_plans == MAP_FAILED ? -errno : 0;
}

void bpf_unmap_plans(const struct wire_plan *plans) { munmap((void *)(uintptr_t)plans, plans_bytes()); }

void bpf_detach_all(struct bpf_source *s) { bpf_run_iter(s->tasks->progs.each_detach, NULL, NULL); }
void bpf_adopt_targets(struct bpf_source *s) { bpf_run_iter(s->tasks->progs.each_adopt, NULL, NULL); }
void bpf_each_pid(struct bpf_source *s, void (*fn)(void *ctx, pid_t pid), void *ctx)
{
	bpf_run_iter(s->tasks->progs.each_pid, fn, ctx);
}

int bpf_add_target(struct bpf_source *s, pid_t tgid)
{
	uint32_t key = (uint32_t)tgid, one = 1;

	return bpf_map__update_elem(s->tasks->maps.targets, &key, sizeof(key), &one, sizeof(one), BPF_ANY);
}

void bpf_seek(struct bpf_source *s, unsigned how) { s->shared->seek = how; }

int bpf_watch_cgroup(struct bpf_source *s, int cgroup_fd)
{
	uint32_t zero = 0, fd = (uint32_t)cgroup_fd;

	return bpf_map__update_elem(s->skel->maps.cgroups, &zero, sizeof(zero), &fd, sizeof(fd), BPF_ANY);
}

int bpf_follow_child(struct bpf_source *s, int pidfd, pid_t pid)
{
	struct task_state st = { .pid = (uint32_t)pid, .tid = (uint32_t)pid, .flags = TASK_MUTED, .seen = 1 };
	int rc = bpf_map__update_elem(s->tasks->maps.tasks, &pidfd, sizeof(pidfd), &st, sizeof(st), BPF_NOEXIST);

	if (rc == 0)
		__atomic_fetch_add(&s->shared->alive, 1, __ATOMIC_SEQ_CST);
	return rc;
}

bool bpf_is_traced(struct bpf_source *s, pid_t pid)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct task_state st;

	return pidfd >= 0 && bpf_map__lookup_elem(s->tasks->maps.tasks, &pidfd, sizeof(pidfd), &st, sizeof(st), 0) == 0;
}
