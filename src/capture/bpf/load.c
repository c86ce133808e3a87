/* May we, can the kernel; loads the programs and sets them up. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/kernel.h"
#include "base/macro.h"
#include "capture/bpf/internal.h"
#include "capture.skel.h"

enum { RING_BYTES = 16 << 20, RING_KEPT_PARTS = 16, RING_LARGE = 4 << 20, NS_LEVEL_MAX = 32 };

static char last_words[512];	/* what libbpf said last; it has no other way to tell */

static int hear(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];
	va_list all;

	va_copy(all, ap);
	vsnprintf(line, sizeof(line), fmt, ap);
	/* the verifier's log is one call, of any length */
	if (getenv("COMPENDIUM_BPF_DEBUG"))
		vfprintf(stderr, fmt, all);
	va_end(all);
	if (level == LIBBPF_WARN && !strncmp(line, "libbpf: ", 8) && !strstr(line, "BEGIN PROG") && !strstr(line, "END PROG")) {
		snprintf(last_words, sizeof(last_words), "%s", line + 8);
		last_words[strcspn(last_words, "\n")] = '\0';
	}
	return 0;
}

static bool have_cap(unsigned cap)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	return syscall(SYS_capget, &h, d) == 0 && d[cap / 32].effective >> cap % 32 & 1;
}

bool bpf_sees_all(void) { return have_cap(CAP_SYS_PTRACE) || have_cap(CAP_SYS_ADMIN); }

static int refused(struct diag *diag, const char *what, const char *remedy)
{
	return diag_set(diag, 125, ENOTSUP, "%s; %s", what, remedy);
}

uint64_t bpf_own_pidns(void)
{
	struct stat ns;

	return stat("/proc/self/ns/pid", &ns) == 0 ? ns.st_ino : 0;
}

const char *bpf_last_words(void) { return last_words; }

void bpf_listen(void)
{
	libbpf_set_print(hear);
	last_words[0] = '\0';
}

int bpf_allowed(struct diag *diag)
{
	bool admin = have_cap(CAP_SYS_ADMIN), bpf = admin || have_cap(CAP_BPF), perfmon = admin || have_cap(CAP_PERFMON);
	char exe[4096] = "compendium", remedy[4400];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0)
		exe[n] = '\0';
	if (!bpf || !perfmon) {
		snprintf(remedy, sizeof(remedy), "run as root, or once: sudo setcap cap_bpf,cap_perfmon+ep %.600s", exe);
		return refused(diag, !bpf && !perfmon ? "no CAP_BPF and no CAP_PERFMON" : !bpf ? "no CAP_BPF" : "no CAP_PERFMON", remedy);
	}
	if (kernel_is_older(5, 17))
		return refused(diag, "this kernel is older than 5.17 (no bpf_loop)", "use a newer one");
	if (access("/sys/kernel/btf/vmlinux", R_OK) < 0)
		return refused(diag, "this kernel does not describe its types (/sys/kernel/btf/vmlinux)", "it has to be built with CONFIG_DEBUG_INFO_BTF");
	return 0;
}

static void fill_cond(struct wire_cond *to, const struct arg_cond *c)
{
	if (!c)
		return;
	*to = (struct wire_cond){ .arg = c->arg, .n = c->nvals, .invert = c->invert, .mask = c->mask };
	memcpy(to->vals, c->vals, sizeof(to->vals));
}

