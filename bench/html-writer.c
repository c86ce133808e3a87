/* SPDX-License-Identifier: MIT */
/*
 * How fast, how small and in how much memory the report is written:
 *
 *	bench/html-writer OUT.html EVENTS [LANES]
 *
 * Feeds the sink EVENTS synthetic events of a build-like mix (its own cost is taken off) and prints CPU time, bytes per
 * event and the peak of resident memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "../tests/unit/fake.h"
#include "analyze/totals.h"
#include "base/diag.h"
#include "base/macro.h"
#include "sink/sink.h"

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(uint64_t below)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return seed % below;
}

/* Mostly near the mean, sometimes much longer, as real calls are. */
static uint64_t duration(uint64_t mean)
{
	uint64_t d = mean / 2 + rnd(mean);

	return rnd(50) ? d : d * (1 + rnd(100));
}

/*
 * Each lane does what a compiler does: it looks for a file in a few folders, opens it, asks its size, reads it to the
 * end, maps some memory, writes its output, waits for others.
 */
enum { PATHS = 20000, FDS = 8, CALLS = 9 };
static const char *const names[CALLS] = { "openat", "read",  "write", "newfstatat", "close",
					  "mmap",   "lseek", "futex", "access" };
enum { OPENAT, READ, WRITE, FSTATAT, CLOSE, MMAP, LSEEK, FUTEX, ACCESS };
static struct { uint32_t nr; const struct syscall_spec *spec; } calls[CALLS];

struct lane {
	struct fake_task f;
	uint64_t now, brk, out_size;
	struct file files[FDS];
	unsigned fd, step, reads, path, cycles;
};

static struct bytes paths[PATHS];
static uint32_t next_file = 1;
static struct item item;

static struct event call(enum event_kind kind, struct lane *l, unsigned which, uint64_t dur, int64_t ret,
			 const uint64_t args[6])
{
	struct call *c = &item.call;
	uint64_t at = l->now;

	item.kind = RECORD_CALL;
	*c = (struct call){ .nr = calls[which].nr, .spec = calls[which].spec, .enter_ns = at, .exit_ns = at + dur, .ret = ret, .nargs = calls[which].spec->nargs,
			    .err = ret < 0 && ret > -4096 ? (int)-ret : 0 };
	for (unsigned i = 0; i < c->nargs; i++)
		c->args[i] = (struct value){ .spec = &c->spec->args[i], .word = args[i] };
	l->now += dur + 200 + rnd(2000);
	return fake_event(kind, &l->f, &item, at);
}

static void set_path(struct event *ev, unsigned arg, const struct bytes *path)
{
	fake_string(&item.call, arg, path->s, path->len);
	ev->raw = ev->path = path->s;
	ev->raw_len = ev->path_len = path->len;
}

static void set_file(struct event *ev, struct file *f, unsigned fd)
{
	ev->file = f;
	ev->fd = (int)fd;
}

static struct event next_event(struct lane *l)
{
	struct file *f = &l->files[l->fd], *out = &l->files[0];
	unsigned fd = 3 + l->fd;
	uint64_t buffer = 0x7f0012340000 + l->fd * 0x10000;
	struct event ev;

	switch (l->step) {
	case 0:		/* search */
		if (!l->reads)
			l->path = (unsigned)(rnd(10) ? rnd(300) : rnd(PATHS));	/* everybody includes the same few */
		l->step = ++l->reads < 1 + l->path % 3 ? 0 : 1;
		ev = call(EV_LOOKUP, l, ACCESS, duration(1500), -ENOENT, (uint64_t[6]){ 0x550012345678, 4 });
		set_path(&ev, 0, &paths[(l->path + l->reads * 7) % PATHS]);
		return ev;
	case 1:
		l->fd = l->fd % (FDS - 1) + 1;	/* 0 is the output */
		l->step++, l->reads = 0;
		f = &l->files[l->fd];
		ev = call(EV_OPEN, l, OPENAT, duration(4000), 3 + l->fd,
			  (uint64_t[6]){ (uint64_t)-100, 0x550012345678, 0x80000 });
		set_path(&ev, 1, &paths[l->path]);
		*f = (struct file){ .id = next_file++,
				    .kind = FILE_REG,
				    .name = paths[l->path],
				    .opener_proc = l->f.proc.id,
				    .opened_ns = ev.ts_ns };
		set_file(&ev, f, 3 + l->fd);
		return ev;
	case 2:
		l->step++;
		ev = call(EV_LOOKUP, l, FSTATAT, duration(600), 0,
			  (uint64_t[6]){ fd, 0x550012345600, 0x7ffc1234, 0x1000 });
		fake_string(&item.call, 1, "", 0);
		set_file(&ev, f, fd);
		return ev;
	case 3: {
		bool more = ++l->reads < 2 + l->path % 5;
		uint64_t n = more ? 4096 : l->path % 4096;

		l->step += !more;
		ev = call(EV_READ, l, READ, duration(2000), (int64_t)n, (uint64_t[6]){ fd, buffer, 4096 });
		set_file(&ev, f, fd);
		ev.nbytes = n;
		return ev;
	}
	case 4:
		l->step = ++l->cycles % 5 ? 0 : 5;	/* mostly it goes on to the next file */
		l->reads = 0;
		ev = call(EV_CLOSE, l, CLOSE, duration(500), 0, (uint64_t[6]){ fd });
		set_file(&ev, f, fd);
		return ev;
	case 5: {
		uint64_t n = 4096 * (1 + rnd(32)), at = l->brk;

		l->brk += n, l->step++;
		ev = call(EV_MMAP, l, MMAP, duration(2500), (int64_t)at,
			  (uint64_t[6]){ 0, n, 3, 0x22, (uint64_t)-1, 0 });
		ev.addr = at, ev.nbytes = n, ev.prot = 3;
		return ev;
	}
	case 6: {
		uint64_t n = rnd(3) ? 4096 : rnd(4096);

		l->out_size += n, l->step++;
		ev = call(EV_WRITE, l, WRITE, duration(3000), (int64_t)n, (uint64_t[6]){ 3, buffer, n });
		set_file(&ev, out, 3);
		ev.nbytes = n;
		return ev;
	}
	case 7:
		l->step++;
		ev = call(EV_SEEK, l, LSEEK, duration(300), (int64_t)l->out_size, (uint64_t[6]){ 3, 0, 1 });
		set_file(&ev, out, 3);
		return ev;
	default:
		l->step = 0;
		return call(EV_FUTEX, l, FUTEX, duration(60000), rnd(3) ? 0 : -EAGAIN,
			    (uint64_t[6]){ 0x7f00deadb000 + rnd(16) * 64, 0x80, 2 });
	}
}

