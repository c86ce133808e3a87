/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Record bytes from the capture thread to the one that reads them.  One
 * producer, one consumer, no loss: a full ring makes the producer wait, which
 * under ptrace is back-pressure on the tracee.
 *
 * The consumer polls instead of being woken for each record: a wake-up costs
 * more than a syscall-stop.  Only after being idle for a while does it sleep
 * until the producer wakes it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record;
struct ring;

struct ring *ring_new(size_t nbytes);	/* power of two; at least twice RECORD_MAX */
void ring_free(struct ring *r);
void ring_push(struct ring *r, const struct record *rec);	/* waits while full */
void ring_close(struct ring *r);				/* producer: nothing follows */
/* Next record, which stays until ring_release(); NULL: empty now (ring_done() tells whether for good). */
const struct record *ring_peek(struct ring *r);
/* Past it.  true: so many wait to be released that the producer will need the room. */
bool ring_pop(struct ring *r);
/* Gives back the room of all that was popped: when that is due, and before a wait. */
void ring_release(struct ring *r);
bool ring_done(const struct ring *r);	/* consumer: closed, and all was popped */
/* Consumer, when empty: waits until there is something, at most max_ns; few_ns: from poll to poll where few come. */
void ring_wait(struct ring *r, uint64_t max_ns, uint64_t few_ns);