static void fill_plans(struct wire_plan *v, const struct capture_options *opt)
{
	static const unsigned arches[WIRE_ARCHES] = { ARCH_X86_64, ARCH_I386 };

	for (unsigned a = 0; a < WIRE_ARCHES; a++)
		for (unsigned nr = 0; nr < WIRE_CALLS; nr++) {
			const struct syscall_spec *spec = syscall_spec(arches[a], nr);
			struct wire_plan *p = &v[a * WIRE_CALLS + nr];

			plan_compile(spec, opt->all_calls, opt->max_payload, &p->plan);
			for (unsigned i = 0; i < 6; i++) {
				p->any_enter |= p->plan.enter[i].op != PLAN_SKIP;
				p->any_leave |= p->plan.leave[i].op != PLAN_SKIP;
			}
			p->exec = spec->effect == FX_EXEC;
			if (!opt->all_calls)
				fill_cond(&p->when, spec->when);
			fill_cond(&p->ask_when, spec_question(spec).when);
		}
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

static int map_shared(struct bpf_source *s)
{
	size_t plans_bytes = page_up(sizeof(struct wire_plan) * (WIRE_RAW + 1));
	void *mem = mmap(NULL, page_up(sizeof(struct wire_shared)), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(s->skel->maps.shared_map), 0);
	struct wire_plan *plans;

	if (mem == MAP_FAILED)
		return -errno;
	s->shared = mem;
	plans = mmap(NULL, plans_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(s->skel->maps.plans), 0);
	if (plans == MAP_FAILED)
		return -errno;
	fill_plans(plans, s->opt);
	munmap(plans, plans_bytes);
	return fill_unwraps(s->skel->maps.unwraps);
}

/* Runs an iterator over all tasks to its end; what it writes are pids. */
int bpf_run_iter(struct bpf_program *prog, void (*fn)(void *ctx, pid_t pid), void *ctx)
{
	struct bpf_link *link = bpf_program__attach_iter(prog, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	int32_t pids[256];
	ssize_t n;

	while (fd >= 0 && ((n = read(fd, pids, sizeof(pids))) > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN))))
		for (ssize_t i = 0; fn && i < n / (ssize_t)sizeof(pids[0]); i++)
			fn(ctx, pids[i]);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return fd < 0 ? -errno : 0;
}

static int attach_events(struct capture_bpf *skel)
{
	struct bpf_program *progs[] = { skel->progs.on_enter, skel->progs.on_exit, skel->progs.on_fork, skel->progs.on_helper, skel->progs.on_exec, skel->progs.on_task_exit,
					skel->progs.on_signal, skel->progs.on_generate };
	struct bpf_link **links[] = { &skel->links.on_enter, &skel->links.on_exit, &skel->links.on_fork, &skel->links.on_helper, &skel->links.on_exec, &skel->links.on_task_exit,
				      &skel->links.on_signal, &skel->links.on_generate };

	for (unsigned i = 0; i < ARRAY_SIZE(progs); i++) {
		*links[i] = bpf_program__attach(progs[i]);
		if (!*links[i])
			return -errno;
	}
	/* behind on_exec on the same tracepoint: regions follow the EXEC they belong to */
	if (bpf_program__autoload(skel->progs.on_exec_maps)) {
		skel->links.on_exec_maps = bpf_program__attach(skel->progs.on_exec_maps);
		if (!skel->links.on_exec_maps)
			return -errno;
	}
	return 0;
}

static int load_once(struct bpf_source *s, size_t ring)
{
	s->skel = capture_bpf__open();
	if (!s->skel)
		return -errno;
	s->skel->rodata->payload_bytes = s->opt->max_payload;
	s->skel->rodata->self_nr = (uint32_t)getpid();
	s->skel->rodata->self_pidns = bpf_own_pidns();
	s->skel->rodata->restricted = !bpf_sees_all();
	s->skel->rodata->ring_half = ring / 2;
	s->skel->rodata->ring_look = ring >= RING_LARGE ? 7 : 0;
	s->skel->rodata->ring_most = ring - ring / RING_KEPT_PARTS;
	bpf_program__set_autoload(s->skel->progs.on_exec_maps, s->kernel_maps);
	bpf_map__set_max_entries(s->skel->maps.works, s->ncpus);
	bpf_map__set_max_entries(s->skel->maps.events, (uint32_t)ring);
	return capture_bpf__load(s->skel);
}

static int set_up(struct bpf_source *s, size_t ring)
{
	int rc = map_shared(s);

	/* what a whole system does not survive well is a shell or a terminal that is held for long */
	if (rc == 0)
		s->shared->hold = s->opt->lossy ? HOLD_NOT : s->opt->system ? HOLD_SHORTLY : HOLD_LONG;
	s->losses = xcalloc(s->ncpus, sizeof(*s->losses));
	s->lost_told = xcalloc(s->ncpus * _LOSS_MAX, sizeof(*s->lost_told));
	s->ring_fd = bpf_map__fd(s->skel->maps.events);
	s->losses_fd = bpf_map__fd(s->skel->maps.losses);
	if (rc == 0)
		rc = kring_open(&s->ring, s->ring_fd, ring);
	if (rc == 0)
		rc = bpf_run_iter(s->skel->progs.each_self, NULL, NULL);
	/* first: on a tracepoint that both use, it still finds the task's state, which ours takes away at the exit */
	if (rc == 0 && s->opt->latency)
		rc = latency_share(s);
	if (rc == 0)
		rc = attach_events(s->skel);
	return rc;
}

