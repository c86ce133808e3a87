/* SPDX-License-Identifier: MIT */
#include "base/behind.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/macro.h"
#include "base/outfile.h"

struct behind {
	struct outfile *file;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct buf bytes;	/* the thread's while `given` */
	bool given, ends;
};

static void *run(void *ctx)
{
	struct behind *b = ctx;

	pthread_mutex_lock(&b->lock);
	for (;;) {
		while (!b->given && !b->ends)
			pthread_cond_wait(&b->changed, &b->lock);
		if (!b->given)
			break;
		pthread_mutex_unlock(&b->lock);
		outfile_write(b->file, b->bytes.s, b->bytes.len);
		pthread_mutex_lock(&b->lock);
		b->given = false;
		pthread_cond_signal(&b->changed);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static bool has_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

struct behind *behind_new(struct outfile *file)
{
	struct behind *b;
	sigset_t all, old;
	int rc;

	if (!has_cpus())
		return NULL;
	b = xcalloc(1, sizeof(*b));
	b->file = file;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);	/* signals are the main thread's business */
	rc = pthread_create(&b->thread, NULL, run, b);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!rc)
		return b;
	free(b);
	return NULL;
}

/* With the lock; without it meanwhile. */
static void wait_until_written(struct behind *b)
{
	while (b->given)
		pthread_cond_wait(&b->changed, &b->lock);
}

void behind_give(struct behind *b, struct buf *bytes)
{
	struct buf mine;

	pthread_mutex_lock(&b->lock);
	wait_until_written(b);
	mine = b->bytes;
	b->bytes = *bytes;
	b->given = true;
	pthread_cond_signal(&b->changed);
	pthread_mutex_unlock(&b->lock);
	buf_reset(&mine);
	*bytes = mine;
}

void behind_settle(struct behind *b)
{
	pthread_mutex_lock(&b->lock);
	wait_until_written(b);
	pthread_mutex_unlock(&b->lock);
}

void behind_free(struct behind *b)
{
	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->ends = true;
	pthread_cond_signal(&b->changed);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	buf_done(&b->bytes);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}
