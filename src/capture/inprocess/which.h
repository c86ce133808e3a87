/* SPDX-License-Identifier: MIT */
#pragma once
/* Which calls a stub may make: derived from their rows and plans, with the reason for each that it may not. */
#include <stdbool.h>
#include <stdint.h>

struct capture_plan;

enum which {
	WHICH_STUB,		/* it may: what is recorded are its arguments, what a stub copies, and its result */
	WHICH_UNWANTED,		/* nothing of it is recorded: it does not stop */
	WHICH_COPIED,		/* bytes of the program are copied otherwise than a stub does */
	WHICH_NAMES,		/* descriptors have their names from it, or it is asked what they are */
	WHICH_MEMORY,		/* what it maps may be where stubs are, or a text with jumps in it */
	WHICH_TASKS,		/* what it does to a task is seen at another stop, too, and comes before it */
	WHICH_TIMED,		/* how long it waits is watched, or kept by us */
	WHICH_ANSWERED,		/* it has to stop whatever is recorded: it may be answered in the kernel's place */
	WHICH_FORMS,		/* it stands for others, or has no result */
	NWHICH,
};

/* Arguments that may point to what is copied; such as have to be NULL. */
enum { WHICH_ARGS = 5, WHICH_NULLS = 2 };

/* nr: of x86-64.  answered: the filter has to stop at it whatever the plan says (disguise_wants()). */
enum which which_call(unsigned nr, const struct capture_plan *plan, bool answered);
/*
 * What changes the address space, and may be made in a stub as far as the filter sees that it leaves alone what is ours
 * there: whatever it is (brk); where it begins above it; where the kernel chooses the place, of nothing that is shared,
 * which may be the queue of an io_uring.  NONE: it is no such call.
 */
enum which_guard { GUARD_NONE, GUARD_NOTHING, GUARD_START, GUARD_MMAP };
enum which_guard which_guard(unsigned nr);
/*
 * What a stub copies.  path: arguments that are paths or other strings, -1: none; a second one comes behind the first.
 * in, out: bytes to which an argument (-1: none) points, before the call and after one that succeeded: as many as
 * argument len says (of 32 bits: narrow), as the result says, or size; at most max, and where there are more, they are
 * copied at a stop (more).  nulls: a bit for each argument that has to be NULL, since what it points to is copied at a
 * stop.
 */
enum which_by { BY_SIZE, BY_LEN, BY_RESULT };
struct which_bytes { int8_t arg; uint8_t by, len; bool narrow, more; uint16_t max; };
struct which_copies { int8_t path[2]; struct which_bytes in, out; uint8_t nulls; };
/* false: more than that is to be copied. */
bool which_copies(const struct capture_plan *plan, struct which_copies *ret);
/* The bytes that w means of a call with these arguments and, after it, this result; a pointer that is NULL has none. */
uint64_t which_wants(const struct which_bytes *w, const uint64_t *args, int64_t result);
unsigned which_slots(const struct which_copies *c);	/* of the ring, for one call */
/* Bits of enum ring_known. */
uint8_t which_known(unsigned nr, const struct capture_plan *plan, const struct which_copies *c);
/* It opens that path, and of what it returns no more is asked than what kind of file it is. */
bool which_opens(const struct capture_plan *plan);
/* "whose bytes are copied", of calls. */
const char *which_text(enum which which);