static int load(struct bpf_source *s, struct diag *diag)
{
	size_t ring = s->opt->ring_bytes ? s->opt->ring_bytes : RING_BYTES;
	struct rlimit memlock;
	int rc = bpf_allowed(diag);

	if (rc < 0)
		return rc;
	bpf_listen();
	/* Before 5.11 libbpf raises this limit for us; the command must not inherit that. */
	getrlimit(RLIMIT_MEMLOCK, &memlock);
	s->ncpus = (unsigned)libbpf_num_possible_cpus();
	s->kernel_maps = s->opt->want_maps;
	rc = load_once(s, ring);
	if (rc < 0 && s->kernel_maps) {
		/* before 6.7 there is no walking through regions */
		s->kernel_maps = false;
		capture_bpf__destroy(s->skel);
		rc = load_once(s, ring);
	}
	setrlimit(RLIMIT_MEMLOCK, &memlock);
	if (rc == 0)
		rc = set_up(s, ring);
	if (rc == -ENOMEM)
		return refused(diag, "no memory for the ring buffer", "make it smaller with --ring-size");
	if (rc == -EPERM)
		return refused(diag, "the kernel does not permit it here (a user namespace? a container? lockdown?)", "run it as root of the host");
	if (rc < 0)
		return diag_set(diag, 125, ENOTSUP, "this kernel refuses the programs: %s%s%s", strerror(-rc), last_words[0] ? ": " : "", last_words);
	return 0;
}

/*
 * The verifier gives up with EAGAIN, and bpf(2) with EINTR, when a signal comes: one that asks us to end is no refusal of the
 * kernel's.  It waits until this is over, which takes half a second at most.
 */
void bpf_hold_signals(sigset_t *ret_old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, ret_old);
}

int bpf_load(struct bpf_source *s, struct diag *diag)
{
	sigset_t old;
	int rc;

	bpf_hold_signals(&old);
	rc = load(s, diag);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

void bpf_unload(struct bpf_source *s)
{
	kring_close(&s->ring);
	if (s->shared)
		munmap((void *)(uintptr_t)s->shared, page_up(sizeof(struct wire_shared)));
	s->shared = NULL;
	latency_unshare(s);
	capture_bpf__destroy(s->skel);
	s->skel = NULL;
	free(s->losses);
	free(s->lost_told);
}

const struct bpf_map *bpf_shared_maps(struct bpf_source *s, unsigned i)
{
	const struct bpf_map *maps[] = { s->skel->maps.tasks, s->skel->maps.events, s->skel->maps.losses, s->skel->maps.targets, s->skel->maps.shared_map };

	return maps[i];
}

void bpf_detach_all(struct bpf_source *s) { bpf_run_iter(s->skel->progs.each_detach, NULL, NULL); }
void bpf_adopt_targets(struct bpf_source *s) { bpf_run_iter(s->skel->progs.each_adopt, NULL, NULL); }
void bpf_each_pid(struct bpf_source *s, void (*fn)(void *ctx, pid_t pid), void *ctx) { bpf_run_iter(s->skel->progs.each_pid, fn, ctx); }

int bpf_add_target(struct bpf_source *s, pid_t tgid)
{
	uint32_t key = (uint32_t)tgid, one = 1;

	return bpf_map__update_elem(s->skel->maps.targets, &key, sizeof(key), &one, sizeof(one), BPF_ANY);
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
	int rc = bpf_map__update_elem(s->skel->maps.tasks, &pidfd, sizeof(pidfd), &st, sizeof(st), BPF_NOEXIST);

	if (rc == 0)
		__atomic_fetch_add(&s->shared->alive, 1, __ATOMIC_SEQ_CST);
	return rc;
}

bool bpf_is_traced(struct bpf_source *s, pid_t pid)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct task_state st;

	return pidfd >= 0 && bpf_map__lookup_elem(s->skel->maps.tasks, &pidfd, sizeof(pidfd), &st, sizeof(st), 0) == 0;
}
