/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A BPF ring buffer, read by polling.  Records come in the order in which the
 * kernel reserved them, whatever the CPU.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/bpf/beside.h"

/*
 * The two positions are looked at and moved on for many records at a time: each look takes the cache line away from the
 * CPU that fills the ring.  at: where we read; limit: how far there is something, as of the last look; released: where
 * the kernel thinks that we read.
 */
struct kring {
	volatile unsigned long *consumer;
	const volatile unsigned long *producer;
	const char *data;
	size_t size, page;
	unsigned long at, limit, released;
};

int kring_open(struct kring *r, int map_fd, size_t nbytes);
/*
 * A ring of nbytes, made and mapped by a thread of its own: clearing and mapping its pages takes the kernel some
 * milliseconds.  kring_made() waits for it: the descriptor of the map, which the caller closes, or a negative errno.
 * Each begun one needs it.
 */
struct kring_making { struct kring *ring; size_t nbytes; struct beside beside; int rc; };
void kring_make(struct kring_making *m, struct kring *ring, size_t nbytes);
int kring_made(struct kring_making *m);
void kring_close(struct kring *r);
/*
 * The next record, valid until kring_pop(); NULL: empty, and all that was read is given back.  The size is the
 * kernel's.
 */
const void *kring_peek(struct kring *r, uint32_t *ret_size);
void kring_pop(struct kring *r);
/*
 * A record that is reserved and not yet filled holds up all behind it, for as long as its CPU is away.  Empty is only
 * what has been read up to a mark taken before.
 */
unsigned long kring_mark(const struct kring *r);
bool kring_read_to(const struct kring *r, unsigned long mark);
size_t kring_used(const struct kring *r);	/* from any thread */
