/* SPDX-License-Identifier: MIT */
#include "record/ring.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "record/record.h"

enum { GIVE_BACK_PARTS = 64 };		/* of the ring, together */

/* A record never wraps: when it does not fit before the end, a filler head (kind 0) skips to the start. */
struct ring {
	char *mem;
	size_t size;
	/* What one side writes for each record is on no line that the other looks at for each record. */
	_Alignas(64) _Atomic uint64_t head;	/* written by the producer */
	uint64_t room;				/* producer: where tail was when it last looked */
	_Atomic uint32_t parked;		/* consumer sleeps on this word */
	_Atomic uint32_t closed;		/* the consumer naps on this word: the end, or a full ring, wakes it */
	_Alignas(64) _Atomic uint64_t tail;	/* written by the consumer when it lets go of many records */
	_Alignas(64) uint64_t at, limit;	/* consumer: where it reads; where head was when it last looked */
	uint64_t waited_at;			/* consumer: where it read when it last waited */
	unsigned idle;				/* consumer: polls that found nothing, in a row */
};

static void futex(_Atomic uint32_t *word, int op, uint32_t val, const struct timespec *timeout)
{
	syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, val, timeout, NULL, 0);
}

struct ring *ring_new(size_t nbytes)
{
	struct ring *r = aligned_alloc(64, ALIGN8(sizeof(*r) + 63) & ~(size_t)63);

	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->size = nbytes;
	r->mem = mmap(NULL, nbytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->mem == MAP_FAILED) {
		free(r);
		return NULL;
	}
	return r;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	munmap(r->mem, r->size);
	free(r);
}

static void end_nap(struct ring *r) { futex(&r->closed, FUTEX_WAKE, 1, NULL); }

static void wake(struct ring *r)
{
	if (atomic_load(&r->parked) && atomic_exchange(&r->parked, 0))
		futex(&r->parked, FUTEX_WAKE, 1, NULL);
}

static void wait_for_room(struct ring *r, uint64_t head, size_t need)
{
	const struct timespec nap = { 0, 200000 };

	while (head + need - r->room > r->size) {
		r->room = atomic_load_explicit(&r->tail, memory_order_acquire);
		if (head + need - r->room <= r->size)
			return;
		wake(r);
		end_nap(r);
		nanosleep(&nap, NULL);
	}
}

void ring_push(struct ring *r, const struct record *rec)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	size_t at = head & (r->size - 1), rest = r->size - at, need = rec->size;

	if (need > rest) {
		wait_for_room(r, head, rest);
		((struct record *)(r->mem + at))->kind = 0;
		head += rest;
		at = 0;
		atomic_store_explicit(&r->head, head, memory_order_release);
	}
	wait_for_room(r, head, need);
	memcpy(r->mem + at, rec, need);
	/* seq_cst: ordered against the consumer's "parked, then look again" */
	atomic_store(&r->head, head + need);
	wake(r);
}

void ring_close(struct ring *r)
{
	atomic_store(&r->closed, 1);
	end_nap(r);
	wake(r);
}

const struct record *ring_peek(struct ring *r)
{
	for (;;) {
		size_t at = r->at & (r->size - 1);
		const struct record *rec = (const struct record *)(r->mem + at);

		if (r->at == r->limit) {
			r->limit = atomic_load_explicit(&r->head, memory_order_acquire);
			if (r->at == r->limit)
				return NULL;
			r->idle = 0;
		}
		if (rec->kind)
			return rec;
		r->at += r->size - at;
	}
}

bool ring_pop(struct ring *r)
{
	r->at += ((const struct record *)(r->mem + (r->at & (r->size - 1))))->size;
	return r->at - atomic_load_explicit(&r->tail, memory_order_relaxed) >= r->size / GIVE_BACK_PARTS;
}

/* Each store takes the line away from the producer, who looks at it for every record. */
void ring_release(struct ring *r) { atomic_store_explicit(&r->tail, r->at, memory_order_release); }

bool ring_done(const struct ring *r) { return atomic_load(&r->closed) && atomic_load(&r->head) == r->at; }

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
}

/*
 * Where few records come, each poll and each wake is of one: of two switches, between what the program does on the same
 * CPUs.
 */
void ring_wait(struct ring *r, uint64_t max_ns, uint64_t few_ns)
{
	enum { POLLS = 10, POLL_NS = 2000000, FEW_BYTES = 16384 };
	struct timespec ts = timespec_of(max_ns);
	uint64_t poll_ns = r->at - r->waited_at < FEW_BYTES ? few_ns : POLL_NS;

	r->waited_at = r->at;
	if (r->idle++ < POLLS) {
		ts = timespec_of(MIN(max_ns, poll_ns));
		futex(&r->closed, FUTEX_WAIT, 0, &ts);
		return;
	}
	atomic_store(&r->parked, 1);
	if (atomic_load(&r->head) == r->at && !atomic_load(&r->closed))
		futex(&r->parked, FUTEX_WAIT, 1, &ts);
	atomic_store(&r->parked, 0);
}
