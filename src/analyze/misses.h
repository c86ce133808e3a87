/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a living process asked for and did not get, the last 32 things.  What something later makes good is forgotten:
 * a name that is found in another place, a peer that answers, a call that succeeds on the same path.
 */
#include "analyze/endings.h"

enum { MISSES_MAX = 32 };

/* Its strings are its own. */
/* probe: of a name that is one of several forms, what the others have in common; 0: it is none. */
struct live_miss { uint32_t key, probe; uint64_t seq; struct missed m; };
struct misses {			/* zero-initialise to start */
	struct live_miss v[MISSES_MAX]; unsigned n;
	struct live_miss second;	/* a configuration file that was found in another place; no name: none was */
	uint64_t seq;
	uint64_t went_on;		/* .seq as something was opened or connected to that it had not missed */
	uint64_t ends;	/* by what they end with: at least those a success can be of */
	bool probes;			/* some has one */
};

/* Of an event with an error: is something wrong, and not only how things are (EAGAIN, ENOTTY, EEXIST of mkdir)? */
bool misses_is_trouble(const struct event *ev);
void misses_add(struct misses *v, const struct event *ev);
void misses_made_good(struct misses *v, const struct event *ev);	/* by an event that succeeded */
void misses_clear(struct misses *v);					/* but for .second */
void misses_done(struct misses *v);

struct bytes misses_dup(struct bytes b);
void misses_drop(struct bytes *b);
