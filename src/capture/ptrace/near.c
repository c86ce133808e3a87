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
	WINDOW = 256,			/* stops looked at together */
	SWITCHES_MAX = 64,		/* more changes of tracee than this in a window: no following */
	TRIAL_MIN = 32, TRIAL_TIMES = 4,	/* a trial this much worse is not seen through to its end */
	PAUSE_MIN_NS = 100000000,	/* between two trials; doubled by each that does not pay */
	PAUSE_TIMES = 16,
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

	return read_file("/proc/thread-self/schedstat", s, sizeof(s)) && sscanf(s, "%llu %llu", &ran, &waited) == 2 ? waited : 0;
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
	n->began_ns = now_ns();
	n->waited_ns = waited_ns();
}

static bool pins(const struct near *n) { return (n->may_idle || n->first_way) && !n->apart; }

/* SCHED_IDLE or not; where that is not ours to choose, pinned or not. */
static void go(struct near *n, bool first_way)
{
	n->first_way = first_way;
	if (n->may_idle)
		set_policy(first_way ? SCHED_IDLE : SCHED_OTHER);
	if (!pins(n))
		pin(n, -1);
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

	*n = (struct near){ .cpu = -1, .pause_ns = PAUSE_MIN_NS };
	/* a user's own nice, chrt or taskset is respected */
	if (pthread_getschedparam(pthread_self(), &policy, &param) || policy != SCHED_OTHER ||
	    sched_getaffinity(0, sizeof(n->all), &n->all) < 0 || CPU_COUNT(&n->all) < 2)
		return;
	n->follows = true;
	/* There is no way back for those without the right to it; found out by a thread that may be lost. */
	if (pthread_create(&t, NULL, try_return, &n->may_idle) || pthread_join(t, NULL))
		n->may_idle = false;
	go(n, true);
	window_begin(n);
}

static unsigned bucket(uint64_t ns)
{
	unsigned e = ns < 4 ? 2 : 63 - (unsigned)__builtin_clzll(ns);

	return MIN((e - 2) * 4 + (unsigned)(ns >> (e - 2) & 3), (unsigned)NEAR_GAPS - 1);
}

/*
 * What a window cost.  The median tells what a turn takes, whatever the tracee computes between two calls.  What we waited
 * for a CPU hits few turns and hard; a tracee that takes the CPU from us as we resume it makes us wait as well, but
 * no longer than its turn.
 */
static uint64_t window_cost(const struct near *n)
{
	unsigned seen = 0, i = 0;
	uint64_t median;

	while (i < NEAR_GAPS - 1 && (seen += n->gaps[i]) < n->nstops / 2)
		i++;
	median = (uint64_t)(4 + i % 4) << (i / 4);
	return MAX(median * n->nstops, waited_ns() - n->waited_ns);
}

/* Decides how the next window is to be run. */
static void window_end(struct near *n, uint64_t now)
{
	n->apart = n->nswitches > SWITCHES_MAX;
	if (!pins(n))
		pin(n, -1);
	if (n->trying || now >= n->retry_ns) {
		uint64_t cost = window_cost(n) * WINDOW / n->nstops;

		if (!n->trying) {
			n->trying = true;
			n->other_ns = cost;
			go(n, !n->first_way);
		} else {
			n->trying = false;
			if (cost < n->other_ns) {
				n->pause_ns = PAUSE_MIN_NS;
			} else {
				go(n, !n->first_way);
				n->pause_ns = MIN(n->pause_ns * 2, (uint64_t)PAUSE_TIMES * PAUSE_MIN_NS);
			}
			n->retry_ns = now + n->pause_ns;
		}
	}
	window_begin(n);
}

void near_stop(struct near *n, pid_t tid)
{
	uint64_t now;

	if (!n->follows)
		return;
	now = now_ns();
	if (n->nstops)
		n->gaps[bucket(now - n->last_ns)]++;
	n->last_ns = now;
	n->nstops++;
	if (tid != n->last)
		n->nswitches++;
	if (n->nstops >= WINDOW || (n->trying && n->nstops >= TRIAL_MIN && now - n->began_ns > TRIAL_TIMES * n->other_ns))
		window_end(n, now);
	if (tid != n->last && pins(n))
		pin(n, cpu_of(tid));
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
