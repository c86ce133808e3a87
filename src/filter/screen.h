/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a capture can see of a filter when a call ends, without a model: a call that meets one of these has no event
 * that the filter chooses.  Each says less than the filter, never more.
 */
#include <stdbool.h>
#include <stdint.h>

struct callset;

enum { SCREEN_ERRS = 8, SCREEN_PATHS = 4, SCREEN_PATH_MAX = 96 };

struct screen {
	const struct callset *failing;	/* calls that have to fail; NULL: none has to */
	uint64_t min_ns, max_ns;	/* it took less; it took more, 0: however much */
	unsigned nerrs;			/* it failed with none of these; 0: whatever the error */
	int errs[SCREEN_ERRS];
	unsigned nunwanted;		/* it failed with one of these */
	int unwanted[SCREEN_ERRS];
	/*
	 * Its absolute name begins with none of these that are not `out`, or (whole) goes on in that component; with
	 * one of those that are.  nasked: of those that are not, 0: whatever the name
	 */
	unsigned npaths, nasked;
	struct screen_path { char s[SCREEN_PATH_MAX]; uint32_t len; bool whole, out; } paths[SCREEN_PATHS];
};
