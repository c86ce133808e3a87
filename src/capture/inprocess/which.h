/* SPDX-License-Identifier: MIT */
#pragma once
/* Which calls a stub may make: derived from their rows and plans, with the reason for each that it may not. */
#include <stdbool.h>

struct capture_plan;

enum which {
	WHICH_STUB,		/* it may: all that is recorded are its arguments, its path and its result */
	WHICH_UNWANTED,		/* nothing of it is recorded: it does not stop */
	WHICH_COPIED,		/* bytes of the program are copied */
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
/* The argument of one that a stub may make which is a path, 0 or 1; -1: none is. */
int which_path(const struct capture_plan *plan);
/* It opens that path, and of what it returns no more is asked than what kind of file it is. */
bool which_opens(const struct capture_plan *plan);
/* "whose bytes are copied", of calls. */
const char *which_text(enum which which);
