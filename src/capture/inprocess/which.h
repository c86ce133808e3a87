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
	WHICH_FORMS,		/* only some forms of it are recorded, or it has no result */
	WHICH_LONG,		/* more arguments than a slot has */
	NWHICH,
};

enum { WHICH_ARGS = 5 };

/* nr: of x86-64.  answered: the filter has to stop at it whatever the plan says (disguise_wants()). */
enum which which_call(unsigned nr, const struct capture_plan *plan, bool answered);
/*
 * What a stub copies.  path: arguments that are paths or other strings, -1: none; a second one comes behind the first.
 * in, out: bytes to which an argument (-1: none) points, before the call and after one that succeeded: as many as
 * argument len says (of 32 bits: narrow), as the result says, or size; at most max.
 */
enum which_by { BY_SIZE, BY_LEN, BY_RESULT };
struct which_bytes { int8_t arg; uint8_t by, len; bool narrow; uint16_t max; };
struct which_copies { int8_t path[2]; struct which_bytes in, out; };
/* false: more than that is to be copied. */
bool which_copies(const struct capture_plan *plan, struct which_copies *ret);
/* The bytes that w means of a call with these arguments and, after it, this result; a pointer that is NULL has none. */
uint64_t which_wants(const struct which_bytes *w, const uint64_t *args, int64_t result);
unsigned which_slots(const struct which_copies *c);	/* of the ring, for one call */
uint8_t which_known(const struct capture_plan *plan, const struct which_copies *c);	/* bits of enum ring_known */
/* It opens that path, and of what it returns no more is asked than what kind of file it is. */
bool which_opens(const struct capture_plan *plan);
/* "whose bytes are copied", of calls. */
const char *which_text(enum which which);