static double cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A few run at a time, each until it waits; events come in the order in which they end, nearly that of their start. */
enum { CPUS = 4 };

static uint64_t run(struct sink *sink, struct totals *totals, struct lane *lanes, unsigned nlanes, uint64_t n)
{
	struct lane *on[CPUS];
	uint64_t checked = 0;

	for (unsigned c = 0; c < CPUS; c++)
		on[c] = &lanes[c % nlanes];
	for (uint64_t i = 0; i < n; i++) {
		unsigned cpu_next = 0;

		for (unsigned c = 1; c < CPUS; c++)
			if (on[c]->now < on[cpu_next]->now)
				cpu_next = c;
		struct lane *l = on[cpu_next];
		struct event ev = next_event(l);

		if (!l->step && !rnd(5)) {
			on[cpu_next] = &lanes[rnd(nlanes)];
			on[cpu_next]->now = MAX(on[cpu_next]->now, l->now);
		}
		checked += ev.ts_ns + ev.kind;
		if (totals)
			totals_event(totals, &ev);
		if (sink)
			sink->ops->event(sink, &ev);
	}
	return checked;
}

static void reset(struct lane *lanes, unsigned nlanes)
{
	memset(lanes, 0, nlanes * sizeof(*lanes));
	seed = 88172645463325252u;
	next_file = 1;
	for (unsigned i = 0; i < nlanes; i++) {
		fake_proc(&lanes[i].f, i + 1, i ? 1 : 0, "cc1");
		lanes[i].now = FAKE_T0 + i;
		lanes[i].brk = 0x7f0000000000 + i * 0x1000000;
		lanes[i].files[0] = (struct file){
			.id = next_file++, .kind = FILE_REG, .name = fake_bytes("/tmp/cc8yqQ1a.s"), .opener_proc = i + 1
		};
	}
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	unsigned nlanes = argc > 3 ? (unsigned)atoi(argv[3]) : 200;
	struct lane *lanes = xcalloc(nlanes, sizeof(*lanes));
	struct sink_options opt = { .max_report_events = UINT64_MAX, .report_path = argv[1], .totals = totals_new() };
	struct sink *sink;
	struct diag diag;
	struct rusage use, before;
	struct stat st;
	double t[5];

	if (!n || sink_html_new(&opt, &sink, &diag) < 0) {
		fprintf(stderr, "usage: html-writer OUT.html EVENTS [LANES]\n");
		return 2;
	}
	for (unsigned i = 0; i < PATHS; i++) {
		char path[80];

		paths[i].len = (uint32_t)snprintf(path, sizeof(path),
						  "/usr/include/x86_64-linux-gnu/c++/12/bits/dir%u/header_%u.h", i % 97,
						  i);
		paths[i].s = xmemdup0(path, paths[i].len);
	}
	for (unsigned i = 0; i < CALLS; i++) {
		calls[i].nr = (uint32_t)syscall_number(names[i]);
		calls[i].spec = syscall_spec(ARCH_X86_64, calls[i].nr);
	}
	t[0] = cpu();
	reset(lanes, nlanes);
	uint64_t a = run(NULL, NULL, lanes, nlanes, n);

	t[1] = cpu();
	reset(lanes, nlanes);
	uint64_t b = run(NULL, (struct totals *)opt.totals, lanes, nlanes, n);

	t[2] = cpu();
	getrusage(RUSAGE_SELF, &before);
	reset(lanes, nlanes);
	uint64_t c = run(sink, NULL, lanes, nlanes, n);

	t[3] = cpu();
	if (a != b || b != c || sink->ops->finish(sink, &diag) < 0) {
		fprintf(stderr, "html-writer: %s\n", a != b || b != c ? "the runs differ" : diag.text);
		return 1;
	}
	t[4] = cpu();
	getrusage(RUSAGE_SELF, &use);
	stat(argv[1], &st);
	double collect = (t[3] - t[2]) - (t[1] - t[0]), finish = t[4] - t[3];

	printf("%llu events, %u lanes: %.2f s while tracing + %.2f s at the end = %.2f M events/s; %.2f bytes an "
	       "event; peak %ld MB, %ld of them before the writer had an event "
	       "(making events %.2f s, totals %.2f s)\n",
	       (unsigned long long)n, nlanes, collect, finish, (double)n / 1e6 / (collect + finish),
	       (double)st.st_size / (double)n, use.ru_maxrss / 1024, before.ru_maxrss / 1024, t[1] - t[0],
	       (t[2] - t[1]) - (t[1] - t[0]));
	sink->ops->free(sink);
	totals_free((struct totals *)opt.totals);
	for (unsigned i = 0; i < PATHS; i++)
		free(paths[i].s);
	free(lanes);
	return 0;
}
