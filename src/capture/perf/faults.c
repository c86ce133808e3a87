/* SPDX-License-Identifier: MIT */
/*
 * Page faults by perf_event_open(2): a software event per CPU on the command,
 * inherited by its threads and children.  One ring a CPU, read by polling.
 * When a thread leaves the CPU comes along (PERF_RECORD_SWITCH): the sleep
 * before a fault was served is the wait in it.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/macro.h"
#include "capture/proc/proc.h"
#include "capture/source.h"
#include "record/build.h"

enum { RING_BYTES = 4 << 20, POLL_MS = 4, SETTLE_NS = 2000000, EVENTS_MAX = 2 };

/* What was read from the rings, in order once they are put together. */
enum what { SAW_OUT, SAW_IN, SAW_FAULT, SAW_LOST };
/* addr, flags: of SAW_LOST how many, and the CPU. */
struct seen { uint64_t ts_ns, addr; uint32_t pid, tid; uint16_t flags; uint8_t what; };

/* A thread's last sleep; since when it sleeps, 0: it does not.  Kept until it is used for another thread. */
enum { SLEEPERS_MAX = 1 << 16 };
struct sleeper { uint32_t tid; uint64_t since_ns, from_ns, to_ns; UT_hash_handle hh; };

/*
 * As open_event() asks for it, a sample begins with ID_TYPE's fields, and any other record ends with them
 * (sample_id_all), in this order (perf_event_open(2), struct sample_id).
 */
enum { ID_TYPE = PERF_SAMPLE_TID | PERF_SAMPLE_TIME };
/* What the kernel has of it: the size of the page (Linux 5.11), how many records of an event were lost (6.0). */
enum level { PLAIN, SIZED, COUNTS_LOST };
enum { FORMAT_LOST = 1 << 4 };		/* PERF_FORMAT_LOST: not in older headers */
struct sample_id { uint32_t pid, tid; uint64_t time; };
struct fault_body { struct sample_id id; uint64_t addr, page; };	/* page: only where samples have it */
struct switch_body { struct sample_id id; };
struct lost_body { uint64_t id, lost; struct sample_id of; };
/* A record as far as it is read: zeros behind one that is shorter. */
struct perf_record {
	struct perf_event_header h;
	union { struct fault_body fault; struct switch_body sw; struct lost_body lost; };
};

struct cpu_ring { struct perf_event_mmap_page *page; int fd; };	/* fd: the event that owns the ring */

struct faults_source {
	struct source src;
	const struct capture_options *opt;
	struct cpu_ring *rings;		/* by CPU */
	unsigned ncpus;
	int *fds; unsigned nfds;
	struct buf rec, batch;		/* batch: of struct seen, not handed over yet */
	struct sleeper *sleepers;	/* by tid, the one that slept longest ago first */
	source_emit_fn *emit;
	void *emit_ctx;
	_Atomic bool stop;
	enum level level;
	uint64_t last_ns;		/* of what was handed over */
	uint64_t nlost;			/* by the events' counts, reported so far */
	bool filled;			/* a ring was half full: it may have been full since */
	int err;			/* why an event could not be opened */
	size_t page;
};

static uint64_t now_ns(void) { return clock_ns(); }

/* Only one of the events of a thread has to report its switches: that of what is rare. */
static int open_event(uint64_t what, pid_t tid, int cpu, enum level level)
{
	bool switches = what == PERF_COUNT_SW_PAGE_FAULTS_MAJ;
	struct perf_event_attr a = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = what, .sample_period = 1,
		.sample_type = ID_TYPE | PERF_SAMPLE_ADDR | (level >= SIZED ? PERF_SAMPLE_DATA_PAGE_SIZE : 0),
		.read_format = level >= COUNTS_LOST ? FORMAT_LOST : 0,
		.inherit = 1, .exclude_kernel = 1, .exclude_hv = 1,
		.use_clockid = 1, .clockid = CLOCK_MONOTONIC, .watermark = 1, .wakeup_watermark = RING_BYTES / 2,
		.sample_id_all = 1, .context_switch = switches,
	};

	return (int)syscall(SYS_perf_event_open, &a, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static void keep_fd(struct faults_source *s, int fd)
{
	s->fds = xrealloc(s->fds, (s->nfds + 1) * sizeof(*s->fds));
	s->fds[s->nfds++] = fd;
}

/*
 * Minor and major faults are two events, kept apart by rings of their own: two rings a CPU.  Events of more tasks on
 * the same CPU write into the first one's ring.
 */
static int add_thread(struct faults_source *s, pid_t tid)
{
	static const uint64_t what[EVENTS_MAX] = { PERF_COUNT_SW_PAGE_FAULTS_MIN, PERF_COUNT_SW_PAGE_FAULTS_MAJ };

	for (unsigned cpu = 0; cpu < s->ncpus; cpu++)
		for (unsigned i = 0; i < EVENTS_MAX; i++) {
			struct cpu_ring *r = &s->rings[cpu * EVENTS_MAX + i];
			int fd = open_event(what[i], tid, (int)cpu, s->level);
			size_t bytes = i ? RING_BYTES / 16 : RING_BYTES;
			void *mem;

			if (fd < 0 && errno == ENODEV)
				continue;	/* a CPU that is off */
			if (fd < 0)
				return -errno;
			if (r->page) {
				if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, r->fd) < 0) {
					close(fd);
					return -errno;
				}
				keep_fd(s, fd);
				continue;
			}
			/* unprivileged there is a limit to what may be locked: smaller, before none */
			while ((mem = mmap(NULL, s->page + bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) ==
				       MAP_FAILED &&
			       errno == EPERM && bytes > s->page)
				bytes /= 2;
			if (mem == MAP_FAILED) {
				int err = errno;

				close(fd);
				return -err;
			}
			r->page = mem;
			r->fd = fd;
			keep_fd(s, fd);
		}
	return 0;
}

