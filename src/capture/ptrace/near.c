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
	SAMPLE = 16,			/* stops between two looks at how busy the machine is */
	CALM = 6, BUSY = 2,		/* looks in favour before following, and against before giving up */
	CHECK_NS = 50000000,
	WAIT_MAX_NS = 100000,		/* a stop may wait this long for a CPU, on average */
	BACKOFF_MIN_NS = 250000000,
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
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

/*
 * Is a CPU idle besides the one we run on?  Only then does the kernel send the tracee away; on a busy machine it stays
 * by itself, and a SCHED_IDLE thread would wait for everybody.  Fourth field of /proc/loadavg: how many are running or
 * runnable now, we among them.
 */
static bool cpu_to_spare(const struct near *n)
{
	char s[128];
	ssize_t len = pread(n->loadavg_fd, s, sizeof(s) - 1, 0);
	unsigned running;

	s[len > 0 ? len : 0] = '\0';
	return sscanf(s, "%*s %*s %*s %u/", &running) == 1 && running < n->ncpus;
}

static void go_idle(struct near *n)
{
	n->idle = set_policy(SCHED_IDLE);
	n->checked_ns = now_ns();
	n->waited_ns = waited_ns();
	n->nswitches = n->nchecked = n->votes = 0;
	n->last = 0;
	n->apart = false;
}

static void go_normal(struct near *n)
{
	set_policy(SCHED_OTHER);
	pin(n, -1);
	n->idle = false;
	n->votes = 0;
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

	*n = (struct near){ .cpu = -1, .loadavg_fd = -1, .backoff_ns = BACKOFF_MIN_NS };
	/* a user's own nice, chrt or taskset is respected */
	if (pthread_getschedparam(pthread_self(), &policy, &param) || policy != SCHED_OTHER ||
	    sched_getaffinity(0, sizeof(n->all), &n->all) < 0 || CPU_COUNT(&n->all) < 2)
		return;
	/* There is no way back for those without the right to it; found out by a thread that may be lost. */
	if (pthread_create(&t, NULL, try_return, &n->usable) || pthread_join(t, NULL))
		n->usable = false;
	n->ncpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	n->loadavg_fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	if (n->loadavg_fd < 0)
		n->usable = false;
}

static void check_waiting(struct near *n)
{
	uint64_t now = now_ns(), waited, spent = now - n->checked_ns;

	if (spent < CHECK_NS)
		return;
	waited = waited_ns();
	/*
	 * Some waiting is the rule: a resumed tracee takes the CPU from us at once.  It is short when stops are frequent; when
	 * it is long, either others use the CPU and we starve, or stops are so rare that nothing is lost by being normal.
	 */
	if (waited - n->waited_ns > (uint64_t)n->nchecked * WAIT_MAX_NS) {
		go_normal(n);
		n->retry_ns = now + n->backoff_ns;
		n->backoff_ns = MIN(n->backoff_ns * 2, 32ull * BACKOFF_MIN_NS);
	}
	n->checked_ns = now;
	n->waited_ns = waited;
	n->nchecked = 0;
}

void near_stop(struct near *n, pid_t tid)
{
	if (!n->usable)
		return;
	if (tid != n->last)
		n->nswitches++;
	n->nchecked++;
	if (++n->nstops % SAMPLE == 0) {
		if (cpu_to_spare(n) == n->idle)
			n->votes = 0;
		else
			n->votes++;
		if (n->idle)
			check_waiting(n);
		if (n->idle && n->votes >= BUSY)
			go_normal(n);
		else if (!n->idle && n->votes >= CALM && now_ns() > n->retry_ns)
			go_idle(n);
	}
	if (!n->idle)
		return;
	if (n->nstops >= WINDOW) {
		n->apart = n->nswitches > SWITCHES_MAX;
		if (n->apart)
			pin(n, -1);
		n->nstops = n->nswitches = 0;
		n->last = 0;	/* look again where it runs */
	}
	if (tid != n->last && !n->apart)
		pin(n, cpu_of(tid));
	n->last = tid;
}

void near_close(struct near *n)
{
	if (n->usable && n->idle)
		go_normal(n);
	if (n->ncpus && n->loadavg_fd >= 0)	/* ncpus: near_open() came that far */
		close(n->loadavg_fd);
	*n = (struct near){ .cpu = -1, .loadavg_fd = -1 };
}
