/* SPDX-License-Identifier: MIT */
/*
 * The memory that a traced program shares, written by the program: in turns a slot is filled as a stub does it, or any
 * word is overwritten, a slot is given up, and what is there is read.  Whatever is written, a turn ends, each part read
 * is one that may be, and of a ring that only stubs wrote nothing is lost and nothing comes twice.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/inprocess/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NR = 17, TURN = 12 };

static _Alignas(64) uint8_t memory[RING_SIZE];

static void must(int ok)
{
	if (!ok)
		abort();
}

static void put64(size_t at, uint64_t v) { memcpy(memory + at % (RING_SIZE - 8), &v, 8); }

static uint64_t get64(size_t at)
{
	uint64_t v;

	memcpy(&v, memory + at, 8);
	return v;
}

/* As a stub, kind 0 a begin, 1 an end, 2 to 5 a part of a path or a buffer: false when it would not begin. */
static int fill(uint64_t thread, unsigned kind, int publish, uint32_t *ret_slot)
{
	static const uint32_t flags[] = { 0, RING_ENDS, RING_PATH, RING_PATH2, RING_IN, RING_OUT };
	uint64_t head = get64(RING_HEAD);
	struct ring_slot s = { .thread = publish ? thread : 0, .what = NR | flags[kind], .tsc = head };

	if (head - get64(RING_TAIL) >= RING_FULL)
		return 0;
	if (kind >= 2) {
		unsigned n = (unsigned)head % (kind < 4 ? RING_PATH_MAX : RING_BYTES_MAX);

		memset(s.bytes, 'x', sizeof(s.bytes));
		s.bytes[n % RING_PART] = 0;
		s.extra = n + 1;
	}
	put64(RING_HEAD, head + 1);
	*ret_slot = (uint32_t)(head % RING_NSLOTS);
	memcpy(memory + RING_SLOTS + (size_t)*ret_slot * RING_SLOT, &s, sizeof(s));
	return 1;
}

static unsigned take(struct ring *r, uint64_t thread)
{
	struct ring_part part;
	uint64_t at = 0;
	unsigned n = 0;

	while (thread ? ring_next_of(r, thread, &at, &part) : ring_next(r, &part)) {
		must(part.nr == NR && ++n <= RING_NSLOTS && part.len <= RING_BYTES_MAX);
		must(part.piece < RING_NPIECES && !part.len == !part.piece && (!part.piece || !part.ends));
		must(!thread || part.thread == thread);
	}
	if (!thread)
		ring_show_tail(r);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t known[RING_NRS];
	struct ring r = { .mem = memory, .known = known };
	unsigned put = 0, taken = 0, held = 0;
	bool honest = true;

	known[NR] = (1 << RING_NPIECES) - 1;
	memset(memory, 0, sizeof(memory));
	if (size >= 8)
		memcpy(&r.tail, data, 8);
	put64(RING_HEAD, r.tail);
	put64(RING_TAIL, r.tail);
	for (size_t i = 8; i + TURN <= size; i += TURN) {
		uint32_t at, slot;
		uint64_t v, lost = r.nlost;

		memcpy(&at, data + i, 4);
		memcpy(&v, data + i + 4, 8);
		switch (data[i] % 6) {
		case 0: case 1:
			for (unsigned k = at >> 8 & 255; k <= 255; k++)
				put += (unsigned)fill(2 + k % 3, k % 6, 1, &slot);
			break;
		case 2:
			if (fill(2, 0, 0, &slot) && v & 1)
				ring_void(&r, slot);
			else
				held++;
			break;
		case 3:
			put64(at >> 8, v);
			honest = false;
			break;
		case 4:
			/* to look at the head finds nothing out: only reading does, which reports it */
			ring_head(&r);
			must(r.nlost == lost);
			taken += take(&r, 2 + v % 3);
			break;
		default:
			taken += take(&r, 0);
		}
	}
	taken += take(&r, 0);
	ring_end(&r, 0);
	taken += take(&r, 0);
	must(!honest || (taken == put && r.nlost <= held && !r.broken));
	return 0;
}