static void add_thread_cb(void *ctx, pid_t tid)
{
	struct faults_source *s = ctx;
	int rc = add_thread(s, tid);

	if (rc < 0 && rc != -ESRCH)
		s->err = -rc;
}

static void put(struct faults_source *s) { s->emit(s->emit_ctx, record_finish(&s->rec)); }

static void saw_fault(struct faults_source *s, const struct fault_body *f, bool major)
{
	unsigned order = 0;
	struct seen e;

	/* both events come when the fault has been served: the page is there, unless it was taken away again */
	while (s->level >= SIZED && order < FAULT_ORDER_MAX && (s->page << order) < f->page)
		order++;
	e = (struct seen){ f->id.time, f->addr, f->id.pid, f->id.tid,
			   (uint16_t)((major ? FAULT_MAJOR : 0) | order << FAULT_ORDER_SHIFT), SAW_FAULT };
	buf_add(&s->batch, &e, sizeof(e));
}

/* A thread that was preempted did not sleep. */
static void saw_switch(struct faults_source *s, const struct sample_id *at, unsigned misc)
{
	struct seen e;

	if (misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT)
		return;
	e = (struct seen){ at->time, 0, at->pid, at->tid, 0, misc & PERF_RECORD_MISC_SWITCH_OUT ? SAW_OUT : SAW_IN };
	buf_add(&s->batch, &e, sizeof(e));
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct seen *)a)->ts_ns, y = ((const struct seen *)b)->ts_ns;

	return (x > y) - (x < y);
}

static struct sleeper *sleeper_of(struct faults_source *s, uint32_t tid, bool make)
{
	struct sleeper *r, *oldest = s->sleepers;

	HASH_FIND_INT(s->sleepers, &tid, r);
	if (!make)
		return r;
	if (r) {
		HASH_DEL(s->sleepers, r);
	} else if (HASH_COUNT(s->sleepers) >= SLEEPERS_MAX) {
		HASH_DEL(s->sleepers, oldest);
		r = oldest;
		*r = (struct sleeper){ .tid = tid };
	} else {
		r = xcalloc(1, sizeof(*r));
		r->tid = tid;
	}
	HASH_ADD_INT(s->sleepers, tid, r);
	return r;
}

/* The last sleep before a fault was served is the one in it, unless it was in something else: the model knows. */
static void put_fault(struct faults_source *s, const struct seen *e)
{
	struct sleeper *r = sleeper_of(s, e->tid, false);
	bool slept = r && r->to_ns > r->from_ns;
	struct record_fault_wait w = { .f = { { 0, 0, e->flags, e->pid, e->tid, e->ts_ns }, e->addr } };

	w.f.h.kind = slept ? RECORD_FAULT_WAIT : RECORD_FAULT;
	if (slept) {
		w.since_ns = r->from_ns;
		w.wait_ns = r->to_ns - r->from_ns;
		r->from_ns = r->to_ns = 0;
	}
	w.f.h.size = slept ? sizeof(w) : sizeof(w.f);
	s->emit(s->emit_ctx, &w.f.h);
}

/* One of two switches may be missing, or the fault that was slept in: a sleep would last from one fault to the next. */
static void forget_sleeps(struct faults_source *s)
{
	struct sleeper *r, *next;

	HASH_ITER(hh, s->sleepers, r, next)
		r->since_ns = r->from_ns = r->to_ns = 0;
}

