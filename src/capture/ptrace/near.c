/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/near.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"

enum {
	WINDOW = 256, TRIAL = 64,	/* stops looked at together */
	FAR_WORSE = 4,			/* a window that waits so many times as long as usual is long enough */
	SWITCHES_PART = 4,		/* more changes of tracee than this part of the stops: no following */
	SETTLE_NS = 100000000,		/* before the first trials: where they run settles, mostly on one CPU */
	PAUSE_MIN_NS = 200000000,	/* between two rounds of trials; doubled by each that changes nothing */
	PAUSE_TIMES = 16,
	LOOK_NS = 16000,		/* a turn on two CPUs takes longer, one on the same 5 to 10 µs */
	LOOK_MIN = 2, LOOK_MAX = 64,	/* such turns between two looks at where the tracee runs */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static bool set_policy(int policy)
{
	const struct sched_param none = { 0 };

	return pthread_setschedparam(pthread_self(), policy, &none) == 0;
}

static size_t read_file(const char *path, char *to, size_t max)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, to, max - 1) : 0;

	to[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* How long this thread was runnable without running: second field, since it began (needs CONFIG_SCHED_INFO; else 0). */
static uint64_t waited_ns(void)
{
	char s[128];
	unsigned long long ran, waited;

	if (!read_file("/proc/thread-self/schedstat", s, sizeof(s)) || sscanf(s, "%llu %llu", &ran, &waited) != 2)
		return 0;
	return waited;
}

/* Field 39 of /proc/TID/stat: the CPU it ran on last. */
static int cpu_of(pid_t tid)
{
	char path[32], s[1024], *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (!read_file(path, s, sizeof(s)) || !(p = strrchr(s, ')')))
		return -1;
	for (int i = 2; i < 39 && p; i++)
		p = strchr(p + 1, ' ');
	return p ? atoi(p) : -1;
}

static void pin(struct near *n, int cpu)
{
	cpu_set_t set;

	if (cpu == n->cpu)
		return;
	CPU_ZERO(&set);
	if (cpu >= 0 && cpu < CPU_SETSIZE && CPU_ISSET(cpu, &n->all))
		CPU_SET(cpu, &set);
	else
		set = n->all, cpu = -1;
	sched_setaffinity(0, sizeof(set), &set);
	n->cpu = cpu;
}

static void window_begin(struct near *n)
{
	memset(n->gaps, 0, sizeof(n->gaps));
	n->nstops = n->nswitches = 0;
	n->last = 0;			/* look again where it runs */
	n->asked_ns = 0;
	n->began_ns = now_ns();
	n->waited_ns = waited_ns();
}

static bool pins(const struct near *n) { return n->way != WAY_FREE && !n->apart; }

static void go(struct near *n, unsigned way)
{
	n->way = way;
	if (n->may_idle)
		set_policy(way == WAY_IDLE ? SCHED_IDLE : SCHED_OTHER);
	if (!pins(n))
		pin(n, -1);
}

/*
 * Is a CPU idle besides the one we run on?  Fourth field of /proc/loadavg: how many are running or runnable now, we
 * among them.
 */
static bool cpu_to_spare(const struct near *n)
{
	char s[128];
	unsigned running;

	return read_file("/proc/loadavg", s, sizeof(s)) && sscanf(s, "%*s %*s %*s %u/", &running) == 1 &&
	       running < n->ncpus;
}

/* SCHED_IDLE among those who compute may have to wait for long: not even tried. */
static bool worth_a_try(const struct near *n, unsigned way)
{
	return way != n->home && way != n->way && (way != WAY_IDLE || (n->may_idle && cpu_to_spare(n)));
}

static void *try_return(void *ret)
{
	*(bool *)ret = set_policy(SCHED_IDLE) && set_policy(SCHED_OTHER);
	return NULL;
}

void near_open(struct near *n)
{
	int policy;
	struct sched_param param;
	pthread_t t;

	*n = (struct near){ .cpu = -1, .pause_ns = PAUSE_MIN_NS, .look_every = LOOK_MIN };
	/* a user's own nice, chrt or taskset is respected */
	if (pthread_getschedparam(pthread_self(), &policy, &param) || policy != SCHED_OTHER ||
	    sched_getaffinity(0, sizeof(n->all), &n->all) < 0 || CPU_COUNT(&n->all) < 2)
		return;
	n->follows = true;
	n->ncpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	/* There is no way back for those without the right to it; found out by a thread that may be lost. */
	if (pthread_create(&t, NULL, try_return, &n->may_idle) || pthread_join(t, NULL))
		n->may_idle = false;
	n->home = WAY_FREE;
	n->retry_ns = now_ns() + SETTLE_NS;
	go(n, n->home);
	window_begin(n);
}

static unsigned bucket(uint64_t ns)
{
	unsigned e = ns < 4 ? 2 : 63 - (unsigned)__builtin_clzll(ns);

	return MIN((e - 2) * 4 + (unsigned)(ns >> (e - 2) & 3), (unsigned)NEAR_GAPS - 1);
}

/*
 * What a stop cost in this window.  The median tells what a turn takes, whatever the tracee computes between two calls.
 * What we waited for a CPU hits few turns and hard; a tracee that takes the CPU from us as we resume it makes us wait
 * as well, but no longer than its turn.
 */
static uint64_t stop_cost(const struct near *n)
{
	unsigned seen = 0, i = 0;
	uint64_t median;

	while (i < NEAR_GAPS - 1 && (seen += n->gaps[i]) < n->nstops / 2)
		i++;
	median = (uint64_t)(4 + i % 4) << (i / 4);
	return MAX(median, (waited_ns() - n->waited_ns) / n->nstops);
}

/* Decides how the next window is to be run.  Home is the best way known; a round of trials visits the others. */
static void window_end(struct near *n, uint64_t now)
{
	uint64_t cost = stop_cost(n);

	n->apart = n->nswitches > n->nstops / SWITCHES_PART;
	if (!pins(n))
		pin(n, -1);
	if (n->way == n->home) {
		if (!n->home_ns)
			n->home_ns = cost;
		if (now < n->retry_ns && cost < FAR_WORSE * n->home_ns) {
			window_begin(n);
			return;
		}
		n->home_ns = cost;
		n->next = 0;
		n->changed = false;
	} else if (cost < n->home_ns - n->home_ns / 4) {
		n->home = n->way;
		n->home_ns = cost;
		n->changed = true;
	}
	while (n->next < _WAYS && !worth_a_try(n, n->next))
		n->next++;
	if (n->next < _WAYS) {
		go(n, n->next++);
	} else {
		n->pause_ns = n->changed ? PAUSE_MIN_NS : MIN(n->pause_ns * 2, (uint64_t)PAUSE_TIMES * PAUSE_MIN_NS);
		n->retry_ns = now + n->pause_ns;
		go(n, n->home);
	}
	window_begin(n);
}

/*
 * Whether most of a window that is long has gone by in waiting.  Where stops are rare every window is: to ask the
 * kernel costs as much as a stop, so it is asked again only when the window has become half as long again.
 */
static bool starving(struct near *n, uint64_t now)
{
	uint64_t spent = now - n->began_ns;

	if (!n->home_ns || spent <= MAX(FAR_WORSE * WINDOW * n->home_ns, n->asked_ns))
		return false;
	n->asked_ns = spent + spent / 2;
	return waited_ns() - n->waited_ns > spent / 2;
}

/* Where the tracee runs now: it is moved at times, and then each turn is long until we have followed. */
static void look(struct near *n, pid_t tid)
{
	int before = n->cpu;

	pin(n, cpu_of(tid));
	n->look_every = n->cpu != before ? LOOK_MIN : MIN(n->look_every * 2, (unsigned)LOOK_MAX);
	n->nlong = 0;
}

void near_stop(struct near *n, pid_t tid)
{
	uint64_t now, gap;

	if (!n->follows)
		return;
	now = now_ns();
	gap = now - n->last_ns;
	if (n->nstops)
		n->gaps[bucket(gap)]++;
	n->last_ns = now;
	n->nstops++;
	if (tid != n->last)
		n->nswitches++;
	if (n->nstops >= (n->home_ns && n->way == n->home ? WINDOW : TRIAL) || starving(n, now))
		window_end(n, now);
	/* a normal thread drives the tracee to the other CPU itself: no use in running after it */
	if (pins(n) && (tid != n->last || (n->way == WAY_IDLE && gap > LOOK_NS && ++n->nlong >= n->look_every)))
		look(n, tid);
	n->last = tid;
}

void near_close(struct near *n)
{
	if (n->follows) {
		pin(n, -1);
		if (n->may_idle)
			set_policy(SCHED_OTHER);
	}
	*n = (struct near){ .cpu = -1 };
}
