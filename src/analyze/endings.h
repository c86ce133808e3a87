/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Why processes failed: for each that ended with a code other than 0 or by a signal, its last lines on the standard
 * error, its last failed calls that nothing later made good, and the signal that ended it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "decode/call.h"
#include "event/event.h"
#include "model/model.h"

struct totals;
struct totals_proc;

enum { ENDING_LINES = 5, ENDING_LINE_BYTES = 200, ENDING_MISSES = 3, ENDINGS_MAX = 4096, MISS_MOMENTS = 8 };

/* An event: its thread does not begin two at a time. */
struct moment { uint64_t ts_ns; uint32_t task; };

/*
 * Something that was asked for and not had.  What is looked for by name is one, in however many places: found in any of
 * them later, it was made good.
 */
struct missed {
	struct bytes name;			/* last component of its path; not of a lookup: its path */
	struct bytes first, second;		/* places */
	unsigned places;			/* counted without those that were tried twice in a row */
	int err;
	uint8_t kind;				/* enum event_kind */
	const struct syscall_spec *spec;	/* NULL: not of a call */
	const struct addr *peer;		/* of a connect; NULL: none */
	uint64_t ts_ns;				/* of the last */
	struct bytes found;			/* where it was found at last; not missed any more */
	struct moment at[MISS_MOMENTS]; unsigned nat;	/* the events, the first ones */
};

struct fatal {
	int signo, code;			/* 0: no signal */
	uint64_t ts_ns;				/* since the start of the trace */
	uint64_t addr;				/* of a fault; of SIGSYS that of the call */
	bool has_addr;
	uint32_t sender;			/* pid; 0: the kernel, or not known */
	const struct totals_proc *sender_proc;	/* NULL: not traced */
	uint32_t init;				/* of its pid namespace, by id; 0 not known */
	const struct totals_proc *init_proc;	/* it ended, and the kernel killed all others for that; NULL: no */
	/* SIGXFSZ, SIGXCPU, and SIGKILL for the hard one: a limit that was reached, in bytes or s; 0 not known */
	bool of_limit; uint64_t limit;
	bool only_chosen;			/* calls that were not chosen can have sent it */
	struct bytes region;			/* the file mapped there */
	uint64_t ip;				/* of a fault, of SIGSYS: the instruction, 0 not known */
	struct bytes text;			/* the file that it is in */
	bool has_offset; uint64_t text_offset;	/* where in the file */
	bool broken, broken_socket;		/* SIGPIPE for a write to what had no other end any more; else a pipe */
	uint32_t reader_pid, reader;		/* who had that end last, as pid and id; 0: not known */
	const struct totals_proc *reader_proc;	/* NULL: not traced */
	struct bytes symbol; uint64_t into;	/* the function, and bytes from its begin; empty: not known */
	const struct syscall_spec *forbidden;	/* SIGSYS: the call; NULL not known */
};

struct totals_ending {
	const struct totals_proc *proc;
	struct bytes lines[ENDING_LINES];	/* the last ones, oldest first, as they are */
	unsigned nlines;
	uint64_t wrote_ns;			/* when it wrote its own last one; 0: it wrote none */
	bool unread;				/* they went to /dev/null, and it had no others */
	struct missed missed[ENDING_MISSES];	/* those in the lines first, then the last ones */
	unsigned nmissed;
	struct missed second;			/* a configuration file that was not read in the first place; .found */
	bool no_rights;				/* its file would have given it some: set-user-ID… (EXEC_NO_SETUID) */
	struct fatal fatal;
	/* an ending that this one follows from (a child's), and those that follow from this one; NULL none */
	struct totals_ending *cause, *effect;
};

struct endings;
struct endings *endings_new(void);
void endings_free(struct endings *e);
/* It may have bytes of its standard error with it, which can be a socket. */
static inline bool endings_writes(const struct event *ev)
{
	return (ev->kind == EV_WRITE || ev->kind == EV_SEND) && ev->call->nparts;
}

/* Whether it can be of use: most are calls that did well and name nothing. */
static inline bool endings_may(const struct event *ev)
{
	switch (ev->kind) {
	case EV_EXIT: case EV_SIGNAL: case EV_EXEC: case EV_CONNECT_FAILED:
		return true;
	default:
		return ev->call && (ev->err || ev->path || ev->peer || endings_writes(ev));
	}
}
/* Each of which endings_may(), once, in order, before the process of an EXIT is forgotten; proc: its row in totals. */
void endings_event(struct endings *e, struct totals *t, const struct event *ev, struct totals_proc *proc);
/*
 * Its parent, who was well, ended it by a signal and had no more work for it (a worker of a pool), or it wrote to a
 * pipe whose reader had enough, in a run that was well: no failure.
 */
bool ending_is_meant(const struct totals *t, const struct totals_proc *p);
/* One of its children ended badly, with words, a signal or a thing it missed. */
bool endings_child_failed(const struct totals *t, const struct totals_proc *p);
bool ending_failed(const struct totals *t, const struct totals_proc *p);	/* badly, and not as it was meant to */
/*
 * The rows that matter, of those that failed by themselves and not for a child: what ended the command first, then
 * faults.  ret_rows gets at most max; returns how many there are.
 */
unsigned endings_top(const struct totals *t, const struct totals_ending **ret_rows, unsigned max);
/*
 * The events that processes failed for: what those that failed by themselves had missed, in order of time; returns how
 * many.  *ret_v: to be freed.
 */
unsigned endings_reasons(const struct totals *t, struct moment **ret_v);