/* At a time that the trace had: later than its end it would be left out. */
static void put_lost(struct faults_source *s, uint64_t n, unsigned cpu, uint64_t ts_ns)
{
	static const char why[] = "page faults came faster than they could be read";
	struct record_lost *r = record_begin(&s->rec, RECORD_LOST, sizeof(*r), 0, 0, ts_ns);

	r->count = n;
	r->cpu = cpu;
	r->nchunks = 1;
	record_chunk(&s->rec, 0, PART_TEXT, 0, why, strlen(why));
	put(s);
}

static void put_seen(struct faults_source *s, const struct seen *e)
{
	struct sleeper *r;

	switch ((enum what)e->what) {
	case SAW_OUT:
		sleeper_of(s, e->tid, true)->since_ns = e->ts_ns;
		break;
	case SAW_IN:
		r = sleeper_of(s, e->tid, false);
		if (r && r->since_ns) {
			r->from_ns = r->since_ns;
			r->to_ns = e->ts_ns;
			r->since_ns = 0;
		}
		break;
	case SAW_FAULT:
		put_fault(s, e);
		break;
	case SAW_LOST:
		forget_sleeps(s);
		if (s->level < COUNTS_LOST)
			put_lost(s, e->addr, e->flags, e->ts_ns);
		break;
	}
}

/* Each ring is in order, all of them together are up to that moment: what came later waits for the next look. */
static void put_batch(struct faults_source *s, uint64_t until_ns)
{
	struct seen *v = (struct seen *)(void *)s->batch.s;
	size_t n = s->batch.len / sizeof(*v), i = 0;

	if (n)
		qsort(v, n, sizeof(*v), by_time);
	for (; i < n && v[i].ts_ns <= until_ns; i++)
		put_seen(s, &v[i]);
	if (i) {
		s->last_ns = v[i - 1].ts_ns;
		memmove(v, v + i, (n - i) * sizeof(*v));
	}
	s->batch.len = (n - i) * sizeof(*v);
}

static void saw_lost(struct faults_source *s, const struct lost_body *l, unsigned cpu)
{
	struct seen e = { l->of.time, l->lost, l->of.pid, l->of.tid, (uint16_t)cpu, SAW_LOST };

	buf_add(&s->batch, &e, sizeof(e));
}

/*
 * The kernel records a loss with the next record that has room: with none where a program ends, or faults no more.  Its
 * count (PERF_FORMAT_LOST) has all of them, those of inherited events with the first one's.  A ring that was full since
 * the last look was half full at that look or is now: what came since is at least what was not read then.
 */
static void put_counted_lost(struct faults_source *s)
{
	struct { uint64_t count, lost; } of;
	uint64_t all = 0;

	for (unsigned i = 0; s->level >= COUNTS_LOST && s->filled && i < s->nfds; i++)
		if (read(s->fds[i], &of, sizeof(of)) == (ssize_t)sizeof(of))
			all += of.lost;
	s->filled = false;
	if (all > s->nlost) {
		forget_sleeps(s);
		put_lost(s, all - s->nlost, 0, s->last_ns);
		s->nlost = all;
	}
}

static void copy_out(const struct perf_event_mmap_page *p, uint64_t at, void *to, size_t n)
{
	const char *data = (const char *)p + p->data_offset;
	size_t from = at & (p->data_size - 1), first = MIN(n, p->data_size - from);

	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, n - first);
}

/* One that is shorter than what was asked for is none of ours. */
static void saw(struct faults_source *s, const struct perf_record *e, unsigned i)
{
	size_t n = e->h.size < sizeof(e->h) ? 0 : e->h.size - sizeof(e->h);
	size_t fault = s->level >= SIZED ? sizeof(e->fault) : offsetof(struct fault_body, page);

	if (e->h.type == PERF_RECORD_SAMPLE && n >= fault)
		saw_fault(s, &e->fault, i % EVENTS_MAX);
	else if (e->h.type == PERF_RECORD_SWITCH && n >= sizeof(e->sw))
		saw_switch(s, &e->sw.id, e->h.misc);
	else if (e->h.type == PERF_RECORD_LOST && n >= sizeof(e->lost))
		saw_lost(s, &e->lost, i / EVENTS_MAX);
}

static void read_ring(struct faults_source *s, unsigned i)
{
	struct perf_event_mmap_page *p = s->rings[i].page;
	uint64_t head, tail;

	if (!p)
		return;
	head = __atomic_load_n(&p->data_head, __ATOMIC_ACQUIRE);
	s->filled |= head - p->data_tail >= p->data_size / 2;
	for (tail = p->data_tail; tail < head;) {
		struct perf_record e = { 0 };

		copy_out(p, tail, &e.h, sizeof(e.h));
		copy_out(p, tail, &e, MIN((size_t)e.h.size, sizeof(e)));
		saw(s, &e, i);
		tail += e.h.size;
		if (!e.h.size)
			break;
		__atomic_store_n(&p->data_tail, tail, __ATOMIC_RELEASE);
	}
}

