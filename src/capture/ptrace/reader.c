/* SPDX-License-Identifier: MIT */
#include "capture/ptrace/reader.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"

enum { ROOM = 64 << 10, PARTS = 4, STUCK_MAX = 32, PATIENCE_NS = 100000000, PAGE = 4096 };

/* The thread works in memory of its own: it may still write there when no thread waits for it any more. */
struct reader {
	pthread_cond_t changed;
	enum { IDLE, ASKED, ANSWERED } state;
	bool abandoned;
	pid_t tid;
	struct iovec remote[PARTS];
	unsigned nremote;
	size_t n;
	ssize_t got;
	struct reader *next;	/* of those that are stuck */
	char data[ROOM];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct reader *current, *stuck;
static unsigned nstuck;

static void forget(struct reader *r)
{
	for (struct reader **at = &stuck; *at; at = &(*at)->next)
		if (*at == r) {
			*at = r->next;
			nstuck--;
			break;
		}
}

static void *run(void *ctx)
{
	struct reader *r = ctx;

	pthread_mutex_lock(&lock);
	while (!r->abandoned) {
		struct iovec local = { r->data, r->n };

		if (r->state != ASKED) {
			pthread_cond_wait(&r->changed, &lock);
			continue;
		}
		pthread_mutex_unlock(&lock);
		r->got = process_vm_readv(r->tid, &local, 1, r->remote, r->nremote, 0);
		pthread_mutex_lock(&lock);
		r->state = ANSWERED;
		pthread_cond_broadcast(&r->changed);
	}
	forget(r);
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&r->changed);
	free(r);
	return NULL;
}

static struct reader *reader_new(void)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	pthread_condattr_t clock;
	sigset_t all, old;
	pthread_t thread;
	int rc;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &clock);
	pthread_condattr_destroy(&clock);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		pthread_cond_destroy(&r->changed);
		free(r);
		return NULL;
	}
	pthread_detach(thread);
	return r;
}

static bool overlaps(const struct iovec *a, const struct iovec *b)
{
	uint64_t a0 = (uint64_t)a->iov_base / PAGE, a1 = ((uint64_t)a->iov_base + a->iov_len - 1) / PAGE;
	uint64_t b0 = (uint64_t)b->iov_base / PAGE, b1 = ((uint64_t)b->iov_base + b->iov_len - 1) / PAGE;

	return a->iov_len && b->iov_len && a0 <= b1 && b0 <= a1;
}

static bool would_wait(pid_t tid, const struct iovec *remote, unsigned n)
{
	for (const struct reader *r = stuck; r; r = r->next)
		for (unsigned i = 0; r->tid == tid && i < r->nremote; i++)
			for (unsigned k = 0; k < n; k++)
				if (overlaps(&r->remote[i], &remote[k]))
					return true;
	return nstuck >= STUCK_MAX;
}

static bool answered(struct reader *r)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PATIENCE_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (r->state == ASKED)
		if (pthread_cond_timedwait(&r->changed, &lock, &until))
			return r->state != ASKED;
	return true;
}

size_t reader_read(pid_t tid, void *to, size_t n, const struct iovec *remote, unsigned nremote)
{
	size_t got = 0;
	struct reader *r;

	pthread_mutex_lock(&lock);
	r = would_wait(tid, remote, nremote) ? NULL : current ? current : reader_new();
	if (r) {
		current = r;
		r->tid = tid;
		r->n = MIN(n, sizeof(r->data));
		r->nremote = MIN(nremote, (unsigned)PARTS);
		memcpy(r->remote, remote, r->nremote * sizeof(*remote));
		r->state = ASKED;
		pthread_cond_broadcast(&r->changed);
		if (answered(r)) {
			got = r->got > 0 ? (size_t)r->got : 0;
			memcpy(to, r->data, got);
			r->state = IDLE;
		} else {
			r->abandoned = true;
			r->next = stuck;
			stuck = r;
			nstuck++;
			current = NULL;
		}
	}
	pthread_mutex_unlock(&lock);
	return got;
}
