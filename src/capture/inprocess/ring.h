/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The memory that a traced program shares with us, read.  Each thread takes slots by adding to the head, one when a
 * call begins, one when it ends, and before each as many as what is copied then needs, fills it and publishes it by
 * its first word; it never waits.  The program can write anything there at any time: each slot is copied once, and
 * only what was handed out, published and makes sense is a part; anything else is counted.  docs/inprocess.md.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RING_HEAD = 0,		/* uint64_t: slots handed out since the beginning */
	RING_TAIL = 64,		/* uint64_t: slots read; ours to write */
	RING_STDERRS = 72,	/* uint64_t: a bit for each of the descriptors up to 63 that no stub is to touch */
	RING_SLOTS = 4096,	/* where they begin */
	RING_SLOT = 64,		/* bytes of one */
	RING_NSLOTS = 16384,
	/*
	 * No call begins in it with more than these unread: it stops, as all calls did.  The rest is for calls that
	 * have begun, which must not have to wait: as many slots as a call may need (which_slots()) for each thread.
	 */
	RING_FULL = 8192,
	RING_REST = RING_NSLOTS - RING_FULL,
	RING_PART = 48,		/* bytes of a path or a buffer in a slot */
	RING_PATH_MAX = 4 * RING_PART,	/* with its NUL */
	RING_BYTES_MAX = 6 * RING_PART,
	RING_SIZE = RING_SLOTS + RING_NSLOTS * RING_SLOT,
	RING_ENDS = 1u << 31,	/* of ring_slot.what: the call has ended */
	/* likewise: a part of what is copied of one that is going to begin: its path, a second one, a buffer */
	RING_PATH = 1 << 30,
	RING_PATH2 = 1 << 28,
	RING_IN = 1 << 27,
	RING_OUT = 1 << 26,	/* of a buffer that is filled, of one that is going to end */
	RING_NOTHING = 1 << 29,	/* all of it: to be passed over */
	RING_NRS = 512,		/* numbers of calls that may be in it */
};

enum ring_piece { RING_NO_PIECE, RING_A_PATH, RING_A_SECOND_PATH, RING_AN_IN, RING_AN_OUT, RING_NPIECES };
/*
 * Bits of a call that may be in it: some piece, by enum ring_piece; what it has opened; a sixth argument; what it has
 * filled may be more than a stub copies.
 */
enum ring_known { RING_KNOWN = 1, RING_OPENS = 1 << RING_NPIECES, RING_SIX = RING_OPENS << 1,
		  RING_ASKS_MORE = RING_OPENS << 2 };
enum { RING_ARGS = 6 };

struct ring_slot {
	uint64_t thread;	/* its fs base; not 0: published */
	uint32_t what;		/* the call's number, RING_ENDS, RING_PATH and the like */
	/*
	 * a piece: bytes of it up to here, a NUL among them; RING_ENDS of what opens: st_mode, 0 when it failed; as it
	 * begins: argument 5, which is less than 4 GB
	 */
	uint32_t extra;
	union {
		struct {
			/* arguments; at its end the result, and what was opened: ino, dev, rdev (major, minor << 32) */
			uint64_t v[4];
			uint64_t tsc, fifth;	/* fifth: argument 4 */
		};
		char bytes[RING_PART];
	};
};
_Static_assert(sizeof(struct ring_slot) == RING_SLOT, "the stub knows it");

struct ring {
	uint8_t *mem;		/* RING_SIZE bytes, shared; NULL: none */
	uint64_t tail;
	/* A bit each, to be passed over: its thread was led out before it published, or it was read ahead. */
	uint64_t voided[RING_NSLOTS / 64];
	const uint8_t *known;	/* bits of enum ring_known, RING_NRS of them: which calls come here; 0: it does not */
	bool last;		/* ring_end() */
	unsigned killed;
	bool broken;		/* it has been written to by others than the stubs: nothing more is read */
	uint64_t nlost;		/* at least so many parts were overwritten or make no sense */
};

struct ring_part {
	uint64_t thread;
	uint32_t nr;
	bool ends;
	enum ring_piece piece;	/* a part of one, whose first len bytes end here, and nothing else */
	uint32_t len;
	char bytes[RING_PART];
	uint64_t args[RING_ARGS];
	int64_t ret;
	struct ring_opened { uint32_t mode; uint64_t ino, dev, rdev; } opened;	/* mode 0: nothing was */
	uint64_t tsc;
};

/* 1: the next part, 0: none by now.  What makes no sense is counted and passed over. */
int ring_next(struct ring *r, struct ring_part *ret);
/*
 * Likewise the next part of one thread, also behind a slot that another thread has taken and not yet published.  *at
 * is 0 at first, and counts; nothing else is read meanwhile.
 */
int ring_next_of(struct ring *r, uint64_t thread, uint64_t *at, struct ring_part *ret);
/* The number of the slot that is handed out next, or whatever the program has written there; 0: there is no ring. */
uint64_t ring_head(const struct ring *r);
bool ring_is_read_to(const struct ring *r, uint64_t head);	/* head: ring_head() of before; no ring: it is */
bool ring_waits(const struct ring *r);	/* a slot is handed out and not published: its thread is in between */
void ring_show_tail(struct ring *r);	/* what was read is free for the program */
/* The slot of that number is not going to be published. */
void ring_void(struct ring *r, uint32_t slot);
/*
 * No thread is in a stub from now on, so ring_next() passes over what was handed out and not published: it is lost, but
 * for `killed` slots whose threads were killed between the two.
 */
void ring_end(struct ring *r, unsigned killed);