static int faults_step(struct source *src, source_emit_fn *emit, void *ctx)
{
	struct faults_source *s = CONTAINER_OF(src, struct faults_source, src);
	const struct timespec nap = { 0, POLL_MS * 1000000 };
	uint64_t before = now_ns();
	bool stop = atomic_load(&s->stop);

	s->emit = emit;
	s->emit_ctx = ctx;
	for (unsigned i = 0; i < s->ncpus * EVENTS_MAX; i++)
		read_ring(s, i);
	put_batch(s, stop ? UINT64_MAX : before);
	put_counted_lost(s);
	atomic_store_explicit(&src->settled_ns, before - SETTLE_NS, memory_order_release);
	if (stop)
		return 0;
	nanosleep(&nap, NULL);
	return 1;
}

static void faults_stop(struct source *src, bool kill UNUSED)
{
	atomic_store(&CONTAINER_OF(src, struct faults_source, src)->stop, true);
}
static int faults_status(const struct source *src UNUSED) { return -1; }
static pid_t faults_main_pid(const struct source *src UNUSED) { return 0; }

static void faults_free(struct source *src)
{
	struct faults_source *s = CONTAINER_OF(src, struct faults_source, src);
	struct sleeper *r, *next;

	for (unsigned i = 0; i < s->ncpus * EVENTS_MAX; i++)
		if (s->rings[i].page) {
			size_t bytes = s->page + s->rings[i].page->data_size;

			munmap(s->rings[i].page, bytes);
		}
	for (unsigned i = 0; i < s->nfds; i++)
		close(s->fds[i]);
	HASH_ITER(hh, s->sleepers, r, next)
	{
		HASH_DEL(s->sleepers, r);
		free(r);
	}
	free(s->fds);
	free(s->rings);
	buf_done(&s->rec);
	buf_done(&s->batch);
	free(s);
}

static const struct source_ops faults_ops = {
	.step = faults_step, .stop = faults_stop, .free = faults_free, .status = faults_status, .main_pid = faults_main_pid,
};

static int paranoid(void)
{
	FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int v = -1;

	if (f && fscanf(f, "%d", &v) != 1)
		v = -1;
	if (f)
		fclose(f);
	return v;
}

static int refused(int err, struct diag *diag)
{
	if ((err == EACCES || err == EPERM) && paranoid() > 2)
		return diag_set(diag, 125, err,
				"--faults: not allowed here (kernel.perf_event_paranoid is %d); run: sudo sysctl "
				"kernel.perf_event_paranoid=2",
				paranoid());
	if (err == EACCES || err == EPERM)
		return diag_set(diag, 125, err,
				"--faults: not allowed to count the page faults of that process; run as root");
	return diag_set(diag, 125, err, "--faults: this kernel does not count page faults: %s", strerror(err));
}

void source_faults_add(struct source *src, pid_t pid)
{
	struct faults_source *s = CONTAINER_OF(src, struct faults_source, src);

	s->err = 0;
	proc_each_thread(pid, add_thread_cb, s);
}

int source_faults_open(const struct capture_options *opt, struct source **ret_source, struct diag *diag)
{
	struct faults_source *s;
	enum level level = COUNTS_LOST;
	int fd, err;

	while ((fd = open_event(PERF_COUNT_SW_PAGE_FAULTS_MIN, 0, -1, level)) < 0 && errno == EINVAL && level > PLAIN)
		level--;
	err = errno;

	/* whether it is allowed at all is known before the command is there */
	if (fd < 0)
		return refused(err, diag);
	close(fd);
	if (opt->cgroup || opt->system)
		return diag_set(diag, 125, EINVAL,
				"--faults goes with a command or --pid, not with --cgroup or --system");
	s = xcalloc(1, sizeof(*s));
	*s = (struct faults_source){ .src.ops = &faults_ops,
				     .opt = opt,
				     .level = level,
				     .ncpus = (unsigned)sysconf(_SC_NPROCESSORS_CONF),
				     .page = (size_t)sysconf(_SC_PAGESIZE) };
	s->rings = xcalloc(s->ncpus * EVENTS_MAX, sizeof(*s->rings));
	for (unsigned i = 0; i < opt->npids; i++) {
		source_faults_add(&s->src, opt->pids[i]);
		if (s->err) {
			err = s->err;
			faults_free(&s->src);
			return refused(err, diag);
		}
	}
	*ret_source = &s->src;
	return 0;
}
