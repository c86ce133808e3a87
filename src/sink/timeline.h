/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The trace as a timeline: tracks of processes and threads, with slices, marks, numbers and arrows on them.  It stands
 * on rows (row/row.h); --perfetto and --chrome-trace write it in their formats.
 *
 * Slices of one track never overlap, also where one that took no time is written as long as a nanosecond, and come in
 * the order of time: a thread's calls lie on its own track, and what overlaps them or each other (a wait for a CPU, a
 * request to a disk, I/O without a call) on lanes below it, each for one type of event.
 */
#include <stdbool.h>
#include <stdint.h>

#include "row/row.h"

struct diag;
struct outfile;
struct sink;
struct sink_options;

enum { TIMELINE_LANES = 32 };	/* a thread has at most so many; what overlaps more is a mark, with its duration */

/* Names are the program's bytes. */
/* host: of the second and later ones of several, from 1: pids of two hosts may be the same. */
struct timeline_process { uint32_t id, pid; const char *name; uint32_t name_len, host; };
struct timeline_thread { uint32_t id, process, pid, tid; const char *name; uint32_t name_len, host; };
/* A number that no other host has: a pid is below 2^22 (PID_MAX_LIMIT). */
static inline uint32_t timeline_number(uint32_t pid, uint32_t host) { return pid + (host << 22); }

/* Counters of a process. */
enum timeline_number { NUMBER_MEMORY, NUMBER_RESIDENT, NUMBER_FDS, NUMBER_READ, NUMBER_WRITTEN, _NUMBERS };
struct timeline_counter { const char *name; bool bytes; };
extern const struct timeline_counter timeline_counters[_NUMBERS];

/* Arrows: two events that have the same number, one of which leads to the other. */
enum timeline_flow { FLOW_FORK = 1, FLOW_EXEC, FLOW_WAKE };

/* Something on a track.  lane 0: the thread's own. */
struct timeline_event {
	const struct timeline_thread *thread;
	unsigned lane;
	bool is_mark;
	uint64_t start_ns, end_ns;	/* of a mark the same */
	uint32_t type;			/* number of a row of types; 0: name alone */
	const char *name;
	uint8_t category;		/* enum category */
	uint64_t flow;			/* 0: no arrow */
	bool flow_ends;			/* it leads here */
	const struct row *row;		/* what more is known: timeline_details_of(); NULL: nothing */
};

struct timeline_ops {
	void (*start)(void *ctx, uint64_t wall_ns);	/* first of all; wall_ns: of time 0 */
	void (*type)(void *ctx, uint32_t id, const char *name, uint32_t len);	/* before its first event */
	/* before their first event, and again under another name; a process before its threads */
	void (*process)(void *ctx, const struct timeline_process *p);
	void (*thread)(void *ctx, const struct timeline_thread *t);
	void (*lane)(void *ctx, const struct timeline_thread *t, unsigned lane, const char *name);
	/* before its first value */
	void (*counter)(void *ctx, const struct timeline_process *p, enum timeline_number n);
	void (*slice)(void *ctx, const struct timeline_event *e);
	void (*mark)(void *ctx, const struct timeline_event *e);
	void (*value)(void *ctx, const struct timeline_process *p, enum timeline_number n, uint64_t at_ns,
		      uint64_t value);
	void (*end)(void *ctx);
};

/* Fields of events that say more about a slice or mark, a bit each. */
#define TIMELINE_DETAILS	\
	(ROW_BIT(ROW_EVENT_OUTCOME) | ROW_BIT(ROW_EVENT_ERROR) | ROW_BIT(ROW_EVENT_RESULT) |	\
	 ROW_BIT(ROW_EVENT_FD) | ROW_BIT(ROW_EVENT_NEW_FD) | ROW_BIT(ROW_EVENT_FD2) |	\
	 ROW_BIT(ROW_EVENT_PATH) | ROW_BIT(ROW_EVENT_NEW_PATH) | ROW_BIT(ROW_EVENT_PEER) |	\
	 ROW_BIT(ROW_EVENT_BYTES) | ROW_BIT(ROW_EVENT_DISK_BYTES) | ROW_BIT(ROW_EVENT_ADDRESS) |	\
	 ROW_BIT(ROW_EVENT_SIZE) | ROW_BIT(ROW_EVENT_PROT) | ROW_BIT(ROW_EVENT_FLAGS) |	\
	 ROW_BIT(ROW_EVENT_GROWTH) | ROW_BIT(ROW_EVENT_TARGET_PID) | ROW_BIT(ROW_EVENT_STATUS) |	\
	 ROW_BIT(ROW_EVENT_SIGNAL) | ROW_BIT(ROW_EVENT_SENDER_PID) | ROW_BIT(ROW_EVENT_SENDER_UID) |	\
	 ROW_BIT(ROW_EVENT_WAKER_TID) | ROW_BIT(ROW_EVENT_LOST) | ROW_BIT(ROW_EVENT_REASON) |	\
	 ROW_BIT(ROW_EVENT_MAJOR) | ROW_BIT(ROW_EVENT_NOISE) | ROW_BIT(ROW_EVENT_ARGS) |	\
	 ROW_BIT(ROW_EVENT_STACK) | ROW_BIT(ROW_EVENT_DURATION))
/*
 * Those that this one has and that are worth a line: that a call did not fail is not, nor the duration of what has one
 * to be seen.
 */
uint64_t timeline_details_of(const struct timeline_event *e);

/*
 * A sink that hands the timeline to ops.  opt->verbose: with the arguments of calls.  ctx is freed with it, or here
 * when this fails: -errno with diag, no room for temporary files.
 */
struct timeline_writer {
	const struct timeline_ops *ops;
	void *ctx;
	struct buf **out;		/* is set to where ops write to */
	void (*free)(void *ctx);
	const char *option;		/* "--perfetto" */
};
int timeline_new(const struct timeline_writer *writer, const struct sink_options *opt, struct outfile *file,
		 struct sink **ret_sink, struct diag *diag);
